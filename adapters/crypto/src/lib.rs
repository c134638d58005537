//! The clock, ids, access tokens, refresh tokens, signed addresses, passwords, places in line and passes.

mod context;
mod passwords;
mod queue;
mod random;
mod seals;
mod secret;

pub use context::{SystemClock, UuidIds};
pub use passwords::{ArgonPasswords, PasswordSettings, PasswordSettingsError};
pub use queue::QueueTokenSeals;
pub use seals::{SealSettings, TokenSeals};
pub use secret::{SECRET_MINIMUM, Secret, SecretError};
