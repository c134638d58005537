use std::sync::Arc;

use onsale_application::ports::{Entered, Entry, EntryTerms, LineId, PlacesError, Unavailable};
use onsale_support::lanes::Settle;
use tokio::time::Instant;

use super::member::Member;
use super::scripts::Lines;

/// Somebody who waits for a place.
pub(super) struct Waiting {
    pub(super) entry: Entry,
    pub(super) terms: EntryTerms,
    /// From then on nobody waits for the answer.
    pub(super) deadline: Instant,
}

type Outcome = Result<Entered, PlacesError>;

/// Hands places out to everybody who enters a line at the same time, by one script.
pub(super) struct Entrance {
    lines: Arc<Lines>,
}

impl Entrance {
    pub(super) const fn new(lines: Arc<Lines>) -> Self {
        Self { lines }
    }

    async fn enter(&self, line: LineId, terms: EntryTerms, entering: &[&Waiting]) -> Vec<Outcome> {
        let entries: Vec<_> = entering
            .iter()
            .map(|waiting| (Member::from(&waiting.entry.visitor), waiting.entry.instead_of.unwrap_or(0)))
            .collect();
        match self.lines.enter(line, terms, &entries).await.and_then(|answers| outcomes(&answers, entries.len())) {
            Ok(outcomes) => outcomes,
            Err(error) => vec![Err(error); entries.len()],
        }
    }
}

impl Settle<LineId> for Entrance {
    type Command = Waiting;
    type Outcome = Outcome;

    async fn settle(&self, line: &LineId, group: Vec<Waiting>) -> Vec<Outcome> {
        // Whoever waited behind a Redis that did not answer is gone by now: they would only hold the next ones up.
        let now = Instant::now();
        let is_in_time = |waiting: &Waiting| waiting.deadline > now;
        let entering: Vec<_> = group.iter().filter(|waiting| is_in_time(waiting)).collect();
        let mut outcomes = match latest(&entering) {
            Some(terms) => self.enter(*line, terms, &entering).await.into_iter(),
            None => Vec::new().into_iter(),
        };
        let outcome = |waiting| if is_in_time(waiting) { outcomes.next() } else { None };
        let late = || Err(Unavailable::because("the line gave no place in time").into());
        group.iter().map(outcome).map(|outcome| outcome.unwrap_or_else(late)).collect()
    }
}

/// What holds now: within an epoch ceiling and serving only rise, and whoever came last has read the limit last.
fn latest(entering: &[&Waiting]) -> Option<EntryTerms> {
    let terms = entering.iter().map(|waiting| waiting.terms);
    terms.reduce(|before, terms| EntryTerms {
        ceiling: before.ceiling.max(terms.ceiling),
        serving: before.serving.max(terms.serving),
        ..terms
    })
}

fn outcomes(answers: &[Option<i64>], entries: usize) -> Result<Vec<Outcome>, PlacesError> {
    let [Some(last), answers @ ..] = answers else {
        return Err(Unavailable::because("the line answered without its last number").into());
    };
    if answers.len() != entries {
        return Err(Unavailable::because("the line answered another number of entries").into());
    }
    let outcome = |answer: &Option<i64>| match *answer {
        None => Err(PlacesError::CeilingReached { last: *last }),
        Some(0) => Err(PlacesError::Full),
        Some(number) => Ok(Entered { number: number.abs(), new: number > 0 }),
    };
    Ok(answers.iter().map(outcome).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_its_own_outcome() {
        let answers = [Some(9), Some(8), Some(-3), Some(0), Some(9), None];
        let place = |number, new| Ok(Entered { number, new });
        let expected = vec![
            place(8, true),
            place(3, false),
            Err(PlacesError::Full),
            place(9, true),
            Err(PlacesError::CeilingReached { last: 9 }),
        ];
        assert_eq!(outcomes(&answers, 5), Ok(expected));
        assert!(matches!(outcomes(&answers, 4), Err(PlacesError::Unavailable(_))));
        assert!(matches!(outcomes(&[], 0), Err(PlacesError::Unavailable(_))));
    }
}
