//! Whose request it is, seen through the proxies that are trusted.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use poem::http::{HeaderMap, HeaderName, header};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The proxies whose word counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether `address` is one of them.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client's address: the connection's, or what trusted proxies say.
    ///
    /// Each proxy appends the address it saw, so the list is walked from the right and ends at the first address that
    /// is not a trusted proxy: everything left of it was sent by that client and may be invented. `Forwarded`
    /// (RFC 7239) goes before `X-Forwarded-For`.
    pub(crate) fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        if headers.contains_key(header::FORWARDED) {
            return self.walk(peer, &entries(headers, &header::FORWARDED), forwarded_for);
        }
        self.walk(peer, &entries(headers, &X_FORWARDED_FOR), address)
    }

    /// Whether a trusted proxy says that the client came by https. A client that invents this for itself only loses its
    /// own cookie. `Forwarded` (RFC 7239) goes before `X-Forwarded-Proto`.
    pub(crate) fn says_https(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let scheme = match entries(headers, &header::FORWARDED).first() {
            Some(entry) => pair(entry, "proto"),
            None => entries(headers, &X_FORWARDED_PROTO).first().copied(),
        };
        self.trusts(peer) && scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    }

    fn walk(&self, peer: IpAddr, entries: &[&str], parse: impl Fn(&str) -> Option<IpAddr>) -> IpAddr {
        let mut nearest = peer;
        for entry in entries.iter().rev() {
            match parse(entry) {
                Some(address) if self.trusts(address) => nearest = address,
                Some(address) => return address,
                None => return nearest,
            }
        }
        nearest
    }
}

/// The comma-separated entries of every header of that name, in order.
fn entries<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let values = headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or_default());
    values.flat_map(|value| value.split(',').map(str::trim)).collect()
}

/// The `for=` of one `Forwarded` entry.
fn forwarded_for(entry: &str) -> Option<IpAddr> {
    address(pair(entry, "for")?)
}

/// The value of one pair of a `Forwarded` entry.
fn pair<'e>(entry: &'e str, name: &str) -> Option<&'e str> {
    let mut pairs = entry.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim_matches('"'))
}

/// An address with or without a port; IPv6 in brackets where a port may follow.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address = text.parse::<IpAddr>().ok().or_else(with_port).or_else(bracketed)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network"));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a header"));
        }
        let peer = peer.parse().expect("an address");
        TrustedProxies::new(networks.to_vec()).client_address(peer, &map).to_string()
    }

    #[test]
    fn a_stranger_cannot_name_another_client() {
        assert_eq!(client("192.0.2.1", &[("x-forwarded-for", "198.51.100.9")]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &[("forwarded", "for=198.51.100.9")]), "192.0.2.1");
    }

    #[test]
    fn the_list_is_walked_from_the_right_to_the_first_stranger() {
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 198.51.100.9, 10.0.0.7")]), "198.51.100.9");
        let split =
            [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.9"), ("x-forwarded-for", "10.0.0.2")];
        assert_eq!(client("10.0.0.1", &split), "198.51.100.9");
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "10.1.1.1")]), "10.1.1.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_understood_with_ports_quotes_and_ipv6() {
        let header = "for=1.1.1.1, For=\"[2001:db8::7]:4711\";proto=https, for=10.0.0.3";
        assert_eq!(client("10.0.0.1", &[("forwarded", header)]), "2001:db8::7");
        assert_eq!(client("fd00::1", &[("forwarded", "for=198.51.100.9:80")]), "198.51.100.9");
        let both = [("forwarded", "for=198.51.100.9"), ("x-forwarded-for", "1.1.1.1")];
        assert_eq!(client("10.0.0.1", &both), "198.51.100.9");
    }

    #[test]
    fn only_a_trusted_proxy_says_that_a_client_came_by_https() {
        let https = |peer: &str, name: &'static str, value: &'static str| {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().expect("a header"))]);
            let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
            proxies.says_https(peer.parse().expect("an address"), &headers)
        };
        assert!(https("10.0.0.1", "x-forwarded-proto", "https"));
        assert!(https("10.0.0.1", "x-forwarded-proto", "HTTPS, http"), "the client's own connection comes first");
        assert!(!https("10.0.0.1", "x-forwarded-proto", "http, https"));
        assert!(https("10.0.0.1", "forwarded", "for=192.0.2.1;Proto=https, for=10.0.0.2;proto=http"));
        assert!(!https("10.0.0.1", "forwarded", "for=192.0.2.1"));
        assert!(!https("192.0.2.1", "x-forwarded-proto", "https"));
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk_at_the_last_proxy() {
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "1.1.1.1, nonsense, 10.0.0.9")]), "10.0.0.9");
        assert_eq!(client("10.0.0.1", &[("forwarded", "for=unknown")]), "10.0.0.1");
    }
}
