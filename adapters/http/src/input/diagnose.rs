//! Finds the member of a JSON body that its schema does not allow.
//!
//! Runs only for bodies the parser has refused, which says no more than a type. The schema is the one of the API
//! description, so the answer uses its words.

use std::borrow::Cow;

use poem_openapi::registry::{MetaDiscriminatorObject, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::Value;

use crate::problem::{Code, Problem};

/// How deep the walk follows a body; the schemas of the API nest far less.
const DEPTH_LIMIT: usize = 16;

/// The problem of a `value` that is no `T`; `refusal` is what the parser said.
pub(super) fn diagnose<T: Type>(value: &Value, refusal: &str) -> Problem {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let walk = Walk { registry: &registry };
    match walk.find(&T::schema_ref(), value, &Place::default()) {
        Some(Finding { field, reason }) if field.is_empty() => {
            Problem::new(Code::InvalidRequest).detail(format!("the body {reason}"))
        }
        Some(Finding { field, reason }) => Problem::invalid(&field, format!("`{field}` {reason}")),
        None => by_refusal(refusal),
    }
}

/// Validators name the member themselves: ``field `limit` verification failed. maximum(100)``.
fn by_refusal(refusal: &str) -> Problem {
    let named = refusal.split_once("field `").and_then(|(_, rest)| rest.split_once("` verification failed. "));
    match named {
        Some((field, rule)) => {
            let rule = rule.split(" (occurred while").next().unwrap_or(rule);
            Problem::invalid(field, format!("`{field}` must meet {rule}"))
        }
        None => Problem::new(Code::InvalidRequest).detail("the body is not what this call expects"),
    }
}

/// Where and why.
struct Finding {
    field: String,
    reason: Cow<'static, str>,
}

/// The way to a member, `seats[3].row`.
#[derive(Clone, Default)]
struct Place {
    path: String,
    depth: usize,
}

impl Place {
    fn member(&self, name: &str) -> Self {
        let separator = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("{}{separator}{name}", self.path), depth: self.depth + 1 }
    }

    fn item(&self, index: usize) -> Self {
        Self { path: format!("{}[{index}]", self.path), depth: self.depth + 1 }
    }

    fn wrong(&self, reason: impl Into<Cow<'static, str>>) -> Finding {
        Finding { field: self.path.clone(), reason: reason.into() }
    }
}

struct Walk<'a> {
    registry: &'a Registry,
}

impl Walk<'_> {
    fn find(&self, schema: &MetaSchemaRef, value: &Value, place: &Place) -> Option<Finding> {
        let schema = self.resolve(schema)?;
        if place.depth > DEPTH_LIMIT || (value.is_null() && schema.nullable) {
            return None;
        }
        if let Some(discriminator) = &schema.discriminator {
            return self.find_in_union(discriminator, value, place);
        }
        if let Some(finding) = schema.all_of.iter().find_map(|part| self.find(part, value, place)) {
            return Some(finding);
        }
        if !is_of_type(schema.ty, value) {
            return Some(place.wrong(format!("must be {}", with_article(schema.ty))));
        }
        scalar(schema, value)
            .map(|reason| place.wrong(reason))
            .or_else(|| self.find_in_items(schema, value, place))
            .or_else(|| self.find_in_members(schema, value, place))
    }

    fn resolve<'s>(&'s self, schema: &'s MetaSchemaRef) -> Option<&'s MetaSchema> {
        match schema {
            MetaSchemaRef::Inline(schema) => Some(schema),
            MetaSchemaRef::Reference(name) => self.registry.schemas.get(name),
        }
    }

    /// A union is told apart by its discriminator; the rest is for the alternative that it names.
    fn find_in_union(&self, discriminator: &MetaDiscriminatorObject, value: &Value, place: &Place) -> Option<Finding> {
        let Some(members) = value.as_object() else { return Some(place.wrong("must be an object")) };
        let known = || discriminator.mapping.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        let at = place.member(discriminator.property_name);
        let Some(chosen) = members.get(discriminator.property_name).and_then(Value::as_str) else {
            return Some(at.wrong(format!("must be one of {}", known())));
        };
        let Some((_, reference)) = discriminator.mapping.iter().find(|(name, _)| name == chosen) else {
            return Some(at.wrong(format!("must be one of {}", known())));
        };
        let name = reference.rsplit('/').next().unwrap_or(reference);
        self.find(&MetaSchemaRef::Reference(name.to_owned()), value, place)
    }

    fn find_in_items(&self, schema: &MetaSchema, value: &Value, place: &Place) -> Option<Finding> {
        let (items, values) = (schema.items.as_ref()?, value.as_array()?);
        if schema.min_items.is_some_and(|least| values.len() < least) {
            return Some(place.wrong("has too few items"));
        }
        if schema.max_items.is_some_and(|most| values.len() > most) {
            return Some(place.wrong("has too many items"));
        }
        values.iter().enumerate().find_map(|(index, value)| self.find(items, value, &place.item(index)))
    }

    fn find_in_members(&self, schema: &MetaSchema, value: &Value, place: &Place) -> Option<Finding> {
        let members = value.as_object()?;
        let is_missing = |name: &&&str| members.get(**name).is_none_or(Value::is_null);
        if let Some(name) = schema.required.iter().find(is_missing) {
            return Some(place.member(name).wrong("is required"));
        }
        schema.properties.iter().find_map(|(name, schema)| {
            let value = members.get(*name).filter(|value| !value.is_null())?;
            self.find(schema, value, &place.member(name))
        })
    }
}

