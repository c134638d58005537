//! Long lists in parts: how much, and where to go on.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type};
use serde_json::Value;
use uuid::Uuid;

/// Items of one part unless the caller says otherwise: a screenful.
const DEFAULT_LIMIT: u32 = 20;
/// The most items of one part unless a list allows more: what one query reads quickly.
const LIMIT: u32 = 100;
/// Characters of a cursor: 16 bytes in unpadded base64.
const CURSOR_CHARACTERS: usize = 22;

/// How many items one part of a list may have, `MOST` at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit<const MOST: u32 = LIMIT>(u32);

impl<const MOST: u32> Limit<MOST> {
    /// What the caller asked for, or the default.
    pub(crate) fn of(asked: Option<Self>) -> u32 {
        asked.map_or(DEFAULT_LIMIT, |limit| limit.0)
    }
}

/// Where a list goes on: the id of the last item, in a form that invites nobody to make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor(Uuid);

impl Cursor {
    /// After the item of that id, if there is more.
    pub(crate) fn after(last: Option<Uuid>) -> Option<Self> {
        last.map(Self)
    }

    /// The id of the last item that the caller has.
    pub(crate) fn id<T: From<Uuid>>(asked: Option<Self>) -> Option<T> {
        asked.map(|cursor| cursor.0.into())
    }
}

impl<const MOST: u32> Type for Limit<MOST> {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    /// What a wrong one is told to be.
    fn name() -> Cow<'static, str> {
        format!("integer from 1 to {MOST}").into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            minimum: Some(1.0),
            maximum: Some(f64::from(MOST)),
            default: Some(Value::from(DEFAULT_LIMIT)),
            ..MetaSchema::new_with_format("integer", "uint32")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl<const MOST: u32> ParseFromParameter for Limit<MOST> {
    fn parse_from_parameter(text: &str) -> ParseResult<Self> {
        let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
        limit.map(Self).ok_or_else(|| ParseError::custom("out of range"))
    }
}

impl Type for Cursor {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    /// What a wrong one is told to be.
    fn name() -> Cow<'static, str> {
        "cursor of an earlier answer".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            min_length: Some(CURSOR_CHARACTERS),
            max_length: Some(CURSOR_CHARACTERS),
            pattern: Some("^[A-Za-z0-9_-]{21}[AQgw]$".to_owned()),
            ..MetaSchema::new("string")
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromParameter for Cursor {
    fn parse_from_parameter(text: &str) -> ParseResult<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(ParseError::custom)?;
        Uuid::from_slice(&bytes).map(Self).map_err(ParseError::custom)
    }
}

impl ParseFromJSON for Cursor {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value {
            Some(Value::String(text)) => Self::parse_from_parameter(&text),
            value => Err(ParseError::expected_type(value.unwrap_or_default())),
        }
    }
}

impl ToJSON for Cursor {
    fn to_json(&self) -> Option<Value> {
        Some(Value::String(URL_SAFE_NO_PAD.encode(self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_from_one_to_a_hundred() {
        let limit = |text| <Limit>::parse_from_parameter(text).ok().map(|limit| Limit::of(Some(limit)));
        assert_eq!((limit("1"), limit("100")), (Some(1), Some(100)));
        for wrong in ["0", "101", "-1", "", "ten", "1.5"] {
            assert_eq!(limit(wrong), None, "{wrong:?}");
        }
        assert_eq!(<Limit>::of(None), DEFAULT_LIMIT);
    }

    #[test]
    fn a_cursor_comes_back_as_it_went_out() {
        let id = Uuid::from_u128(0x0190_a1b2_c3d4_7e5f_8a9b_0c1d_2e3f_4a5b);
        let text = Cursor(id).to_json().expect("a cursor");
        let text = text.as_str().expect("a string");
        assert_eq!(text.len(), CURSOR_CHARACTERS);
        assert_eq!(Cursor::id::<Uuid>(Cursor::parse_from_parameter(text).ok()), Some(id));
    }

    #[test]
    fn an_invented_cursor_is_refused() {
        for wrong in ["", "abc", "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "AZChssPUfl-KmwwdLj9KWw==", "!"] {
            assert!(Cursor::parse_from_parameter(wrong).is_err(), "{wrong:?}");
        }
    }
}
