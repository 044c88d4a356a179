//! Times, as the server keeps them: microseconds since the year 2000.

use std::error::Error;

use healing_core::Timestamp;
use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// A time that is written and read as `timestamptz`: to the microsecond, cut off below. What lies before the server's
/// times is written as `-infinity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Micros(pub(crate) Timestamp);

/// From the Unix epoch to the server's, in microseconds.
const SERVER_EPOCH: i64 = 946_684_800_000_000;
/// The first time that the server knows, 4714-11-24 BC, as it counts.
const FIRST: i64 = -211_813_488_000_000_000;

impl ToSql for Micros {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        // Times before the epoch are cut off below too.
        let micros = self.0.as_nanosecond().div_euclid(1000);
        let since = i64::try_from(micros)?.saturating_sub(SERVER_EPOCH);
        let since = if since < FIRST { i64::MIN } else { since };
        out.extend_from_slice(&since.to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Micros {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let since = i64::from_be_bytes(raw.try_into()?);
        let at = match since {
            i64::MIN => Timestamp::MIN,
            i64::MAX => Timestamp::MAX,
            since => Timestamp::from_microsecond(since.saturating_add(SERVER_EPOCH))?,
        };
        Ok(Self(at))
    }

    accepts!(TIMESTAMPTZ);
}
