//! The committed description of the API.

use onsale_tests::server::Stack;
use serde_json::Value;

use crate::support::Api;

/// The committed document.
pub(crate) const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

#[tokio::test]
async fn the_committed_document_is_that_of_the_binary() {
    let printed = Stack::embedded().succeed(&["openapi"]).await;
    assert!(printed == DOCUMENT, "the API has changed; run: cargo run --package onsale -- openapi > docs/openapi.json");
}

#[tokio::test]
async fn a_server_shows_the_document_and_a_page_to_browse_it() {
    let stack = Stack::embedded();
    let running = stack.serve().await;
    let visitor = Api::new(&running.address);
    let served = visitor.get("/openapi.json").await;
    assert_eq!(served.ok(200), serde_json::from_str::<Value>(DOCUMENT).unwrap());
    let page = visitor.get("/docs").await;
    assert_eq!((page.status, page.media_type()), (200, "text/html"));
    assert!(!page.text.contains("src=\"http"), "the page needs no network");
}
