//! Catalogue answers that were rendered a moment ago, by what was asked.
//!
//! The crowd of an on-sale asks for the same few things: an answer is a look into a table and a few counted references.
//! Whether the catalogue has changed is asked of its cache ten times a second, not for every answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::RwLock;
use poem::PathPattern;

use crate::rendered::RenderedBody;

/// For how long an answer is given without asking whether the catalogue has changed: together with the half second that
/// a replica may take to hear of a change, well below the second within which changes are seen.
const CHECKED: TimeDelta = TimeDelta::milliseconds(100);
/// For how long an answer is given while the catalogue does not change: it says whether a performance is on sale, which
/// depends on the time.
const RENDERED: TimeDelta = TimeDelta::seconds(1);
/// The most answers that are kept.
const ENTRIES_LIMIT: usize = 2_000;
/// The most bytes of all answers together: 32 MiB, a thousand pages of a hundred concerts, compressed or not.
const BYTES_LIMIT: usize = 32 * 1024 * 1024;

/// What an answer was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The catalogue's generation.
    pub(crate) generation: i64,
    /// How often a concert had got or lost its waiting room.
    pub(crate) guard_changes: u64,
    /// When it was read from SQL.
    pub(crate) read_at: DateTime<Utc>,
}

impl Source {
    /// Whether what is made of both says the same.
    fn is_same(&self, other: &Self) -> bool {
        self.generation == other.generation && self.guard_changes == other.guard_changes
    }
}

/// An answer that was rendered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) body: RenderedBody,
    /// When it was read from SQL.
    pub(crate) read_at: DateTime<Utc>,
    /// The route that was asked, for logs and metrics.
    pub(crate) route: PathPattern,
}

/// Answers by what was asked: the path and the query as they were sent.
#[derive(Default)]
pub(crate) struct FreshAnswers {
    /// Whether the catalogue is asked for every answer, and only the rendering saved.
    always_ask: bool,
    entries: RwLock<Entries>,
    /// How many changes were made through this process: its own writes are seen at once.
    changes: AtomicU64,
}

#[derive(Default)]
struct Entries {
    by_target: HashMap<Box<str>, Entry>,
    bytes: usize,
}

struct Entry {
    body: RenderedBody,
    route: PathPattern,
    source: Source,
    changes: u64,
    rendered_at: DateTime<Utc>,
    checked_at: DateTime<Utc>,
}

/// The number of changes when a reader began to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun(u64);

impl FreshAnswers {
    /// Answers that are given for a moment without asking the catalogue, unless it is `always` asked.
    pub(crate) fn asking(always: bool) -> Self {
        Self { always_ask: always, ..Self::default() }
    }

    /// The answer if it was made or checked a moment ago.
    pub(crate) fn get(&self, target: &str, now: DateTime<Utc>) -> Option<Answer> {
        if self.always_ask {
            return None;
        }
        let entries = self.entries.read();
        let entry = entries.by_target.get(target)?;
        let fresh = entry.changes == self.changes.load(Ordering::Acquire)
            && is_within(CHECKED, entry.checked_at, now)
            && is_within(RENDERED, entry.rendered_at, now);
        fresh.then(|| entry.answer())
    }

    /// To be called before the catalogue is asked, so that a change in between is noticed.
    pub(crate) fn begin(&self) -> Begun {
        Begun(self.changes.load(Ordering::Acquire))
    }

    /// The answer if it was made of `source`, which the catalogue has just answered.
    pub(crate) fn confirm(&self, target: &str, source: Source, begun: Begun, now: DateTime<Utc>) -> Option<Answer> {
        let mut entries = self.entries.write();
        let entry = entries.by_target.get_mut(target)?;
        let same = entry.source.is_same(&source) && entry.changes == begun.0;
        if !same || !is_within(RENDERED, entry.rendered_at, now) {
            return None;
        }
        entry.checked_at = now;
        entry.source = source;
        Some(entry.answer())
    }

    /// Keeps an answer that was rendered just now.
    pub(crate) fn insert(&self, target: &str, answer: &Answer, source: Source, begun: Begun, now: DateTime<Utc>) {
        let Answer { body, route, .. } = answer.clone();
        let weight = body.weight();
        let entry = Entry { body, route, source, changes: begun.0, rendered_at: now, checked_at: now };
        let mut entries = self.entries.write();
        entries.make_room(weight, now);
        entries.bytes += weight;
        if let Some(replaced) = entries.by_target.insert(target.into(), entry) {
            entries.bytes -= replaced.body.weight();
        }
    }

