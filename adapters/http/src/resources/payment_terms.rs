//! What a payment or a refund may say beside its path: nothing yet.

use poem::{FromRequest, Request, RequestBody};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::{Map, Value};

use crate::problem::{Code, Problem};

/// What clients will name once there are coupons.
const COUPON: &str = "coupon_id";

/// The body of a payment or a refund, which need not be there and is not described. A coupon is refused, because
/// whoever names one must not pay the full price unawares.
#[derive(Debug)]
pub(super) struct PaymentTerms(Map<String, Value>);

impl PaymentTerms {
    fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let members = match bytes {
            [] => Map::new(),
            bytes => serde_json::from_slice::<Map<_, _>>(bytes)
                .map_err(|_| Problem::new(Code::InvalidRequest).detail("the body is no JSON object"))?,
        };
        if members.get(COUPON).is_some_and(|coupon| !coupon.is_null()) {
            return Err(Problem::invalid(COUPON, "coupons are not here yet"));
        }
        Ok(Self(members))
    }

    /// The body without white space, for telling requests apart; none is like an empty one.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(&self.0).expect("JSON can be written again")
    }
}

impl<'a> ApiExtractor<'a> for PaymentTerms {
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

    async fn field(body: &str) -> Option<String> {
        let refused = PaymentTerms::parse(body.as_bytes()).expect_err("it is refused");
        assert_eq!(refused.code(), Code::InvalidRequest);
        let document: Value = refused.to_response(None).into_body().into_json().await.expect("a document");
        document["field"].as_str().map(str::to_owned)
    }

    #[tokio::test]
    async fn a_coupon_is_refused_by_name() {
        assert_eq!(field(r#"{"coupon_id": "0190a1b2-0000-7000-8000-000000000000"}"#).await.as_deref(), Some(COUPON));
        assert_eq!(field("[1]").await, None);
        assert_eq!(field("coupon").await, None);
    }

    #[test]
    fn no_body_is_like_an_empty_one_and_others_are_told_apart() {
        let text = |body: &str| PaymentTerms::parse(body.as_bytes()).expect("it is accepted").text();
        assert_eq!(["", "{}", " { } "].map(text), ["{}"; 3]);
        assert_eq!(text("{\"note\" : 1}"), "{\"note\":1}");
        assert_eq!(text("{\"coupon_id\": null}"), "{\"coupon_id\":null}");
    }
}
