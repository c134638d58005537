//! What a benchmark prints: a table for people, one JSON line for programs.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::{
    load::Outcome,
    pairs::{Pairs, median},
};

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was measured.
    pub label: String,
    /// Answers per second; the median over the measurements.
    pub requests_per_second: f64,
    /// The median over the measurements, in milliseconds.
    pub p50_ms: f64,
    /// The median over the measurements, in milliseconds.
    pub p99_ms: f64,
    /// The largest of all measurements, in milliseconds.
    pub max_ms: f64,
    /// Answers from 400 on and failures of all measurements.
    pub errors: u64,
}

impl Row {
    /// A line of durations that were not measured by a load, in milliseconds, `per_second` of them.
    #[must_use]
    pub fn of_durations(label: &str, mut milliseconds: Vec<f64>, per_second: f64) -> Self {
        milliseconds.sort_by(f64::total_cmp);
        Self {
            label: label.to_owned(),
            requests_per_second: per_second,
            p50_ms: quantile(&milliseconds, 0.5),
            p99_ms: quantile(&milliseconds, 0.99),
            max_ms: quantile(&milliseconds, 1.0),
            errors: 0,
        }
    }

    /// Sums up the measurements of one server.
    #[must_use]
    pub fn new(label: &str, outcomes: &[Outcome]) -> Self {
        let middle = |figure: fn(&Outcome) -> f64| median(outcomes.iter().map(figure).collect());
        Self {
            label: label.to_owned(),
            requests_per_second: middle(Outcome::requests_per_second),
            p50_ms: middle(Outcome::p50_ms),
            p99_ms: middle(Outcome::p99_ms),
            max_ms: outcomes.iter().map(Outcome::max_ms).fold(0.0, f64::max),
            errors: outcomes.iter().map(Outcome::errors).sum(),
        }
    }
}

/// A figure that a benchmark is held to.
#[derive(Clone, Debug, PartialEq)]
struct Target {
    text: String,
    reached: bool,
}

/// The result of one benchmark. Displays as the table, the targets, and the JSON line last.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    name: String,
    rows: Vec<Row>,
    figures: Map<String, Value>,
    targets: Vec<Target>,
}

impl Report {
    /// A report of Onsale's row alone; more is added by the methods below.
    #[must_use]
    pub fn new(name: &str, subject: Row) -> Self {
        let figures = Map::from_iter([
            ("requests_per_second".to_owned(), json!(rounded(subject.requests_per_second))),
            ("p50_ms".to_owned(), json!(rounded(subject.p50_ms))),
            ("p99_ms".to_owned(), json!(rounded(subject.p99_ms))),
            ("max_ms".to_owned(), json!(rounded(subject.max_ms))),
        ]);
        Self { name: name.to_owned(), rows: vec![subject], figures, targets: Vec::new() }
    }

    /// A report of Onsale against a baseline, with the `ratio` of their throughput.
    #[must_use]
    pub fn compare(name: &str, baseline: &str, pairs: &Pairs) -> Self {
        Self::compare_by(name, baseline, pairs, Outcome::requests_per_second)
    }

    /// A report of Onsale against a baseline, with the `ratio` of this figure.
    #[must_use]
    pub fn compare_by(name: &str, baseline: &str, pairs: &Pairs, figure: impl Fn(&Outcome) -> f64) -> Self {
        Self::new(name, Row::new("onsale", &pairs.subject))
            .row(Row::new(baseline, &pairs.baseline))
            .figure("ratio", pairs.ratio_of(figure))
    }

    /// Adds a line to the table.
    #[must_use]
    pub fn row(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }

    /// Adds a member to the JSON line.
    #[must_use]
    pub fn figure(mut self, name: &str, value: f64) -> Self {
        self.figures.insert(name.to_owned(), json!(rounded(value)));
        self
    }

    /// Adds a word to the JSON line: what the figures depend on.
    #[must_use]
    pub fn word(mut self, name: &str, word: &str) -> Self {
        self.figures.insert(name.to_owned(), json!(word));
        self
    }

    /// Adds a target and whether it was reached, for example `"ratio ≥ 0.9"`.
    #[must_use]
    pub fn target(mut self, text: &str, reached: bool) -> Self {
        self.targets.push(Target { text: text.to_owned(), reached });
        self
    }

    /// Whether every target was reached.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.targets.iter().all(|target| target.reached)
    }

    /// The line for programs: `name`, then every figure.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut line = Map::from_iter([("name".to_owned(), json!(self.name))]);
        line.extend(self.figures.clone());
        Value::Object(line)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
        let headline = self.name.as_str();
        let width = width.max(headline.chars().count());
        writeln!(formatter, "{headline:width$}  requests/s     p50 ms     p99 ms     max ms  errors")?;
        for row in &self.rows {
            let Row { label, requests_per_second, p50_ms, p99_ms, max_ms, errors } = row;
            write!(formatter, "{label:width$}  {requests_per_second:>10.0} {p50_ms:>10.3} {p99_ms:>10.3} ")?;
            writeln!(formatter, "{max_ms:>10.3} {errors:>7}")?;
        }
        for Target { text, reached } in &self.targets {
            writeln!(formatter, "{} {text}", if *reached { "reached:" } else { "MISSED: " })?;
        }
        writeln!(formatter, "{}", self.json())
    }
}

/// The smallest of `sorted` figures that so much of them do not exceed; not a number when there are none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 figures")]
    let rank = (sorted.len() as f64 * share).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank lies within the length")]
    let rank = rank as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// Three digits after the point are more than any of these figures is good for.
fn rounded(figure: f64) -> f64 {
    (figure * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_figures_that_were_measured() {
        let figures = (1..=200).rev().map(f64::from).collect();
        let row = Row::of_durations("lateness", figures, 10.0);
        assert_eq!((row.p50_ms, row.p99_ms, row.max_ms), (100.0, 198.0, 200.0));
        assert!(Row::of_durations("nothing", Vec::new(), 0.0).p50_ms.is_nan());
    }

    #[test]
    fn the_last_line_is_for_programs() {
        let row = Row {
            label: "onsale".to_owned(),
            requests_per_second: 100_000.0,
            p50_ms: 0.5,
            p99_ms: 1.25,
            max_ms: 3.0,
            errors: 0,
        };
        let report = Report::new("catalogue", row).figure("ratio", 0.912_34).target("ratio ≥ 0.9", true);
        let text = report.to_string();
        let line: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let wanted = json!({
            "name": "catalogue", "ratio": 0.912, "requests_per_second": 100_000.0,
            "p50_ms": 0.5, "p99_ms": 1.25, "max_ms": 3.0,
        });
        assert_eq!(line, wanted);
        assert!(text.contains("reached: ratio ≥ 0.9"));
    }
}
