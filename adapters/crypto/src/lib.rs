//! The clock, ids, access tokens, refresh tokens, signed addresses and passwords.

mod context;
mod passwords;
mod random;
mod seals;
mod secret;

pub use context::{SystemClock, UuidIds};
pub use passwords::{ArgonPasswords, PasswordSettings, PasswordSettingsError};
pub use seals::{SealSettings, TokenSeals};
pub use secret::{SECRET_MINIMUM, Secret, SecretError};
