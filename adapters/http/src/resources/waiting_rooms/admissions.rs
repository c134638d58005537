//! Letting in by hand, shutting out, and the opening draw.

use std::sync::Arc;

use onsale_application::waiting_room::{AdmittedByHand, DrawPage, LiveRoom};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{Phase, Pseudonym, QueueNumber, VisitorId};
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::managed;
use super::problems::{AdmitProblem, BlockProblem, DrawProblem};
use crate::callers::Manager;
use crate::input::{JsonBody, Text};
use crate::paging::{Cursor, Limit};
use crate::problem::Problem;
use crate::rendered::hexadecimal;
use crate::resources::Tag;
use crate::state::UseCases;

/// The most entrants of one answer.
const ENTRANTS_LIMIT: u32 = 1_000;

/// Whom to let in: the next `count`, or the visitors named; one of the two.
#[derive(Debug, Object)]
struct Admission {
    /// How many of the line, from its front.
    #[oai(validator(minimum(value = "1"), maximum(value = "20000")))]
    count: Option<u32>,
    /// Whom of the line, wherever they stand.
    #[oai(validator(min_items = 1, max_items = 1000))]
    visitor_ids: Option<Vec<Text>>,
}

/// Whom to let in, in one way.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Next(u32),
    Chosen(Vec<VisitorId>),
}

impl TryFrom<Admission> for Wanted {
    type Error = Problem;

    fn try_from(sent: Admission) -> Result<Self, Problem> {
        match (sent.count, sent.visitor_ids) {
            (Some(count), None) => Ok(Self::Next(count)),
            (None, Some(names)) => Ok(Self::Chosen(visitors(&names)?)),
            _ => Err(Problem::invalid("count", "send either `count` or `visitor_ids`")),
        }
    }
}

fn visitors(names: &[Text]) -> Result<Vec<VisitorId>, Problem> {
    let visitor = |(index, name): (usize, &Text)| {
        let refused = |error| Problem::invalid(&format!("visitor_ids[{index}]"), format!("{error}"));
        VisitorId::new(&name.0).map_err(refused)
    };
    names.iter().enumerate().map(visitor).collect()
}

/// How many were let in.
#[derive(Debug, Object)]
#[oai(rename = "Admitted")]
struct AdmittedObject {
    /// How many were asked for.
    requested: u32,
    /// How many came in: fewer when fewer stand in the line, or when there is less room.
    admitted: u32,
}

/// A line of the draw's result.
#[derive(Debug, PartialEq, Object)]
struct Entrant {
    /// The number that was drawn.
    number: QueueNumber,
    /// Who drew it, in a form that tells nothing to others: 64 hexadecimal digits.
    pseudonym: String,
}

/// Everything that is needed to recompute an opening draw, once it has been made.
#[derive(Debug, PartialEq, Object)]
#[oai(skip_serializing_if_is_none)]
struct Draw {
    /// The SHA-256 of the seed, fixed before anybody joined.
    seed_sha256: String,
    /// The seed, in hexadecimal digits.
    seed: Option<String>,
    /// The SHA-256 of all pseudonyms in ascending order, one after the other.
    entrants_sha256: Option<String>,
    /// Who drew which number, by number: ascending HMAC-SHA256 of the pseudonym, keyed by the SHA-256 of the seed and
    /// `entrants_sha256`, one after the other.
    entrants: Vec<Entrant>,
    /// Where the list goes on; absent at its end.
    next_cursor: Option<Cursor>,
}

impl From<DrawPage> for Draw {
    fn from(page: DrawPage) -> Self {
        let entrant =
            |(number, pseudonym): (QueueNumber, Pseudonym)| Entrant { number, pseudonym: hexadecimal(&pseudonym) };
        Self {
            seed_sha256: hexadecimal(&page.seed_sha256),
            seed: page.seed.map(|seed| hexadecimal(&seed)),
            entrants_sha256: page.entrants_sha256.map(|digest| hexadecimal(&digest)),
            entrants: page.items.into_iter().map(entrant).collect(),
            next_cursor: page.next.and_then(cursor_at),
        }
    }
}

/// Cursors carry ids; a number goes into one as it is.
fn cursor_at(last: QueueNumber) -> Option<Cursor> {
    Cursor::after(u128::try_from(last).ok().map(Uuid::from_u128))
}

/// The number that the caller has; none at all for a cursor of another list.
fn number_at(cursor: Option<Cursor>) -> QueueNumber {
    let last: Option<Uuid> = Cursor::id(cursor);
    last.map_or(0, |last| QueueNumber::try_from(last.as_u128()).unwrap_or(QueueNumber::MAX))
}

#[derive(ApiResponse)]
enum Blocked {
    /// So it is.
    #[oai(status = 204)]
    Done,
}

/// Letting in beside the schedule, shutting out, and what is public about opening draws.
pub(crate) struct AdmissionsApi {
    use_cases: Arc<UseCases>,
}

impl AdmissionsApi {
    pub(crate) fn new(use_cases: Arc<UseCases>) -> Self {
        Self { use_cases }
    }

    async fn admitted(&self, room: &LiveRoom, wanted: Wanted) -> Result<AdmittedByHand, AdmitProblem> {
        if room.phase() == Phase::Closed {
            return Err(AdmitProblem::WaitingRoomClosed);
        }
        let by_hand = &self.use_cases.by_hand;
        Ok(match wanted {
            Wanted::Next(count) => by_hand.next(room.id(), count).await?,
            Wanted::Chosen(visitors) => by_hand.chosen(room.id(), &visitors).await?,
        })
    }

