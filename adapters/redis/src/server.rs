use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::{Client, ConnectionAddr};

use crate::settings::{RedisSettings, RedisSettingsError};

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
        if nodes.iter().any(|node| matches!(node.addr(), ConnectionAddr::TcpTls { .. })) {
            // Whoever has chosen a provider for the whole process keeps it.
            rustls::crypto::ring::default_provider().install_default().ok();
        }
        let client = |(place, node)| {
            Client::open(node).map_err(|reason| RedisSettingsError::Address { place, reason: reason.to_string() })
        };
        let clients = (1..).zip(nodes).map(client).collect::<Result<_, _>>()?;
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
