//! Durations on the wire that may be absent: plain numbers, in fields whose names say that they are seconds.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub(crate) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.as_ref().map(Duration::as_secs_f64).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let read = |seconds| {
        Duration::try_from_secs_f64(seconds)
            .map_err(|error| de::Error::custom(format!("{seconds} is no duration in seconds: {error}")))
    };
    Option::<f64>::deserialize(deserializer)?.map(read).transpose()
}
