//! The stream of one place.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use onsale_application::ports::{Context, QueueClaims, QueueSeals};
use onsale_application::waiting_room::{Glance, LiveRoom, ReadStatus};
use onsale_support::supervise::Supervisor;
use tracing::warn;

use super::events::{self, PlaceEvents};
use super::hub::{Following, Hubs, Ring, Stage, retry_ms};
use super::place_objects::{Place, PlaceStatus};
use crate::context::RequestContext;
use crate::problem::Problem;
use crate::refusals::busy;
use crate::server::Draining;
use crate::sse::{EventStream, HEARTBEAT};
use crate::state::UseCases;
use crate::stream_limit::{StreamLimit, StreamPermit};

/// After which time a browser opens a stream again whose last word was said, in milliseconds: it would ask for ever otherwise.
const RETRY_OVER_MS: u64 = 3_600_000;

/// Opens streams about places, for the API and for the waiting page.
#[derive(Clone)]
pub(crate) struct PlaceStreams {
    pub(crate) hubs: Hubs,
    teller: Teller,
    pub(crate) limit: StreamLimit,
    pub(crate) draining: Draining,
}

/// What all streams need to tell a place.
#[derive(Clone)]
struct Teller {
    place: Arc<ReadStatus>,
    seals: Arc<dyn QueueSeals>,
    context: Context,
}

impl PlaceStreams {
    pub(crate) fn new(
        use_cases: &UseCases,
        limit: StreamLimit,
        supervisor: Arc<Supervisor>,
        draining: Draining,
    ) -> Self {
        let teller = Teller {
            place: Arc::clone(&use_cases.place),
            seals: Arc::clone(&use_cases.queue_seals),
            context: use_cases.context.clone(),
        };
        Self { hubs: Hubs::new(Arc::clone(&use_cases.place), supervisor), teller, limit, draining }
    }

    /// A stream about the place of whoever holds `claims`, for the client that asks.
    ///
    /// # Errors
    /// `busy` when there are too many streams, or the server is stopping.
    pub(crate) fn open(
        &self,
        room: &Arc<LiveRoom>,
        claims: QueueClaims,
        request: &RequestContext,
    ) -> Result<EventStream<PlaceEvents>, Problem> {
        let permit = self.limit.permit(request.client).filter(|_| !self.draining.has_begun()).ok_or_else(busy)?;
        let following = self.hubs.follow(room, claims);
        let follower = PlaceFollower::new(following, self.teller.clone(), permit);
        Ok(EventStream::new(self.draining.end(follower.into_events())))
    }
}

/// Somebody who follows a place.
struct PlaceFollower {
    following: Following,
    teller: Teller,
    stage: Stage,
    _permit: StreamPermit,
}

impl PlaceFollower {
    fn new(following: Following, teller: Teller, permit: StreamPermit) -> Self {
        Self { following, teller, stage: Stage::Begins, _permit: permit }
    }

    fn into_events(self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        stream::unfold(self, |mut follower| async move {
            let event = follower.next().await?;
            Some((Ok(event), follower))
        })
    }

    /// The next event; nothing once the last word was said or the ticket has expired.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let event = match self.following.rung(self.stage, &self.teller.context).await? {
                Ring::Look => self.look().await,
                Ring::Beat => Some(self.beat()),
            };
            if event.is_some() {
                return event;
            }
        }
    }

    /// Tells the place, unless it was told already.
    async fn look(&mut self) -> Option<Bytes> {
        match self.seen().await {
            Some((glance, _)) if self.following.bell.has_told(&glance) => None,
            Some((glance, status)) => Some(self.tell(glance, &status)),
            None => Some(self.beat()),
        }
    }

    /// The place as it is; nothing when it cannot be made out right now.
    async fn seen(&mut self) -> Option<(Glance, PlaceStatus)> {
        if let Some(seen) = self.peeked() {
            return Some(seen);
        }
        if self.following.claims().number > 0 {
            return None; // no pass can be signed right now
        }
        match self.teller.place.drawn(self.following.room(), self.following.claims()).await {
            Ok(Some(claims)) => {
                let queue_token = Some(self.teller.seals.queue_token(&claims));
                self.following = self.following.with(claims);
                let (glance, status) = self.peeked()?;
                Some((glance, PlaceStatus { queue_token, ..status }))
            }
            Ok(None) => Some(self.nowhere()),
            Err(error) => {
                let waiting_room_id = self.following.room().id();
                warn!(%waiting_room_id, %error, "a drawn number could not be read; it is read again in a moment");
                None
            }
        }
    }

    fn peeked(&self) -> Option<(Glance, PlaceStatus)> {
        let report =
            self.teller.place.peek(self.following.room(), self.following.claims(), self.teller.context.random())?;
        let glance = Glance { state: report.state, phase: report.phase, position: report.position };
        Some((glance, report.into()))
    }

    /// Whoever was not in the draw has no place.
    fn nowhere(&self) -> (Glance, PlaceStatus) {
        let room = self.following.room();
        let glance = Glance { state: ReadStatus::without_number(room), phase: room.phase(), position: None };
        let place = Place::over(glance.state, glance.phase);
        (glance, PlaceStatus { queue_token: None, place })
    }

    fn tell(&mut self, glance: Glance, status: &PlaceStatus) -> Bytes {
        let is_over = glance.state.is_over();
        let retry_ms = match self.stage {
            _ if is_over => Some(RETRY_OVER_MS),
            Stage::Begins => Some(retry_ms(&self.teller.context)),
            Stage::GoesOn | Stage::Over => None,
        };
        self.stage = if is_over { Stage::Over } else { Stage::GoesOn };
        self.following.bell.tells(Some(glance));
        events::place(status, self.teller.context.now(), retry_ms)
    }

    fn beat(&mut self) -> Bytes {
        self.stage = Stage::GoesOn;
        self.following.bell.tells(None);
        HEARTBEAT
    }
}

#[cfg(test)]
mod tests;
