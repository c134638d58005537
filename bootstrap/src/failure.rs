//! Why a command ended without doing its work: one line for the person at the terminal.

use std::fmt::Display;

use onsale_application::accounts::RegisterAccountError;
use onsale_application::points::ChargePointsError;
use onsale_application::ports::{EditError, Unavailable};
use thiserror::Error;

use crate::configuration::ConfigurationError;

/// A command's failure, as a person reads it.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

impl Failure {
    /// Because of `cause`.
    pub(crate) fn because(cause: impl Display) -> Self {
        Self(cause.to_string())
    }
}

macro_rules! failures {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::because(error)
            }
        }
    )+};
}

failures!(
    ConfigurationError,
    Unavailable,
    EditError,
    RegisterAccountError,
    ChargePointsError,
    onsale_telemetry::TelemetryError,
    onsale_sql::SqlError,
    std::io::Error,
);
