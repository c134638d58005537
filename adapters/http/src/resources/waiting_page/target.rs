//! Which paths belong to the waiting page.

use onsale_domain::ids::WaitingRoomId;
use poem::http::Method;
use uuid::Uuid;

use super::pages::Asset;
use crate::problem::{Code, Problem};

const PREFIX: &str = "/waiting-rooms/";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// The page itself.
    Page,
    /// Where the visitor is.
    Status,
    /// The same as it changes.
    Events,
    /// To give the place up.
    Leave,
    /// What the page loads.
    Asset(Asset),
}

impl Call {
    pub(super) const ALL: [Self; 6] =
        [Self::Page, Self::Status, Self::Events, Self::Leave, Self::Asset(Asset::Style), Self::Asset(Asset::Script)];

    /// What it is called in logs and metrics.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Page => "/waiting-rooms/{id}",
            Self::Status => "/waiting-rooms/{id}/status",
            Self::Events => "/waiting-rooms/{id}/events",
            Self::Leave => "/waiting-rooms/{id}/leave",
            Self::Asset(Asset::Style) => "/waiting-rooms/assets/page.css",
            Self::Asset(Asset::Script) => "/waiting-rooms/assets/page.js",
        }
    }

    /// Its index in [`Self::ALL`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Page => 0,
            Self::Status => 1,
            Self::Events => 2,
            Self::Leave => 3,
            Self::Asset(Asset::Style) => 4,
            Self::Asset(Asset::Script) => 5,
        }
    }

    pub(super) const fn method(self) -> Method {
        match self {
            Self::Leave => Method::POST,
            Self::Page | Self::Status | Self::Events | Self::Asset(_) => Method::GET,
        }
    }
}

/// What is asked for, and of which room.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) call: Call,
    room: Option<WaitingRoomId>,
}

impl Target {
    /// What `path` names, if it belongs to the waiting page.
    pub(super) fn of(path: &str) -> Option<Self> {
        let path = path.strip_prefix(PREFIX)?;
        let (room, call) = match path.split_once('/') {
            None => (path, Call::Page),
            Some(("assets", "page.css")) => (path, Call::Asset(Asset::Style)),
            Some(("assets", "page.js")) => (path, Call::Asset(Asset::Script)),
            Some((room, "status")) => (room, Call::Status),
            Some((room, "events")) => (room, Call::Events),
            Some((room, "leave")) => (room, Call::Leave),
            Some(_) => return None,
        };
        Some(Self { call, room: Uuid::try_parse(room).ok().map(WaitingRoomId) })
    }

    /// The room.
    ///
    /// # Errors
    /// `not_found`: what cannot be an id names nothing.
    pub(super) fn room(&self) -> Result<WaitingRoomId, Problem> {
        self.room.ok_or_else(|| Problem::new(Code::NotFound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::{Routes, pattern_of};

    const ROOM: &str = "0190a1b2-0000-7000-8000-000000000000";

    fn call(path: &str) -> Option<Call> {
        Target::of(path).map(|target| target.call)
    }

    #[test]
    fn every_path_of_the_page_is_its_own_and_no_other() {
        for wanted in Call::ALL {
            let path = wanted.path().replace("{id}", ROOM);
            let target = Target::of(&path).expect("a path of the page");
            assert_eq!(target.call, wanted);
            assert_eq!(target.room().is_ok(), !matches!(wanted, Call::Asset(_)));
        }
        for other in ["/", "/v1/waiting-rooms/x", "/waiting-rooms", "/waiting-rooms/x/y", "/waiting-rooms/x/status/"] {
            assert_eq!(call(other), None, "{other}");
        }
        assert_eq!(call("/waiting-rooms/assets/page.html"), None);
        let nothing = Target::of("/waiting-rooms/nothing").expect("a page").room();
        assert_eq!(nothing.map_err(|problem| problem.code()), Err(Code::NotFound));
    }

    #[test]
    fn every_path_has_a_label_and_its_method() {
        let routes = super::super::with_page(Routes::none());
        for (index, call) in Call::ALL.into_iter().enumerate() {
            assert_eq!(call.index(), index);
            let route = routes.find(Some(&pattern_of(call.path())));
            assert_eq!(&*route.label, call.path());
            assert_eq!(route.allow, if call == Call::Leave { "POST" } else { "GET, HEAD" });
        }
    }
}
