//! Every statement that exists in sizes, as each database gets it: a `FOR UPDATE` that vanished would be seen here.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::database::{Dialect, SizedText};
use crate::{accounts, catalogue, coupons, rooms, sales};

/// A statement with the path of its module and its own name.
pub(crate) type NamedText = (&'static str, &'static SizedText);

/// Lists statements of the modules within `$of`.
macro_rules! named {
    ($of:literal, $($module:ident::$name:ident),+ $(,)?) => {
        vec![$((concat!($of, stringify!($module), "::", stringify!($name)), &$module::$name)),+]
    };
}
pub(crate) use named;

fn every_text() -> Vec<NamedText> {
    let accounts = named!["", accounts::DELETE_TOKENS, accounts::DELETE_SESSIONS];
    [accounts, catalogue::sized_texts(), sales::sized_texts(), coupons::sized_texts(), rooms::sized_texts()].concat()
}

#[test]
fn statements_are_what_each_database_understands() {
    let mut shown = String::new();
    for (name, text) in every_text() {
        let [mysql, sqlite] = [Dialect::MySql, Dialect::Sqlite].map(|dialect| text.text(dialect, 2));
        write!(shown, "{name}\n  MySQL   {mysql}\n  SQLite  {sqlite}\n\n").expect("a string can always grow");
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn no_statement_is_left_out() {
    let declared = declared_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert_eq!(every_text().len(), declared, "list every static of `SizedText` in the `sized_texts` of its module");
}

/// How many statements the sources in `folder` declare, those of the database's own tests aside.
fn declared_in(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("the sources are there").map(|entry| entry.expect("a file").path());
    let count = |path: &Path| {
        let text = fs::read_to_string(path).expect("a source is text");
        text.lines()
            .filter(|line| !line.starts_with(' ') && line.contains("static ") && line.contains(": SizedText ="))
            .count()
    };
    entries
        .filter(|path| !path.ends_with("database"))
        .map(|path| if path.is_dir() { declared_in(&path) } else { count(&path) })
        .sum()
}
