//! Members of a change: absent, cleared or given.

use poem_openapi::types::MaybeUndefined;

use super::Text;
use crate::problem::Problem;

/// What was sent, if anything: `null` clears, and not everything can be cleared.
///
/// # Errors
/// `invalid_request` for `null`.
pub(crate) fn given<T>(field: &str, sent: MaybeUndefined<T>) -> Result<Option<T>, Problem> {
    match sent {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Value(value) => Ok(Some(value)),
        MaybeUndefined::Null => Err(Problem::invalid(field, format!("`{field}` cannot be cleared"))),
    }
}

/// What was sent of something that can be cleared.
#[expect(clippy::option_option, reason = "a change tells absent, cleared and given apart")]
pub(crate) fn clearable(sent: MaybeUndefined<Text>) -> Option<Option<String>> {
    match sent {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(text) => Some(Some(text.0)),
    }
}

/// The text that was sent, if any.
pub(crate) fn text(sent: Option<Text>) -> Option<String> {
    sent.map(|text| text.0)
}
