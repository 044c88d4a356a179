//! Numbers that were checked at the door.
//!
//! A value of one of these types is finite and within its range, so code inside the crate never meets a NaN, an infinity
//! or a negative capacity. Each type orders totally and (de)serialises as a plain JSON number.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A number that a host handed in and that is not what the field allows.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{field} is {value}, expected {expected}")]
#[non_exhaustive]
pub struct InvalidNumber {
    /// The name of the field the number was meant for.
    pub field: &'static str,
    /// The value that was given.
    pub value: f64,
    /// The range that would have been right, in words.
    pub expected: &'static str,
}

/// Defines one checked `f64` newtype. Functions cannot define types, and four copies of these impls would drift apart.
macro_rules! checked_number {
    ($(#[$doc:meta])* $name:ident, $field:literal, $max:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0.0);

            /// Checks `value`.
            ///
            /// # Errors
            /// [`InvalidNumber`] when the value is NaN, infinite or out of range.
            pub fn new(value: f64) -> Result<Self, InvalidNumber> {
                Self::for_field($field, value)
            }

            /// Checks `value`, which was meant for `field`: the error then names that field.
            ///
            /// # Errors
            /// [`InvalidNumber`] when the value is NaN, infinite or out of range.
            pub fn for_field(field: &'static str, value: f64) -> Result<Self, InvalidNumber> {
                if value.is_finite() && (0.0..=$max).contains(&value) {
                    // Adding zero turns -0.0 into 0.0, so that equal values also compare and print equal.
                    Ok(Self(value + 0.0))
                } else {
                    Err(InvalidNumber { field, value, expected: $expected })
                }
            }

            /// The nearest value of this type: NaN becomes zero, the rest is clamped into the range.
            ///
            /// For results of the crate's own arithmetic, whose rounding may step over a bound; what comes from a host
            /// goes through [`Self::new`].
            #[must_use]
            pub fn clamped(value: f64) -> Self {
                if value.is_nan() { Self::ZERO } else { Self(value.clamp(0.0, f64::min($max, f64::MAX)) + 0.0) }
            }

            /// The plain number.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.total_cmp(&other.0)
            }
        }

        impl TryFrom<f64> for $name {
            type Error = InvalidNumber;

            fn try_from(value: f64) -> Result<Self, InvalidNumber> {
                Self::new(value)
            }
        }

        impl From<$name> for f64 {
            fn from(value: $name) -> f64 {
                value.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, formatter)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }
    };
}

checked_number!(
    /// A share or a score, 0..=1.
    Ratio, "ratio", 1.0, "a number in 0..=1"
);
checked_number!(
    /// A percentage, 0..=100.
    Percent, "percent", 100.0, "a number in 0..=100"
);
checked_number!(
    /// A finite amount of at least zero, in the unit its field names: capacity, flow, load, a learned weight.
    Amount, "amount", f64::INFINITY, "a finite number of at least 0"
);
checked_number!(
    /// The value of a minimum cut: the sum of the effective capacities across it, in the unit of the edges' capacities.
    ///
    /// Zero is an ordinary value: the graph is disconnected.
    Lambda, "lambda", f64::INFINITY, "a finite number of at least 0"
);

impl Ratio {
    /// One: the whole.
    pub const ONE: Self = Self(1.0);

    /// A ratio known when the program is written.
    ///
    /// # Panics
    /// When `value` is not in 0..=1; in a `const` this is a compile error.
    #[must_use]
    pub const fn literal(value: f64) -> Self {
        assert!(value >= 0.0 && value <= 1.0, "a ratio literal must lie in 0..=1");
        Self(value + 0.0)
    }

    /// What is missing to the whole: `1 - self`.
    #[must_use]
    pub fn complement(self) -> Self {
        Self(1.0 - self.0)
    }
}

impl Lambda {
    /// The change from `self` to `later`, relative to `self`: 0.1 is ten percent more.
    ///
    /// Where `self` is (almost) zero the change is measured against `floor`, so that it stays finite and meaningful for a
    /// graph that was disconnected. With `floor` zero too, a rise counts as 1.0 and no change as 0.0.
    ///
    /// ```
    /// use healing_core::Lambda;
    /// let lambda = |value| Lambda::new(value).unwrap();
    /// assert_eq!(lambda(10.0).relative_change(lambda(12.0), Lambda::ZERO), 0.2);
    /// assert_eq!(lambda(0.0).relative_change(lambda(5.0), lambda(10.0)), 0.5);
    /// ```
    #[must_use]
    pub fn relative_change(self, later: Self, floor: Self) -> f64 {
        let reference = self.0.max(floor.0);
        let difference = later.0 - self.0;
        if reference > 0.0 {
            // A subnormal reference can still overflow the quotient.
            (difference / reference).clamp(f64::MIN, f64::MAX)
        } else if difference > 0.0 {
            1.0
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_in_range_is_refused_with_its_field() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.1, 1.1] {
            let refused = Ratio::for_field("error_rate", value).unwrap_err();
            assert_eq!(refused.field, "error_rate");
            assert!(refused.to_string().contains("0..=1"), "{refused}");
        }
        assert!(Lambda::new(f64::INFINITY).is_err());
        assert!(Amount::new(f64::MAX).is_ok());
        assert!(Percent::new(100.0).is_ok() && Percent::new(100.5).is_err());
    }

    #[test]
    fn clamping_never_leaves_the_range() {
        assert_eq!(Ratio::clamped(f64::NAN), Ratio::ZERO);
        assert_eq!(Ratio::clamped(7.0), Ratio::ONE);
        assert_eq!(Amount::clamped(f64::INFINITY).get(), f64::MAX);
        assert_eq!(Percent::clamped(-3.0), Percent::ZERO);
    }

    #[test]
    fn negative_zero_is_zero() {
        assert_eq!(Ratio::new(-0.0).unwrap().cmp(&Ratio::ZERO), std::cmp::Ordering::Equal);
        assert_eq!(Ratio::new(-0.0).unwrap().to_string(), "0");
    }

    #[test]
    fn json_is_a_plain_number_and_checked() {
        assert_eq!(serde_json::to_string(&Ratio::literal(0.25)).unwrap(), "0.25");
        let refused = serde_json::from_str::<Ratio>("1.5").unwrap_err();
        assert!(refused.to_string().contains("ratio is 1.5"), "{refused}");
    }

    #[test]
    fn relative_change_is_finite_everywhere() {
        let tiny = Lambda::new(f64::from_bits(1)).unwrap();
        let huge = Lambda::new(f64::MAX).unwrap();
        for (from, to) in [
            (tiny, huge),
            (Lambda::ZERO, huge),
            (huge, Lambda::ZERO),
            (Lambda::ZERO, Lambda::ZERO),
        ] {
            assert!(from.relative_change(to, Lambda::ZERO).is_finite());
        }
    }
}
