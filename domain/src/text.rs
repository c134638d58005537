//! Text that people type: trimmed, bounded, free of control characters.

use thiserror::Error;

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing is left after trimming.
    #[error("{field} is empty")]
    Empty {
        /// Which member.
        field: &'static str,
    },
    /// Longer than the member allows.
    #[error("{field} has {length} characters, at most {limit} are allowed")]
    TooLong {
        /// Which member.
        field: &'static str,
        /// Its length in characters.
        length: usize,
        /// The most that is allowed, in characters.
        limit: usize,
    },
    /// A control character other than a line break or a tab.
    #[error("{field} has a control character")]
    Control {
        /// Which member.
        field: &'static str,
    },
}

impl TextError {
    /// The member that was refused.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Empty { field } | Self::TooLong { field, .. } | Self::Control { field } => field,
        }
    }
}

/// Trims `text` and checks it: not empty, at most `limit` characters, no control characters but line breaks and tabs.
///
/// # Errors
/// [`TextError`] names `field` and what is wrong with it.
pub fn checked(field: &'static str, text: &str, limit: usize) -> Result<String, TextError> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 {
        return Err(TextError::Empty { field });
    }
    if length > limit {
        return Err(TextError::TooLong { field, length, limit });
    }
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t')) {
        return Err(TextError::Control { field });
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{TextError, checked};

    #[test]
    fn text_is_trimmed_and_bounded() {
        assert_eq!(checked("title", "  Night of songs ", 20), Ok("Night of songs".to_owned()));
        assert_eq!(checked("title", " \n ", 20), Err(TextError::Empty { field: "title" }));
        assert_eq!(checked("title", "가나다", 2), Err(TextError::TooLong { field: "title", length: 3, limit: 2 }));
        assert_eq!(checked("title", "a\u{0}b", 9), Err(TextError::Control { field: "title" }));
    }
}
