//! The load generator against a small server whose behaviour is known.

#![expect(clippy::unwrap_used, reason = "a test without its server has failed")]

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use onsale_bench::{
    load::{Answer, Fixed, Load, LoadError, Turn, Until, Workload, write_request},
    pairs::{PAIRS, Pairs},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A server that answers by path: `/chunked`, `/large`, `/taken` (409), `/close`, `/drop` (no answer), `/never`.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(converse(stream));
        }
    });
    address
}

async fn converse(stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    while let Some(path) = read_path(&mut stream).await {
        let answer = match path.as_str() {
            "/chunked" => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n".to_owned(),
            "/large" => format!("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{}", "x".repeat(100_000)),
            "/taken" => "HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "/close" => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
            "/drop" => return,
            "/never" => continue,
            _ => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{path}", path.len()),
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
        if path == "/close" {
            return;
        }
    }
}

async fn read_path(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut path = None;
    let mut line = String::new();
    while stream.read_line(&mut line).await.ok()? > 0 {
        if line == "\r\n" {
            return path;
        }
        path = path.or_else(|| line.split(' ').nth(1).map(str::to_owned));
        line.clear();
    }
    None
}

fn get(path: &str) -> Arc<Fixed> {
    Arc::new(Fixed::get(path, &[]))
}

/// Asks `/number` and checks that the answer is to that request.
#[derive(Default)]
struct Numbers(Mutex<BTreeSet<u64>>);

impl Workload for Numbers {
    fn request(&self, turn: Turn, request: &mut Vec<u8>) -> bool {
        write_request(request, "GET", &format!("/{}", turn.number), &[("accept", "*/*")], b"");
        true
    }

    fn answer(&self, turn: Turn, answer: &Answer<'_>) {
        assert_eq!(answer.body, format!("/{}", turn.number).as_bytes());
        assert!(self.0.lock().unwrap().insert(turn.number), "each number is asked once");
    }
}

#[tokio::test]
async fn each_request_is_made_once_and_sees_its_own_answer() {
    let numbers = Arc::new(Numbers::default());
    let load = Load { threads: 2, ..Load::new(serve().await, 7, Until::Requests(500)) };
    let outcome = load.run(numbers.clone()).await.unwrap();
    assert_eq!((outcome.requests(), outcome.errors()), (500, 0));
    assert_eq!(*numbers.0.lock().unwrap(), (0..500).collect());
    assert!(outcome.p50_ms() <= outcome.p99_ms() && outcome.p99_ms() <= outcome.max_ms());
}

#[tokio::test]
async fn a_load_at_a_rate_makes_as_many_requests_as_the_rate_says() {
    let load = Load::new(serve().await, 4, Until::Elapsed(Duration::from_millis(100))).at(2_000.0);
    let outcome = load.run(get("/")).await.unwrap();
    assert_eq!((outcome.requests(), outcome.errors()), (200, 0));
    assert!(outcome.elapsed >= Duration::from_millis(99), "the last of 200 starts after 99.5 ms");
}

#[tokio::test]
async fn a_load_for_a_time_ends() {
    let load = Load::new(serve().await, 2, Until::Elapsed(Duration::from_millis(20)));
    let outcome = load.run(get("/")).await.unwrap();
    assert!(outcome.requests() >= 2);
    assert_eq!(outcome.errors(), 0);
}

#[tokio::test]
async fn bodies_are_read_whole_however_they_are_framed() {
    let address = serve().await;
    let chunked = Load::new(address, 1, Until::Requests(10)).run(get("/chunked")).await.unwrap();
    assert_eq!((chunked.requests(), chunked.largest_body), (10, 3));
    let large = Load::new(address, 1, Until::Requests(10)).run(get("/large")).await.unwrap();
    assert_eq!((large.requests(), large.largest_body), (10, 100_000));
}

#[tokio::test]
async fn statuses_are_counted_apart() {
    let workload = |turn: Turn, request: &mut Vec<u8>| {
        let path = if turn.number == 0 { "/won" } else { "/taken" };
        write_request(request, "POST", path, &[], b"{}");
        true
    };
    let outcome = Load::new(serve().await, 3, Until::Requests(30)).run(Arc::new(workload)).await.unwrap();
    assert_eq!((outcome.count(200), outcome.count(409), outcome.errors()), (1, 29, 29));
    assert!(outcome.p99_ms_of(409).unwrap() > 0.0);
    assert_eq!(outcome.p99_ms_of(500), None);
}

#[tokio::test]
async fn a_closed_connection_is_opened_again() {
    let outcome = Load::new(serve().await, 2, Until::Requests(10)).run(get("/close")).await.unwrap();
    assert_eq!((outcome.requests(), outcome.failures), (10, 0));
}

#[tokio::test]
async fn a_request_without_an_answer_is_a_failure() {
    let dropped = Load::new(serve().await, 2, Until::Requests(10)).run(get("/drop")).await.unwrap();
    assert_eq!((dropped.requests(), dropped.failures), (0, 10));
    let load = Load::new(serve().await, 3, Until::Requests(10));
    let silent = Load { give_up_after: Duration::from_millis(20), ..load }.run(get("/never")).await.unwrap();
    assert_eq!((silent.requests(), silent.failures), (0, 3));
}

#[tokio::test]
async fn a_workload_can_end_each_connection() {
    let once = |turn: Turn, request: &mut Vec<u8>| {
        write_request(request, "GET", "/", &[], b"");
        turn.number < 5
    };
    let outcome = Load::new(serve().await, 2, Until::Requests(1_000)).run(Arc::new(once)).await.unwrap();
    assert_eq!(outcome.requests(), 5);
}

#[tokio::test]
async fn no_server_is_an_error_that_names_it() {
    let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let error = Load::new(address, 1, Until::Requests(1)).run(get("/")).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot connect to 127.0.0.1:1"), "{error}");
}

#[tokio::test]
async fn both_sides_are_measured_in_turns() {
    let address = serve().await;
    let order = Mutex::new(String::new());
    let measure = async |name: char| {
        order.lock().unwrap().push(name);
        Load::new(address, 1, Until::Requests(5)).run(get("/")).await
    };
    let (baseline, subject) = (async || measure('b').await, async || measure('s').await);
    let pairs = Pairs::measure::<LoadError>(PAIRS, baseline, subject).await.unwrap();
    assert_eq!(*order.lock().unwrap(), "bssbbssbbssbbs");
    assert_eq!((pairs.baseline.len(), pairs.subject.len()), (PAIRS, PAIRS));
    assert!(pairs.ratio() > 0.0);
}
