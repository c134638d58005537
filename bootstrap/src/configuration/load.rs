use std::path::Path;

use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Serialized, Toml};

use super::checks::check;
use super::{Configuration, ConfigurationError};

/// The prefix of every environment variable that is a setting.
const PREFIX: &str = "ONSALE_";
/// Variables with the prefix that are not settings of the server: its tests and its command line have them.
const NOT_SETTINGS: [&str; 3] = ["test_", "config", "operator_password"];

/// What is allowed where the type alone does not say it.
const FORMATS: [(&str, &str); 5] = [
    ("http.listen", "an address and a port such as 127.0.0.1:8080"),
    ("http.admin_listen", "an address and a port such as 127.0.0.1:9080"),
    ("http.trusted_proxies", "a list of networks such as [\"10.0.0.0/8\"]"),
    ("http.allowed_origins", "a list of origins such as [\"https://tickets.example\"]"),
    ("data_folder", "a path, in quotation marks when it looks like a number"),
];

/// Reads the configuration: defaults, then `file` if there is one, then the environment.
///
/// # Errors
/// [`ConfigurationError`] names the setting, its value and what is allowed.
pub(crate) fn load(file: Option<&Path>) -> Result<Configuration, ConfigurationError> {
    let mut figment = Figment::from(Serialized::defaults(Configuration::default()));
    if let Some(file) = file {
        if !file.is_file() {
            let message = format!("there is no configuration file {}", file.display());
            return Err(ConfigurationError::Unreadable(message));
        }
        figment = figment.merge(Toml::file_exact(file));
    }
    let not_a_setting = |key: &str| NOT_SETTINGS.iter().any(|prefix| key.to_lowercase().starts_with(prefix));
    let environment = Env::prefixed(PREFIX).filter(move |key| !not_a_setting(key.as_str())).split("__");
    let figment = figment.merge(environment);
    let configuration = figment.extract().map_err(|error| unreadable(&figment, error))?;
    check(&configuration)?;
    Ok(configuration)
}

/// One line for each thing that is wrong, each with its setting, its value, what is allowed and where it came from.
fn unreadable(figment: &Figment, errors: figment::Error) -> ConfigurationError {
    let lines = errors.into_iter().map(|error| {
        let setting = error.path.join(".");
        let source = error.metadata.as_ref().map(|metadata| format!(" (from {})", metadata.name)).unwrap_or_default();
        if setting.is_empty() {
            return format!("{}{source}", error.kind);
        }
        let wrong = if is_secret(&setting) {
            "its value cannot be read, expected text, in quotation marks when it looks like a number or a list"
                .to_owned()
        } else {
            wrong(figment, &setting, &error.kind)
        };
        format!("setting `{setting}`: {wrong}{source}")
    });
    ConfigurationError::Unreadable(lines.collect::<Vec<_>>().join("\n"))
}

/// What is wrong with a value, and what is allowed.
fn wrong(figment: &Figment, setting: &str, kind: &Kind) -> String {
    let list = setting.rsplit_once('.').map_or(setting, |(list, _)| list); // an item cannot be found, its list can
    let value = figment.find_value(setting).ok().or_else(|| figment.find_value(list).ok());
    let value = value.and_then(|value| serde_json::to_string(&value).ok());
    let found = value.map(|value| format!("found {value}: ")).unwrap_or_default();
    let allowed = FORMATS.iter().find(|(known, _)| setting.starts_with(known));
    let allowed = allowed.map(|(_, format)| format!(", expected {format}")).unwrap_or_default();
    match kind {
        Kind::Message(problem) => format!("{found}{problem}{allowed}"),
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) if allowed.is_empty() => {
            format!("found {actual}, expected {}", in_plain_words(expected))
        }
        Kind::InvalidType(actual, _) | Kind::InvalidValue(actual, _) => format!("found {actual}{allowed}"),
        kind => kind.to_string(),
    }
}

fn in_plain_words(expected: &str) -> &str {
    match expected {
        "u16" | "u32" | "u64" | "usize" => "a whole number",
        other => other,
    }
}

fn is_secret(setting: &str) -> bool {
    ["database_url", "database_read_url", "redis_url"].contains(&setting) || setting.contains("secret")
}
