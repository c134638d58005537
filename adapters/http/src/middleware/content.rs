//! What a client may receive in another form: compressed, or not at all when it has it already.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::{Body, Response};

/// Bodies from this size on are compressed off the async threads: 256 KiB take about two milliseconds.
const OFF_THREAD_BYTES: usize = 256 * 1024;

const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const BY_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");

/// The compressed form a response brings with it, as response data.
#[derive(Clone, Debug)]
pub(crate) struct Precompressed {
    pub(crate) gzip: Bytes,
    pub(crate) etag: HeaderValue,
}

/// Whether the client understands gzip (RFC 9110, 12.5.3).
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let wanted = |coding: &str| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_gzip = matches!(name.trim(), "*") || name.trim().eq_ignore_ascii_case("gzip");
        let refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.trim().parse() == Ok(0.0_f32));
        (is_gzip, refused)
    };
    value.split(',').map(wanted).any(|(is_gzip, refused)| is_gzip && !refused)
}

/// Answers 304 if the client named the response's `ETag` in `If-None-Match`.
pub(crate) fn skip_if_known(if_none_match: Option<&HeaderValue>, response: &mut Response) {
    let known = match (if_none_match, response.headers().get(header::ETAG)) {
        (Some(known), Some(etag)) if response.status() == StatusCode::OK => names(known, etag),
        _ => false,
    };
    if known {
        response.set_status(StatusCode::NOT_MODIFIED);
        response.set_body(Body::empty());
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_ENCODING);
    }
}

/// Weak comparison, as RFC 9110 (13.1.2) wants it for `If-None-Match`.
fn names(if_none_match: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(known), Ok(etag)) = (if_none_match.to_str(), etag.to_str()) else { return false };
    known.trim() == "*"
        || known.split(',').map(str::trim).any(|known| known.strip_prefix("W/").unwrap_or(known) == etag)
}

/// Replaces the body by the compressed form the response brings, if it brings one and the client understands it.
pub(crate) fn choose_precompressed(accepts_gzip: bool, response: &mut Response) {
    let Some(form) = response.extensions_mut().remove::<Precompressed>() else { return };
    response.headers_mut().append(header::VARY, BY_ENCODING);
    if accepts_gzip {
        response.set_body(form.gzip);
        response.headers_mut().insert(header::ETAG, form.etag);
        response.headers_mut().insert(header::CONTENT_ENCODING, GZIP);
    }
}

/// Compresses a JSON body of known `size` from `threshold` bytes on.
///
/// Only gzip: every client has it, and at the speed a busy server can afford, brotli is no smaller. Responses with an
/// `ETag` bring their own compressed form or none: a strong tag names one sequence of bytes.
///
/// # Errors
/// Reading the body failed.
pub(crate) async fn compress(
    accepts_gzip: bool,
    threshold: u64,
    size: Option<u64>,
    response: &mut Response,
) -> io::Result<()> {
    if size.is_none_or(|size| size < threshold) || !is_plain_json(response.headers()) {
        return Ok(());
    }
    response.headers_mut().append(header::VARY, BY_ENCODING);
    if accepts_gzip {
        let plain = response.take_body().into_bytes().await.map_err(io::Error::other)?;
        let compressed = match plain.len() {
            0..OFF_THREAD_BYTES => gzip(&plain),
            _ => tokio::task::spawn_blocking(move || gzip(&plain)).await.map_err(io::Error::other)?,
        };
        response.set_body(compressed);
        response.headers_mut().insert(header::CONTENT_ENCODING, GZIP);
    }
    Ok(())
}

fn is_plain_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let is_json =
        content_type.starts_with(b"application/json") || content_type.starts_with(b"application/problem+json");
    is_json && !headers.contains_key(header::CONTENT_ENCODING) && !headers.contains_key(header::ETAG)
}

/// The gzip form of `plain`, at the fastest level.
pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4 + 64), Compression::fast());
    encoder.write_all(plain).and_then(|()| encoder.finish()).expect("writing into memory cannot fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(value: &str) -> bool {
        let value = HeaderValue::from_str(value).expect("a header");
        accepts_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, value)]))
    }

    #[test]
    fn gzip_is_used_where_it_is_wanted() {
        assert!(accepts("gzip, deflate, br"));
        assert!(accepts("br;q=1.0, gzip;q=0.8"));
        assert!(accepts("*"));
        assert!(!accepts("gzip;q=0, br"));
        assert!(!accepts("gzip; q=0.000"));
        assert!(!accepts("br"));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_tag_is_found_in_a_list_strong_or_weak() {
        let etag = HeaderValue::from_static("\"abc\"");
        let found = |known: &'static str| names(&HeaderValue::from_static(known), &etag);
        assert!(found("\"abc\""));
        assert!(found("\"x\", W/\"abc\""));
        assert!(found("*"));
        assert!(!found("\"abcd\""));
        assert!(!found("abc"));
    }

    #[tokio::test]
    async fn small_or_encoded_or_tagged_bodies_stay_as_they_are() {
        let json = |length: usize| Response::builder().content_type("application/json").body("x".repeat(length));
        let mut small = json(1_023);
        compress(true, 1_024, Some(1_023), &mut small).await.expect("nothing to read");
        assert!(small.headers().get(header::CONTENT_ENCODING).is_none());
        let mut tagged = json(2_000);
        tagged.headers_mut().insert(header::ETAG, HeaderValue::from_static("\"a\""));
        compress(true, 1_024, Some(2_000), &mut tagged).await.expect("nothing to read");
        assert!(tagged.headers().get(header::CONTENT_ENCODING).is_none());
        let mut large = json(2_000);
        compress(true, 1_024, Some(2_000), &mut large).await.expect("a body in memory");
        assert_eq!(large.headers()[header::CONTENT_ENCODING], "gzip");
        assert!(large.into_body().into_bytes().await.expect("a body").len() < 100);
    }
}
