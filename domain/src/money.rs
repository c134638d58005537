//! Amounts of money and points: whole numbers of the smallest unit, never fractions.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A non-negative amount in the smallest unit of its currency, at most 2^53 − 1 so that every JSON reader keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

/// The amount was negative or above 2^53 − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0} is not an amount from 0 to 9007199254740991")]
pub struct AmountError(pub i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount, 2^53 − 1.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// An amount of `units` of the smallest unit.
    ///
    /// # Errors
    /// [`AmountError`] when negative or above [`Amount::MAX`].
    pub const fn new(units: i64) -> Result<Self, AmountError> {
        if units < 0 || units > Self::MAX.0 { Err(AmountError(units)) } else { Ok(Self(units)) }
    }

    /// The number of smallest units.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The sum, or nothing when it would pass [`Amount::MAX`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::new(self.0 + other.0).ok()
    }

    /// The difference, or nothing when `other` is larger.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Self::new(self.0 - other.0).ok()
    }
}

impl TryFrom<i64> for Amount {
    type Error = AmountError;

    fn try_from(units: i64) -> Result<Self, AmountError> {
        Self::new(units)
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Sum for Amount {
    /// The sum, held at [`Amount::MAX`].
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| sum.checked_add(amount).unwrap_or(Self::MAX))
    }
}

/// An ISO 4217 code: three capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// The code was not three capital letters.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not an ISO 4217 code of three capital letters")]
pub struct CurrencyError(pub String);

impl Currency {
    /// Reads a code such as `KRW`.
    ///
    /// # Errors
    /// [`CurrencyError`] when it is not three capital letters.
    pub fn parse(code: &str) -> Result<Self, CurrencyError> {
        match code.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(CurrencyError(code.chars().take(16).collect())),
        }
    }

    /// The code.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "three ASCII letters are always text")]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three ASCII letters")
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(code: String) -> Result<Self, CurrencyError> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Amount, Currency};

    #[test]
    fn an_amount_stays_between_zero_and_what_json_keeps() {
        assert!(Amount::new(-1).is_err());
        assert!(Amount::new(1 << 53).is_err());
        assert_eq!(Amount::MAX.checked_add(Amount::new(1).unwrap()), None);
        assert_eq!(Amount::ZERO.checked_sub(Amount::new(1).unwrap()), None);
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert_eq!(Currency::parse("KRW").unwrap().as_str(), "KRW");
        for wrong in ["krw", "KR", "KRWW", "원"] {
            assert!(Currency::parse(wrong).is_err(), "{wrong}");
        }
    }
}
