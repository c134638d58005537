//! Reading answers: just enough of HTTP/1.1 (RFC 9112) for servers under test.

use std::time::Duration;

/// An answer to one request.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The body, without the chunks it may have come in.
    pub body: &'a [u8],
    /// From when the request was meant to start until the last byte was here.
    pub latency: Duration,
    pub(super) head: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The value of a header; the name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        fields(self.head)
            .find(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()))
            .and_then(|(_, value)| str::from_utf8(value).ok())
    }
}

/// The server sent something that is not HTTP/1.1.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an HTTP/1.1 answer")]
pub(super) struct Malformed;

/// The status line and headers of an answer, as far as reading on depends on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) length: usize,
    pub(super) body: BodyLength,
    pub(super) closes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    Bytes(usize),
    Chunked,
}

impl Head {
    /// Reads the head at the start of `bytes`; none while it is incomplete.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        if !bytes.starts_with(b"HTTP/1.1 ") {
            return Err(Malformed);
        }
        let status =
            bytes.get(9..12).and_then(number).and_then(|status| u16::try_from(status).ok()).ok_or(Malformed)?;
        let mut head = Self { status, length: end + 4, body: BodyLength::Bytes(0), closes: false };
        for (name, value) in fields(&bytes[..end]) {
            head.read_field(name, value)?;
        }
        Ok(Some(head))
    }

    fn read_field(&mut self, name: &[u8], value: &[u8]) -> Result<(), Malformed> {
        match name.len() {
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                self.body = BodyLength::Bytes(number(value).ok_or(Malformed)?);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.body = BodyLength::Chunked,
            10 if name.eq_ignore_ascii_case(b"connection") => self.closes = value.eq_ignore_ascii_case(b"close"),
            _ => {}
        }
        Ok(())
    }
}

/// Names and values of the lines after the first.
fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.split(|byte| *byte == b'\n').skip(1).filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((&line[..colon], line[colon + 1..].trim_ascii()))
    })
}

/// Puts a chunked body together; none while it is incomplete.
pub(super) fn join_chunks(mut bytes: &[u8], body: &mut Vec<u8>) -> Result<Option<()>, Malformed> {
    body.clear();
    loop {
        let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") else { return Ok(None) };
        let size = bytes[..end].split(|byte| *byte == b';').next().unwrap_or_default();
        let size = str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let start = end + 2;
        let stop = size.and_then(|size| start.checked_add(size)).ok_or(Malformed)?;
        if bytes.len() < stop + 2 {
            return Ok(None);
        }
        if stop == start {
            return Ok(Some(()));
        }
        body.extend_from_slice(&bytes[start..stop]);
        bytes = &bytes[stop + 2..];
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_complete() {
        let bytes = b"HTTP/1.1 409 Conflict\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{";
        assert_eq!(Head::parse(&bytes[..40]), Ok(None));
        let head = Head { status: 409, length: bytes.len() - 1, body: BodyLength::Bytes(12), closes: true };
        assert_eq!(Head::parse(bytes), Ok(Some(head)));
    }

    #[test]
    fn an_answer_that_is_not_http_is_refused() {
        assert_eq!(Head::parse(b"SSH-2.0-server\r\n\r\n"), Err(Malformed));
        assert_eq!(Head::parse(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n"), Err(Malformed));
    }

    #[test]
    fn chunks_are_joined_once_the_last_is_here() {
        let bytes = b"5\r\nhello\r\n6;why=not\r\n world\r\n0\r\n\r\n";
        let mut body = Vec::new();
        for length in 0..bytes.len() {
            assert_eq!(join_chunks(&bytes[..length], &mut body), Ok(None), "{length} bytes");
        }
        assert_eq!(join_chunks(bytes, &mut body), Ok(Some(())));
        assert_eq!(body, b"hello world");
        assert_eq!(join_chunks(b"many\r\n", &mut body), Err(Malformed));
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let head = b"HTTP/1.1 200 OK\r\nAge: 3\r\n\r\n";
        let answer = Answer { status: 200, body: b"", latency: Duration::ZERO, head };
        assert_eq!(answer.header("age"), Some("3"));
        assert_eq!(answer.header("etag"), None);
    }
}
