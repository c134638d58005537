//! Whose page makes a request.

use poem::Request;
use poem::http::header;
use poem::http::uri::Authority;

/// Whether a page of this server makes the request: browsers say so by `Sec-Fetch-Site`, those from before 2023 by
/// `Origin`. A request that says neither is not the page's.
pub(super) fn is_same(request: &Request) -> bool {
    if let Some(site) = request.header("sec-fetch-site") {
        return site == "same-origin";
    }
    let asked = request.header(header::HOST).or_else(|| request.uri().authority().map(Authority::as_str));
    let page = request.header(header::ORIGIN).and_then(|origin| Some(origin.split_once("://")?.1));
    page.is_some() && page == asked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(headers: &[(&'static str, &'static str)]) -> bool {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_same(&request.finish())
    }

    #[test]
    fn only_a_page_of_this_server_may_leave() {
        let host = ("host", "tickets.example");
        assert!(says(&[host, ("sec-fetch-site", "same-origin"), ("origin", "https://tickets.example")]));
        assert!(!says(&[host, ("sec-fetch-site", "cross-site"), ("origin", "https://tickets.example")]));
        assert!(!says(&[host, ("sec-fetch-site", "same-site")]));
        assert!(says(&[host, ("origin", "https://tickets.example")]), "an older browser");
        assert!(!says(&[host, ("origin", "https://evil.example")]));
        assert!(!says(&[host, ("origin", "null")]));
        assert!(!says(&[host]));
        assert!(!says(&[]));
    }
}