    /// The catalogue was changed through this process.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }
}

impl Entries {
    /// Nothing lives for more than a second, so what is too old goes first, and otherwise everything: the few that are
    /// asked for are soon back.
    fn make_room(&mut self, wanted: usize, now: DateTime<Utc>) {
        let is_full = |entries: &Self| entries.by_target.len() >= ENTRIES_LIMIT || entries.bytes + wanted > BYTES_LIMIT;
        if is_full(self) {
            self.by_target.retain(|_, entry| is_within(RENDERED, entry.rendered_at, now));
            self.bytes = self.by_target.values().map(|entry| entry.body.weight()).sum();
        }
        if is_full(self) {
            self.by_target.clear();
            self.bytes = 0;
        }
    }
}

impl Entry {
    fn answer(&self) -> Answer {
        Answer { body: self.body.clone(), read_at: self.source.read_at, route: self.route.clone() }
    }
}

/// Whether `moment` lies within `age` before `now`; clocks may be set back.
fn is_within(age: TimeDelta, moment: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - moment).abs() < age
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        START + TimeDelta::milliseconds(milliseconds)
    }

    #[test]
    fn where_the_catalogue_is_always_asked_only_the_rendering_is_saved() {
        let answers = FreshAnswers::asking(true);
        answers.insert("/v1/concerts", &answer("kept"), source(1), answers.begin(), at(0));
        assert!(answers.get("/v1/concerts", at(0)).is_none());
        assert!(answers.confirm("/v1/concerts", source(1), answers.begin(), at(0)).is_some());
        assert!(answers.confirm("/v1/concerts", source(2), answers.begin(), at(0)).is_none());
    }

    fn source(generation: i64) -> Source {
        Source { generation, guard_changes: 0, read_at: START }
    }

    fn answer(body: impl Into<bytes::Bytes>) -> Answer {
        Answer { body: RenderedBody::new(body), read_at: START, route: PathPattern("/v1/concerts".into()) }
    }

    fn filled() -> FreshAnswers {
        let answers = FreshAnswers::default();
        answers.insert("/1", &answer("one"), source(7), answers.begin(), START);
        answers
    }

    #[test]
    fn an_answer_is_given_without_asking_for_a_moment() {
        let answers = filled();
        assert!(answers.get("/1", at(99)).is_some());
        assert!(answers.get("/1", at(100)).is_none());
        assert!(answers.get("/2", START).is_none());
    }

    #[test]
    fn an_answer_of_the_same_generation_is_given_for_a_second() {
        let answers = filled();
        for milliseconds in [100, 500, 999] {
            assert!(answers.confirm("/1", source(7), answers.begin(), at(milliseconds)).is_some());
            assert!(answers.get("/1", at(milliseconds)).is_some());
        }
        assert!(answers.get("/1", at(1_000)).is_none());
        assert!(answers.confirm("/1", source(7), answers.begin(), at(1_000)).is_none());
    }

    #[test]
    fn an_answer_of_another_generation_is_not_given() {
        let answers = filled();
        assert!(answers.confirm("/1", source(8), answers.begin(), at(100)).is_none());
        let guarded = Source { guard_changes: 1, ..source(7) };
        assert!(answers.confirm("/1", guarded, answers.begin(), at(100)).is_none(), "a concert got a waiting room");
    }

    #[test]
    fn a_change_made_here_is_seen_at_once_even_by_who_was_reading() {
        let answers = filled();
        let begun = answers.begin();
        answers.changed();
        assert!(answers.get("/1", START).is_none());
        answers.insert("/1", &answer("old"), source(7), begun, START);
        assert!(answers.get("/1", START).is_none());
        answers.insert("/1", &answer("new"), source(8), answers.begin(), START);
        assert!(answers.get("/1", START).is_some());
    }

    #[test]
    fn the_table_stays_within_its_limits() {
        let answers = FreshAnswers::default();
        let large = answer("x".repeat(BYTES_LIMIT / 3));
        for number in 0..10 {
            answers.insert(&number.to_string(), &large, source(1), answers.begin(), START);
            assert!(answers.entries.read().bytes <= BYTES_LIMIT);
        }
        let small = answer("small");
        for number in 0..3_000 {
            answers.insert(&number.to_string(), &small, source(1), answers.begin(), START);
        }
        assert!(answers.entries.read().by_target.len() <= ENTRIES_LIMIT);
        let total: usize = answers.entries.read().by_target.values().map(|entry| entry.body.weight()).sum();
        assert_eq!(answers.entries.read().bytes, total);
    }
}
