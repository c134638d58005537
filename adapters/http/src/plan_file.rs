//! Reads seating plan files: for the API and for the terminal.
//!
//! The format is the seating-plan JSON of pretix (`seating-plan.schema.json`). Here it is only read; whether the plan
//! makes sense is for the domain to say. Either way the error names the place in the file.

mod nesting;

use onsale_domain::plan::{PlanError, PlanFile, ROWS_LIMIT, SEATS_LIMIT, ZONES_LIMIT};
use serde_json::error::Category;
use thiserror::Error;

/// The most bytes a plan file may have: 64 MiB, 200,000 seats with an editor's extra members.
pub const BYTES_LIMIT: usize = 64 * 1024 * 1024;
/// How deep objects and lists may stand within each other: the format needs eight levels, editors' own members a few
/// more.
pub const NESTING_LIMIT: usize = 64;

/// How much a file may have before it is parsed. Ten objects and lists for each seat: two are the seat and its place,
/// the others are for editors' own members.
const LIMITS: nesting::Limits = nesting::Limits {
    nesting: NESTING_LIMIT,
    values: 10 * SEATS_LIMIT,
    items: [("zones", ZONES_LIMIT), ("rows", ROWS_LIMIT)],
};

/// What editors on some systems put before the text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Why a file was not understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanFileError {
    /// The file is too large to be looked at.
    #[error("the plan file has {bytes} bytes, at most {BYTES_LIMIT} are allowed")]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// The file is not JSON.
    #[error("the plan file is not JSON: line {line}, column {column}: {problem}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A member is missing, of the wrong kind, nested too deeply, or one of too many.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// Reads a plan file. Takes up to a second for the largest, so it does not belong on an async thread.
///
/// # Errors
/// [`PlanFileError`] names the place.
pub fn parse(bytes: &[u8]) -> Result<PlanFile, PlanFileError> {
    if bytes.len() > BYTES_LIMIT {
        return Err(PlanFileError::TooLarge { bytes: bytes.len() });
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    nesting::check(&LIMITS, bytes)?;
    // Only a wrong file is read a second time, to find the place: keeping track of it costs right ones a third.
    serde_json::from_slice(bytes).or_else(|_| located(bytes))
}

fn located(bytes: &[u8]) -> Result<PlanFile, PlanFileError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let file = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let place = error.path().to_string();
        refused(place, error.inner())
    })?;
    reader.end().map_err(|error| refused(String::new(), &error))?;
    Ok(file)
}

fn refused(place: String, error: &serde_json::Error) -> PlanFileError {
    let text = error.to_string();
    let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
    match error.classify() {
        Category::Data => {
            let place = if place == "." { "the file".to_owned() } else { place };
            PlanError { place, problem: in_plain_words(problem) }.into()
        }
        Category::Io | Category::Syntax | Category::Eof => {
            let problem = problem.to_owned();
            PlanFileError::NotJson { line: error.line(), column: error.column(), problem }
        }
    }
}

/// A label may be text or a number, which the parser can only say in terms of its own types.
fn in_plain_words(problem: &str) -> String {
    if problem.contains("untagged enum") { "expected text or a whole number".to_owned() } else { problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{NESTING_LIMIT, PlanFileError, parse};

    fn file(seat: &str, extra: &str) -> String {
        format!(
            r#"{{"name": "Hall", "categories": [{{"name": "Stalls", "color": "red"}}], {extra}
                "zones": [{{"name": "Ground", "zone_id": "z", "position": {{"x": 1, "y": 2}}, "rows": [{{
                    "row_number": 7, "row_label": null, "position": {{"x": 0, "y": 0}}, "seats": [{seat}]
                }}], "areas": []}}], "size": {{"width": 600, "height": 400}}}}"#
        )
    }

    const SEAT: &str =
        r#"{"seat_guid": "a", "seat_number": "1", "category": "Stalls", "position": {"x": 1.5, "y": 0}}"#;

    fn refusal(text: &str) -> String {
        parse(text.as_bytes()).expect_err("it is wrong").to_string()
    }

    #[test]
    fn members_of_other_editors_are_tolerated() {
        let plan = parse(file(SEAT, r#""editor": {"version": [1, {"a": null}]},"#).as_bytes()).expect("a plan");
        assert_eq!(plan.zones[0].rows[0].seats[0].seat_guid, "a");
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert!(parse(format!("\u{feff}{}", file(SEAT, "")).as_bytes()).is_ok());
    }

    #[test]
    fn the_error_names_the_member() {
        let guid = file(r#"{"seat_guid": 5, "category": "Stalls"}"#, "");
        let said = "zones[0].rows[0].seats[0].seat_guid: invalid type: integer `5`, expected a string";
        assert_eq!(refusal(&guid), said);
        let label = file(r#"{"seat_guid": "a", "seat_number": [], "category": "Stalls"}"#, "");
        assert_eq!(refusal(&label), "zones[0].rows[0].seats[0].seat_number: expected text or a whole number");
        assert_eq!(refusal(r#"{"categories": [], "zones": []}"#), "the file: missing field `name`");
    }

    #[test]
    fn what_is_not_json_is_named_by_line_and_column() {
        assert!(matches!(parse(b"{\"name\":\n  oops"), Err(PlanFileError::NotJson { line: 2, column: 3, .. })));
        assert!(matches!(parse(b""), Err(PlanFileError::NotJson { .. })));
        assert!(matches!(parse(format!("{} x", file(SEAT, "")).as_bytes()), Err(PlanFileError::NotJson { .. })));
        assert!(matches!(parse(b"\xff"), Err(PlanFileError::NotJson { .. })));
    }

    #[test]
    fn deep_nesting_is_refused_wherever_it_stands() {
        let deep = format!(r#""extra": {{"a": {}{}}},"#, "[".repeat(100_000), "]".repeat(100_000));
        let said = refusal(&file(SEAT, &deep));
        assert!(said.starts_with("extra.a[0][0]"), "{said}");
        assert!(said.ends_with("more than 64 objects and lists stand within each other"), "{said}");
        let allowed = NESTING_LIMIT - 1;
        let deep = format!(r#""extra": {}{},"#, "[".repeat(allowed), "]".repeat(allowed));
        assert!(parse(file(SEAT, &deep).as_bytes()).is_ok());
    }

    #[test]
    fn rows_of_a_few_bytes_are_counted_before_they_become_memory() {
        let rows = format!(r#""other": {{"rows": [{}{{}}]}},"#, "{},".repeat(super::ROWS_LIMIT));
        assert_eq!(refusal(&file(SEAT, &rows)), "other.rows[200000]: the plan has more than 200000 rows");
    }

    #[test]
    fn brackets_within_text_do_not_nest() {
        let text = format!(r#""extra": "\"{}","#, "[{".repeat(200));
        assert!(parse(file(SEAT, &text).as_bytes()).is_ok());
    }
}
