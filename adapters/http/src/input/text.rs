//! Text as callers send it.

use std::borrow::Cow;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type};
use serde_json::Value;

macro_rules! texts {
    ($($(#[$meta:meta])* $name:ident as $schema:expr;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) String);

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Type for $name {
            const IS_REQUIRED: bool = true;

            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> Cow<'static, str> {
                "string".into()
            }

            fn schema_ref() -> MetaSchemaRef {
                MetaSchemaRef::Inline(Box::new($schema))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl ParseFromJSON for $name {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                match value {
                    Some(Value::String(text)) => Ok(Self(text)),
                    value => Err(ParseError::expected_type(value.unwrap_or_default())),
                }
            }
        }

        impl ToJSON for $name {
            fn to_json(&self) -> Option<Value> {
                Some(Value::String(self.0.clone()))
            }
        }
    )*};
}

texts! {
    /// A string and nothing else: poem-openapi takes numbers and booleans for a [`String`] too, which the description
    /// does not say.
    Text as MetaSchema::new("string");
    /// A string that is described as an e-mail address. Its form is checked by the domain.
    EmailText as MetaSchema::new_with_format("string", "email");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_string_is_a_text() {
        assert_eq!(Text::parse_from_json(Some("5".into())).ok(), Some(Text("5".to_owned())));
        for wrong in [Value::from(5), Value::from(true), Value::Null] {
            assert!(Text::parse_from_json(Some(wrong)).is_err());
        }
        assert!(EmailText::parse_from_json(None).is_err());
    }
}
