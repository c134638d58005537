use onsale_http::HttpLimits;
use thiserror::Error;

use super::Configuration;
use super::database_urls::check_database_urls;

/// The fewest bytes a secret may have: the digest's own length.
const SECRET_MINIMUM: usize = 32;

/// A setting, its value, and the least and the most that are allowed.
type Range = (&'static str, u64, u64, u64);

/// Why the process does not start.
#[derive(Debug, Error)]
pub(crate) enum ConfigurationError {
    /// A setting is not known, or its value cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// A value is not allowed.
    #[error("setting `{setting}`: {value} is not allowed, {allowed}")]
    NotAllowed {
        /// Its name.
        setting: &'static str,
        /// Its value; hidden when it is a secret.
        value: String,
        /// What is allowed.
        allowed: String,
    },
}

/// Checks what types cannot say.
pub(super) fn check(configuration: &Configuration) -> Result<(), ConfigurationError> {
    let Configuration { lanes, tokens, passwords, holds, database, audit, log, .. } = configuration;
    let ranges: [Range; 14] = [
        ("database.lane_connections", database.lane_connections.into(), 1, 1_000),
        ("database.read_connections", database.read_connections.into(), 0, 1_000),
        ("database.acquire_timeout_ms", database.acquire_timeout_ms, 1, 600_000),
        ("lanes.group", lanes.group as u64, 1, 256),
        ("lanes.in_flight", lanes.in_flight as u64, 1, 256),
        ("lanes.queue", lanes.queue as u64, 1, 1_000_000),
        ("lanes.lanes", lanes.lanes as u64, 1, 1_000_000),
        ("tokens.access_seconds", tokens.access_seconds.into(), 1, 86_400),
        ("tokens.session_days", tokens.session_days.into(), 1, 3_650),
        ("passwords.threads", passwords.threads as u64, 1, 64),
        ("passwords.queue", passwords.queue as u64, 1, 100_000),
        ("holds.open_per_customer", holds.open_per_customer.into(), 1, 1_000),
        ("holds.sweep_seconds", holds.sweep_seconds.into(), 1, 3_600),
        ("holds.alarms", holds.alarms as u64, 1, 100_000_000),
    ];
    let more: [Range; 3] = [
        ("audit.seconds", audit.seconds.into(), 1, 86_400),
        ("audit.violations", audit.violations.into(), 1, 100_000),
        ("log.buffer_bytes", log.buffer_bytes as u64, 65_536, 1_073_741_824), // the least holds some hundred lines
    ];
    let limits = http_limits(&configuration.http.limits);
    for (setting, value, least, most) in ranges.into_iter().chain(more).chain(limits) {
        if !(least..=most).contains(&value) {
            let allowed = format!("{least} to {most} is");
            return Err(ConfigurationError::NotAllowed { setting, value: value.to_string(), allowed });
        }
    }
    log.check().map_err(|error| ConfigurationError::Unreadable(format!("setting `log.filter`: {error}")))?;
    check_origins(&configuration.http.allowed_origins)?;
    check_public_url(&configuration.http.public_url)?;
    check_database_urls(configuration)?;
    check_secrets(configuration)
}

fn http_limits(limits: &HttpLimits) -> [Range; 18] {
    [
        ("http.limits.connections", limits.connections as u64, 1, 1_000_000),
        ("http.limits.client_connections", limits.client_connections as u64, 1, 1_000_000),
        ("http.limits.event_streams", limits.event_streams as u64, 1, 1_000_000),
        ("http.limits.client_event_streams", limits.client_event_streams as u64, 1, 1_000_000),
        ("http.limits.backlog", limits.backlog.into(), 1, 1_000_000),
        ("http.limits.header_timeout_ms", limits.header_timeout_ms, 1, 600_000),
        ("http.limits.head_bytes", limits.head_bytes as u64, 8_192, 1_048_576),
        ("http.limits.idle_timeout_seconds", limits.idle_timeout_seconds, 1, 86_400),
        ("http.limits.request_timeout_ms", limits.request_timeout_ms, 1, 600_000),
        ("http.limits.body_bytes", limits.body_bytes, 1_024, 67_108_864),
        ("http.limits.plan_body_bytes", limits.plan_body_bytes, 1_024, 67_108_864),
        ("http.limits.http2_streams", limits.http2_streams.into(), 1, 100_000),
        ("http.limits.client_requests_per_second", limits.client_requests_per_second.into(), 0, 1_000_000),
        ("http.limits.client_burst", limits.client_burst.into(), 1, 1_000_000),
        (
            "http.limits.client_password_requests_per_minute",
            limits.client_password_requests_per_minute.into(),
            0,
            1_000_000,
        ),
        ("http.limits.client_password_burst", limits.client_password_burst.into(), 1, 1_000_000),
        ("http.limits.compress_from_bytes", limits.compress_from_bytes, 0, 67_108_864),
        ("http.limits.drain_seconds", limits.drain_seconds, 0, 3_600),
    ]
}

/// A browser sends an origin as scheme, host and port, in lower case: anything else would never match.
fn is_origin(origin: &str) -> bool {
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let plain = |byte: u8| !byte.is_ascii_uppercase() && byte.is_ascii_graphic() && !b"/?#@".contains(&byte);
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain))
}

