//! What is done with a visit, the same way by every use case.

use std::time::Duration;

use onsale_domain::waiting_room::{ClaimRefusal, EndReason, QueueNumber, Visit, VisitorId};
use tokio::time::timeout;

use super::LiveRoom;
use crate::ports::{Context, Rooms, StepError, Unavailable};

/// How long an answer waits until the use of its pass is written down. The store goes on trying for longer; whoever asks
/// again meanwhile or afterwards uses the same pass.
const CLAIM_PATIENCE: Duration = Duration::from_millis(1_500);

/// Uses the pass of a visitor who was let in.
///
/// # Errors
/// [`StepError`].
pub(super) async fn claim(
    rooms: &dyn Rooms,
    context: &Context,
    room: &LiveRoom,
    visitor: &VisitorId,
    number: QueueNumber,
) -> Result<Visit, StepError<ClaimRefusal>> {
    let claimed = timeout(CLAIM_PATIENCE, rooms.claim(room.id(), visitor, number)).await;
    let late = |_| Err(Unavailable::because("the use of a pass is not written down yet").into());
    let visit = claimed.unwrap_or_else(late)?;
    room.note(visit.clone(), context.now());
    Ok(visit)
}

/// Ends a place or a visit; one that has ended stays so.
///
/// # Errors
/// [`StepError`].
pub(super) async fn end(
    rooms: &dyn Rooms,
    context: &Context,
    room: &LiveRoom,
    visitor: &VisitorId,
    number: QueueNumber,
    reason: EndReason,
) -> Result<(), StepError<ClaimRefusal>> {
    if let Some(visit) = rooms.end(room.id(), visitor, number, reason).await? {
        room.note(visit, context.now());
    }
    Ok(())
}
