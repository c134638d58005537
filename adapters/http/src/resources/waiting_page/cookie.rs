//! The cookie that keeps a browser's place in one room.

use chrono::{DateTime, Utc};
use onsale_application::ports::QueueClaims;
use poem::http::header::InvalidHeaderValue;
use poem::http::{HeaderMap, HeaderValue, header};

const NAME: &str = "onsale_place";

/// What a request's cookies say; the most specific path first, as browsers sort them.
pub(super) fn sent(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(|(name, value)| (name == NAME).then_some(value))
}

/// `Set-Cookie` for a token that states `claims`: for this room only, out of reach of scripts, as long as the token.
///
/// # Errors
/// When the token is not visible ASCII.
pub(super) fn kept(
    token: &str,
    claims: &QueueClaims,
    now: DateTime<Utc>,
    is_https: bool,
) -> Result<HeaderValue, InvalidHeaderValue> {
    let (room, seconds) = (claims.room, (claims.expires_at - now).num_seconds().max(0));
    let secure = if is_https { "; Secure" } else { "" };
    let attributes = format!("Max-Age={seconds}; Path=/waiting-rooms/{room}; HttpOnly; SameSite=Lax{secure}");
    let mut value = HeaderValue::from_str(&format!("{NAME}={token}; {attributes}"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use onsale_domain::ids::WaitingRoomId;
    use onsale_domain::waiting_room::VisitorId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_cookie_is_for_one_room_and_out_of_reach_of_scripts() {
        let now = DateTime::UNIX_EPOCH;
        let claims = QueueClaims {
            room: WaitingRoomId(Uuid::from_u128(7)),
            visitor: VisitorId::new("v").expect("a name"),
            number: 3,
            expires_at: now + TimeDelta::minutes(2),
        };
        let cookie = |is_https| kept("a.b", &claims, now, is_https).expect("a header");
        let expected = "onsale_place=a.b; Max-Age=120; Path=/waiting-rooms/00000000-0000-0000-0000-000000000007; \
                        HttpOnly; SameSite=Lax";
        assert_eq!(cookie(false), expected);
        assert_eq!(cookie(true), format!("{expected}; Secure"));
        assert!(format!("{:?}", cookie(true)).contains("Sensitive"), "it is not written to logs");
        assert!(kept("a\nb", &claims, now, true).is_err());
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; onsale_place=x.y;b=2; onsale_placebo=no"));
        headers.append(header::COOKIE, HeaderValue::from_static("onsale_place=z"));
        assert_eq!(sent(&headers).collect::<Vec<_>>(), ["x.y", "z"]);
        assert_eq!(sent(&HeaderMap::new()).count(), 0);
    }
}
