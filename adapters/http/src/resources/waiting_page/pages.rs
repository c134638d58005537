//! The page of each room as browsers get it, and its assets.

use std::collections::HashMap;

use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::WaitingRoom;
use parking_lot::Mutex;
use poem::Response;
use poem::http::{HeaderMap, HeaderValue, header};
use poem_openapi::types::ToJSON;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::language::{Language, Said, Texts};
use super::template::{escaped, filled};
use crate::problem::{Code, Problem};
use crate::rendered::{RenderedBody, hexadecimal};
use crate::resources::waiting_rooms::objects::RoomState;

const PAGE: &str = include_str!("page.html");
const REFUSED: &str = include_str!("refused.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page runs its own script and asks this server; nothing else is loaded, and nothing may frame it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
);
const HTML: &str = "text/html; charset=utf-8";
/// Browsers ask whether the page has changed: it names the version of its assets.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// An asset with its version in the address never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const BY_LANGUAGE: HeaderValue = HeaderValue::from_static("accept-language");
/// Bytes of the digest that is the version.
const VERSION_BYTES: usize = 8;
/// The most pages that are kept, about 12 KB each.
const KEPT_LIMIT: usize = 1_024;

/// A file that the page loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asset {
    Style,
    Script,
}

/// Renders pages, each room's once for each language and change of the room.
pub(super) struct Pages {
    version: String,
    style: RenderedBody,
    script: RenderedBody,
    english: Texts,
    korean: Texts,
    kept: Mutex<HashMap<(WaitingRoomId, Language), Kept>>,
}

struct Kept {
    room: WaitingRoom,
    body: RenderedBody,
}

impl Pages {
    pub(super) fn new() -> Self {
        let digest = Sha256::new().chain_update(STYLE).chain_update(SCRIPT).finalize();
        Self {
            version: hexadecimal(&digest[..VERSION_BYTES]),
            style: RenderedBody::new(STYLE),
            script: RenderedBody::new(SCRIPT),
            english: Language::English.texts(),
            korean: Language::Korean.texts(),
            kept: Mutex::default(),
        }
    }

    /// The page of `room`, in the language of the request with `headers`.
    pub(super) fn page(&self, room: WaitingRoom, headers: &HeaderMap) -> Response {
        let language = Language::preferred(headers);
        page_response(self.body(room, language).into_response(HTML), language)
    }

    /// A page that says why there is none.
    pub(super) fn refused(&self, problem: &Problem, headers: &HeaderMap) -> Response {
        let language = Language::preferred(headers);
        let said = said(self.texts(language), problem.code());
        let (title, lead) = (escaped(&said.title), escaped(&said.lead));
        let html = filled(REFUSED, |name| match name {
            "lang" => language.tag(),
            "title" => &title,
            "lead" => &lead,
            "version" => &self.version,
            unknown => unreachable!("the page has no value for {unknown}"),
        });
        let mut response = problem.to_response(None);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
        let cache_control = response.headers_mut().remove(header::CACHE_CONTROL);
        response.set_body(html);
        let mut response = page_response(response, language);
        if let Some(cache_control) = cache_control {
            response.headers_mut().insert(header::CACHE_CONTROL, cache_control);
        }
        response
    }

    /// An asset; `version` is the one in the address. During an upgrade a page may ask another version's server, whose
    /// answer must not be kept.
    pub(super) fn asset(&self, asset: Asset, version: Option<&str>) -> Response {
        let (body, content_type) = match asset {
            Asset::Style => (&self.style, "text/css; charset=utf-8"),
            Asset::Script => (&self.script, "text/javascript; charset=utf-8"),
        };
        let mut response = body.clone().into_response(content_type);
        let is_this = version == Some(self.version.as_str());
        response.headers_mut().insert(header::CACHE_CONTROL, if is_this { FOR_EVER } else { ASK_AGAIN });
        response
    }

    fn texts(&self, language: Language) -> &Texts {
        match language {
            Language::English => &self.english,
            Language::Korean => &self.korean,
        }
    }

