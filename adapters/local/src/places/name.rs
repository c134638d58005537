use std::sync::Arc;

use onsale_domain::waiting_room::VisitorId;
use uuid::Uuid;

/// A visitor's name, small: accounts are UUIDs, which take 16 bytes instead of a string of 36.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Uuid(Uuid),
    Text(Arc<str>),
}

impl From<&VisitorId> for Name {
    /// A UUID that is not written the usual way stays text: it is another name.
    fn from(visitor: &VisitorId) -> Self {
        let text = visitor.as_str();
        let usual = |id: &Uuid| id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
        Uuid::try_parse(text).ok().filter(usual).map_or_else(|| Self::Text(text.into()), Self::Uuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::from(&VisitorId::new(text).unwrap())
    }

    #[test]
    fn only_a_uuid_written_as_usual_is_one() {
        let usual = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
        assert!(matches!(name(usual), Name::Uuid(id) if id.to_string() == usual));
        for other in ["0190A1B2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b", "member-42"] {
            assert_eq!(name(other), Name::Text(other.into()));
        }
    }

    #[test]
    fn a_name_takes_24_bytes() {
        assert_eq!(size_of::<Option<Name>>(), 24);
    }
}
