//! Concerts: the show, without its dates.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::ConcertId;
use crate::text::{self, TextError};

/// The most characters a title or a venue may have.
pub const TITLE_LIMIT: usize = 200;
/// The most characters a description may have.
pub const DESCRIPTION_LIMIT: usize = 10_000;
/// The most characters an image's address may have.
pub const IMAGE_URL_LIMIT: usize = 2_000;

/// A show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concert {
    /// Its identity.
    pub id: ConcertId,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// Where its picture is.
    pub image_url: Option<String>,
    /// Where it plays, unless a performance says otherwise.
    pub venue: String,
}

/// Why a concert was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConcertError {
    /// A text is empty, too long or has control characters.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The picture's address is not http or https.
    #[error("image_url must start with https:// or http://")]
    ImageUrl,
}

impl ConcertError {
    /// The member that was refused.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Text(error) => error.field(),
            Self::ImageUrl => "image_url",
        }
    }
}

impl Concert {
    /// The concert with its texts trimmed and checked.
    ///
    /// # Errors
    /// [`ConcertError`] names the member.
    pub fn checked(self) -> Result<Self, ConcertError> {
        let description = self.description.as_deref().map(|text| text::checked("description", text, DESCRIPTION_LIMIT));
        let image_url = self.image_url.as_deref().map(|text| text::checked("image_url", text, IMAGE_URL_LIMIT));
        let image_url = image_url.transpose()?;
        if image_url.as_deref().is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            return Err(ConcertError::ImageUrl);
        }
        Ok(Self {
            id: self.id,
            title: text::checked("title", &self.title, TITLE_LIMIT)?,
            description: description.transpose()?,
            image_url,
            venue: text::checked("venue", &self.venue, TITLE_LIMIT)?,
        })
    }
}
