//! `replicas`: the same sale on one, two and five processes.

use std::time::Duration;

use super::{Bench, fleet::Fleet};
use crate::{
    Failure,
    load::{Outcome, Until},
    pairs::median,
    report::{Report, Row},
    store::{StoreKind, Stores},
};

/// Processes that share a sale.
const SIZES: [usize; 3] = [1, 2, 5];
/// Seats of a hall: more than can be held in the time of a measurement.
const SEATS: u32 = 60_000;
/// Who holds at the same moment, on servers that have just started.
const AT_ONCE: u32 = 1_000;

/// Measures holds per second, and the slowest of a thousand at once, on fleets of one, two and five.
///
/// # Errors
/// When a server fails or what was acknowledged is not what happened.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
    let mut sides = Vec::new();
    for size in SIZES {
        let fleet = Fleet::start(bench, &stores, size).await?;
        let warm = fleet.crowd(bench.scale.of(SEATS) / 10).await?;
        fleet.hold(warm, Until::Elapsed(bench.scale.run / 3)).await?;
        sides.push(Side { fleet, rates: Vec::new(), groups: Vec::new(), outcomes: Vec::new(), slowest_ms: Vec::new() });
    }
    for round in 0..bench.scale.pairs {
        for place in 0..sides.len() {
            let side = &mut sides[(round + place) % SIZES.len()];
            side.measure(bench).await?;
            eprintln!("round {} of {}: {}", round + 1, bench.scale.pairs, side.last());
        }
    }
    for _ in 0..bench.scale.pairs {
        for side in &mut sides {
            side.rush(bench).await?;
        }
    }
    let report = report(&sides);
    for side in sides {
        side.fleet.finish(bench).await?;
    }
    Ok(report)
}

/// A fleet and what was measured of it.
struct Side {
    fleet: Fleet,
    rates: Vec<f64>,
    /// Holds of a transaction, on average.
    groups: Vec<f64>,
    outcomes: Vec<Outcome>,
    slowest_ms: Vec<f64>,
}

impl Side {
    async fn measure(&mut self, bench: &Bench) -> Result<(), Failure> {
        let crowd = self.fleet.crowd(bench.scale.of(SEATS)).await?;
        let before = self.fleet.commits().await?;
        let outcomes = self.fleet.hold(crowd, Until::Elapsed(bench.scale.run)).await?;
        let commits = self.fleet.commits().await? - before;
        let held: u64 = outcomes.iter().map(Outcome::requests).sum();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 of both")]
        self.groups.push(held as f64 / commits as f64);
        self.rates.push(outcomes.iter().map(Outcome::requests_per_second).sum());
        self.outcomes.extend(outcomes);
        Ok(())
    }

    async fn rush(&mut self, bench: &Bench) -> Result<(), Failure> {
        let crowd = self.fleet.crowd(AT_ONCE).await?;
        self.fleet.start_anew(bench).await?;
        let outcomes = self.fleet.rush(crowd).await?;
        self.slowest_ms.push(outcomes.iter().map(Outcome::max_ms).fold(0.0, f64::max));
        Ok(())
    }

    fn last(&self) -> String {
        let (rate, group) = (self.rates.last().unwrap_or(&0.0), self.groups.last().unwrap_or(&0.0));
        format!("{} processes, {rate:.0} holds/s in groups of {group:.1}", self.fleet.size())
    }

    /// Latencies are those of one process, rates those of all.
    fn row(&self) -> Row {
        let label = format!("{} processes", self.fleet.size());
        Row { requests_per_second: median(self.rates.clone()), ..Row::new(&label, &self.outcomes) }
    }
}

fn report(sides: &[Side]) -> Report {
    let [one, two, five] = sides else { unreachable!("there are three sizes") };
    let of_one = |side: &Side| median(side.rates.iter().zip(&one.rates).map(|(rate, one)| rate / one).collect());
    let (two_of_one, five_of_one) = (of_one(two), of_one(five));
    let (slowest, slowest_of_five) = (median(one.slowest_ms.clone()), median(five.slowest_ms.clone()));
    let group = median(five.groups.clone());
    Report::new("replicas", one.row())
        .row(two.row())
        .row(five.row())
        .figure("two_of_one", two_of_one)
        .figure("five_of_one", five_of_one)
        .figure("group_of_one", median(one.groups.clone()))
        .figure("group_of_five", group)
        .figure("slowest_of_1000_on_one_ms", slowest)
        .figure("slowest_of_1000_on_five_ms", slowest_of_five)
        .target("five hold no slower than one", five_of_one >= 1.0)
        .target("the slowest of 1,000 at once on five is no slower than on one", slowest_of_five <= slowest)
        .target("groups still form on five", group >= 4.0)
}
