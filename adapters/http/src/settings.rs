//! Settings of the HTTP server, each with its unit, its default and its reason.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Where the server listens, whom it believes and how much it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// Address of the public listener. Default `127.0.0.1:8080`: nothing is reachable from outside until an operator
    /// decides so.
    pub listen: SocketAddr,
    /// Address of the admin listener (`/metrics`, `/health/detail`). Default `127.0.0.1:9080`: it has no sign-in, so it
    /// stays on the machine.
    pub admin_listen: SocketAddr,
    /// Where browsers reach the server, `https://tickets.example`, without a path. Default empty: a cookie is `Secure` only
    /// when a trusted proxy says `X-Forwarded-Proto: https`; with an https address here it always is.
    pub public_url: String,
    /// Networks of the proxies in front of the server, as CIDR blocks. Default none: `Forwarded`, `X-Forwarded-For` and
    /// `X-Request-Id` of anybody else are ignored, because everyone can send them.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins whose pages may call the API (`https://tickets.example`), or the single entry `*`. Default none: a
    /// browser then only allows pages of the server itself.
    pub allowed_origins: Vec<String>,
    /// `max-age` of `Strict-Transport-Security` in seconds; 0 leaves the header out. Default 0: only an operator knows
    /// whether every client reaches the server through TLS.
    pub strict_transport_security_seconds: u64,
    /// Whether an answer about the catalogue is given for a tenth of a second without asking the catalogue again. Default
    /// true; false is only for measuring what lies behind.
    pub keep_answers: bool,
    /// How much is accepted, and for how long.
    pub limits: HttpLimits,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9080)),
            public_url: String::new(),
            trusted_proxies: Vec::new(),
            allowed_origins: Vec::new(),
            strict_transport_security_seconds: 0,
            keep_answers: true,
            limits: HttpLimits::default(),
        }
    }
}

/// Bounds of one listener.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpLimits {
    /// Connections served at once; further ones wait unaccepted. Default 20,000: an open event stream costs about 27 KB,
    /// so all of them together stay near 540 MB. Needs as many file descriptors.
    pub connections: usize,
    /// Connections open at once for one client address; further ones are closed at once. Default 2,000: thousands of
    /// customers share one carrier address, while one address still gets no more than a tenth. IPv6 clients count by
    /// their /64 network; trusted proxies bring everybody's requests and are not counted.
    pub client_connections: usize,
    /// Event streams open at once; further ones are answered `busy`. Default 20,000: as many as connections, so that
    /// this binds only where HTTP/2 carries several over one.
    pub event_streams: usize,
    /// Event streams open at once for one client address. Default 2,000: thousands of customers share one carrier
    /// address, while one address still gets no more than a tenth. IPv6 clients count by their /64 network.
    pub client_event_streams: usize,
    /// Connections the kernel keeps while they wait to be accepted. Default 4,096: the usual `net.core.somaxconn`, so
    /// that the first second of an on-sale is not answered by resets.
    pub backlog: u32,
    /// Milliseconds a client may take to send a request head; checked twice in that time, so it ends after at most
    /// one and a half times as long. Default 10,000: a phone on a bad network needs a few seconds, a slow attack hours.
    pub header_timeout_ms: u64,
    /// Bytes of a request head. Default 32,768: tokens and cookies fit several times. At least 8,192.
    pub head_bytes: usize,
    /// Seconds a connection may stay without moving a byte between requests. Default 75: longer than the 60 of common
    /// proxies, so that the proxy closes first and no request meets a closing connection.
    pub idle_timeout_seconds: u64,
    /// Milliseconds from the request head to the response head. Default 30,000: the slowest work, a plan upload on a
    /// slow line, ends well before; event streams are not bound by it.
    pub request_timeout_ms: u64,
    /// Bytes of a request body. Default 65,536: the largest ordinary body is a hold of a few seats.
    pub body_bytes: u64,
    /// Bytes of a seating plan upload. Default 67,108,864 (64 MiB): 200,000 seats with an editor's extra members.
    pub plan_body_bytes: u64,
    /// Concurrent streams of one HTTP/2 connection. Default 200: enough for a proxy that folds its clients into one
    /// connection, small enough to bound what one connection can start.
    pub http2_streams: u32,
    /// Requests per second and client address that are always answered; 0 lifts the limit. Default 1,000: thousands of
    /// customers share one carrier address and each asks every few seconds, while one address still gets only about a
    /// hundredth of what a machine can serve. IPv6 clients count by their /64 network, which one customer owns whole.
    pub client_requests_per_second: u32,
    /// Requests an address may send at once after a quiet time. Default 4,000: the opening second of an on-sale behind
    /// one carrier address.
    pub client_burst: u32,
    /// Places in waiting rooms that one client address may ask for within a minute; 0 lifts the limit. Default 600: a
    /// carrier address with thousands of customers fills in a few minutes, while a machine that invents accounts gets
    /// no further than ten a second. IPv6 clients count by their /64 network. Tenants' servers enter visitors of many
    /// addresses and are limited by visitor only.
    pub client_entries_per_minute: u32,
    /// Times that one account or visitor may ask for its place in a waiting room within a minute; 0 lifts the limit.
    /// Default 30: a page that is reloaded every few seconds needs fewer.
    pub visitor_entries_per_minute: u32,
    /// Sign-ins and registrations per minute and client address that are looked at, because each has a password hashed;
    /// 0 lifts the limit. Default 300: the customers behind one carrier address sign in before a sale and not during
    /// it, while one address gets about a twentieth of what one thread can hash. IPv6 clients count by their /64
    /// network.
    pub client_password_requests_per_minute: u32,
    /// Sign-ins and registrations an address may send at once after a quiet time. Default 60: well below the queue of
    /// passwords, so that one address cannot fill it for everybody.
    pub client_password_burst: u32,
    /// Bytes from which a JSON response is compressed. Default 1,024: below that it fits one packet anyway.
    pub compress_from_bytes: u64,
    /// Seconds that requests in flight may take after the server was told to stop. Default 20: with what comes
    /// after it, the process ends within 35; whoever kills it should wait 40.
    pub drain_seconds: u64,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            client_connections: 2_000,
            event_streams: 20_000,
            client_event_streams: 2_000,
            backlog: 4_096,
            header_timeout_ms: 10_000,
            head_bytes: 32_768,
            idle_timeout_seconds: 75,
            request_timeout_ms: 30_000,
            body_bytes: 65_536,
            plan_body_bytes: 64 * 1024 * 1024,
            http2_streams: 200,
            client_requests_per_second: 1_000,
            client_burst: 4_000,
            client_entries_per_minute: 600,
            visitor_entries_per_minute: 30,
            client_password_requests_per_minute: 300,
            client_password_burst: 60,
            compress_from_bytes: 1_024,
            drain_seconds: 20,
        }
    }
}

impl HttpLimits {
    pub(crate) fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_seconds)
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    pub(crate) fn drain_limit(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}
