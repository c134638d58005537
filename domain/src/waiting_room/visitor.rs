use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::ids::AccountId;

/// The most characters a visitor's name may have.
const VISITOR_ID_LIMIT: usize = 64;

/// Who stands in a line: the account in front of a concert, the tenant's own name for somebody in front of its site. Clones
/// share the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VisitorId(Arc<str>);

/// The name was empty, too long, or not visible ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a visitor_id has 1 to {VISITOR_ID_LIMIT} visible ASCII characters")]
pub struct VisitorIdError;

impl VisitorId {
    /// A visitor of that name.
    ///
    /// # Errors
    /// [`VisitorIdError`].
    pub fn new(name: &str) -> Result<Self, VisitorIdError> {
        let visible = name.bytes().all(|byte| byte.is_ascii_graphic());
        if name.is_empty() || name.len() > VISITOR_ID_LIMIT || !visible {
            return Err(VisitorIdError);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this account.
    #[must_use]
    pub fn is_account(&self, account: AccountId) -> bool {
        *self.0 == *account.0.hyphenated().encode_lower(&mut Uuid::encode_buffer())
    }
}

impl From<AccountId> for VisitorId {
    fn from(account: AccountId) -> Self {
        Self(account.to_string().into())
    }
}

impl TryFrom<String> for VisitorId {
    type Error = VisitorIdError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(&name)
    }
}

impl From<VisitorId> for String {
    fn from(visitor: VisitorId) -> Self {
        visitor.0.as_ref().to_owned()
    }
}

impl fmt::Display for VisitorId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_named_in_visible_ascii() {
        assert_eq!(VisitorId::new("member-42").map(String::from), Ok("member-42".to_owned()));
        for name in ["", "two words", "가", &"x".repeat(65)] {
            assert_eq!(VisitorId::new(name), Err(VisitorIdError), "{name}");
        }
    }

    #[test]
    fn an_account_is_a_visitor_of_its_own() {
        let [one, other] = [1, 2].map(|number| AccountId(Uuid::from_u128(number)));
        assert!(VisitorId::from(one).is_account(one));
        assert!(!VisitorId::from(one).is_account(other));
    }
}
