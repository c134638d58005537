//! What can be said at the terminal.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Concert booking for the minute an on-sale opens.
///
/// Settings come from defaults, then the configuration file, then ONSALE_* variables; `onsale config` shows them.
#[derive(Parser)]
#[command(name = "onsale", version, max_term_width = 100)]
pub(crate) struct CommandLine {
    /// A TOML file of settings.
    #[arg(long, global = true, env = "ONSALE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve the API.
    Serve {
        /// Embedded, on loopback, with a demo venue, concerts, an operator and a customer with points.
        #[arg(long)]
        demo: bool,
    },
    /// Bring the database's schema up to date. `serve` does the same when it starts.
    Migrate,
    /// Prove every invariant on live data; exits with 1 and names each violation when one is broken.
    Audit,
    /// Print the OpenAPI document.
    Openapi,
    /// Print the settings in force, secrets hidden.
    Config,
    /// Manage operators.
    #[command(subcommand)]
    Operator(Operator),
    /// Import a seating plan file in the pretix JSON format.
    ImportPlan {
        /// The plan file.
        file: PathBuf,
    },
}

/// Manage operators.
#[derive(Subcommand)]
pub(crate) enum Operator {
    /// Add an operator. Without `ONSALE_OPERATOR_PASSWORD` a random password is made and printed once.
    Create {
        /// How the operator signs in.
        #[arg(long)]
        email: String,
        /// How the operator is addressed.
        #[arg(long, default_value = "Operator")]
        name: String,
        /// The operator's password.
        #[arg(long, env = "ONSALE_OPERATOR_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
        password: Option<String>,
    },
}
