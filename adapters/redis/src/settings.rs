use std::fmt;
use std::time::Duration;

use onsale_support::lanes::LaneLimits;
use redis::io::tcp::TcpSettings;
use redis::{ConnectionInfo, IntoConnectionInfo};
use thiserror::Error;
use url::Url;

/// Which Redis to use and the limits of using it.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis://user:password@host:port/database`, or `rediss://` for TLS. Further nodes of a Cluster follow after commas
    /// as `host:port`: they are asked when the first does not answer, and share its user, password and scheme. A comma in
    /// a password is written `%2C`.
    pub url: String,
    /// Certificates in PEM of the authorities that sign the certificates of a `rediss://` Redis, instead of those that
    /// this machine trusts; for one with an authority of its own.
    pub authorities: Option<Vec<u8>>,
    /// How long anybody waits for Redis, or for a connection to it. 1 s: a healthy Redis answers within milliseconds, and
    /// whoever waits holds a request open.
    pub timeout: Duration,
    /// Commands that may be under way at once; the next one is answered busy. 1,024: more would only wait in Redis.
    pub in_flight: usize,
    /// How many may wait to enter a line, and how many enter by one script: at most 256, well below a millisecond of
    /// Redis, one script of a line at a time. 16,384 wait: what Redis does in a fraction of the timeout.
    pub entries: LaneLimits,
    /// Announcements that may wait to be sent to other replicas, and as many of theirs to be heard; further ones are
    /// dropped, and whoever misses them is told so. 4,096: a second of the busiest sale.
    pub bus_queue: usize,
}

/// The settings name no Redis that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RedisSettingsError {
    /// A node's address is not one.
    #[error("node {place} of the Redis URL is wrong: {reason}; expected redis://host:port or rediss://host:port")]
    Address {
        /// Its place in the list, from 1 on: the address itself may hold a password.
        place: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Authorities were given for a Redis without TLS, which would stay without it unnoticed.
    #[error("authorities only make sense with a rediss:// URL")]
    AuthoritiesWithoutTls,
    /// The authorities are none.
    #[error("the authorities of the Redis settings cannot be read: {0}")]
    Authorities(String),
    /// A limit is none.
    #[error("{0} of the Redis settings must be more than 0")]
    Zero(&'static str),
}

impl RedisSettings {
    /// The Redis at `url`, with the default limits.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            authorities: None,
            timeout: Duration::from_secs(1),
            in_flight: 1_024,
            entries: LaneLimits::default(),
            bus_queue: 4_096,
        }
    }

    /// How to connect to each node, once every setting has been checked.
    pub(crate) fn nodes(&self) -> Result<Vec<ConnectionInfo>, RedisSettingsError> {
        let limits = [
            ("the timeout", self.timeout.is_zero()),
            ("in_flight", self.in_flight == 0),
            ("bus_queue", self.bus_queue == 0),
        ];
        if let Some((name, _)) = limits.into_iter().find(|(_, is_zero)| *is_zero) {
            return Err(RedisSettingsError::Zero(name));
        }
        let mut addresses = self.url.split(',').map(str::trim);
        let first = Url::parse(addresses.next().unwrap_or_default()).map_err(|reason| wrong(1, &reason))?;
        let mut nodes = vec![connection(first.clone()).map_err(|reason| wrong(1, &reason))?];
        for (place, address) in (2..).zip(addresses) {
            let node = at(&first, address).map_err(|reason| wrong(place, &reason))?;
            nodes.push(connection(node).map_err(|reason| wrong(place, &reason))?);
        }
        Ok(nodes)
    }
}

fn wrong(place: usize, reason: &dyn fmt::Display) -> RedisSettingsError {
    RedisSettingsError::Address { place, reason: reason.to_string() }
}

/// The first node's URL with another host and port.
fn at(first: &Url, address: &str) -> Result<Url, String> {
    let authority = address.rsplit_once("://").map_or(address, |(_, authority)| authority);
    let other = Url::parse(&format!("redis://{authority}")).map_err(|reason| reason.to_string())?;
    let mut node = first.clone();
    node.set_host(other.host_str()).map_err(|reason| reason.to_string())?;
    node.set_port(other.port()).map_err(|()| "it has no port".to_owned())?;
    Ok(node)
}

fn connection(url: Url) -> Result<ConnectionInfo, String> {
    if !matches!(url.scheme(), "redis" | "rediss") || url.host_str().is_none_or(str::is_empty) {
        return Err("it names no host of that kind".to_owned());
    }
    let info = url.into_connection_info().map_err(|reason| reason.to_string())?;
    Ok(info.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

/// Leaves the URL out: it may hold a password.
impl fmt::Debug for RedisSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RedisSettings").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(url: &str) -> Vec<String> {
        let nodes = RedisSettings::new(url).nodes().unwrap();
        nodes.iter().map(|node| format!("{:?}", node.addr())).collect()
    }

    #[test]
    fn further_nodes_share_what_the_first_says() {
        let nodes = RedisSettings::new("redis://me:pass%2Cword@one:7000/2, two:7001,[::1]:7002").nodes().unwrap();
        assert_eq!(
            nodes.iter().map(|node| node.addr().to_string()).collect::<Vec<_>>(),
            ["one:7000", "two:7001", "::1:7002"]
        );
        for node in nodes {
            let redis = node.redis_settings();
            assert_eq!((redis.username(), redis.password(), redis.db()), (Some("me"), Some("pass,word"), 2));
            assert!(node.tcp_settings().nodelay());
        }
    }

    #[test]
    fn tls_is_a_matter_of_the_scheme() {
        assert!(addresses("rediss://one:7000,two:7001").iter().all(|address| address.starts_with("TcpTls")));
        assert!(addresses("redis://one").iter().all(|address| address == "Tcp(\"one\", 6379)"));
    }

    #[test]
    fn a_wrong_address_is_named_by_its_place_and_a_password_never_shown() {
        for (url, place) in
            [("", 1), ("one:7000", 1), ("http://one", 1), ("redis://:secret@one,two:port", 2), ("redis://one,", 2)]
        {
            let error = RedisSettings::new(url).nodes().unwrap_err();
            assert!(matches!(error, RedisSettingsError::Address { place: at, .. } if at == place), "{url}: {error}");
            assert!(!error.to_string().contains("secret"));
        }
        assert!(!format!("{:?}", RedisSettings::new("redis://:secret@one")).contains("secret"));
    }

    #[test]
    fn a_limit_of_none_is_refused() {
        let settings = RedisSettings { in_flight: 0, ..RedisSettings::new("redis://one") };
        assert_eq!(settings.nodes().unwrap_err(), RedisSettingsError::Zero("in_flight"));
    }
}
