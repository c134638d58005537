//! `best-available`: a crowd takes the best two seats of a hall until none is left, against one that names its seats.

use std::time::Duration;

use super::{Bench, crowds::Crowds, require_rows};
use crate::{
    Failure,
    load::{Outcome, Until},
    pairs::Pairs,
    prepared::scattered,
    report::Report,
    stage::{OnSale, Stage},
    store::{StoreKind, Stores},
};

/// Seats of a hall, which is sold down to the last.
const SEATS: u32 = 50_000;
/// The first pair of a row of a hundred stands in its middle and leaves 49 seats on either side, so 49 pairs find room, and
/// two single seats are left.
const PAIRS_OF_100: u32 = 49;
/// How long a hall may take: far longer than it does.
const LIMIT: Until = Until::Elapsed(Duration::from_mins(1));

/// Measures holds of the best seats per second against holds of seats that are named.
///
/// # Errors
/// When a server fails or what was acknowledged is not what happened.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let scale = bench.scale;
    let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
    let hall = Hall::of(scale.of(SEATS));
    let open = async |stage: Stage<'_>| stage.halls(scale.pairs + 1, hall.seats).await;
    let mut named = Crowds::prepare(bench, &stores, &[], hall.pairs, open).await?;
    let mut best = Crowds::prepare(bench, &stores, &[], hall.pairs + hall.singles, open).await?;
    hall.sell_named(&mut named).await?;
    hall.sell_best(&mut best).await?;
    let baseline = async || hall.sell_named(&mut named).await;
    let pairs = Pairs::measure(scale.pairs, baseline, async || hall.sell_best(&mut best).await).await?;
    named.finish(bench).await?;
    best.finish(bench).await?;
    let ratio = pairs.ratio();
    let report = Report::compare("best-available", "named seats", &pairs);
    Ok(report.target("ratio ≥ 0.5", ratio >= 0.5))
}

/// How many find room in a hall.
#[derive(Clone, Copy)]
struct Hall {
    seats: u32,
    pairs: u32,
    singles: u32,
}

impl Hall {
    const fn of(seats: u32) -> Self {
        let pairs = seats / 100 * PAIRS_OF_100;
        Self { seats, pairs, singles: seats - 2 * pairs }
    }

    /// As many pairs as the best ones, spread over the hall as customers choose them.
    async fn sell_named(self, sales: &mut Crowds) -> Result<Outcome, Failure> {
        let mut crowd = sales.next()?;
        let body = |performance: &OnSale, number| named_pair(performance, 2 * scattered(number, self.pairs));
        let outcome = sales.ask(&mut crowd, self.pairs, LIMIT, body).await?;
        require_rows("pairs", outcome.count(201), u64::from(self.pairs))?;
        sales.ask_in_vain(named_pair(&crowd.performance, 0)).await?;
        Ok(outcome)
    }

    /// Every pair that there is, and then every single seat.
    async fn sell_best(self, sales: &mut Crowds) -> Result<Outcome, Failure> {
        let mut crowd = sales.next()?;
        let outcome = sales.ask(&mut crowd, self.pairs, LIMIT, |performance, _| best(performance, 2)).await?;
        require_rows("pairs", outcome.count(201), u64::from(self.pairs))?;
        sales.ask_in_vain(best(&crowd.performance, 2)).await?;
        let rest = sales.ask(&mut crowd, self.singles, LIMIT, |performance, _| best(performance, 1)).await?;
        require_rows("single seats", rest.count(201), u64::from(self.singles))?;
        sales.ask_in_vain(best(&crowd.performance, 1)).await?;
        Ok(outcome)
    }
}

fn named_pair(performance: &OnSale, first: u32) -> String {
    format!(r#"{{"type":"seats","performance_id":"{}","seats":[{first},{}]}}"#, performance.id, first + 1)
}

fn best(performance: &OnSale, quantity: u32) -> String {
    let OnSale { id, category } = performance;
    format!(r#"{{"type":"best_available","performance_id":"{id}","category_id":"{category}","quantity":{quantity}}}"#)
}
