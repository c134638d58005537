use std::collections::HashMap;

use onsale_application::ports::{Entered, Entry, EntryTerms, Front, PlacesError, VIEW_FIRST, VIEW_MARKS};
use onsale_domain::waiting_room::{LineView, QueueNumber, VisitorId};

use super::name::Name;
use super::order::Order;

/// The line of one room.
#[derive(Default)]
pub(super) struct Line {
    /// Nothing until it has begun.
    epoch: Option<i64>,
    last: QueueNumber,
    numbers: HashMap<Name, QueueNumber>,
    order: Order,
}

impl Line {
    pub(super) fn is_of(&self, epoch: i64) -> bool {
        self.epoch == Some(epoch)
    }

    /// Whether the epoch is newer than the line's, and begins.
    pub(super) fn begin(&mut self, epoch: i64, last: QueueNumber) -> bool {
        let newer = self.epoch.is_none_or(|present| present < epoch);
        if newer {
            self.epoch = Some(epoch);
            self.last = self.last.max(last);
        }
        newer
    }

    pub(super) fn enter(&mut self, entry: &Entry, terms: EntryTerms) -> Result<Entered, PlacesError> {
        let name = Name::from(&entry.visitor);
        let present = self.numbers.get(&name).copied();
        if let Some(number) = present
            && entry.instead_of.is_none_or(|worthless| number > worthless)
        {
            return Ok(Entered { number, new: false });
        }
        if self.is_full(present, terms) {
            return Err(PlacesError::Full);
        }
        if self.last >= terms.ceiling {
            return Err(PlacesError::CeilingReached { last: self.last });
        }
        self.last += 1;
        self.place(name, self.last);
        Ok(Entered { number: self.last, new: true })
    }

    /// Whether as many wait as may, without the one who gives the number `given_up` up.
    fn is_full(&self, given_up: Option<QueueNumber>, terms: EntryTerms) -> bool {
        let most = terms.max_waiting as usize;
        // Counting takes a walk along those who were let in, so only a line that may be full is counted.
        let all = self.numbers.len() - usize::from(given_up.is_some_and(|number| number > terms.serving));
        all >= most && all - self.order.count_up_to(terms.serving) >= most
    }

    pub(super) fn leave(&mut self, visitor: &VisitorId, number: QueueNumber) {
        let name = Name::from(visitor);
        if self.numbers.get(&name) == Some(&number) {
            self.numbers.remove(&name);
            self.order.remove(number);
        }
    }

    pub(super) fn put_back(&mut self, visitor: &VisitorId, number: QueueNumber) {
        let name = Name::from(visitor);
        let smaller = self.numbers.get(&name).is_none_or(|present| number < *present);
        if smaller && (1..=self.last).contains(&number) && !self.order.contains(number) {
            self.place(name, number);
        }
    }

    fn place(&mut self, name: Name, number: QueueNumber) {
        if let Some(before) = self.numbers.insert(name.clone(), number) {
            self.order.remove(before);
        }
        self.order.insert(number, name);
    }

    pub(super) fn number_of(&self, visitor: &VisitorId) -> Option<QueueNumber> {
        self.numbers.get(&Name::from(visitor)).copied()
    }

    pub(super) fn front(&self, serving: QueueNumber, count: u32) -> Front {
        let passed = self.order.count_up_to(serving);
        let present = (self.numbers.len() - passed).min(count as usize);
        let to = if present == 0 { None } else { self.order.at_ranks([passed + present]).next() };
        Front { to: to.unwrap_or(serving), present: i64::try_from(present).unwrap_or(i64::MAX), last: self.last }
    }

    pub(super) fn view(&self, serving: QueueNumber) -> LineView {
        let passed = self.order.count_up_to(serving);
        let waiting = self.numbers.len() - passed;
        let first = waiting.min(VIEW_FIRST);
        let mut ranks: Vec<usize> = (1..=VIEW_MARKS).map(|mark| mark * waiting / VIEW_MARKS).collect();
        ranks.retain(|rank| *rank > first);
        ranks.dedup();
        let marked = self.order.at_ranks(ranks.iter().map(|rank| passed + rank));
        LineView {
            serving,
            waiting: waiting as u64,
            last: self.last,
            first: self.order.at_ranks(passed + 1..=passed + first).collect(),
            marks: marked.zip(ranks.iter().map(|rank| *rank as u64)).collect(),
        }
    }

    /// Forgets up to `most` visitors with numbers up to `up_to`, the lowest first; says how many.
    pub(super) fn forget(&mut self, up_to: QueueNumber, most: usize) -> usize {
        let mut forgotten = 0;
        while forgotten < most
            && let Some(number) = self.order.first().filter(|number| *number <= up_to)
        {
            if let Some(name) = self.order.remove(number) {
                self.numbers.remove(&name);
            }
            forgotten += 1;
        }
        forgotten
    }
}
