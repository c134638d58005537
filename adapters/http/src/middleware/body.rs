//! Bodies: bounded on the way in, sized on the way out.

use std::io;

use futures_util::StreamExt;
use hyper::body::Body as _;
use poem::http::{HeaderMap, Version, header};
use poem::{Body, Request, Response};

use crate::problem::{BodyLimitExceeded, Problem};

/// Bytes of a body that a connection reads together with the head.
const WITH_THE_HEAD: u64 = 4 * 1024;

type BoxBody = http_body_util::combinators::BoxBody<bytes::Bytes, io::Error>;

/// Refuses a body that says it is too large, and watches one that does not say.
///
/// # Errors
/// `body_too_large`, naming the limit in bytes.
pub(crate) fn bound(request: &mut Request, limit: u64) -> Result<(), Problem> {
    match content_length(request.headers()) {
        Some(length) if length > limit => Err(BodyLimitExceeded { limit }.into()),
        Some(_) => Ok(()), // the connection hands out no more than it announced
        None => {
            watch(request, limit);
            Ok(())
        }
    }
}

/// Whether the body of an HTTP/1 request may not have been read when the request is refused: a small one has come with
/// the head.
pub(crate) fn may_be_left_unread(request: &Request) -> bool {
    let headers = request.headers();
    let is_large = content_length(headers).is_some_and(|length| length > WITH_THE_HEAD);
    request.version() < Version::HTTP_2 && (is_large || headers.contains_key(header::TRANSFER_ENCODING))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn watch(request: &mut Request, limit: u64) {
    let has_body = request.headers().contains_key(header::TRANSFER_ENCODING) || request.version() == Version::HTTP_2;
    if !has_body {
        return;
    }
    let mut left = limit;
    let chunks = request.take_body().into_bytes_stream().map(move |chunk| {
        let chunk = chunk?;
        let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        left = left.checked_sub(length).ok_or_else(|| io::Error::other(BodyLimitExceeded { limit }))?;
        Ok::<_, io::Error>(chunk)
    });
    request.set_body(Body::from_bytes_stream(chunks));
}

/// The length of the response body in bytes, unless it is a stream.
pub(crate) fn size(response: &mut Response) -> Option<u64> {
    let body = BoxBody::from(response.take_body());
    let size = body.size_hint().exact();
    response.set_body(body);
    size
}
