//! What a payment or a refund may say beside its path: the coupon to spend.

use poem::{FromRequest, Request, RequestBody};
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, Object};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::problem::{Code, Problem};

const COUPON: &str = "coupon_id";

/// How a reservation is paid.
#[derive(Object)]
#[oai(rename = "PaymentTerms")]
struct Described {
    /// The customer's coupon to spend on it.
    coupon_id: Option<Uuid>,
}

/// The body of a payment, which need not be there.
#[derive(Debug)]
pub(super) struct PaymentTerms {
    sent: RefundTerms,
    /// The coupon to spend.
    pub(super) coupon: Option<Uuid>,
}

/// The body of a refund, which need not be there and says nothing.
#[derive(Debug)]
pub(super) struct RefundTerms(Map<String, Value>);

impl PaymentTerms {
    fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let sent = RefundTerms::parse(bytes)?;
        let wrong = || Problem::invalid(COUPON, "`coupon_id` must be the id of a coupon");
        let coupon = match sent.0.get(COUPON) {
            None | Some(Value::Null) => None,
            Some(Value::String(id)) => Some(Uuid::try_parse(id).map_err(|_| wrong())?),
            Some(_) => return Err(wrong()),
        };
        Ok(Self { sent, coupon })
    }

    /// The body without white space, for telling requests apart; none is like an empty one.
    pub(super) fn text(&self) -> String {
        self.sent.text()
    }
}

impl RefundTerms {
    fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        match bytes {
            [] => Ok(Self(Map::new())),
            bytes => serde_json::from_slice(bytes)
                .map(Self)
                .map_err(|_| Problem::new(Code::InvalidRequest).detail("the body is no JSON object")),
        }
    }

    /// The body without white space, for telling requests apart; none is like an empty one.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(&self.0).expect("JSON can be written again")
    }
}

impl<'a> ApiExtractor<'a> for PaymentTerms {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Described::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let described = MetaMediaType { content_type: Json::<Value>::CONTENT_TYPE, schema: Described::schema_ref() };
        Some(MetaRequest { description: None, content: vec![described], required: false })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        let bytes = <Vec<u8> as FromRequest>::from_request(request, body).await?;
        Ok(Self::parse(&bytes)?)
    }
}

impl<'a> ApiExtractor<'a> for RefundTerms {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::PoemExtractor];

    type ParamType = ();
    type ParamRawType = ();

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        let bytes = <Vec<u8> as FromRequest>::from_request(request, body).await?;
        Ok(Self::parse(&bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a1b2-0000-7000-8000-000000000000";

    async fn field(body: &str) -> Option<String> {
        let refused = PaymentTerms::parse(body.as_bytes()).expect_err("it is refused");
        assert_eq!(refused.code(), Code::InvalidRequest);
        let document: Value = refused.to_response(None).into_body().into_json().await.expect("a document");
        document["field"].as_str().map(str::to_owned)
    }

    #[tokio::test]
    async fn what_is_no_coupon_is_refused_by_name() {
        assert_eq!(field(r#"{"coupon_id": "mine"}"#).await.as_deref(), Some(COUPON));
        assert_eq!(field(r#"{"coupon_id": 7}"#).await.as_deref(), Some(COUPON));
        assert_eq!(field("[1]").await, None);
        assert_eq!(field("coupon").await, None);
    }

    #[test]
    fn a_coupon_is_named_or_not() {
        let coupon = |body: &str| PaymentTerms::parse(body.as_bytes()).expect("it is accepted").coupon;
        assert_eq!(coupon(&format!(r#"{{"coupon_id": "{ID}"}}"#)), Uuid::try_parse(ID).ok());
        assert_eq!(["", "{}", r#"{"coupon_id": null}"#].map(coupon), [None; 3]);
    }

    #[test]
    fn no_body_is_like_an_empty_one_and_others_are_told_apart() {
        let text = |body: &str| PaymentTerms::parse(body.as_bytes()).expect("it is accepted").text();
        assert_eq!(["", "{}", " { } "].map(text), ["{}"; 3]);
        assert_eq!(text("{\"note\" : 1}"), "{\"note\":1}");
        assert_eq!(text("{\"coupon_id\": null}"), "{\"coupon_id\":null}");
    }
}
