//! Request bodies: parsed, and refused by the name of the member that is wrong.

mod diagnose;
mod patch;
mod text;

use poem::{FromRequest, Request, RequestBody};
use poem_openapi::error::ContentTypeError;
use poem_openapi::payload::{Json, ParsePayload, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::ParseFromJSON;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::Value;

pub(crate) use self::patch::{clearable, given, text};
pub(crate) use self::text::{EmailText, Text};
use crate::problem::{Code, Problem};

/// A JSON request body.
///
/// poem-openapi's own [`Json`] says what type was expected somewhere; this one names the `field` in its problem, so
/// that a form can show the message beside it. To send JSON, use [`Json`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonBody<T>(pub T);

impl<T: ParseFromJSON> JsonBody<T> {
    fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let value: Value = match bytes {
            [] => return Err(Problem::new(Code::InvalidRequest).detail("the body is missing")),
            bytes => serde_json::from_slice(bytes).map_err(|error| not_json(&error))?,
        };
        // The parser takes the value away, and only a wrong one is looked at again: so that right ones are not copied.
        T::parse_from_json(Some(value)).map(Self).map_err(|refused| match serde_json::from_slice(bytes) {
            Ok(value) => diagnose::diagnose::<T>(&value, refused.message()),
            Err(error) => not_json(&error),
        })
    }
}

fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::new(Code::InvalidRequest).detail(format!("the body is not JSON: line {line}, column {column}"))
}

impl<T: ParseFromJSON> Payload for JsonBody<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        Json::<T>::check_content_type(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: ParseFromJSON> ParsePayload for JsonBody<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        let bytes = <Vec<u8> as FromRequest>::from_request(request, body).await?;
        Ok(Self::parse(&bytes)?)
    }
}

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for JsonBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: T::schema_ref() }];
        Some(MetaRequest { description: None, content, required: Self::IS_REQUIRED })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        match request.content_type() {
            Some(content_type) if Self::check_content_type(content_type) => {
                <Self as ParsePayload>::from_request(request, body).await
            }
            Some(content_type) => Err(ContentTypeError::NotSupported { content_type: content_type.to_owned() }.into()),
            None => Err(ContentTypeError::ExpectContentType.into()),
        }
    }
}
