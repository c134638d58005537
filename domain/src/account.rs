//! Accounts: customers and operators.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::AccountId;
use crate::text::{self, TextError};

/// The most characters a name may have.
pub const NAME_LIMIT: usize = 100;
/// The most characters an e-mail address may have (RFC 5321, 4.5.3.1.3, less the angle brackets).
pub const EMAIL_LIMIT: usize = 254;
/// The fewest characters a password may have (NIST SP 800-63B, 5.1.1.2).
pub const PASSWORD_MINIMUM: usize = 8;
/// The most bytes a password may have, so that hashing stays bounded.
pub const PASSWORD_LIMIT: usize = 256;

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Books and pays.
    Customer,
    /// Puts concerts on sale.
    Operator,
}

impl Role {
    /// Its name in the API, in tokens and in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Operator => "operator",
        }
    }
}

/// An e-mail address, in lower case: two spellings of one address are one account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// Why an account was refused before anything was stored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccountError {
    /// Not of the form `local@domain`.
    #[error("email is not an address")]
    Email,
    /// The name is empty, too long or has control characters.
    #[error(transparent)]
    Name(#[from] TextError),
    /// Too short or too long.
    #[error("password needs {PASSWORD_MINIMUM} characters or more and {PASSWORD_LIMIT} bytes or fewer")]
    Password,
}

impl AccountError {
    /// The member that was refused.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Name(_) => "name",
            Self::Password => "password",
        }
    }
}

impl Email {
    /// Reads an address: one `@`, both sides present, a dot-free or dotted domain, no spaces or control characters.
    ///
    /// # Errors
    /// [`AccountError::Email`]; only a message sent to it could prove an address, so the check is of its form.
    pub fn parse(address: &str) -> Result<Self, AccountError> {
        let address = address.trim().to_lowercase();
        let (local, domain) = address.split_once('@').ok_or(AccountError::Email)?;
        let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control());
        let dotted = domain.split('.').all(|label| !label.is_empty());
        if address.len() > EMAIL_LIMIT || !plain(local) || !plain(domain) || domain.contains('@') || !dotted {
            return Err(AccountError::Email);
        }
        Ok(Self(address))
    }

    /// The address, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its identity.
    pub id: AccountId,
    /// How it signs in; unique.
    pub email: Email,
    /// How it is addressed.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Checks a name.
///
/// # Errors
/// [`AccountError::Name`].
pub fn checked_name(name: &str) -> Result<String, AccountError> {
    Ok(text::checked("name", name, NAME_LIMIT)?)
}

/// Checks a password's length; its content is the customer's business.
///
/// # Errors
/// [`AccountError::Password`].
pub fn check_password(password: &str) -> Result<(), AccountError> {
    if password.chars().count() < PASSWORD_MINIMUM || password.len() > PASSWORD_LIMIT {
        return Err(AccountError::Password);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Email, check_password};

    #[test]
    fn two_spellings_of_an_address_are_one() {
        assert_eq!(Email::parse(" Min.Ji@Example.COM ").unwrap(), Email::parse("min.ji@example.com").unwrap());
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for wrong in ["", "a", "@b", "a@", "a b@c", "a@b@c", "a@.com", "a@b..c", "a@b\u{7}"] {
            assert!(Email::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_password_is_neither_short_nor_endless() {
        assert!(check_password("1234567").is_err());
        assert!(check_password("12345678").is_ok());
        assert!(check_password(&"x".repeat(257)).is_err());
    }
}
