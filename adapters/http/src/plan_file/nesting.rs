//! Finds nesting that is too deep before a parser descends into it, wherever it stands: parsers skip unknown members
//! without counting.

use std::fmt::Write as _;

/// The most bytes of a member's name that a place shows.
const SHOWN_NAME_BYTES: usize = 40;

/// An object or a list that has begun and not ended.
enum Open<'a> {
    /// An object, with the name of the member that is being read, as it is written.
    Object(&'a [u8]),
    /// A list, with the index of the item that is being read.
    List(usize),
}

/// The place where more than `limit` objects and lists stand within each other, if there is one. Bytes that are not
/// JSON may hide one; the parser refuses those.
pub(super) fn deeper_than(limit: usize, bytes: &[u8]) -> Option<String> {
    let mut open: Vec<Open<'_>> = Vec::with_capacity(limit);
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
                if let Some(Open::Object(name)) = open.last_mut() {
                    *name = text;
                }
            }
            b',' => {
                if let Some(Open::List(index)) = open.last_mut() {
                    *index += 1;
                }
            }
            b'{' | b'[' if open.len() == limit => return Some(place(&open)),
            b'{' => open.push(Open::Object(&[])),
            b'[' => open.push(Open::List(0)),
            b'}' | b']' => {
                open.pop();
            }
            _ => {}
        }
        at += 1;
    }
    None
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
            Open::List(index) => write!(place, "[{index}]").expect("a string can always grow"),
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::deeper_than;

    #[test]
    fn the_place_is_named_by_members_and_items() {
        let json = br#"{"a": [1, {"b\"": [[]]}]}"#;
        assert_eq!(deeper_than(4, json).as_deref(), Some(r#"a[1].b\"[0]"#));
        assert_eq!(deeper_than(5, json), None);
    }

    #[test]
    fn bytes_that_are_not_json_end_the_search() {
        for bytes in [&b"\"\\"[..], b"\"abc", b"]]]", b":,", b""] {
            assert_eq!(deeper_than(2, bytes), None);
        }
    }
}
