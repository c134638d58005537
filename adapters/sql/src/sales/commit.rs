//! The commit of a group, measured: what a slow disk or network costs shows here first.

use metrics::histogram;
use tokio::time::Instant;

use crate::database::Transaction;
use crate::settling::{Failure, Stage};

/// Commits a group of `lane`.
pub(crate) async fn commit(transaction: Transaction, lane: &'static str) -> Result<(), Failure> {
    let started = Instant::now();
    let committed = transaction.commit().await;
    histogram!("onsale_lane_commit_seconds", "lane" => lane).record(started.elapsed());
    committed.map_err(Failure::at(Stage::Commit))
}
