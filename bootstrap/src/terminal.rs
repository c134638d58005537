//! What a person at the terminal reads: answers on standard output, complaints on standard error.

use std::io::Write;

/// Prints a line. A closed pipe is the reader's wish, so a failed write is not an error.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").ok();
}

/// Prints a complaint.
pub(crate) fn complain(line: &str) {
    writeln!(std::io::stderr(), "onsale: {line}").ok();
}
