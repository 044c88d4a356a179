//! Maps keyed by the host's numbers, on the wire.
//!
//! JSON writes such a key as a string. Read directly it becomes a number again, but not from inside a tagged enum or a
//! flattened field, where serde keeps what it reads in a buffer of its own: there a key stays a string. This reads both.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

pub(crate) fn deserialize<'de, D, V>(deserializer: D) -> Result<BTreeMap<i64, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    let keyed = BTreeMap::<Number, V>::deserialize(deserializer)?;
    Ok(keyed.into_iter().map(|(Number(key), value)| (key, value)).collect())
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Number(i64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(NumberVisitor)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number, possibly as a string")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
        Ok(Number(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
        i64::try_from(number)
            .map(Number)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
        text.parse()
            .map(Number)
            .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}
