//! Redis as tests talk to it, past every adapter.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Sends a command to a server and waits for its answer: the first line, or the text.
///
/// # Panics
/// When there is no server at `url`, or it refuses.
pub async fn tell(url: &str, command: &str) -> String {
    let address = url.trim_start_matches("redis://").trim_end_matches('/');
    let mut stream = BufReader::new(TcpStream::connect(address).await.expect("a server"));
    stream.write_all(format!("{command}\r\n").as_bytes()).await.expect("it listens");
    let mut answer = String::new();
    stream.read_line(&mut answer).await.expect("it answers");
    assert!(!answer.starts_with('-'), "{command}: {answer}");
    match answer.strip_prefix('$').and_then(|length| length.trim().parse().ok()) {
        Some(length) => {
            let mut text = vec![0; length];
            stream.read_exact(&mut text).await.expect("all of its answer");
            String::from_utf8(text).expect("a text")
        }
        None => answer.trim_end().to_owned(),
    }
}

/// Runs each contract, a function of the module around it, on what is kept in this process, in a Redis and in a Cluster:
/// three expressions that make one.
#[macro_export]
macro_rules! on_every_kind {
    ($local:expr, $redis:expr, $cluster:expr; $($name:ident),+ $(,)?) => {
        mod in_this_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($local).await;
            })+
        }

        mod in_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($redis).await;
            })+
        }

        mod in_a_cluster {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($cluster).await;
            })+
        }
    };
}
