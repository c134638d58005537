//! A wire to the database that falls silent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// Forwards connections until it falls silent.
pub(super) struct Wire {
    address: SocketAddr,
    server: Url,
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
        let server = Url::parse(server).unwrap();
        let target = format!("{}:{}", server.host_str().unwrap(), server.port().unwrap_or(3306));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let trap = Arc::<Trap>::default();
        let for_all = Arc::clone(&trap);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&target).await.unwrap();
                tokio::spawn(Arc::clone(&for_all).forward(client, server));
            }
        });
        Self { address, server, trap }
    }

    /// The database's address through the wire.
    pub(super) fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_ip_host(self.address.ip()).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
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
    async fn forward(self: Arc<Self>, mut client: TcpStream, mut server: TcpStream) {
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