fn is_of_type(ty: &str, value: &Value) -> bool {
    match ty {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

fn with_article(ty: &str) -> String {
    let article = if ty.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {ty}")
}

/// What is wrong with a string or a number of the right type.
fn scalar(schema: &MetaSchema, value: &Value) -> Option<String> {
    if !schema.enum_items.is_empty() && !schema.enum_items.contains(value) {
        let allowed: Vec<_> =
            schema.enum_items.iter().map(|item| item.as_str().map_or(item.to_string(), str::to_owned)).collect();
        return Some(format!("must be one of {}", allowed.join(", ")));
    }
    match value {
        Value::String(text) => string(schema, text),
        Value::Number(number) => number.as_f64().and_then(|number| range(schema, number)),
        _ => None,
    }
}

fn string(schema: &MetaSchema, text: &str) -> Option<String> {
    let length = text.chars().count();
    if let Some(least) = schema.min_length.filter(|least| length < *least) {
        return Some(format!("must have at least {least} characters"));
    }
    if let Some(most) = schema.max_length.filter(|most| length > *most) {
        return Some(format!("must have at most {most} characters"));
    }
    let is_valid = match schema.format {
        Some("uuid") => text.parse::<uuid::Uuid>().is_ok(),
        Some("date-time") => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
        _ => true,
    };
    (!is_valid).then(|| format!("must be a {}", schema.format.unwrap_or_default()))
}

fn range(schema: &MetaSchema, number: f64) -> Option<String> {
    let (smallest, largest) = schema.format.map_or((None, None), kept);
    if let Some(least) = schema.minimum.or(smallest).filter(|least| number < *least) {
        return Some(format!("must be at least {least}"));
    }
    schema.maximum.or(largest).filter(|most| number > *most).map(|most| format!("must be at most {most}"))
}

/// The smallest and the largest number of a format, as far as it is narrower than what JSON keeps exactly.
fn kept(format: &str) -> (Option<f64>, Option<f64>) {
    match format {
        "uint16" => (Some(0.0), Some(u16::MAX.into())),
        "uint32" => (Some(0.0), Some(u32::MAX.into())),
        format if format.starts_with("uint") => (Some(0.0), None),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ParseFromJSON;
    use poem_openapi::{Enum, Object, Union};

    use crate::input::JsonBody;

    #[derive(Debug, Enum)]
    #[oai(rename_all = "snake_case")]
    enum Method {
        Test,
        Card,
    }

    #[derive(Debug, Object)]
    struct Charge {
        #[oai(validator(minimum(value = "1")))]
        amount: i64,
        method: Method,
        note: Option<String>,
    }

    #[derive(Debug, Object)]
    struct Seats {
        performance_id: uuid::Uuid,
        #[oai(validator(max_items = 3))]
        seats: Vec<u32>,
    }

    #[derive(Debug, Object)]
    struct Tickets {
        quantity: u32,
    }

    #[derive(Debug, Union)]
    #[oai(discriminator_name = "type", rename_all = "snake_case")]
    enum Order {
        Seats(Seats),
        Tickets(Tickets),
    }

    fn refused<T: ParseFromJSON + std::fmt::Debug>(body: &str) -> String {
        JsonBody::<T>::parse(body.as_bytes()).expect_err("a refusal").to_string()
    }

    #[test]
    fn the_wrong_member_is_named() {
        let said = [
            (refused::<Charge>("{}"), "`amount` is required"),
            (refused::<Charge>(r#"{"amount":"5","method":"test"}"#), "`amount` must be an integer"),
            (refused::<Charge>(r#"{"amount":0,"method":"test"}"#), "`amount` must be at least 1"),
            (refused::<Charge>(r#"{"amount":5,"method":"gold"}"#), "`method` must be one of test, card"),
            (refused::<Charge>(r#"{"amount":5,"method":"test","note":[]}"#), "`note` must be a string"),
            (refused::<Charge>("[]"), "the body must be an object"),
            (refused::<Charge>("{"), "the body is not JSON: line 1, column 1"),
            (refused::<Charge>(""), "the body is missing"),
        ];
        for (said, expected) in said {
            assert_eq!(said, format!("invalid_request: {expected}"));
        }
    }

    #[test]
    fn a_union_is_told_apart_first() {
        let said = [
            (refused::<Order>("{}"), "`type` must be one of seats, tickets"),
            (refused::<Order>(r#"{"type":"boxes"}"#), "`type` must be one of seats, tickets"),
            (
                refused::<Order>(r#"{"type":"seats","performance_id":"x","seats":[]}"#),
                "`performance_id` must be a uuid",
            ),
            (refused::<Order>(r#"{"type":"tickets","quantity":-1}"#), "`quantity` must be at least 0"),
            (refused::<Order>(r#"{"type":"tickets","quantity":4294967296}"#), "`quantity` must be at most 4294967295"),
        ];
        for (said, expected) in said {
            assert_eq!(said, format!("invalid_request: {expected}"));
        }
        let seats = r#"{"type":"seats","performance_id":"0190a1b2-0000-7000-8000-000000000000","seats":[1,"two"]}"#;
        assert_eq!(refused::<Order>(seats), "invalid_request: `seats[1]` must be an integer");
    }

    #[test]
    fn what_is_right_is_parsed() {
        let parsed = JsonBody::<Charge>::parse(br#"{"amount":5,"method":"card"}"#).expect("a charge").0;
        assert_eq!((parsed.amount, parsed.note.is_none(), matches!(parsed.method, Method::Card)), (5, true, true));
    }
}
