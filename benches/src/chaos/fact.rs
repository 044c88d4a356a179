//! What happened in a run, as it is noted the moment it happens.

use std::fmt;

use healing_core::audit::Digest;
use healing_core::engine::{EventKind, HealingEvent, RemediationState};
use healing_core::identity::{FencingToken, RemediationId};
use healing_core::storage::{JournalBody, JournalRecord};
use healing_core::{CollectionId, ProblemKind, Timestamp};

use super::act::Act;

/// Something that happened, at a time of the world.
#[derive(Debug, Clone)]
pub struct Fact {
    /// When.
    pub at: Timestamp,
    /// Which process did it; `None` where no healer did.
    pub by: Option<Pid>,
    /// What.
    pub what: What,
}

/// The number of a healer's process: 1 is the first of a run, and each start is a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(pub u32);

/// What happened.
#[derive(Debug, Clone)]
pub enum What {
    /// Something scheduled came about.
    Scheduled(String),
    /// A process was started.
    Born,
    /// A process died.
    Died,
    /// The healer is called: it ticks, or takes an order.
    Turn,
    /// A record was kept by the journal, whether or not that was acknowledged.
    Appended {
        /// The record.
        record: Box<JournalRecord>,
        /// Its digest.
        digest: Digest,
        /// What it says.
        body: Box<JournalBody>,
        /// Whether the writer was told.
        acknowledged: bool,
    },
    /// A lease was given.
    Granted {
        /// On what.
        collection: CollectionId,
        /// Its token.
        token: FencingToken,
    },
    /// An actuator's call reached the cluster.
    Called {
        /// In whose name.
        remediation: RemediationId,
        /// Under which token.
        token: FencingToken,
        /// What was to be done.
        act: Act,
        /// Whether the one who made the call had given it up before.
        late: bool,
        /// What came of it.
        result: Reception,
    },
    /// Someone who is no healer changed something.
    Meddled {
        /// Where.
        collection: CollectionId,
        /// What.
        act: Act,
    },
    /// Humans put everything right in a collection.
    PutRight {
        /// Where.
        collection: CollectionId,
    },
    /// An operator gives an order.
    Ordered {
        /// About this collection.
        collection: CollectionId,
        /// About this remediation, where there is one at work.
        remediation: Option<RemediationId>,
        /// The order.
        order: String,
    },
    /// What became of the order.
    Answered {
        /// `None`: it was carried out; else why not.
        refused: Option<String>,
    },
    /// The healer reported an event.
    Reported(Box<HealingEvent>),
    /// The healer has had its turn.
    Rested(Box<View>),
}

/// What a cluster made of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reception {
    /// It did it, as far as there was something to do.
    Done,
    /// It refused for the token's sake.
    Fenced,
    /// It refused for another reason.
    Refused(String),
}

/// What a healer shows of itself after its turn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    /// Remediations at work in this healer.
    pub at_work: Vec<RemediationId>,
    /// Collections whose last sample was below the stress threshold.
    pub unhealthy: u32,
    /// Collections that it looks after.
    pub of: u32,
    /// What it remembers of collections; of none, where nothing can have changed that.
    pub memories: Vec<Memory>,
}

/// What a healer remembers of a collection, as far as it shows that.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// The collection.
    pub collection: CollectionId,
    /// The remediation at work, and its state.
    pub active: Option<(RemediationId, RemediationState)>,
    /// The remediation that ended last, and its state.
    pub last: Option<(RemediationId, RemediationState)>,
    /// Until when nothing begins, where the last remediation ended a short while ago.
    pub cooling_until: Option<Timestamp>,
    /// The strategies in quarantine, for which kind of problem, and until when.
    pub quarantined: Vec<(ProblemKind, String, Timestamp)>,
    /// The remediations that its status tells humans to look at.
    pub shown_to_humans: Vec<RemediationId>,
    /// What its clock shows.
    pub now: Timestamp,
}

impl fmt::Display for Fact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            Some(Pid(number)) => write!(formatter, "{} healer {number}: {}", self.at, self.what),
            None => write!(formatter, "{} {}", self.at, self.what),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheduled(event) => write!(formatter, "-- {event}"),
            Self::Born => formatter.write_str("is born"),
            Self::Died => formatter.write_str("dies"),
            Self::Turn => formatter.write_str("has its turn"),
            Self::Appended {
                record,
                body,
                acknowledged,
                ..
            } => {
                let known = if *acknowledged { "" } else { ", and does not know it" };
                write!(
                    formatter,
                    "writes {}/{} under token {} at {}: {}{known}",
                    record.stream,
                    record.sequence,
                    record.token.get(),
                    record.at,
                    in_short(body)
                )
            }
            Self::Granted { collection, token } => {
                write!(formatter, "has the lease on {collection}, token {}", token.get())
            }
            Self::Called {
                remediation,
                token,
                act,
                late,
                result,
            } => {
                let late = if *late { " (late)" } else { "" };
                let token = token.get();
                write!(
                    formatter,
                    "for {remediation} under token {token}{late}: {act}: {result:?}"
                )
            }
            Self::PutRight { collection } => write!(formatter, "-- humans put everything right in {collection}"),
            Self::Meddled { collection, act } => write!(formatter, "-- someone else, in {collection}: {act}"),
            Self::Ordered {
                collection,
                remediation,
                order,
            } => {
                write!(formatter, "is ordered, in {collection}")?;
                if let Some(remediation) = remediation {
                    write!(formatter, ", while {remediation} is at work")?;
                }
                write!(formatter, ": {order}")
            }
            Self::Answered { refused: None } => formatter.write_str("obeys"),
            Self::Answered { refused: Some(why) } => write!(formatter, "refuses: {why}"),
            Self::Reported(event) => {
                if let EventKind::Remediation(remediation) = &event.kind {
                    let state = remediation.state.name();
                    return write!(formatter, "reports that {} is {state}", remediation.id);
                }
                let words = serde_json::to_string(&event.kind).unwrap_or_default();
                let end = words.char_indices().nth(300).map_or(words.len(), |(end, _)| end);
                write!(formatter, "reports {}", &words[..end])
            }
            Self::Rested(view) => write!(
                formatter,
                "rests, {} at work, {} of {} unhealthy",
                view.at_work.len(),
                view.unhealthy,
                view.of
            ),
        }
    }
}

fn in_short(body: &JournalBody) -> String {
    match body {
        JournalBody::Remediation(remediation) => format!(
            "{} {} by {} ({} steps, {}): {:?}",
            remediation.id,
            remediation.diagnosis.problem.kind(),
            remediation.plan.strategy,
            remediation.plan.steps.len(),
            remediation.prediction.map_or_else(
                || "lambda unpredictable".to_owned(),
                |it| format!("lambda {:.1} to {:.1}", it.lambda_before.get(), it.lambda_after.get())
            ),
            remediation.state
        ),
        JournalBody::Entered { number, state } => format!("{number} {state:?}"),
        JournalBody::Healthy { health, .. } => format!("that lambda is {} in health", health.lambda),
        JournalBody::Checkpoint(_) | JournalBody::OrdersCheckpoint(_) => "a checkpoint".to_owned(),
        other => format!("{other:?}"),
    }
}
