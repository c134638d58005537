//! The catalogue cache: a decorator over the catalogue reader. It keeps values in this process, and behind that in what
//! replicas share, if they share anything.
//!
//! Every value carries the catalogue's generation and the moment at which it was read. A value counts only while no
//! later generation is known, so a write is never hidden by a value that was read, or began to be read, before it.

mod catalogue;
mod encoding;
mod generation;
mod kinds;
mod metrics;
mod plans;
mod settings;
mod shared;
mod shelf;
#[cfg(test)]
mod tests;

pub use catalogue::CachedCatalogue;
pub use settings::CacheSettings;
