//! One typed structure: defaults, then a TOML file, then `ONSALE_*`.
//!
//! `ONSALE_DATABASE_URL` sets `database_url`; two underscores descend, so `ONSALE_HTTP__LISTEN` sets `http.listen`.

mod checks;
mod database_urls;
mod hidden;
mod load;
mod sections;

pub(crate) use checks::ConfigurationError;
pub(crate) use hidden::Hidden;
pub(crate) use load::load;
pub(crate) use sections::Configuration;
