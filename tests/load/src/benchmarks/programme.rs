//! A server with a programme of concerts that everybody reads.

use super::Bench;
use crate::{
    Failure,
    onsale::Onsale,
    stage::{LONG_HOLD_SECONDS, Stage},
    store::{Store, StoreKind, Stores},
};
use std::time::Duration;

/// How many concerts there are, each with two performances.
const CONCERTS: u32 = 50;

/// Where the programme is read.
pub(super) const PATH: &str = "/v1/concerts";

/// An embedded server with a programme.
pub(super) async fn server(bench: &Bench) -> Result<(Store, Onsale), Failure> {
    let store = Stores::start(StoreKind::Sqlite, Duration::ZERO).await?.create().await?;
    let server = Onsale::start(&bench.binary, &store.settings, &[]).await?;
    put_up(Stage { server: server.address(), operator: &store.operator }).await?;
    Ok((store, server))
}

/// Adds the programme.
pub(super) async fn put_up(stage: Stage<'_>) -> Result<(), Failure> {
    let plan = stage.plan(100).await?;
    for number in 1..=CONCERTS {
        let concert = stage.concert(&format!("Concert number {number}")).await?;
        for _ in 0..2 {
            stage.performance(&concert, &plan, LONG_HOLD_SECONDS).await?;
        }
    }
    Ok(())
}
