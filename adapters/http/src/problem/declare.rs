//! How an operation declares the problems it may answer, and how that reaches the OpenAPI document.

use std::collections::BTreeMap;

use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;
use serde_json::Value;

use super::Code;
use super::code::EVERY;

/// The media type of a problem document.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// The name of the schema that all problem documents share.
const SCHEMA: &str = "Problem";

/// A code an operation may answer, with its extension members and their schemas.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The code.
    pub code: Code,
    /// Its extension members.
    pub members: Vec<(&'static str, MetaSchemaRef)>,
}

impl From<Code> for Declared {
    fn from(code: Code) -> Self {
        Self { code, members: Vec::new() }
    }
}

/// Declares an operation's problems: per status one response whose `code` is an enum of what may stand there.
#[must_use]
pub fn declare(groups: &[&[Code]], own: Vec<Declared>) -> MetaResponses {
    let mut by_status = BTreeMap::<u16, BTreeMap<Code, Declared>>::new();
    let shared = std::iter::once(&EVERY).chain(groups).flat_map(|group| group.iter().copied().map(Declared::from));
    for declared in shared.chain(own) {
        by_status.entry(declared.code.status()).or_default().insert(declared.code, declared);
    }
    MetaResponses { responses: by_status.into_values().map(|codes| response(codes.into_values().collect())).collect() }
}

/// Registers the schema that all problem documents share.
pub fn register(registry: &mut Registry) {
    registry.create_schema::<super::Problem, _>(SCHEMA.to_owned(), |_| problem_schema());
}

fn response(declared: Vec<Declared>) -> MetaResponse {
    let code = declared[0].code;
    let reason = code.status_code().canonical_reason().unwrap_or_default();
    let headers = matches!(code.status(), 429 | 503).then(retry_after_header).into_iter().collect();
    MetaResponse {
        description: reason,
        status: Some(code.status()),
        status_range: None,
        content: vec![MetaMediaType { content_type: CONTENT_TYPE, schema: restricted(declared) }],
        headers,
    }
}

/// The shared schema, narrowed to the codes and members of one status of one operation.
fn restricted(declared: Vec<Declared>) -> MetaSchemaRef {
    let codes = MetaSchema {
        enum_items: declared.iter().map(|declared| Value::from(declared.code.as_str())).collect(),
        ..MetaSchema::new("string")
    };
    let mut properties = vec![("code", MetaSchemaRef::Inline(Box::new(codes)))];
    for (member, schema) in declared.into_iter().flat_map(|declared| declared.members) {
        if properties.iter().all(|(known, _)| *known != member) {
            properties.push((member, schema));
        }
    }
    let narrow = MetaSchema { required: vec!["code"], properties, ..MetaSchema::new("object") };
    let all_of = vec![MetaSchemaRef::Reference(SCHEMA.to_owned()), MetaSchemaRef::Inline(Box::new(narrow))];
    MetaSchemaRef::Inline(Box::new(MetaSchema { all_of, ..MetaSchema::ANY }))
}

fn problem_schema() -> MetaSchema {
    let described = |schema: MetaSchemaRef, description| {
        schema.merge(MetaSchema { description: Some(description), ..MetaSchema::ANY })
    };
    let text = |description| described(String::schema_ref(), description);
    MetaSchema {
        description: Some("An error, as RFC 9457 describes it."),
        required: vec!["type", "title", "status", "code", "instance"],
        properties: vec![
            ("type", text("A stable name of the kind of problem, made of its code.")),
            ("title", text("What kind of problem it is, in a sentence.")),
            ("status", described(u16::schema_ref(), "The HTTP status.")),
            ("detail", text("What is particular about this occurrence.")),
            ("code", text("The kind of problem, to decide on in a program.")),
            ("instance", text("The request id, to name when asking for help.")),
            ("field", text("The part of the request that was not accepted.")),
            ("retry_after_ms", described(u64::schema_ref(), "Milliseconds to wait before trying again.")),
        ],
        ..MetaSchema::new("object")
    }
}

fn retry_after_header() -> MetaHeader {
    MetaHeader {
        name: "Retry-After".to_owned(),
        description: Some("Seconds to wait before trying again.".to_owned()),
        required: false,
        deprecated: false,
        schema: u64::schema_ref(),
    }
}

