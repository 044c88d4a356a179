//! The healer's end: takes commands, has them carried out, answers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use healing_core::engine::SharedHealer;
use postgres::Client;
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::Json;
use serde_json::Value;

use super::answer::{Answer, Complaint};
use super::published::Published;
use super::verbs::Command;
use crate::database::Database;
use crate::error::PostgresError;
use crate::locks::{CLASS, Lock};

/// Takes the operators' commands for one healer. Clones share it.
///
/// It has a connection of its own, and while that lasts the healer counts as running. One thread calls [`run`](Self::run).
#[derive(Clone)]
pub struct CommandDesk {
    database: Database,
    healer: SharedHealer,
    holder: String,
    stopped: Arc<AtomicBool>,
}

/// What changed of the healer is published at most this often, and when a command was carried out.
const PUBLISHED_EVERY: Duration = Duration::from_secs(1);

/// It looks for commands at least this often, and whether it is to stop.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

/// After an error it waits so long before it connects again.
const PAUSE: Duration = Duration::from_secs(1);

impl CommandDesk {
    /// The desk of `healer`, which was built with this name as its holder.
    #[must_use]
    pub fn new(database: Database, healer: SharedHealer, holder: impl Into<String>) -> Self {
        Self {
            database,
            healer,
            holder: holder.into(),
            stopped: Arc::default(),
        }
    }

    /// Takes commands until [`stop`](Self::stop) is called. Where the connection breaks it makes another, and hands out why.
    pub fn run(&self, mut on_error: impl FnMut(PostgresError)) {
        while !self.is_stopped() {
            if let Err(error) = self.attend() {
                on_error(error);
                if !self.is_stopped() {
                    std::thread::park_timeout(PAUSE);
                }
            }
        }
    }

    /// Ends [`run`](Self::run), half a second later at most.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Takes commands for as long as the connection lasts.
    fn attend(&self) -> Result<(), PostgresError> {
        let mut client = self.database.connection_of_its_own()?;
        let watches: Vec<String> = self.healer.with(|healer| {
            healer
                .collections()
                .map(|collection| collection.as_str().to_owned())
                .collect()
        });
        client.batch_execute("LISTEN ruvector_healing_commands")?;
        // Ends with the session: who died is not running.
        client.execute(
            "SELECT pg_advisory_lock_shared($1, $2)",
            &[&CLASS, &(Lock::Healers as i32)],
        )?;
        let mut published = Published::of(&self.healer);
        published.introduce(&mut client, &self.holder, &watches)?;
        client.execute(
            "DELETE FROM ruvector.healing_commands WHERE given_at < now() - INTERVAL '7 days'",
            &[],
        )?;
        let mut looked_at = Instant::now();
        while !self.is_stopped() {
            if looked_at.elapsed() >= PUBLISHED_EVERY {
                looked_at = Instant::now();
                let present = Published::of(&self.healer);
                if present != published {
                    present.write(&mut client, &self.holder)?;
                    published = present;
                }
            }
            if self.serve_next(&mut client, &watches)? {
                continue;
            }
            client.notifications().timeout_iter(LONGEST_SLEEP).next()?;
        }
        Ok(())
    }

    /// Takes the oldest command that this healer should carry out, and answers it. Whether there was one.
    fn serve_next(&self, client: &mut Client, watches: &[String]) -> Result<bool, PostgresError> {
        // What a collection's leaseholder is at, it must be told itself.
        let taken = client.query_opt(
            "UPDATE ruvector.healing_commands SET state = 'taken', taken_by = $1
             WHERE id = (
                 SELECT id FROM ruvector.healing_commands AS command
                 WHERE state = 'given' AND expires_at > clock_timestamp()
                     AND (collection IS NULL OR collection = ANY ($2) AND NOT EXISTS (
                         SELECT FROM ruvector.healing_leases AS lease
                         WHERE lease.collection = command.collection AND holder <> $1 AND NOT released
                             AND expires_at > ruvector.lease_clock()))
                 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING id, verb, collection, arguments, given_by",
            &[&self.holder, &watches],
        )?;
        let Some(row) = taken else { return Ok(false) };
        let command = Command {
            id: row.get(0),
            verb: row.get(1),
            collection: row.get(2),
            arguments: row.get(3),
            given_by: row.get(4),
        };
        let answer = self.healer.with(|healer| command.carry_out(healer));
        // Who is answered sees its effect in the functions that read.
        Published::of(&self.healer).write(client, &self.holder)?;
        answer_command(client, &command, answer)?;
        Ok(true)
    }
}

impl fmt::Debug for CommandDesk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CommandDesk")
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}

fn answer_command(client: &mut Client, command: &Command, answer: Answer) -> Result<(), PostgresError> {
    let (answer, complaint) = match answer {
        Ok(answer) => (Some(answer), None),
        Err(complaint) => (None, Some(complaint)),
    };
    let told = |text: fn(&Complaint) -> &str| {
        complaint
            .as_ref()
            .map(|complaint| crate::json::printable(text(complaint)))
    };
    let answer: Option<Json<Value>> = answer.map(|answer| Json(crate::json::printable_value(answer)));
    // The number by which operators name a remediation is the database's, as is the state that the order brought it to.
    client.execute(
        "UPDATE ruvector.healing_commands
         SET state = 'answered', error_code = $3, error_message = $4, error_hint = $5,
             answer = $2::jsonb || coalesce((
                 SELECT jsonb_build_object('action_id', action_id, 'state', state)
                 FROM ruvector.healing_actions JOIN ruvector.collections ON collections.id = collection_id
                 WHERE name || '#' || number = $2::jsonb ->> 'remediation'), '{}')
         WHERE id = $1",
        &[
            &command.id,
            &answer,
            &told(|it| it.code),
            &told(|it| &it.message),
            &told(|it| &it.hint),
        ],
    )?;
    Ok(())
}
