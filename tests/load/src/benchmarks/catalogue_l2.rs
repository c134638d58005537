//! `catalogue-l2`: everybody reads what is on, and every value comes from Redis.

use std::time::Duration;

use onsale_test_servers as servers;

use super::{Bench, programme, reads::Reader};
use crate::{
    Failure,
    bare::Bare,
    client,
    onsale::Onsale,
    pairs::Pairs,
    redis_figures::RedisFigures,
    report::Report,
    stage::Stage,
    store::{StoreKind, Stores},
};

/// What keeps nothing in the process.
const WITHOUT_L1: [(&str, &str); 2] = [("ONSALE_CACHE__L1", "false"), ("ONSALE_HTTP__KEEP_ANSWERS", "false")];
/// Those who ask at the same moment share what Redis says, so there are fewer commands than answers; below this there are so
/// few that something else answered.
const FEWEST_COMMANDS: f64 = 0.01;

/// Measures the first page of `GET /v1/concerts` without the first level of the cache, against a bare request that gets
/// the same body from Redis.
///
/// # Errors
/// When a server fails or answers something else.
pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let stores = Stores::start(StoreKind::Mysql, Duration::ZERO).await?;
    let store = stores.create().await?;
    let redis = servers::start_redis().await?;
    let settings = [&WITHOUT_L1[..], &[("ONSALE_REDIS_URL", redis.url())]].concat();
    let server = Onsale::start(&bench.binary, &store.settings, &settings).await?;
    programme::put_up(Stage { server: server.address(), operator: &store.operator }).await?;
    let reply = client::call(server.address(), "GET", programme::PATH, &[], b"").await?;
    reply.json(200)?;
    let bare = Bare::with_redis("GET", programme::PATH, &reply, redis.url()).await?;
    let reader = Reader::new(programme::PATH, bench.scale.run);
    reader.warm_up(server.address()).await?;
    reader.warm_up(bare.address()).await?;
    let mut figures = RedisFigures::connect(redis.url()).await?;
    let mut asked = (0, 0);
    let subject = async || {
        let before = figures.commands().await?;
        let outcome = reader.read(server.address()).await?;
        asked = (asked.0 + figures.commands().await? - before, asked.1 + outcome.requests());
        Ok::<_, Failure>(outcome)
    };
    let pairs = Pairs::measure(bench.scale.pairs, async || reader.read(bare.address()).await, subject).await?;
    let is_same = pairs.subject.iter().chain(&pairs.baseline).all(|outcome| outcome.largest_body == reply.body.len());
    bare.stop().await?;
    server.stop().await?;
    redis.stop().await?;
    let ratio = pairs.ratio();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 of both")]
    let commands = asked.0 as f64 / asked.1 as f64;
    Ok(Report::compare("catalogue-l2", "bare with one GET", &pairs)
        .figure("redis_commands_per_read", commands)
        .figure("body_bytes", f64::from(u32::try_from(reply.body.len())?))
        .target("ratio ≥ 0.7", ratio >= 0.7)
        .target("every answer is the same, on both sides", is_same)
        .target("the answers come from Redis", commands >= FEWEST_COMMANDS))
}
