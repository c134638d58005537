use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

use crate::ids::{ConcertId, TenantId, WaitingRoomId};
use crate::text::{self, TextError};

/// The most visitors one tick may let in.
pub const ADMIT_COUNT_LIMIT: u32 = 20_000;
/// The shortest and the longest time between two ticks, in milliseconds.
const EVERY_MS: std::ops::RangeInclusive<u32> = 100..=3_600_000;
/// The most visitors that may be inside or wait.
pub const CAPACITY_LIMIT: u32 = 10_000_000;
/// The most live rooms of one tenant: each costs every replica two tasks and a look at its line every second.
pub const TENANT_ROOMS_LIMIT: u32 = 1_000;
/// The longest a pass may last or stay unclaimed, in seconds: a day.
pub const SECONDS_LIMIT: u32 = 86_400;
const NAME_LIMIT: usize = 200;
const MESSAGE_LIMIT: usize = 1_000;
const REDIRECT_LIMIT: usize = 2_000;

/// Who may change a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomOwner {
    /// Onsale's operators.
    Operators,
    /// A tenant, and Onsale's operators.
    Tenant(TenantId),
}

/// How many are let in how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admit {
    /// Visitors of one tick at most.
    pub count: u32,
    /// Milliseconds between two ticks.
    pub every_ms: u32,
}

/// Where a room is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Visitors gather for the opening draw and have no numbers yet.
    Gathering,
    /// The draw is being made: nobody can join it any more, nobody has a number yet.
    Drawing,
    /// Numbers are handed out and ticks let in.
    Open,
    /// Numbers are handed out, nobody is let in.
    Paused,
    /// It is over.
    Closed,
}

/// A line in front of a concert or of somebody else's site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRoom {
    /// Its identity.
    pub id: WaitingRoomId,
    /// Who may change it.
    pub owner: RoomOwner,
    /// The concert that it guards, if it is one of Onsale's.
    pub concert: Option<ConcertId>,
    /// What it is called.
    pub name: String,
    /// How fast it lets in.
    pub admit: Admit,
    /// Visitors inside at most.
    pub capacity: u32,
    /// Visitors in line at most.
    pub max_waiting: u32,
    /// Seconds a pass is good, counted from its tick.
    pub pass_seconds: u32,
    /// Seconds within which a pass must be used for the first time, counted from its tick.
    pub claim_seconds: u32,
    /// Where the waiting page sends those who are let in.
    pub redirect_url: Option<String>,
    /// When the opening draw is made; nothing for a room that opens at once.
    pub opens_at: Option<DateTime<Utc>>,
    /// What visitors are told while they wait.
    pub message: Option<String>,
    /// Where it is in its life.
    pub phase: Phase,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// Why a room was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RoomError {
    /// A text is empty, too long or has control characters.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A number is out of its range.
    #[error("{field} is {value}, allowed are {least} to {most}")]
    OutOfRange {
        /// Which member.
        field: &'static str,
        /// What was given.
        value: u32,
        /// The least that is allowed.
        least: u32,
        /// The most that is allowed.
        most: u32,
    },
    /// A pass would end before it could be claimed.
    #[error("claim_seconds is longer than pass_seconds")]
    ClaimOutlastsPass,
    /// The address cannot be redirected to.
    #[error("redirect_url must be https (http only for localhost), without user information and without a fragment")]
    RedirectUrl,
}

impl RoomError {
    /// The member that was refused.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Text(error) => error.field(),
            Self::OutOfRange { field, .. } => field,
            Self::ClaimOutlastsPass => "claim_seconds",
            Self::RedirectUrl => "redirect_url",
        }
    }
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 5] = [Self::Gathering, Self::Drawing, Self::Open, Self::Paused, Self::Closed];

    /// Whether numbers are handed out: before and after there is no line.
    #[must_use]
    pub const fn has_line(self) -> bool {
        matches!(self, Self::Open | Self::Paused)
    }

    /// Its name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::Drawing => "drawing",
            Self::Open => "open",
            Self::Paused => "paused",
            Self::Closed => "closed",
        }
    }

    /// The phase of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }
}

