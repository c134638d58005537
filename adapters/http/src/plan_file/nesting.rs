//! Finds what would take too much of a parser before it begins: nesting that is too deep, wherever it stands, because
//! parsers skip unknown members without counting, and more objects and lists than a plan needs, because each of a few
//! bytes becomes a hundred in memory.

use std::fmt::Write as _;

use onsale_domain::plan::PlanError;

/// The most bytes of a member's name that a place shows.
const SHOWN_NAME_BYTES: usize = 40;

/// How much a file may have.
pub(super) struct Limits {
    /// Objects and lists within each other.
    pub(super) nesting: usize,
    /// Objects and lists in the whole file.
    pub(super) values: usize,
    /// Objects and lists in all lists of a name.
    pub(super) items: [(&'static str, usize); 2],
}

/// An object or a list that has begun and not ended.
enum Open<'a> {
    /// An object, with the name of the member that is being read, as it is written.
    Object(&'a [u8]),
    /// A list, with the index of the item that is being read, and which of the limited lists it is.
    List(usize, Option<usize>),
}

/// A walk through a file.
struct Walk<'a> {
    limits: &'a Limits,
    open: Vec<Open<'a>>,
    values: usize,
    items: [usize; 2],
}

/// Checks `bytes` against `limits`. Bytes that are not JSON may hide something; the parser refuses those.
///
/// # Errors
/// [`PlanError`] names the place.
pub(super) fn check(limits: &Limits, bytes: &[u8]) -> Result<(), PlanError> {
    let mut walk = Walk { limits, open: Vec::with_capacity(limits.nesting), values: 0, items: [0; 2] };
    let mut text: &[u8] = &[];
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = end_of_text(bytes, at + 1);
                text = &bytes[at + 1..end];
                at = end;
            }
            b':' => {
                if let Some(Open::Object(name)) = walk.open.last_mut() {
                    *name = text;
                }
            }
            b',' => {
                if let Some(Open::List(index, _)) = walk.open.last_mut() {
                    *index += 1;
                }
            }
            b'{' | b'[' => walk.begin(*byte == b'[')?,
            b'}' | b']' => {
                walk.open.pop();
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

impl Walk<'_> {
    fn begin(&mut self, is_list: bool) -> Result<(), PlanError> {
        let Limits { nesting, values, items } = self.limits;
        if self.open.len() == *nesting {
            return Err(self.refused(format!("more than {nesting} objects and lists stand within each other")));
        }
        if self.values == *values {
            return Err(self.refused(format!("the file has more than {values} objects and lists")));
        }
        self.values += 1;
        if let Some(Open::List(_, Some(list))) = self.open.last() {
            let (name, most) = items[*list];
            if self.items[*list] == most {
                return Err(self.refused(format!("the plan has more than {most} {name}")));
            }
            self.items[*list] += 1;
        }
        let open = if is_list { Open::List(0, self.limited_list()) } else { Open::Object(&[]) };
        self.open.push(open);
        Ok(())
    }

    /// Which of the limited lists begins here.
    fn limited_list(&self) -> Option<usize> {
        let Some(Open::Object(written)) = self.open.last() else { return None };
        self.limits.items.iter().position(|(name, _)| is_name(written, name))
    }

    fn refused(&self, problem: String) -> PlanError {
        PlanError { place: place(&self.open), problem }
    }
}

/// Whether a member that is written like this has this name.
fn is_name(written: &[u8], name: &str) -> bool {
    let unescaped = || serde_json::from_slice::<String>(&[b"\"", written, b"\""].concat());
    written == name.as_bytes() || written.contains(&b'\\') && unescaped().is_ok_and(|text| text == name)
}

/// Where the text that starts at `start` ends: at its closing quotation mark, or with the bytes.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') => return at,
            Some(_) => at += 1,
            None => return bytes.len().max(start),
        }
    }
}

fn place(open: &[Open<'_>]) -> String {
    let mut place = String::new();
    for part in open {
        match part {
            Open::Object(name) => {
                let name = String::from_utf8_lossy(&name[..name.len().min(SHOWN_NAME_BYTES)]);
                let dot = if place.is_empty() { "" } else { "." };
                write!(place, "{dot}{name}").expect("a string can always grow");
            }
            Open::List(index, _) => write!(place, "[{index}]").expect("a string can always grow"),
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::{Limits, check};

    const LIMITS: Limits = Limits { nesting: 5, values: 20, items: [("zones", 2), ("rows", 3)] };

    fn refused(json: &str) -> Option<String> {
        check(&LIMITS, json.as_bytes()).err().map(|error| error.to_string())
    }

    #[test]
    fn the_place_is_named_by_members_and_items() {
        let said = r#"a[1].b\"[0][0]: more than 5 objects and lists stand within each other"#;
        assert_eq!(refused(r#"{"a": [1, {"b\"": [[[]]]}]}"#).as_deref(), Some(said));
        assert_eq!(refused(r#"{"a": [1, {"b\"": [[]]}]}"#), None);
    }

    #[test]
    fn zones_and_rows_are_counted_however_their_names_are_written() {
        assert_eq!(refused(r#"{"zones": [{}, {"rows": [{}, []]}], "x": {"rows": [{}, 1, "[", null]}}"#), None);
        let zones = refused(r#"{"zones": [{}, [], {}]}"#);
        assert_eq!(zones.as_deref(), Some("zones[2]: the plan has more than 2 zones"));
        let rows = refused(r#"{"zones": [{"r\u006fws": [{}, {}]}, {"rows": [{}, {}]}]}"#);
        assert_eq!(rows.as_deref(), Some("zones[1].rows[1]: the plan has more than 3 rows"));
    }

    #[test]
    fn everything_together_is_counted() {
        assert_eq!(refused(&format!("[{}{{}}]", "{},".repeat(18))), None);
        let said = refused(&format!("[{}{{}}]", "{},".repeat(19)));
        assert_eq!(said.as_deref(), Some("[19]: the file has more than 20 objects and lists"));
    }

    #[test]
    fn bytes_that_are_not_json_end_the_search() {
        for bytes in ["\"\\", "\"abc", "]]]", ":,", ""] {
            assert_eq!(refused(bytes), None);
        }
    }
}
