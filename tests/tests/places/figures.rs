//! What a million visitors cost. Run alone and optimised:
//! `cargo test --release -p onsale-tests --test places figures -- --ignored --nocapture --test-threads 1`

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use onsale_test_servers::private_redis;

use crate::support::{OPEN, Subject, tell, visitors};

const MILLION: i64 = 1_000_000;
const ROUNDS: u32 = 21;

/// A line of a million, each with a token.
async fn with_a_million(subject: Subject) -> Subject {
    subject.begin(2, MILLION).await.unwrap();
    let subject = Subject { line: subject.of_epoch(2), ..subject };
    for slice in 0..100 {
        let tokens: Vec<_> =
            (1 + slice * 10_000..).zip(visitors(10_000)).map(|(number, name)| (name, number)).collect();
        subject.places.put_back(subject.line, &tokens).await.unwrap();
    }
    subject
}

/// The median of many rounds.
async fn measured<T>(name: &str, act: impl AsyncFn() -> T) -> Duration {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        act().await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let median = times[times.len() / 2];
    println!("{name}: {median:?}, at most {:?}", times[times.len() - 1]);
    median
}

async fn report(subject: &Subject) {
    let (places, line) = (&subject.places, subject.line);
    measured("view", async || places.view(line, 0).await.unwrap()).await;
    measured("view from the middle", async || places.view(line, MILLION / 2).await.unwrap()).await;
    measured("front of 6,000", async || places.front(line, 0, 6_000).await.unwrap()).await;
    measured("front of 6,000 from the middle", async || places.front(line, MILLION / 2, 6_000).await.unwrap()).await;
    let terms = onsale_application::ports::EntryTerms { ceiling: 3 * MILLION, max_waiting: 3_000_000, ..OPEN };
    let started = Instant::now();
    let entries = stream::iter(visitors(100_000)).map(async |name| subject.enter(&name, terms).await.unwrap());
    let entered = entries.buffer_unordered(2_048).count().await;
    println!("{entered} entries: {:?}", started.elapsed());
    let started = Instant::now();
    places.forget(line, 100_000).await.unwrap();
    println!("forgetting 100,000: {:?}", started.elapsed());
}

/// Memory of this process in bytes.
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn a_million_in_this_process() {
    let before = resident();
    let subject = with_a_million(Subject::local().await).await;
    println!("in this process: {} bytes for each visitor", (resident() - before) / 1_000_000);
    report(&subject).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn a_million_in_redis() {
    let server = Arc::new(private_redis().await);
    let subject = with_a_million(Subject::at(server.url()).await).await;
    let memory = tell(server.url(), "INFO memory").await;
    println!("in Redis: {}", memory.lines().find(|line| line.starts_with("used_memory:")).unwrap());
    tell(server.url(), "CONFIG RESETSTAT").await;
    report(&subject).await;
    for line in tell(server.url(), "INFO commandstats").await.lines() {
        if ["evalsha", "info", "zrange"].iter().any(|command| line.starts_with(&format!("cmdstat_{command}:"))) {
            println!("{line}");
        }
    }
}
