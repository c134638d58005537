//! What was measured of one side of a comparison without a load.

use crate::{pairs::median, report::Row};

/// Rates and durations of one side, a rate for each measurement.
#[derive(Debug, Default)]
pub struct Timings {
    rates: Vec<f64>,
    milliseconds: Vec<f64>,
}

impl Timings {
    /// Adds a measurement: how many a second, and how long some of them took.
    pub fn note(&mut self, (rate, milliseconds): (f64, Vec<f64>)) {
        self.rates.push(rate);
        self.milliseconds.extend(milliseconds);
    }

    /// The rate in rates of another side, measured in turns: the median.
    #[must_use]
    pub fn ratio(&self, other: &Self) -> f64 {
        median(self.rates.iter().zip(&other.rates).map(|(one, other)| one / other).collect())
    }

    /// A line of the table.
    #[must_use]
    pub fn row(&self, label: &str) -> Row {
        Row::of_durations(label, self.milliseconds.clone(), median(self.rates.clone()))
    }
}
