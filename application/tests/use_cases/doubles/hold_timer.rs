use std::collections::VecDeque;

use async_trait::async_trait;
use onsale_application::ports::{DeadAlarms, HoldAlarm, HoldTimer, Unavailable};
use onsale_domain::ids::{PerformanceId, ReservationId};
use parking_lot::Mutex;

use super::out_of_order;

/// An alarm clock that rings what it is told to ring and remembers what it was asked.
#[derive(Default)]
pub(crate) struct HoldTimerDouble {
    pub(crate) armed: Mutex<Vec<HoldAlarm>>,
    pub(crate) disarmed: Mutex<Vec<(PerformanceId, ReservationId)>>,
    pub(crate) acknowledged: Mutex<Vec<HoldAlarm>>,
    /// What rings, one batch after the other; the clock is out of order afterwards.
    pub(crate) rings: Mutex<VecDeque<Vec<HoldAlarm>>>,
    pub(crate) fails: Mutex<bool>,
}

impl HoldTimerDouble {
    fn check(&self) -> Result<(), Unavailable> {
        if *self.fails.lock() { Err(out_of_order()) } else { Ok(()) }
    }
}

#[async_trait]
impl HoldTimer for HoldTimerDouble {
    async fn arm(&self, alarms: &[HoldAlarm]) -> Result<(), Unavailable> {
        self.check()?;
        self.armed.lock().extend(alarms);
        Ok(())
    }

    fn arm_soon(&self, alarm: HoldAlarm) {
        self.armed.lock().push(alarm);
    }

    fn disarm_soon(&self, performance: PerformanceId, reservation: ReservationId) {
        self.disarmed.lock().push((performance, reservation));
    }

    async fn ring(&self, limit: usize) -> Result<Vec<HoldAlarm>, Unavailable> {
        let rung = self.rings.lock().pop_front().ok_or_else(out_of_order)?;
        assert!(rung.len() <= limit);
        Ok(rung)
    }

    async fn acknowledge(&self, rung: &[HoldAlarm]) -> Result<(), Unavailable> {
        self.check()?;
        self.acknowledged.lock().extend(rung);
        Ok(())
    }

    async fn lost(&self) {
        std::future::pending::<()>().await;
    }

    async fn dead(&self, _limit: usize) -> Result<DeadAlarms, Unavailable> {
        self.check()?;
        Ok(DeadAlarms::default())
    }
}
