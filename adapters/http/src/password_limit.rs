//! How many passwords one client may have hashed or compared.

use std::net::IpAddr;

use crate::middleware::ClientLimit;
use crate::problem::{Code, Problem};
use crate::settings::HttpLimits;

/// A limit per client address, over signing in and registering together: both wait in one short queue for a thread that
/// hashes, and whoever filled it would keep everybody out.
pub(crate) struct PasswordLimit(Option<ClientLimit>);

impl PasswordLimit {
    /// The limit that `limits` set.
    pub(crate) fn new(limits: &HttpLimits) -> Self {
        Self(ClientLimit::per_minute(limits.client_password_requests_per_minute, limits.client_password_burst))
    }

    /// Counts one password of `client`.
    ///
    /// # Errors
    /// `rate_limited`, with the time until the next one would be looked at.
    pub(crate) fn check(&self, client: IpAddr) -> Result<(), Problem> {
        let Some(limit) = &self.0 else { return Ok(()) };
        limit.check(client).map_err(|wait| Problem::new(Code::RateLimited).retry_after(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_gets_its_burst_and_another_its_own() {
        let limits = HttpLimits { client_password_burst: 3, ..HttpLimits::default() };
        let limit = PasswordLimit::new(&limits);
        let code = |address: &str| limit.check(address.parse().expect("an address")).map_err(|refused| refused.code());
        assert!((0..3).all(|_| code("192.0.2.1").is_ok()));
        assert_eq!(code("192.0.2.1"), Err(Code::RateLimited));
        assert_eq!(code("192.0.2.2"), Ok(()));
    }

    #[test]
    fn the_limit_can_be_lifted() {
        let limits = HttpLimits { client_password_requests_per_minute: 0, ..HttpLimits::default() };
        let limit = PasswordLimit::new(&limits);
        assert!((0..1_000).all(|_| limit.check("192.0.2.1".parse().expect("an address")).is_ok()));
    }
}
