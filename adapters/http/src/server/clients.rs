//! How many connections each client has open.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::middleware::{TrustedProxies, customer};
use crate::settings::HttpSettings;

/// Counts the open connections of each client. Trusted proxies carry everybody's requests and are not counted.
pub(super) struct Clients {
    limit: usize,
    proxies: TrustedProxies,
    open: Mutex<HashMap<Ipv6Addr, usize>>,
}

/// One open connection, until it is dropped.
pub(super) struct OpenConnection {
    client: Option<Ipv6Addr>,
    clients: Arc<Clients>,
}

impl Clients {
    pub(super) fn new(settings: &HttpSettings) -> Arc<Self> {
        let proxies = TrustedProxies::new(settings.trusted_proxies.clone());
        Arc::new(Self { limit: settings.limits.client_connections, proxies, open: Mutex::default() })
    }

    /// One more connection of `peer`; nothing when it has too many.
    pub(super) fn connect(self: &Arc<Self>, peer: IpAddr) -> Option<OpenConnection> {
        let clients = Arc::clone(self);
        if self.proxies.trusts(peer.to_canonical()) {
            return Some(OpenConnection { client: None, clients });
        }
        let client = customer(peer);
        let mut open = self.open.lock();
        let of_client = open.entry(client).or_default();
        if *of_client >= self.limit {
            return None;
        }
        *of_client += 1;
        Some(OpenConnection { client: Some(client), clients })
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut open = self.clients.open.lock();
        if let Some(of_client) = open.get_mut(&client) {
            *of_client -= 1;
            if *of_client == 0 {
                open.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::HttpLimits;

    fn clients() -> Arc<Clients> {
        let limits = HttpLimits { client_connections: 2, ..HttpLimits::default() };
        let trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
        Clients::new(&HttpSettings { trusted_proxies, limits, ..HttpSettings::default() })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_client_has_so_many_connections_and_another_its_own() {
        let clients = clients();
        let (first, second) = (clients.connect(address("192.0.2.1")), clients.connect(address("::ffff:192.0.2.1")));
        assert!(first.is_some() && second.is_some());
        assert!(clients.connect(address("192.0.2.1")).is_none());
        assert!(clients.connect(address("192.0.2.2")).is_some());
        drop(first);
        assert!(clients.connect(address("192.0.2.1")).is_some());
        drop(second);
        assert!(clients.open.lock().is_empty(), "who has left is forgotten");
    }

    #[test]
    fn a_trusted_proxy_has_as_many_as_it_likes() {
        let clients = clients();
        let open: Vec<_> = (0..10).map(|_| clients.connect(address("10.1.2.3"))).collect();
        assert!(open.iter().all(Option::is_some) && clients.open.lock().is_empty());
    }
}
