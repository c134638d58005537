//! A wire to the database that falls silent.

use std::sync::{Arc, Mutex};

use onsale_tests::detour::Detour;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Forwards connections until it falls silent.
pub(super) struct Wire {
    detour: Detour,
    trap: Arc<Trap>,
}

#[derive(Default)]
struct Trap {
    /// The statement that is to be the last.
    armed: Mutex<Option<&'static str>>,
    silences: watch::Sender<u32>,
}

impl Wire {
    /// A wire to the database at `server`.
    pub(super) async fn to(server: &str) -> Self {
        let trap = Arc::<Trap>::default();
        let for_all = Arc::clone(&trap);
        let carry = move |client, target| Arc::clone(&for_all).forward(client, target);
        Self { detour: Detour::to(server, carry).await, trap }
    }

    /// The database's address through the wire.
    pub(super) fn url(&self) -> String {
        self.detour.url()
    }

    /// Carries nothing more on the connections there are once `statement` has passed, as if the other machine had lost its
    /// power: nobody hears the answer, and nothing is closed. New connections work.
    pub(super) async fn fall_silent_after(&self, statement: &'static str) {
        let mut silences = self.trap.silences.subscribe();
        *self.trap.armed.lock().unwrap() = Some(statement);
        silences.changed().await.unwrap();
    }
}

impl Trap {
    async fn forward(self: Arc<Self>, mut client: TcpStream, target: String) {
        let mut server = TcpStream::connect(&target).await.unwrap();
        let mut silences = self.silences.subscribe();
        let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
        loop {
            tokio::select! {
                biased;
                Ok(()) = silences.changed() => break,
                read = client.read(&mut asked) => {
                    let Ok(size @ 1..) = read else { return };
                    if server.write_all(&asked[..size]).await.is_err() {
                        return;
                    }
                    if self.springs(&asked[..size]) {
                        break;
                    }
                }
                read = server.read(&mut answered) => {
                    let Ok(size @ 1..) = read else { return };
                    if client.write_all(&answered[..size]).await.is_err() {
                        return;
                    }
                }
            }
        }
        drop(server.shutdown().await); // it carries out what it got, and rolls back what has not come to its end
        std::future::pending::<()>().await; // the client's side stays open
    }

    fn springs(&self, asked: &[u8]) -> bool {
        let mut armed = self.armed.lock().unwrap();
        let Some(statement) = *armed else { return false };
        let is_it = asked.windows(statement.len()).any(|part| part == statement.as_bytes());
        if is_it {
            *armed = None;
            self.silences.send_modify(|times| *times += 1);
        }
        is_it
    }
}
