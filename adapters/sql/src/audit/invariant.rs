//! Invariants and the slices on which they are proved.

use uuid::Uuid;

use super::Facts;
use crate::catalogue::only;
use crate::database::{Row, SqlError, Statement, Transaction, Value};

/// Rows of one table, walked by a key of 16 bytes, and what must hold for them.
pub(super) struct Subject {
    /// The table.
    pub(super) table: &'static str,
    /// The first column of its primary key.
    pub(super) key: &'static str,
    /// How many rows make a slice, at least; rows of one key stay together.
    pub(super) slice: u32,
    /// What must hold for them.
    pub(super) invariants: &'static [Invariant],
}

impl Subject {
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.invariants.iter().map(|invariant| invariant.name)
    }
}

/// Something that must always hold.
pub(super) struct Invariant {
    /// Its name in the report.
    pub(super) name: &'static str,
    /// Finds what breaks it in a slice. `:after` and `:up_to` bound the slice's keys; `:live_after`, `:open_holds` are
    /// facts; `:limit` rows are enough.
    pub(super) violations: &'static str,
    /// What the statement's columns are.
    pub(super) columns: &'static [(&'static str, Kind)],
}

/// What a column of a violation is.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Id,
    Number,
    Text,
}

impl Invariant {
    /// The statement for a slice, at most `limit` violations of it.
    pub(super) fn statement(&self, slice: &Slice, facts: &Facts, limit: u32) -> Statement {
        let value = |name: &str| -> Value {
            match name {
                "after" => slice.after.into(),
                "up_to" => slice.up_to.into(),
                "live_after" => facts.live_after.into(),
                "open_holds" => facts.open_holds.into(),
                "limit" => limit.into(),
                _ => unreachable!("invariants use these names only, as a test makes sure"),
            }
        };
        let (text, names) = positional(self.violations);
        Statement::new(text).bind_all(names.into_iter().map(value))
    }

    /// What a row of the statement says, with the names of its columns.
    pub(super) fn describe(&self, row: &Row) -> Result<String, SqlError> {
        let mut described = Vec::with_capacity(self.columns.len());
        for (index, (name, kind)) in self.columns.iter().enumerate() {
            let value = match kind {
                Kind::Id => row.get::<Option<Uuid>>(index)?.map(|id| id.to_string()),
                Kind::Number => row.get::<Option<i64>>(index)?.map(|number| number.to_string()),
                Kind::Text => row.get::<Option<String>>(index)?,
            };
            described.push(format!("{name} {}", value.as_deref().unwrap_or("none")));
        }
        Ok(described.join(", "))
    }
}

/// The text with `?` for each `:name`, and the names in their order. No text has a colon elsewhere.
fn positional(text: &'static str) -> (String, Vec<&'static str>) {
    let mut parts = text.split(':');
    let mut positional = parts.next().unwrap_or_default().to_owned();
    let mut names = Vec::new();
    for part in parts {
        let end = part.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        names.push(name);
        positional.push('?');
        positional.push_str(rest);
    }
    (positional, names)
}

/// The rows whose key is above `after` and not above `up_to`.
pub(super) struct Slice {
    after: Uuid,
    up_to: Uuid,
}

impl Slice {
    pub(super) async fn first(transaction: &mut Transaction, subject: &Subject) -> Result<Self, SqlError> {
        Self::starting(Uuid::nil(), transaction, subject).await
    }

    /// The slice behind this one; nothing when this was the last.
    pub(super) async fn next(
        &self,
        transaction: &mut Transaction,
        subject: &Subject,
    ) -> Result<Option<Self>, SqlError> {
        if self.up_to == Uuid::max() {
            return Ok(None);
        }
        Self::starting(self.up_to, transaction, subject).await.map(Some)
    }

    async fn starting(after: Uuid, transaction: &mut Transaction, subject: &Subject) -> Result<Self, SqlError> {
        let Subject { table, key, slice, .. } = subject;
        let text = format!("SELECT {key} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT 1 OFFSET ?");
        let last = transaction.fetch_optional(Statement::new(text).bind(after).bind(slice - 1)).await?;
        let up_to = last.map(|row| row.get(0)).transpose()?.unwrap_or(Uuid::max());
        Ok(Self { after, up_to })
    }

    /// How many rows it has.
    pub(super) async fn rows(&self, transaction: &mut Transaction, subject: &Subject) -> Result<u64, SqlError> {
        let Subject { table, key, .. } = subject;
        let text = format!("SELECT COUNT(*) FROM {table} WHERE {key} > ? AND {key} <= ?");
        let counted = transaction.fetch_optional(Statement::new(text).bind(self.after).bind(self.up_to)).await?;
        let rows: i64 = only(counted)?.get(0)?;
        Ok(rows.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Invariant, positional};
    use crate::audit::SUBJECTS;

    fn invariants() -> impl Iterator<Item = &'static Invariant> {
        SUBJECTS.iter().flat_map(|subject| subject.invariants)
    }

    #[test]
    fn names_become_placeholders_in_their_order() {
        let (text, names) = positional("a > :after AND b = :live_after LIMIT :limit");
        assert_eq!(text, "a > ? AND b = ? LIMIT ?");
        assert_eq!(names, ["after", "live_after", "limit"]);
    }

    #[test]
    fn every_invariant_has_a_name_of_its_own() {
        let mut names = HashSet::new();
        assert!(invariants().all(|invariant| names.insert(invariant.name)));
    }

    #[test]
    fn every_statement_is_bounded_and_uses_known_names() {
        for Invariant { name, violations, .. } in invariants() {
            let (_, names) = positional(violations);
            let known = ["after", "up_to", "live_after", "open_holds", "limit"];
            assert!(names.iter().all(|name| known.contains(name)), "{name} uses {names:?}");
            assert_eq!(names.last(), Some(&"limit"), "{name} has no limit");
        }
    }
}
