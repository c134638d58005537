//! A way to a server that a test can break.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// An address in this process, from where connections are carried to a server as a test has it.
pub struct Detour {
    address: SocketAddr,
    server: Url,
}

impl Detour {
    /// A detour to the server at `url`. Each connection becomes a task of `carry`, which is told who connected and where the
    /// server is.
    ///
    /// # Panics
    /// When `url` names no server, or no port is free.
    pub async fn to<F>(url: &str, carry: impl Fn(TcpStream, String) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let server = Url::parse(url).expect("a URL");
        let target = format!("{}:{}", server.host_str().expect("a host"), server.port().unwrap_or(3306));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, target.clone()));
            }
        });
        Self { address, server }
    }

    /// The server's URL by this way.
    ///
    /// # Panics
    /// When the URL's scheme has no hosts.
    #[must_use]
    pub fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_ip_host(self.address.ip()).expect("a URL with a host");
        url.set_port(Some(self.address.port())).expect("a URL with a port");
        url.into()
    }
}