impl WaitingRoom {
    /// The room with its texts trimmed and its numbers checked.
    ///
    /// # Errors
    /// [`RoomError`] names the member.
    pub fn checked(self) -> Result<Self, RoomError> {
        within("admit.count", self.admit.count, 1, ADMIT_COUNT_LIMIT)?;
        within("admit.every_seconds", self.admit.every_ms, *EVERY_MS.start(), *EVERY_MS.end())?;
        within("capacity", self.capacity, 1, CAPACITY_LIMIT)?;
        within("max_waiting", self.max_waiting, 1, CAPACITY_LIMIT)?;
        within("pass_seconds", self.pass_seconds, 1, SECONDS_LIMIT)?;
        within("claim_seconds", self.claim_seconds, 1, SECONDS_LIMIT)?;
        if self.claim_seconds > self.pass_seconds {
            return Err(RoomError::ClaimOutlastsPass);
        }
        let message = self.message.as_deref().map(|text| text::checked("message", text, MESSAGE_LIMIT)).transpose()?;
        let redirect_url = self.redirect_url.as_deref().map(checked_redirect).transpose()?;
        Ok(Self { name: text::checked("name", &self.name, NAME_LIMIT)?, message, redirect_url, ..self })
    }
}

fn within(field: &'static str, value: u32, least: u32, most: u32) -> Result<(), RoomError> {
    if (least..=most).contains(&value) { Ok(()) } else { Err(RoomError::OutOfRange { field, value, least, most }) }
}

fn checked_redirect(text: &str) -> Result<String, RoomError> {
    let text = text::checked("redirect_url", text, REDIRECT_LIMIT)?;
    let url = Url::parse(&text).map_err(|_| RoomError::RedirectUrl)?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(RoomError::RedirectUrl),
    };
    let allowed = url.scheme() == "https" || (url.scheme() == "http" && local);
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if allowed && plain { Ok(url.into()) } else { Err(RoomError::RedirectUrl) }
}

/// The address to which somebody who is let in goes: the room's own, with the one-time code as `onsale_code`.
#[must_use]
pub fn redirect_target(redirect_url: &str, code: &str) -> Option<String> {
    let mut url = Url::parse(redirect_url).ok()?;
    url.query_pairs_mut().append_pair("onsale_code", code);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> WaitingRoom {
        WaitingRoom {
            id: WaitingRoomId(uuid::Uuid::nil()),
            owner: RoomOwner::Operators,
            concert: None,
            name: " Line ".to_owned(),
            admit: Admit { count: 100, every_ms: 10_000 },
            capacity: 1_000,
            max_waiting: 1_000_000,
            pass_seconds: 600,
            claim_seconds: 60,
            redirect_url: None,
            opens_at: None,
            message: None,
            phase: Phase::Open,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        assert_eq!(room().checked().map(|room| room.name), Ok("Line".to_owned()));
        let refused = |room: WaitingRoom| room.checked().map_err(|error| error.field());
        let admit = |count, every_ms| WaitingRoom { admit: Admit { count, every_ms }, ..room() };
        assert_eq!(refused(admit(20_001, 100)), Err("admit.count"));
        assert_eq!(refused(admit(1, 99)), Err("admit.every_seconds"));
        assert_eq!(refused(WaitingRoom { capacity: 0, ..room() }), Err("capacity"));
        assert_eq!(refused(WaitingRoom { claim_seconds: 601, ..room() }), Err("claim_seconds"));
    }

    #[test]
    fn nobody_can_be_sent_to_a_dubious_address() {
        let redirected = |url: &str| WaitingRoom { redirect_url: Some(url.to_owned()), ..room() }.checked();
        for url in ["https://shop.example/enter", "http://localhost:3000/", "http://127.0.0.1:3000/"] {
            assert!(redirected(url).is_ok(), "{url}");
        }
        for url in
            ["http://shop.example/", "https://user@shop.example/", "https://shop.example/#a", "javascript:alert(1)"]
        {
            assert_eq!(redirected(url), Err(RoomError::RedirectUrl), "{url}");
        }
    }

    #[test]
    fn the_code_joins_what_the_address_asks_already() {
        let target = redirect_target("https://shop.example/enter?a=1", "c-1");
        assert_eq!(target.as_deref(), Some("https://shop.example/enter?a=1&onsale_code=c-1"));
    }
}
