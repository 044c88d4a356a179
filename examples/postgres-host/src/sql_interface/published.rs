//! What a healer says of itself, for the functions that read.

use healing_core::engine::SharedHealer;
use postgres::Client;
use postgres::types::Json;
use serde_json::{Value, json};

use crate::error::PostgresError;
use crate::json::printable_value;

/// What was published last, so that only changes are written.
#[derive(Debug, PartialEq)]
pub(super) struct Published {
    status: Value,
    config: Value,
    effectiveness: Value,
}

impl Published {
    /// Asks the healer. Where its stores fail, its status is left out.
    pub(super) fn of(healer: &SharedHealer) -> Self {
        healer.with(|healer| {
            let value = |value: Value| printable_value(value);
            Self {
                status: value(healer.status().map_or(Value::Null, |status| json!(status))),
                config: value(json!(healer.config())),
                effectiveness: value(healer.effectiveness().unwrap_or_default()),
            }
        })
    }

    /// Makes the healer known, in one statement: one that runs has said something of itself.
    pub(super) fn introduce(&self, client: &mut Client, holder: &str, watches: &[String]) -> Result<(), PostgresError> {
        client.execute(
            "INSERT INTO ruvector.healing_healers
                 (holder, backend_pid, watches, published_at, status, config, effectiveness)
             VALUES ($1, pg_backend_pid(), $2, clock_timestamp(), $3, $4, nullif($5, 'null'::jsonb))
             ON CONFLICT (holder) DO UPDATE
             SET backend_pid = excluded.backend_pid, watches = excluded.watches, started_at = excluded.started_at,
                 published_at = excluded.published_at, status = excluded.status, config = excluded.config,
                 effectiveness = excluded.effectiveness",
            &[
                &holder,
                &watches,
                &Json(&self.status),
                &Json(&self.config),
                &Json(&self.effectiveness),
            ],
        )?;
        Ok(())
    }

    pub(super) fn write(&self, client: &mut Client, holder: &str) -> Result<(), PostgresError> {
        client.execute(
            "UPDATE ruvector.healing_healers
             SET status = $2, config = $3, effectiveness = nullif($4, 'null'::jsonb), published_at = clock_timestamp()
             WHERE holder = $1",
            &[
                &holder,
                &Json(&self.status),
                &Json(&self.config),
                &Json(&self.effectiveness),
            ],
        )?;
        Ok(())
    }
}
