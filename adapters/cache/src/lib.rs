//! The catalogue cache: a decorator over the catalogue reader.
//!
//! Every value carries the catalogue's generation and the moment at which it was read. A value counts only while no
//! later generation is known, so a write is never hidden by a value that was read, or began to be read, before it.

mod catalogue;
mod generation;
mod kinds;
mod metrics;
mod plans;
mod settings;
mod shelf;
#[cfg(test)]
mod tests;

pub use catalogue::CachedCatalogue;
pub use settings::CacheSettings;
