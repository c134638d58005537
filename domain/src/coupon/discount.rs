use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::money::Amount;

/// All of the price, in percent.
const WHOLE: u8 = 100;

/// What a coupon takes off a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Discount {
    /// A fixed amount, at most the price.
    Amount {
        /// How much; above zero.
        amount: Amount,
    },
    /// A part of the price, rounded down.
    Percent {
        /// Percent of the price, from 1 to 100.
        percent: u8,
        /// The most that it takes off; above zero.
        at_most: Option<Amount>,
    },
}

/// Why a discount was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DiscountError {
    /// An amount of zero takes nothing off.
    #[error("discount.{field} must be above zero")]
    Nothing {
        /// Which member.
        field: &'static str,
    },
    /// The percentage is not one.
    #[error("discount.percent is {0}, allowed are 1 to {WHOLE}")]
    Percent(u8),
}

impl Discount {
    /// The discount, if it always means something.
    ///
    /// # Errors
    /// [`DiscountError`].
    pub fn checked(self) -> Result<Self, DiscountError> {
        match self {
            Self::Amount { amount: Amount::ZERO } => Err(DiscountError::Nothing { field: "amount" }),
            Self::Percent { percent, .. } if !(1..=WHOLE).contains(&percent) => Err(DiscountError::Percent(percent)),
            Self::Percent { at_most: Some(Amount::ZERO), .. } => Err(DiscountError::Nothing { field: "at_most" }),
            discount => Ok(discount),
        }
    }

    /// What it takes off `price`: never more than the price, and nothing when a percentage of a small price is less than
    /// the smallest unit.
    #[must_use]
    pub fn off(self, price: Amount) -> Amount {
        match self {
            Self::Amount { amount } => amount.min(price),
            Self::Percent { percent, at_most } => {
                // at most 2^53 times 100, which an i64 holds
                let part = price.units() * i64::from(percent.min(WHOLE)) / i64::from(WHOLE);
                let part = Amount::new(part).unwrap_or_default();
                part.min(at_most.unwrap_or(Amount::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Discount, DiscountError};
    use crate::money::Amount;

    fn amount(units: i64) -> Amount {
        Amount::new(units).unwrap()
    }

    #[test]
    fn an_amount_is_taken_off_up_to_the_price() {
        let discount = Discount::Amount { amount: amount(300) };
        assert_eq!([1_000, 300, 100, 0].map(|price| discount.off(amount(price)).units()), [300, 300, 100, 0]);
    }

    #[test]
    fn a_percentage_is_rounded_down_and_has_a_ceiling() {
        let tenth = |at_most| Discount::Percent { percent: 10, at_most };
        assert_eq!([1_005, 99, 9].map(|price| tenth(None).off(amount(price)).units()), [100, 9, 0]);
        assert_eq!(tenth(Some(amount(50))).off(amount(1_005)), amount(50));
        assert_eq!(Discount::Percent { percent: 100, at_most: None }.off(Amount::MAX), Amount::MAX);
    }

    #[test]
    fn a_discount_that_takes_nothing_off_is_refused() {
        let percent = |percent, at_most| Discount::Percent { percent, at_most }.checked();
        assert_eq!(
            Discount::Amount { amount: Amount::ZERO }.checked(),
            Err(DiscountError::Nothing { field: "amount" })
        );
        assert_eq!(percent(0, None), Err(DiscountError::Percent(0)));
        assert_eq!(percent(101, None), Err(DiscountError::Percent(101)));
        assert_eq!(percent(5, Some(Amount::ZERO)), Err(DiscountError::Nothing { field: "at_most" }));
        assert!(percent(100, Some(amount(1))).is_ok());
    }

    proptest! {
        #[test]
        fn nothing_is_taken_off_beyond_the_price_or_the_ceiling(
            price in 0..=Amount::MAX.units(),
            percent in 1..=100_u8,
            at_most in prop::option::of(1..=Amount::MAX.units()),
        ) {
            let discount = Discount::Percent { percent, at_most: at_most.map(amount) };
            let off = discount.off(amount(price)).units();
            prop_assert!((0..=price).contains(&off) && at_most.is_none_or(|most| off <= most));
        }
    }
}
