//! Tidying holds whose time has passed: prompt by the alarm clock, certain by the sweep.
//!
//! Neither decides anything: a seat is free from `held_until` on, whether or not it has been tidied.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use onsale_domain::box_office::{ReleaseRefusal, Released};
use tokio::time::timeout;
use tracing::warn;

use crate::ports::{BoxOffice, Context, HoldAlarm, HoldTimer, StepError, Unavailable};

/// How many alarms are answered at once: the size of a full group.
const BATCH: usize = 256;
/// How long one alarm may keep the others waiting: longer than a group of a busy performance, and well within the
/// lease, which brings the alarm back.
const TIDY_LIMIT: Duration = Duration::from_secs(5);
/// How many holds the sweep reads at once.
const SWEEP_PAGE: u32 = 1_000;

/// Answers the alarms of holds.
pub struct TidyHolds {
    timer: Arc<dyn HoldTimer>,
    box_office: Arc<dyn BoxOffice>,
}

impl TidyHolds {
    /// On these ports.
    #[must_use]
    pub fn new(timer: Arc<dyn HoldTimer>, box_office: Arc<dyn BoxOffice>) -> Self {
        Self { timer, box_office }
    }

    /// Answers alarms until `stop`, those that have rung by then included: they would come back only when their leases
    /// end. A hold that cannot be tidied is logged and comes back so; it never stops the others.
    ///
    /// # Errors
    /// [`Unavailable`] when the alarm clock cannot be reached.
    pub async fn run(&self, stop: impl Future<Output = ()>) -> Result<(), Unavailable> {
        let mut stop = pin!(stop);
        loop {
            let rung = tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                rung = self.timer.ring(BATCH) => rung?,
            };
            self.answer(rung).await?;
        }
    }

    /// Tidies the holds of `rung` together. Each is acknowledged with those that are tidied by then: a performance that
    /// is stuck keeps its own alarms only.
    ///
    /// # Errors
    /// [`Unavailable`] when the alarm clock cannot be reached.
    pub async fn answer(&self, rung: Vec<HoldAlarm>) -> Result<(), Unavailable> {
        let answers: FuturesUnordered<_> = rung.into_iter().map(|alarm| self.tidy(alarm)).collect();
        let mut answers = answers.ready_chunks(BATCH);
        let mut told = Ok(());
        while let Some(answered) = answers.next().await {
            told = told.and(self.settle(answered).await);
        }
        told
    }

    /// Tells the alarm clock which alarms are over, and when the early ones shall ring again.
    async fn settle(&self, answers: Vec<(HoldAlarm, Tidied)>) -> Result<(), Unavailable> {
        let mut done = Vec::new();
        let mut early = Vec::new();
        for (alarm, answer) in answers {
            match answer {
                Tidied::Done => done.push(alarm),
                Tidied::Early(again) => early.push(again),
                Tidied::Failed => {}
            }
        }
        let acknowledged = self.timer.acknowledge(&done).await;
        let armed = if early.is_empty() { Ok(()) } else { self.timer.arm(&early).await };
        acknowledged.and(armed)
    }

    async fn tidy(&self, alarm: HoldAlarm) -> (HoldAlarm, Tidied) {
        let expired = timeout(TIDY_LIMIT, self.box_office.expire(alarm.performance, alarm.reservation)).await;
        let late = |_| Err(StepError::Unavailable(Unavailable::because("no answer in time")));
        let answer = match expired.unwrap_or_else(late) {
            Ok(Released::Ended(_)) | Err(StepError::Refused(ReleaseRefusal::Unknown)) => Tidied::Done,
            Ok(Released::NotDue { held_until }) => Tidied::Early(HoldAlarm { due: held_until, ..alarm }),
            Err(error) => {
                warn!(reservation_id = %alarm.reservation, %error, "the hold was not tidied; its alarm comes back");
                Tidied::Failed
            }
        };
        (alarm, answer)
    }
}

enum Tidied {
    Done,
    Early(HoldAlarm),
    Failed,
}

/// Re-arms from SQL whatever the alarm clock has lost.
pub struct SweepHolds {
    timer: Arc<dyn HoldTimer>,
    box_office: Arc<dyn BoxOffice>,
    context: Context,
}

impl SweepHolds {
    /// On these ports.
    #[must_use]
    pub fn new(timer: Arc<dyn HoldTimer>, box_office: Arc<dyn BoxOffice>, context: Context) -> Self {
        Self { timer, box_office, context }
    }

    /// Arms every hold that ends within `horizon`, and says how many; alarms that are set already stay.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn execute(&self, horizon: TimeDelta) -> Result<usize, Unavailable> {
        let until = self.context.now() + horizon;
        let mut after = None;
        let mut armed = 0;
        loop {
            let holds = self.box_office.open_holds(until, after, SWEEP_PAGE).await?;
            let Some(last) = holds.last() else { return Ok(armed) };
            after = Some((last.held_until, last.reservation));
            armed += holds.len();
            let alarms = holds.into_iter().map(|hold| HoldAlarm {
                reservation: hold.reservation,
                performance: hold.performance,
                due: hold.held_until,
            });
            self.timer.arm(&alarms.collect::<Vec<_>>()).await?;
        }
    }
}