    async fn set_blocked(
        &self,
        manager: Manager,
        id: Uuid,
        visitor: &str,
        blocked: bool,
    ) -> Result<Blocked, BlockProblem> {
        let visitor = VisitorId::new(visitor).map_err(|error| Problem::invalid("visitor_id", error.to_string()))?;
        let room = managed(&self.use_cases, manager, WaitingRoomId(id)).await?.ok_or(BlockProblem::NotFound)?;
        self.use_cases.by_hand.block(room.id(), &visitor, blocked).await?;
        Ok(Blocked::Done)
    }
}

#[OpenApi(tag = "Tag::WaitingRooms")]
impl AdmissionsApi {
    /// Let visitors in by hand
    ///
    /// Beside the schedule, and never more than there is room for.
    #[oai(path = "/v1/waiting-rooms/:id/admissions", method = "post", operation_id = "admit_visitors")]
    async fn admit_visitors(
        &self,
        /// A tenant's key, instead of an operator's access token.
        #[oai(name = "X-Api-Key")]
        manager: Manager,
        /// Names the room.
        id: Path<Uuid>,
        wanted: JsonBody<Admission>,
    ) -> Result<Json<AdmittedObject>, AdmitProblem> {
        let wanted = Wanted::try_from(wanted.0)?;
        let room = managed(&self.use_cases, manager, WaitingRoomId(id.0)).await?.ok_or(AdmitProblem::NotFound)?;
        let AdmittedByHand { requested, admitted } = self.admitted(&room, wanted).await?;
        Ok(Json(AdmittedObject { requested, admitted }))
    }

    /// Shut a visitor out
    ///
    /// Ends its visit, if it is inside. It keeps its place in line, should it be let back before its turn.
    #[oai(path = "/v1/waiting-rooms/:id/blocked/:visitor_id", method = "put", operation_id = "block_visitor")]
    async fn block_visitor(
        &self,
        /// A tenant's key, instead of an operator's access token.
        #[oai(name = "X-Api-Key")]
        manager: Manager,
        /// Names the room.
        id: Path<Uuid>,
        /// Names the visitor; in front of a concert the account.
        visitor_id: Path<String>,
    ) -> Result<Blocked, BlockProblem> {
        self.set_blocked(manager, id.0, &visitor_id.0, true).await
    }

    /// Let a visitor back
    #[oai(path = "/v1/waiting-rooms/:id/blocked/:visitor_id", method = "delete", operation_id = "unblock_visitor")]
    async fn unblock_visitor(
        &self,
        /// A tenant's key, instead of an operator's access token.
        #[oai(name = "X-Api-Key")]
        manager: Manager,
        /// Names the room.
        id: Path<Uuid>,
        /// Names the visitor; in front of a concert the account.
        visitor_id: Path<String>,
    ) -> Result<Blocked, BlockProblem> {
        self.set_blocked(manager, id.0, &visitor_id.0, false).await
    }

    /// Show the opening draw
    ///
    /// Before the room opens only what commits to the seed; afterwards everything that is needed to recompute who got
    /// which number.
    #[oai(path = "/v1/waiting-rooms/:id/draw", method = "get", operation_id = "get_draw")]
    async fn get_draw(
        &self,
        /// Names the room.
        id: Path<Uuid>,
        /// At most this many entrants.
        limit: Query<Option<Limit<ENTRANTS_LIMIT>>>,
        /// Where to go on, from the `next_cursor` of an earlier answer.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<Draw>, DrawProblem> {
        let (after, limit) = (number_at(cursor.0), Limit::of(limit.0));
        Ok(Json(self.use_cases.draw.execute(WaitingRoomId(id.0), after, limit).await?.into()))
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ParseFromJSON;
    use serde_json::{Value, json};

    use super::*;

    fn wanted(body: Value) -> Result<Wanted, String> {
        let sent = Admission::parse_from_json(Some(body)).map_err(|error| error.message().to_owned())?;
        Wanted::try_from(sent).map_err(|problem| problem.to_string())
    }

    #[test]
    fn a_number_or_names_are_let_in() {
        assert_eq!(wanted(json!({"count": 5})), Ok(Wanted::Next(5)));
        let named = wanted(json!({"visitor_ids": ["a", "b"]}));
        assert_eq!(named, Ok(Wanted::Chosen(["a", "b"].map(|name| VisitorId::new(name).expect("a name")).to_vec())));
        for wrong in [json!({}), json!({"count": 1, "visitor_ids": ["a"]})] {
            assert!(wanted(wrong).is_err_and(|told| told.contains("either")));
        }
        assert!(wanted(json!({"count": 0})).is_err());
        assert!(wanted(json!({"visitor_ids": vec!["a"; 1_001]})).is_err());
        assert!(wanted(json!({"visitor_ids": ["two words"]})).is_err());
    }

    #[test]
    fn a_draw_goes_on_after_its_last_number() {
        let page = DrawPage {
            seed_sha256: [1; 32],
            seed: Some([2; 32]),
            entrants_sha256: None,
            items: vec![(7, [0xab; 32])],
            next: Some(7),
        };
        let draw = Draw::from(page);
        assert_eq!(number_at(draw.next_cursor), 7);
        assert_eq!(number_at(None), 0);
        assert_eq!(draw.entrants, [Entrant { number: 7, pseudonym: "ab".repeat(32) }]);
        assert_eq!((draw.seed, draw.entrants_sha256), (Some("02".repeat(32)), None));
    }
}