/// Declares the problems of an operation as an enum whose variants are [`Code`](crate::problem::Code)s.
///
/// Fields of a variant become extension members of the document; a text after `=>` becomes its `detail`. The groups of
/// codes after `includes`, and what every operation may answer, are declared too; they arrive as `Shared`, by `?` on a
/// [`Problem`](crate::problem::Problem) or from an extractor.
///
/// ```
/// use onsale_http::problem::{BODY, SIGNED_IN};
///
/// onsale_http::problems! {
///     /// Why seats are not held.
///     pub enum HoldSeatsProblem includes [BODY, SIGNED_IN] {
///         SeatsTaken { conflicts: Vec<u32> },
///         SoldOut,
///         TooManySeats { limit: u32 } => "at most {limit} seats for one customer",
///     }
/// }
/// ```
#[macro_export]
macro_rules! problems {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident includes [$($group:expr),* $(,)?] {
        $($variant:ident $({ $($member:ident: $type:ty),* $(,)? })? $(=> $detail:literal)?),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug)]
        $visibility enum $name {
            $(
                #[doc = concat!("Answers the code of the same name, `", stringify!($variant), "`.")]
                $variant $({ $(
                    #[doc = concat!("The extension member `", stringify!($member), "`.")]
                    $member: $type
                ),* })?,
            )*
            /// A code of an included group, or one that every operation may answer.
            Shared($crate::problem::Problem),
        }

        impl ::std::convert::From<$crate::problem::Problem> for $name {
            fn from(problem: $crate::problem::Problem) -> Self {
                Self::Shared(problem)
            }
        }

        impl ::std::convert::From<$name> for $crate::problem::Problem {
            fn from(refusal: $name) -> Self {
                match refusal {
                    $($name::$variant $({ $($member),* })? =>
                        $crate::problem::Problem::new($crate::problem::Code::$variant)
                            $(.detail(::std::format!($detail)))?
                            $($(.with(stringify!($member), &$member))*)?,)*
                    $name::Shared(problem) => problem,
                }
            }
        }

        impl ::std::convert::From<$name> for ::poem::Error {
            fn from(refusal: $name) -> Self {
                $crate::problem::Problem::from(refusal).into()
            }
        }

        impl ::poem_openapi::ApiResponse for $name {
            fn meta() -> ::poem_openapi::registry::MetaResponses {
                $crate::problem::declare(
                    &[$($group),*],
                    ::std::vec![$($crate::problem::Declared {
                        code: $crate::problem::Code::$variant,
                        members: ::std::vec![$($(
                            (stringify!($member), <$type as ::poem_openapi::types::Type>::schema_ref())
                        ),*)?],
                    }),*],
                )
            }

            fn register(registry: &mut ::poem_openapi::registry::Registry) {
                $crate::problem::register(registry);
                $($($(<$type as ::poem_openapi::types::Type>::register(registry);)*)?)*
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use poem_openapi::ApiResponse;

    use super::*;
    use crate::problem::{BODY, Problem, SIGNED_IN};

    crate::problems! {
        /// Why seats are not held.
        enum HoldProblem includes [BODY, SIGNED_IN] {
            SeatsTaken { conflicts: Vec<u32> },
            SoldOut,
            TooManySeats { limit: u32 } => "at most {limit} seats for one customer",
        }
    }

    fn codes(status: u16) -> Vec<String> {
        let meta = HoldProblem::meta();
        let response = meta.responses.iter().find(|response| response.status == Some(status)).expect("the status");
        let MetaSchemaRef::Inline(schema) = &response.content[0].schema else { panic!("an inline schema") };
        let code = &schema.all_of[1].unwrap_inline().properties[0];
        code.1.unwrap_inline().enum_items.iter().map(|code| code.as_str().expect("a string").to_owned()).collect()
    }

    #[test]
    fn each_status_lists_its_codes() {
        assert_eq!(codes(400), ["invalid_request"]);
        assert_eq!(codes(401), ["sign_in_required", "access_token_expired"]);
        assert_eq!(codes(409), ["seats_taken", "sold_out"]);
        assert_eq!(codes(413), ["body_too_large"]);
        assert_eq!(codes(503), ["busy", "unavailable", "request_timeout"]);
    }

    #[test]
    fn fields_become_members_and_the_text_their_detail() {
        let taken = Problem::from(HoldProblem::SeatsTaken { conflicts: vec![7] }).document(None);
        assert_eq!(taken["conflicts"], serde_json::json!([7]));
        let many = Problem::from(HoldProblem::TooManySeats { limit: 4 }).document(None);
        assert_eq!(many["detail"], "at most 4 seats for one customer");
        assert_eq!(Problem::from(HoldProblem::SoldOut).code(), Code::SoldOut);
        assert_eq!(Problem::from(HoldProblem::from(Problem::new(Code::Busy))).code(), Code::Busy);
    }
}
