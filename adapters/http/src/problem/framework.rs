//! Turns what poem and poem-openapi answer in plain text into problem documents.

use std::borrow::Cow;
use std::fmt;
use std::io;

use poem::error::{MethodNotAllowedError, NotFoundError, ReadBodyError};
use poem::http::StatusCode;
use poem_openapi::error::{
    AuthorizationError, ContentTypeError, ParseMultipartError, ParseParamError, ParsePathError,
    ParseRequestPayloadError,
};

use super::{Code, Problem};

/// A request body went over its limit while it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimitExceeded {
    pub(crate) limit: u64,
}

impl fmt::Display for BodyLimitExceeded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the body may have at most {} bytes", self.limit)
    }
}

impl std::error::Error for BodyLimitExceeded {}

impl From<BodyLimitExceeded> for Problem {
    fn from(exceeded: BodyLimitExceeded) -> Self {
        Self::new(Code::BodyTooLarge).detail(exceeded.to_string())
    }
}

/// The problem behind an error of the framework. `path_parameters` are the names of the route's path parameters, in
/// order: poem-openapi itself only numbers them.
pub(crate) fn problem_of(error: &poem::Error, path_parameters: &[String]) -> Problem {
    if let Some(problem) = error.downcast_ref::<Problem>() {
        return problem.clone();
    }
    if let Some(invalid) = error.downcast_ref::<ParseParamError>() {
        return Problem::invalid(invalid.name, explain(&invalid.reason));
    }
    if let Some(invalid) = error.downcast_ref::<ParsePathError>() {
        let index = invalid.name.strip_prefix("param").and_then(|index| index.parse::<usize>().ok());
        let name = index.and_then(|index| path_parameters.get(index)).map_or(invalid.name, String::as_str);
        // What cannot be an id names nothing.
        return Problem::new(Code::NotFound).detail(explain(&invalid.reason)).with("field", &name);
    }
    if let Some(failed) = error.downcast_ref::<ReadBodyError>() {
        return unreadable_body(failed);
    }
    if error.is::<ParseRequestPayloadError>() || error.is::<ParseMultipartError>() {
        return Problem::new(Code::InvalidRequest).detail("the body is not what this call expects");
    }
    by_status(error)
}

fn by_status(error: &poem::Error) -> Problem {
    if error.is::<NotFoundError>() {
        return Problem::new(Code::NotFound).detail("there is no such path");
    }
    if error.is::<MethodNotAllowedError>() {
        return Problem::new(Code::MethodNotAllowed);
    }
    if error.is::<ContentTypeError>() {
        return Problem::new(Code::UnsupportedMediaType)
            .detail("send the body with the content type of the description");
    }
    if error.is::<AuthorizationError>() {
        return Problem::new(Code::SignInRequired);
    }
    match error.status() {
        StatusCode::UNAUTHORIZED => Problem::new(Code::SignInRequired),
        StatusCode::FORBIDDEN => Problem::new(Code::Forbidden),
        StatusCode::NOT_FOUND => Problem::new(Code::NotFound),
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(Code::MethodNotAllowed),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Code::BodyTooLarge),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(Code::UnsupportedMediaType),
        StatusCode::TOO_MANY_REQUESTS => Problem::new(Code::RateLimited),
        StatusCode::SERVICE_UNAVAILABLE => Problem::new(Code::Unavailable).caused_by(error),
        status if status.is_client_error() => Problem::new(Code::InvalidRequest),
        _ => Problem::internal(error),
    }
}

fn unreadable_body(error: &ReadBodyError) -> Problem {
    match error {
        ReadBodyError::PayloadTooLarge => Problem::new(Code::BodyTooLarge),
        ReadBodyError::Utf8(_) => Problem::new(Code::InvalidRequest).detail("the body is not UTF-8"),
        ReadBodyError::BodyHasBeenTaken => Problem::internal(error),
        ReadBodyError::Io(failed) => match exceeded(failed) {
            Some(exceeded) => exceeded.into(),
            None => Problem::new(Code::InvalidRequest).detail("the body ended early"),
        },
    }
}

/// Looks for the limit through the layers of [`io::Error`] that body adapters put around it.
fn exceeded(error: &io::Error) -> Option<BodyLimitExceeded> {
    let inner = error.get_ref()?;
    inner.downcast_ref::<BodyLimitExceeded>().copied().or_else(|| inner.downcast_ref::<io::Error>().and_then(exceeded))
}

/// Says in the words of the API description what poem-openapi says about a parameter in those of its parser.
fn explain(reason: &str) -> Cow<'static, str> {
    if let Some((_, rule)) = reason.split_once("verification failed. ") {
        return format!("must meet {rule}").into();
    }
    if reason.ends_with("expects an input value.") {
        return Cow::Borrowed("is required");
    }
    let expected = ["Expected input type \"", "failed to parse \""]
        .iter()
        .find_map(|start| reason.strip_prefix(start)?.split_once('"').map(|(expected, _)| expected));
    match expected.map(|expected| expected.trim_start_matches("optional<").trim_end_matches('>')) {
        Some(expected) => format!("must be of type {expected}").into(),
        None => Cow::Borrowed("is not valid"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(problem: &Problem) -> String {
        problem.to_string()
    }

    #[test]
    fn parameters_are_named_and_explained() {
        let reason = "Type \"string\" expects an input value.".to_owned();
        let missing = poem::Error::from(ParseParamError { name: "cursor", reason });
        assert_eq!(text(&problem_of(&missing, &[])), "invalid_request: is required");
        let reason = "failed to parse \"integer_int32\": invalid digit found in string".to_owned();
        let wrong = poem::Error::from(ParseParamError { name: "limit", reason });
        assert_eq!(text(&problem_of(&wrong, &[])), "invalid_request: must be of type integer_int32");
        let reason = "verification failed. maximum(100, exclusive: false)".to_owned();
        let range = poem::Error::from(ParseParamError { name: "limit", reason });
        assert_eq!(text(&problem_of(&range, &[])), "invalid_request: must meet maximum(100, exclusive: false)");
    }

    #[tokio::test]
    async fn a_path_parameter_has_the_name_of_the_description() {
        let reason = "failed to parse \"string_uuid\": invalid length".to_owned();
        let error = poem::Error::from(ParsePathError { name: "param1", reason });
        let names = ["room_id".to_owned(), "pass_id".to_owned()];
        let document = problem_of(&error, &names).to_response(None).into_body().into_string().await;
        assert!(document.expect("a document").contains("\"field\":\"pass_id\""));
    }

    #[test]
    fn a_body_over_its_limit_is_found_through_every_layer() {
        let inner = io::Error::other(BodyLimitExceeded { limit: 10 });
        let error = poem::Error::from(ReadBodyError::Io(io::Error::other(io::Error::other(inner))));
        assert_eq!(problem_of(&error, &[]).code(), Code::BodyTooLarge);
        let error = poem::Error::from(ReadBodyError::Io(io::Error::other("reset")));
        assert_eq!(problem_of(&error, &[]).code(), Code::InvalidRequest);
    }

    #[test]
    fn an_unknown_failure_is_internal_and_keeps_its_cause() {
        let problem = problem_of(&poem::Error::from_string("disk full", StatusCode::INTERNAL_SERVER_ERROR), &[]);
        assert_eq!((problem.code(), problem.cause()), (Code::Internal, Some("disk full")));
    }
}
