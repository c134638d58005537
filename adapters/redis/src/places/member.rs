use onsale_domain::waiting_room::VisitorId;
use redis::{RedisWrite, ToRedisArgs};
use uuid::Uuid;

/// Begins the member of a visitor whose name is a UUID, whose 16 bytes follow.
const UUID: u8 = 1;
/// Begins the member of any other visitor, whose name follows. Names are visible ASCII, so the two never meet.
const TEXT: u8 = 2;

/// A visitor as it stands in a sorted set: small, and never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member(Vec<u8>);

impl From<&VisitorId> for Member {
    /// A UUID that is not written the usual way stays text: it is another name.
    fn from(visitor: &VisitorId) -> Self {
        let text = visitor.as_str();
        let usual = |id: &Uuid| id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
        let (tag, name) = match Uuid::try_parse(text).ok().filter(usual) {
            Some(id) => (UUID, id.as_bytes().to_vec()),
            None => (TEXT, text.as_bytes().to_vec()),
        };
        Self([&[tag], name.as_slice()].concat())
    }
}

impl ToRedisArgs for Member {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        out.write_arg(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(text: &str) -> Vec<u8> {
        Member::from(&VisitorId::new(text).unwrap()).0
    }

    #[test]
    fn a_uuid_takes_17_bytes_and_any_other_name_stays_what_it_is() {
        let uuid = member("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b");
        assert_eq!(uuid[..5], [1, 0x01, 0x90, 0xa1, 0xb2]);
        assert_eq!(uuid.len(), 17);
        assert_eq!(member("member-42"), b"\x02member-42");
        assert_eq!(member("0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B").len(), 37);
        assert_eq!(member("0190a1b2c3d47e5f8a9b0c1d2e3f4a5b").len(), 33);
    }
}
