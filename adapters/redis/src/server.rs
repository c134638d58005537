use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::{Client, ConnectionAddr, ConnectionInfo, TlsCertificates};

use crate::settings::{RedisSettings, RedisSettingsError};

/// What begins a certificate in PEM; without any, every server would be refused, and nobody would know why.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// The Redis that this process uses: its settings have been checked, and nothing is connected yet.
#[derive(Clone)]
pub struct Redis {
    settings: RedisSettings,
    clients: Arc<[Client]>,
    /// Which node is tried next by whoever can do with any.
    turn: Arc<AtomicUsize>,
}

impl Redis {
    /// The Redis of `settings`.
    ///
    /// # Errors
    /// [`RedisSettingsError`].
    pub fn new(settings: &RedisSettings) -> Result<Self, RedisSettingsError> {
        let nodes = settings.nodes()?;
        let has_tls = nodes.iter().any(|node| matches!(node.addr(), ConnectionAddr::TcpTls { .. }));
        if has_tls {
            // Whoever has chosen a provider for the whole process keeps it.
            rustls::crypto::ring::default_provider().install_default().ok();
        }
        let clients = match &settings.authorities {
            None => (1..).zip(nodes).map(client).collect::<Result<_, _>>()?,
            Some(_) if !has_tls => return Err(RedisSettingsError::AuthoritiesWithoutTls),
            Some(authorities) => {
                nodes.into_iter().map(|node| client_trusting(authorities, node)).collect::<Result<_, _>>()?
            }
        };
        Ok(Self { settings: settings.clone(), clients, turn: Arc::default() })
    }

    /// The same Redis for those who do not wait longer than `limit`.
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.settings.timeout = self.settings.timeout.min(limit);
        self
    }

    pub(crate) const fn settings(&self) -> &RedisSettings {
        &self.settings
    }

    pub(crate) const fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// A client of each node.
    pub(crate) fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// A client of the node whose turn it is.
    pub(crate) fn any_client(&self) -> &Client {
        &self.clients[self.turn.fetch_add(1, Ordering::Relaxed) % self.clients.len()]
    }
}

fn client((place, node): (usize, ConnectionInfo)) -> Result<Client, RedisSettingsError> {
    Client::open(node).map_err(|reason| RedisSettingsError::Address { place, reason: reason.to_string() })
}

/// A client that trusts whom these authorities vouch for, and nobody else.
fn client_trusting(authorities: &[u8], node: ConnectionInfo) -> Result<Client, RedisSettingsError> {
    let wrong = |reason: String| RedisSettingsError::Authorities(reason);
    if !authorities.windows(CERTIFICATE.len()).any(|bytes| bytes == CERTIFICATE) {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(authorities.to_owned()) };
    Client::build_with_tls(node, certificates).map_err(|reason| wrong(reason.to_string()))
}

/// Whether `INFO cluster` speaks of a node of a Cluster.
pub(crate) fn is_cluster(about: &str) -> bool {
    about.contains("cluster_enabled:1")
}
