//! Comparing two servers on a machine that is never quite the same twice.

use crate::load::Outcome;

/// How often both are measured for a figure that counts.
pub const PAIRS: usize = 7;

/// Measurements of a baseline and a subject, made in turns.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// One outcome of each pair.
    pub baseline: Vec<Outcome>,
    /// The other.
    pub subject: Vec<Outcome>,
}

impl Pairs {
    /// Measures both so many times. Which comes first alternates, so that a machine that warms up or slows down favours
    /// neither.
    ///
    /// # Errors
    /// The first that a measurement returns.
    pub async fn measure<E>(
        count: usize,
        mut baseline: impl AsyncFnMut() -> Result<Outcome, E>,
        mut subject: impl AsyncFnMut() -> Result<Outcome, E>,
    ) -> Result<Self, E> {
        let mut pairs = Self { baseline: Vec::with_capacity(count), subject: Vec::with_capacity(count) };
        for pair in 0..count {
            if pair % 2 == 0 {
                pairs.baseline.push(baseline().await?);
                pairs.subject.push(subject().await?);
            } else {
                pairs.subject.push(subject().await?);
                pairs.baseline.push(baseline().await?);
            }
            eprintln!(
                "pair {} of {count}: {:.3} of the baseline's throughput",
                pair + 1,
                pairs.ratios(Outcome::requests_per_second)[pair]
            );
        }
        Ok(pairs)
    }

    /// The subject's throughput in baselines: the median over the pairs.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.ratio_of(Outcome::requests_per_second)
    }

    /// The subject's figure in baselines: the median over the pairs.
    #[must_use]
    pub fn ratio_of(&self, figure: impl Fn(&Outcome) -> f64) -> f64 {
        median(self.ratios(figure))
    }

    /// Each pair's ratio, in the order of measuring.
    #[must_use]
    pub fn ratios(&self, figure: impl Fn(&Outcome) -> f64) -> Vec<f64> {
        self.subject.iter().zip(&self.baseline).map(|(subject, baseline)| figure(subject) / figure(baseline)).collect()
    }
}

/// The middle of some figures, or the mean of the two in the middle; not a number when there are none.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    match (figures.len(), figures.len() / 2) {
        (0, _) => f64::NAN,
        (length, middle) if length % 2 == 1 => figures[middle],
        (_, middle) => f64::midpoint(figures[middle - 1], figures[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "the figures are exact")]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
