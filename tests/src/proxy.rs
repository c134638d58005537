//! A wire to the database that breaks at the `COMMIT`.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::detour::Detour;

/// `COM_QUERY` with the text `COMMIT`: four bytes of length and number, one of the command, then the text.
const COMMIT: &[u8] = b"\x07\0\0\0\x03COMMIT";

/// When the wire breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The `COMMIT` does not arrive.
    BeforeCommit,
    /// The `COMMIT` arrives and is carried out; its answer does not come back.
    AfterCommit,
}

/// Forwards connections, and breaks one of them when told to.
pub struct Proxy {
    detour: Detour,
    armed: Arc<Mutex<Option<Cut>>>,
}

impl Proxy {
    /// A wire to the database at `server`.
    pub async fn to(server: &str) -> Self {
        let armed = Arc::new(Mutex::new(None));
        let for_all = Arc::clone(&armed);
        let carry = move |client, target| forward(client, target, Arc::clone(&for_all));
        Self { detour: Detour::to(server, carry).await, armed }
    }

    /// The database's address through the wire.
    #[must_use]
    pub fn url(&self) -> String {
        self.detour.url()
    }

    /// Breaks the wire at the next `COMMIT`.
    pub fn arm(&self, cut: Cut) {
        *self.armed.lock() = Some(cut);
    }

    /// Whether the wire broke since it was armed.
    #[must_use]
    pub fn has_cut(&self) -> bool {
        self.armed.lock().is_none()
    }
}

/// Forwards until one side ends, or the wire breaks; both sides are closed then.
async fn forward(mut client: TcpStream, target: String, armed: Arc<Mutex<Option<Cut>>>) {
    let mut server = TcpStream::connect(&target).await.expect("the database can be reached");
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(size @ 1..) = read else { return };
                let cut = if asked[..size] == *COMMIT { armed.lock().take() } else { None };
                if cut == Some(Cut::BeforeCommit) || server.write_all(&asked[..size]).await.is_err() {
                    return;
                }
                if cut == Some(Cut::AfterCommit) {
                    let size = server.read(&mut answered).await.expect("an answer");
                    assert_ne!(size, 0, "the server answers a COMMIT"); // and then it has happened
                    return;
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
}
