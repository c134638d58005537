//! Headers by which callers show what they were given: a place in line, an admission.

use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaParamIn, MetaSchema, MetaSchemaRef};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::problem::{Code, Problem};

/// A header as it was sent; poem-openapi would take one that is not ASCII for one that is absent.
///
/// # Errors
/// `invalid_request` for one that is not visible ASCII, or sent twice.
pub(crate) fn sent<'r>(request: &'r Request, name: &'static str) -> Result<Option<&'r str>, Problem> {
    let mut values = request.headers().get_all(name).into_iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::invalid(name, "is sent twice"));
    }
    value.to_str().map(Some).map_err(|_| Problem::invalid(name, "must be visible ASCII"))
}

/// The schema of a text that nobody but its maker reads.
pub(crate) fn opaque() -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema { min_length: Some(1), ..MetaSchema::new("string") }))
}

/// The queue token of a call about a place. It has no `Debug`: a secret is never logged.
pub(crate) struct QueueToken(pub(crate) String);

/// The queue token of somebody who enters again, if it was kept.
pub(crate) struct HeldToken(pub(crate) Option<String>);

/// The pass of a call that may need one.
pub(crate) struct QueuePass(pub(crate) Option<String>);

macro_rules! secret_headers {
    ($($name:ident as $header:literal, required: $required:literal, from: $from:expr;)*) => {$(
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
            const PARAM_IS_REQUIRED: bool = $required;

            type ParamType = String;
            type ParamRawType = String;

            fn param_in() -> Option<MetaParamIn> {
                Some(MetaParamIn::Header)
            }

            fn param_schema_ref() -> Option<MetaSchemaRef> {
                Some(opaque())
            }

            async fn from_request(
                request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<Self::ParamType>,
            ) -> poem::Result<Self> {
                Ok($from(sent(request, $header)?.map(str::to_owned))?)
            }
        }
    )*};
}

secret_headers! {
    QueueToken as "X-Queue-Token", required: true, from: |token: Option<_>| {
        token.map(Self).ok_or(Problem::new(Code::QueueTokenInvalid))
    };
    HeldToken as "X-Queue-Token", required: false, from: |token| Ok::<_, Problem>(Self(token));
    QueuePass as "X-Queue-Pass", required: false, from: |pass| Ok::<_, Problem>(Self(pass));
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn token(values: &[&str]) -> Result<String, Code> {
        let mut request = Request::builder();
        for value in values {
            request = request.header("x-queue-token", *value);
        }
        let (request, mut body) = request.finish().split();
        let token = QueueToken::from_request(&request, &mut body, ExtractParamOptions::default()).await;
        token.map(|token| token.0).map_err(|error| error.downcast_ref::<Problem>().expect("a problem").code())
    }

    #[tokio::test]
    async fn a_place_is_shown_by_one_token() {
        assert_eq!(token(&["a.b"]).await.as_deref(), Ok("a.b"));
        assert_eq!(token(&[]).await, Err(Code::QueueTokenInvalid));
        assert_eq!(token(&["a", "b"]).await, Err(Code::InvalidRequest));
        assert_eq!(token(&["é"]).await, Err(Code::InvalidRequest));
    }

    #[tokio::test]
    async fn a_pass_may_be_absent() {
        let (request, mut body) = Request::builder().finish().split();
        let pass = QueuePass::from_request(&request, &mut body, ExtractParamOptions::default()).await;
        assert!(pass.is_ok_and(|pass| pass.0.is_none()));
    }
}