fn check_public_url(url: &str) -> Result<(), ConfigurationError> {
    if url.is_empty() || is_origin(url) {
        return Ok(());
    }
    Err(ConfigurationError::NotAllowed {
        setting: "http.public_url",
        value: format!("`{url}`"),
        allowed: "nothing, or a scheme and a host in lower case such as `https://tickets.example` is".to_owned(),
    })
}

fn check_origins(origins: &[String]) -> Result<(), ConfigurationError> {
    match origins.iter().find(|origin| *origin != "*" && !is_origin(origin)) {
        None => Ok(()),
        Some(origin) => Err(ConfigurationError::NotAllowed {
            setting: "http.allowed_origins",
            value: format!("`{origin}`"),
            allowed: "`*`, or a scheme and a host in lower case such as `https://tickets.example` is".to_owned(),
        }),
    }
}

fn check_secrets(configuration: &Configuration) -> Result<(), ConfigurationError> {
    let tokens = &configuration.tokens;
    if tokens.secret.is_empty() && !configuration.is_embedded() {
        return Err(ConfigurationError::NotAllowed {
            setting: "tokens.secret",
            value: "an empty secret".to_owned(),
            allowed: format!("{SECRET_MINIMUM} bytes or more are, the same on every replica (ONSALE_TOKENS__SECRET)"),
        });
    }
    let previous = tokens.previous_secrets.iter().map(|secret| ("tokens.previous_secrets", secret));
    let secrets = previous.chain((!tokens.secret.is_empty()).then_some(("tokens.secret", &tokens.secret)));
    for (setting, secret) in secrets {
        let length = secret.reveal().len();
        if length < SECRET_MINIMUM {
            let value = format!("a secret of {length} bytes");
            let allowed = format!("{SECRET_MINIMUM} bytes or more are");
            return Err(ConfigurationError::NotAllowed { setting, value, allowed });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(change: impl FnOnce(&mut Configuration)) -> String {
        let mut configuration = Configuration::default();
        change(&mut configuration);
        check(&configuration).expect_err("it is not allowed").to_string()
    }

    #[test]
    fn the_defaults_are_allowed() {
        assert!(check(&Configuration::default()).is_ok());
    }

    #[test]
    fn what_is_logged_is_checked_before_the_start() {
        let filter = complaint(|configuration| configuration.log.filter = "ifno".to_owned());
        assert!(filter.starts_with("setting `log.filter`: ") && filter.contains("ifno"), "{filter}");
        let buffer = complaint(|configuration| configuration.log.buffer_bytes = 0);
        assert!(buffer.starts_with("setting `log.buffer_bytes`: 0 is not allowed, 65536 to"), "{buffer}");
    }

    #[test]
    fn limits_of_one_client_are_checked() {
        let connections = complaint(|configuration| configuration.http.limits.client_connections = 0);
        assert!(connections.starts_with("setting `http.limits.client_connections`: 0 "), "{connections}");
        let burst = complaint(|configuration| configuration.http.limits.client_password_burst = 0);
        assert!(burst.starts_with("setting `http.limits.client_password_burst`: 0 "), "{burst}");
    }
}
