//! What can go wrong between this program and the server.

use healing_core::storage::{JournalError, LeaseError, OutcomeError};
use healing_strategies::actuators::ActuatorError;
use postgres::error::SqlState;
use thiserror::Error;

/// The server failed, or could not be reached.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// All connections are in use, or none can be made.
    #[error("no connection to the database was to be had: {0}")]
    NoConnection(#[source] r2d2::Error),
    /// The server refused, or the connection broke.
    #[error("the database failed: {}", in_words(.0))]
    Database(#[source] postgres::Error),
    /// What is stored is not what was stored.
    #[error("{what} in the database cannot be read: {why}")]
    Damaged {
        /// What.
        what: String,
        /// Why not.
        why: String,
    },
    /// A value does not fit the database's types.
    #[error("{what} cannot be kept: {why}")]
    Unkeepable {
        /// What.
        what: String,
        /// Why not.
        why: String,
    },
    /// The database's schema is not the one this program works with.
    #[error("the schema ruvector is of version {found}, this program knows {known}: {advice}")]
    Schema {
        /// The version of the database.
        found: i32,
        /// The version of this program.
        known: i32,
        /// What to do.
        advice: &'static str,
    },
    /// The server cannot be worked with as it is.
    #[error("{what}; {advice}")]
    Unsuitable {
        /// What is in the way.
        what: String,
        /// What to do.
        advice: String,
    },
}

impl PostgresError {
    /// The server's code, where the server refused.
    #[must_use]
    pub fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Database(error) => error.code(),
            _ => None,
        }
    }

    /// Whether the same call may succeed when it is made again at once: two transactions were in each other's way.
    pub(crate) fn is_transient(&self) -> bool {
        self.code().is_some_and(|code| {
            *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
        })
    }
}

/// The client's own text leaves out what the server said.
fn in_words(error: &postgres::Error) -> String {
    let Some(said) = error.as_db_error() else {
        let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
        return format!("{error}{cause}");
    };
    let optional = |name: &str, text: Option<&str>| text.map_or_else(String::new, |text| format!("; {name}: {text}"));
    format!(
        "{} ({}){}{}",
        said.message(),
        said.code().code(),
        optional("detail", said.detail()),
        optional("hint", said.hint()),
    )
}

impl From<postgres::Error> for PostgresError {
    fn from(error: postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<PostgresError> for JournalError {
    fn from(error: PostgresError) -> Self {
        Self::Host(Box::new(error))
    }
}

impl From<PostgresError> for OutcomeError {
    fn from(error: PostgresError) -> Self {
        Self::Host(Box::new(error))
    }
}

impl From<PostgresError> for LeaseError {
    fn from(error: PostgresError) -> Self {
        Self::Host(Box::new(error))
    }
}

impl From<PostgresError> for ActuatorError {
    fn from(error: PostgresError) -> Self {
        Self::Host(Box::new(error))
    }
}
