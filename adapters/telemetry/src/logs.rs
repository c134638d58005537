//! Log lines on standard error, written by a thread of their own.
//!
//! Standard output is left to what commands print. One JSON line of six fields costs its caller less than a
//! microsecond (the stock JSON formatter and non-blocking writer: 2 to 4), which matters with one line per request.

use std::fmt;
use std::io::{self, IsTerminal};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt as lines};

use self::flat_json::{FlatJson, JsonFields};
use self::writer::{Lines, WriterThread};
use crate::TelemetryError;

mod flat_json;
mod json;
mod writer;

pub(crate) use self::writer::describe_metrics;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One flat JSON object per line: `at`, `level`, `target`, `message`, then the event's fields, then `spans`.
    #[default]
    Json,
    /// For people at a terminal, in colour if it is one.
    Text,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// How log lines look.
    pub format: LogFormat,
    /// What is logged: a level, and exceptions for targets, such as `info,sqlx=warn`.
    pub filter: String,
    /// Bytes of log lines that may wait for the output; lines beyond are dropped and counted, so that a stuck output
    /// stops no request. The default, 8 MiB, holds 0.3 s of lines at 100,000 a second.
    pub buffer_bytes: usize,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Json, filter: "info".to_owned(), buffer_bytes: 8 * 1024 * 1024 }
    }
}

impl LogSettings {
    /// Checks what types cannot say.
    ///
    /// # Errors
    /// [`TelemetryError::Filter`] when the filter is not understood.
    pub fn check(&self) -> Result<(), TelemetryError> {
        filter(&self.filter).map(drop)
    }
}

/// Keeps the log writer running; when dropped, what was logged is written out, waiting up to two seconds for the output.
#[must_use = "lines logged after the guard is dropped are lost"]
#[derive(Debug)]
pub struct LogGuard {
    _thread: WriterThread,
}

/// Sends every log event of this process to standard error, as `settings` say.
///
/// # Errors
/// [`TelemetryError::Filter`] when the filter is not understood, [`TelemetryError::LogWriter`] when no thread can be
/// started, and [`TelemetryError::LogsAlreadySetUp`] on every call after the first, which stays in force.
pub fn init_logs(settings: &LogSettings) -> Result<LogGuard, TelemetryError> {
    let filter = filter(&settings.filter)?;
    let (lines, thread) = writer::start(io::stderr(), settings.buffer_bytes).map_err(TelemetryError::LogWriter)?;
    match settings.format {
        LogFormat::Json => json_subscriber(filter, lines).try_init(),
        LogFormat::Text => text_subscriber(filter, lines).try_init(),
    }
    .map_err(|_| TelemetryError::LogsAlreadySetUp)?;
    Ok(LogGuard { _thread: thread })
}

fn json_subscriber(filter: Targets, lines: Lines) -> impl Subscriber + Send + Sync {
    let layer = lines::layer().fmt_fields(JsonFields).event_format(FlatJson).with_writer(lines);
    Registry::default().with(layer.with_filter(filter))
}

fn text_subscriber(filter: Targets, lines: Lines) -> impl Subscriber + Send + Sync {
    let layer = lines::layer().with_ansi(io::stderr().is_terminal()).with_writer(lines);
    Registry::default().with(layer.with_filter(filter))
}

/// Stricter than [`Targets`], which takes a misspelt level for a target and then logs everything of it.
fn filter(filter: &str) -> Result<Targets, TelemetryError> {
    let mut targets = Targets::new().with_default(LevelFilter::ERROR);
    for part in filter.split(',').map(str::trim) {
        let (target, name) = part.split_once('=').map_or((None, part), |(target, name)| (Some(target.trim()), name));
        let Some(level) = level(name.trim()).filter(|_| target != Some("")) else {
            return Err(TelemetryError::Filter { filter: filter.to_owned(), part: part.to_owned() });
        };
        targets = match target {
            Some(target) => targets.with_target(target, level),
            None => targets.with_default(level),
        };
    }
    Ok(targets)
}

/// A level by its name; the library also takes numbers, and nothing at all for an error.
fn level(name: &str) -> Option<LevelFilter> {
    name.parse().ok().filter(|_| name.starts_with(|first: char| first.is_ascii_alphabetic()))
}

impl FromStr for LogFormat {
    type Err = TelemetryError;

    fn from_str(format: &str) -> Result<Self, Self::Err> {
        match format {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            other => Err(TelemetryError::Format(other.to_owned())),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Json => "json",
            Self::Text => "text",
        })
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_filter_names_levels_for_everything_and_for_targets() {
        let targets = filter("warn, onsale_http=debug,sqlx=off").expect("a valid filter");
        assert!(targets.would_enable("hyper", &Level::WARN) && !targets.would_enable("hyper", &Level::INFO));
        assert!(targets.would_enable("onsale_http::seats", &Level::DEBUG));
        assert!(!targets.would_enable("sqlx::query", &Level::ERROR));
    }

    #[test]
    fn a_filter_of_targets_alone_keeps_the_errors_of_the_rest() {
        let targets = filter("onsale=info").expect("a valid filter");
        assert!(targets.would_enable("hyper", &Level::ERROR) && !targets.would_enable("hyper", &Level::WARN));
    }

    #[test]
    fn a_misspelt_filter_is_refused_by_name() {
        for (wrong, part) in [
            ("ifno", "ifno"),
            ("info,sqlx=loud", "sqlx=loud"),
            ("info,,warn", ""),
            ("", ""),
            ("3", "3"),
            ("=info", "=info"),
        ] {
            match filter(wrong) {
                Err(TelemetryError::Filter { filter, part: at }) => {
                    assert_eq!((filter.as_str(), at.as_str()), (wrong, part));
                }
                other => panic!("{wrong:?} gave {other:?}"),
            }
        }
    }

    #[test]
    fn formats_have_one_spelling() {
        for format in [LogFormat::Json, LogFormat::Text] {
            assert_eq!(format.to_string().parse::<LogFormat>().expect("its own name"), format);
        }
        let error = "xml".parse::<LogFormat>().expect_err("not a format");
        assert_eq!(error.to_string(), "log format \"xml\" is not one of json, text");
    }
}