    fn body(&self, room: WaitingRoom, language: Language) -> RenderedBody {
        let key = (room.id, language);
        if let Some(kept) = self.kept.lock().get(&key).filter(|kept| kept.room == room) {
            return kept.body.clone();
        }
        let body = RenderedBody::new(self.render(&room, language));
        let mut kept = self.kept.lock();
        if kept.len() >= KEPT_LIMIT && !kept.contains_key(&key) {
            kept.clear(); // those that are asked for are back with their next request
        }
        kept.insert(key, Kept { room, body: body.clone() });
        body
    }

    fn render(&self, room: &WaitingRoom, language: Language) -> String {
        let (name, data) = (escaped(&room.name), data(room));
        let noscript = escaped(&self.texts(language).noscript);
        filled(PAGE, |place| match place {
            "lang" => language.tag(),
            "name" => &name,
            "version" => &self.version,
            "noscript" => &noscript,
            "strings" => language.strings(),
            "room" => &data,
            unknown => unreachable!("the page has no value for {unknown}"),
        })
    }
}

fn page_response(mut response: Response, language: Language) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, ASK_AGAIN);
    headers.insert(header::CONTENT_LANGUAGE, language.header());
    headers.append(header::VARY, BY_LANGUAGE);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

fn said(texts: &Texts, code: Code) -> &Said {
    match code {
        Code::QueueTokenInvalid => &texts.views.lost,
        Code::NotFound => &texts.errors.missing,
        _ => &texts.errors.unavailable,
    }
}

/// What the script must know of the room, for a script element: nothing in it can end the element.
fn data(room: &WaitingRoom) -> String {
    let members = [
        ("id", room.id.0.to_json()),
        ("name", room.name.to_json()),
        ("state", RoomState::from(room.phase).to_json()),
        ("message", room.message.to_json()),
        ("opens_at", room.opens_at.to_json()),
        ("site_url", room.redirect_url.to_json()),
    ];
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let members: Map<_, _> = present.filter(|(_, value)| !value.is_null()).collect();
    Value::from(members).to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use onsale_domain::waiting_room::{Admit, Phase, RoomOwner};
    use poem::http::StatusCode;
    use uuid::Uuid;

    use super::*;

    fn room(name: &str) -> WaitingRoom {
        WaitingRoom {
            id: WaitingRoomId(Uuid::from_u128(7)),
            owner: RoomOwner::Operators,
            concert: None,
            name: name.to_owned(),
            admit: Admit { count: 1, every_ms: 1_000 },
            capacity: 1,
            max_waiting: 1,
            pass_seconds: 60,
            claim_seconds: 60,
            redirect_url: Some("https://shop.example/in?a=1&b=2".to_owned()),
            opens_at: Some(DateTime::UNIX_EPOCH),
            message: Some("</script><b>{{version}}</b>".to_owned()),
            phase: Phase::Drawing,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn asks(language: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(language))])
    }

    async fn html(response: Response) -> String {
        response.into_body().into_string().await.expect("text")
    }

    fn script<'h>(html: &'h str, id: &str) -> &'h str {
        let begin = format!("<script type=\"application/json\" id=\"{id}\">");
        let (_, rest) = html.split_once(begin.as_str()).expect("the element");
        rest.split_once("</script>").expect("its end").0
    }

    #[tokio::test]
    async fn texts_of_a_room_are_nothing_but_texts() {
        let page = html(Pages::new().page(room("Tom & <Jerry> {{room}}"), &asks("en"))).await;
        assert!(page.contains("<title>Tom &amp; &lt;Jerry&gt; {{room}}</title>"));
        assert!(page.contains("<h1>Tom &amp; &lt;Jerry&gt; {{room}}</h1>"));
        assert!(!script(&page, "room").contains('<'));
        let data: Value = serde_json::from_str(script(&page, "room")).expect("JSON");
        let expected = serde_json::json!({
            "id": "00000000-0000-0000-0000-000000000007", "name": "Tom & <Jerry> {{room}}", "state": "gathering",
            "message": "</script><b>{{version}}</b>", "opens_at": "1970-01-01T00:00:00+00:00",
            "site_url": "https://shop.example/in?a=1&b=2",
        });
        let at = |value: &Value| DateTime::parse_from_rfc3339(value["opens_at"].as_str().expect("a time")).ok();
        assert_eq!(at(&data), at(&expected));
        for (name, value) in expected.as_object().into_iter().flatten().filter(|(name, _)| *name != "opens_at") {
            assert_eq!(data[name], *value, "{name}");
        }
    }

    #[test]
    fn absent_members_are_left_out() {
        let bare = WaitingRoom { redirect_url: None, opens_at: None, message: None, ..room("Line") };
        let id = "00000000-0000-0000-0000-000000000007";
        let data: Value = serde_json::from_str(&data(&bare)).expect("JSON");
        assert_eq!(data, serde_json::json!({"id": id, "name": "Line", "state": "gathering"}));
    }

    #[tokio::test]
    async fn a_page_is_in_the_language_of_the_browser_and_runs_its_own_script_only() {
        let pages = Pages::new();
        let room = WaitingRoom { message: None, ..room("Line") };
        let response = pages.page(room, &asks("ko, en;q=0.5"));
        assert_eq!(response.header("content-language"), Some("ko"));
        assert_eq!(response.header("vary"), Some("accept-language"));
        assert_eq!(response.header("cache-control"), Some("no-cache"));
        assert_eq!(response.content_type(), Some(HTML));
        let policy = response.header("content-security-policy").expect("a policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"));
        let page = html(response).await;
        assert!(page.contains("<html lang=\"ko\">") && page.contains("JavaScript를 켜 주세요"));
        assert_eq!(page.matches(&format!("?v={}", pages.version)).count(), 2);
        assert!(!page.contains("{{"), "every place has its value");
    }

    #[tokio::test]
    async fn a_changed_room_has_a_new_page_and_an_unchanged_one_the_same() {
        let pages = Pages::new();
        let etag = |name| pages.page(room(name), &asks("en")).header("etag").map(str::to_owned);
        assert_eq!(etag("Line"), etag("Line"));
        assert_ne!(etag("Line"), etag("Other"));
        assert_eq!(pages.kept.lock().len(), 1, "a room's page takes the place of its old one");
        for number in 0..2 * KEPT_LIMIT {
            let id = WaitingRoomId(Uuid::from_u128(number as u128));
            pages.page(WaitingRoom { id, ..room("Line") }, &asks("en"));
        }
        assert!(pages.kept.lock().len() <= KEPT_LIMIT);
    }

    #[tokio::test]
    async fn a_refusal_is_a_page_too() {
        let pages = Pages::new();
        let shown = |code, language| pages.refused(&Problem::new(code), &asks(language));
        let missing = shown(Code::NotFound, "en");
        assert_eq!((missing.status(), missing.content_type()), (StatusCode::NOT_FOUND, Some(HTML)));
        assert_eq!(missing.header("cache-control"), Some("no-store"));
        assert!(missing.header("content-security-policy").is_some());
        assert!(html(missing).await.contains("There is no such line"));
        let lost = shown(Code::QueueTokenInvalid, "ko");
        assert_eq!((lost.status(), lost.header("content-language")), (StatusCode::UNAUTHORIZED, Some("ko")));
        assert!(html(lost).await.contains("순서를 찾을 수 없습니다"));
        let away = shown(Code::Unavailable, "en");
        assert_eq!(away.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(!html(away).await.contains("{{"));
    }

    #[test]
    fn only_the_asset_of_this_version_is_kept_for_ever() {
        let pages = Pages::new();
        let kept = |asset, version| pages.asset(asset, version).header("cache-control").map(str::to_owned);
        let for_ever = Some("public, max-age=31536000, immutable".to_owned());
        assert_eq!(kept(Asset::Script, Some(&pages.version)), for_ever);
        assert_eq!(kept(Asset::Style, Some(&pages.version)), for_ever);
        assert_eq!(kept(Asset::Style, Some("another")).as_deref(), Some("no-cache"));
        assert_eq!(kept(Asset::Script, None).as_deref(), Some("no-cache"));
        assert_eq!(pages.asset(Asset::Script, None).content_type(), Some("text/javascript; charset=utf-8"));
    }
}
