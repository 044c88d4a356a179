//! What is scheduled to happen.

use std::fmt;
use std::time::Duration;

use mock_cluster::{Fault, Severity};

use super::kind::FaultKind;

/// Something that happens at a time, whatever else has happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    /// From the begin of the run.
    pub at: Duration,
    /// What.
    pub event: Event,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A problem strikes a collection.
    Problem {
        /// The collection's number.
        collection: usize,
        /// The problem.
        fault: Fault,
        /// Whether it is meant to meet another one.
        overlapping: bool,
    },
    /// A partition gets hot, and while it is, its neighbour gets hot after it.
    Cascade {
        /// The collection's number.
        collection: usize,
        /// The first partition.
        partition: i64,
        /// How hot.
        severity: Severity,
        /// How many neighbours follow at most.
        hops: u32,
    },
    /// The network around the first collections fails, and comes back.
    Outage {
        /// How many collections.
        collections: usize,
        /// How bad.
        severity: Severity,
        /// For how long.
        lasts: Duration,
    },
    /// A disk breaks, and is mended.
    BrokenDisk {
        /// The collection's number.
        collection: usize,
        /// The partition that uses it.
        partition: i64,
        /// How bad.
        severity: Severity,
        /// For how long.
        lasts: Duration,
    },
    /// A healer's process dies, and is started again.
    Crash {
        /// Which of the two healers.
        slot: usize,
        /// For how long nobody is there.
        down: Duration,
    },
    /// Whoever makes one of the next writes to the journal dies over it, and is started again.
    CrashAtWrite {
        /// So many writes are let pass.
        after: u32,
        /// Whether the record is kept.
        kept: bool,
        /// For how long nobody is there.
        down: Duration,
    },
    /// Whoever makes one of the next actuator calls dies over it, and is started again.
    CrashAtCall {
        /// So many calls are let pass.
        after: u32,
        /// Whether the call takes effect.
        done: bool,
        /// For how long nobody is there.
        down: Duration,
    },
    /// A healer's process is suspended, and goes on as if nothing had happened.
    Pause {
        /// Which of the two healers.
        slot: usize,
        /// For how long.
        lasts: Duration,
    },
    /// A healer's process is cut off.
    Partition {
        /// Which of the two healers.
        slot: usize,
        /// From what.
        from: Side,
        /// For how long.
        lasts: Duration,
    },
    /// A second healer is started.
    SecondHealer,
    /// A clock is set.
    ClockJump {
        /// Which.
        whose: ClockOf,
        /// By so many seconds: forwards, or backwards.
        seconds: i64,
    },
    /// Some of the next calls to a store go wrong.
    Store {
        /// How.
        mishap: StoreMishap,
        /// So many calls are let pass.
        after: u32,
        /// So many go wrong.
        calls: u32,
    },
    /// Nothing can be written to any store.
    StoreFull {
        /// For how long.
        lasts: Duration,
    },
    /// The lease store forgets who has the lease on a collection.
    LeaseLost {
        /// The collection's number.
        collection: usize,
    },
    /// Some of the next calls of actuators go wrong.
    Actuator {
        /// How.
        mishap: ActuatorMishap,
        /// So many calls are let pass.
        after: u32,
        /// So many go wrong.
        calls: u32,
    },
    /// A collection is seen wrongly, or not at all.
    Observation {
        /// The collection's number.
        collection: usize,
        /// How.
        mishap: ObservationMishap,
        /// For how long.
        lasts: Duration,
    },
    /// An operator gives an order to a healer.
    Order {
        /// Which of the two healers.
        slot: usize,
        /// The collection's number.
        collection: usize,
        /// The order.
        order: Order,
    },
    /// Someone who knows nothing of the healer changes something.
    ForeignHand {
        /// The collection's number.
        collection: usize,
        /// What.
        hand: Hand,
    },
}

/// What a healer is cut off from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// From the stores.
    Stores,
    /// From what it heals.
    World,
    /// From both.
    Both,
}

/// Whose clock is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockOf {
    /// That of one of the two healers.
    Healer(usize),
    /// That of the lease store.
    Store,
}

/// How a call to a store goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreMishap {
    /// An append to the journal fails, and nothing is kept.
    AppendFails,
    /// An append to the journal panics, and nothing is kept.
    AppendPanics,
    /// An append to the journal fails, and the record is kept all the same.
    AppendUnacknowledged,
    /// An append to the journal takes so many seconds.
    AppendSlow(u32),
    /// The journal cannot be read.
    ReadFails,
    /// An outcome cannot be recorded.
    OutcomeFails,
    /// Recording an outcome panics.
    OutcomePanics,
    /// A call to the lease store fails.
    LeaseFails,
    /// A call to the lease store panics.
    LeasePanics,
}

/// How an actuator's call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActuatorMishap {
    /// It fails without effect.
    Fails,
    /// A reading call fails.
    ReadFails,
    /// It panics without effect.
    Panics,
    /// The step's call hangs for so many seconds before it begins.
    StepHangs(u32),
    /// The actuator's call hangs for so many seconds, and then takes effect.
    Hangs(u32),
    /// It does half, and fails.
    DoesHalf,
    /// It does it, and fails.
    Unacknowledged,
    /// It does nothing, and says that it has.
    Lies,
}

/// How an observation goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObservationMishap {
    /// There is none.
    Missing,
    /// Observing panics.
    Panics,
    /// It shows the collection as it was when this began, and says so.
    Stale,
    /// It shows another collection.
    Mistaken,
    /// It shows no nodes.
    Empty,
    /// It shows one node, and no edge.
    Alone,
    /// It shows a graph that fell apart.
    Apart,
    /// It shows edges without capacity.
    Powerless,
    /// It shows enormous capacities.
    Enormous,
    /// It was made in the future.
    FromTheFuture,
}

/// What an operator orders.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// What awaits approval is approved.
    Approve,
    /// What awaits approval is rejected.
    Reject,
    /// What is at work is aborted.
    Abort,
    /// Nothing may begin: in the collection, or anywhere.
    Freeze {
        /// Anywhere.
        everywhere: bool,
    },
    /// That is taken back.
    Unfreeze {
        /// The order that holds everywhere.
        everywhere: bool,
    },
    /// The configuration is changed.
    Configure(serde_json::Map<String, serde_json::Value>),
    /// The collection is to be treated now.
    Trigger,
    /// A strategy is to be carried out.
    Execute {
        /// Which.
        strategy: &'static str,
    },
    /// The last remediation is to be taken back.
    Rollback,
    /// A human judges the last remediation.
    Feedback(f64),
}

/// What someone else changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// The share of inserts that is held back, percent.
    Throttle(u32),
    /// The bound on a replica's lag, seconds.
    LagBound {
        /// The replica.
        replica: i64,
        /// The bound.
        seconds: u64,
    },
    /// A job that is paused is resumed.
    ResumeJob,
    /// One replica more is wanted.
    Scale,
    /// A vector of this partition is moved to the next one.
    MoveVector {
        /// The partition.
        partition: i64,
    },
}

impl Event {
    /// The kind of fault that it is; `None` for an ordinary problem.
    #[must_use]
    pub fn kind(&self) -> Option<FaultKind> {
        Some(match self {
            Self::Problem { overlapping: false, .. } => return None,
            Self::Problem { overlapping: true, .. } => FaultKind::OverlappingProblem,
            Self::Cascade { .. } => FaultKind::Cascade,
            Self::Outage { .. } => FaultKind::Storm,
            Self::BrokenDisk { .. } => FaultKind::BrokenDisk,
            Self::Crash { .. } => FaultKind::Crash,
            Self::CrashAtWrite { .. } => FaultKind::CrashAtWrite,
            Self::CrashAtCall { .. } => FaultKind::CrashAtCall,
            Self::Pause { .. } => FaultKind::Pause,
            Self::Partition { .. } => FaultKind::Partition,
            Self::SecondHealer => FaultKind::SecondHealer,
            Self::ClockJump { .. } => FaultKind::ClockJump,
            Self::Store { mishap, .. } => mishap.kind(),
            Self::StoreFull { .. } => FaultKind::StoreFull,
            Self::LeaseLost { .. } => FaultKind::LeaseLost,
            Self::Actuator { mishap, .. } => mishap.kind(),
            Self::Observation { mishap, .. } => mishap.kind(),
            Self::Order { .. } => FaultKind::Operator,
            Self::ForeignHand { .. } => FaultKind::ForeignHand,
        })
    }
}

impl StoreMishap {
    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> FaultKind {
        match self {
            Self::AppendFails | Self::AppendPanics => FaultKind::JournalError,
            Self::AppendUnacknowledged => FaultKind::JournalUnacknowledged,
            Self::AppendSlow(_) => FaultKind::JournalSlow,
            Self::ReadFails => FaultKind::JournalUnreadable,
            Self::OutcomeFails | Self::OutcomePanics => FaultKind::OutcomeError,
            Self::LeaseFails | Self::LeasePanics => FaultKind::LeaseError,
        }
    }
}

impl ActuatorMishap {
    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> FaultKind {
        match self {
            Self::Fails | Self::ReadFails => FaultKind::ActuatorError,
            Self::Panics => FaultKind::ActuatorPanic,
            Self::StepHangs(_) => FaultKind::StepHang,
            Self::Hangs(_) => FaultKind::ActuatorHang,
            Self::DoesHalf => FaultKind::ActuatorPartial,
            Self::Unacknowledged => FaultKind::ActuatorUnacknowledged,
            Self::Lies => FaultKind::ActuatorLie,
        }
    }
}

impl ObservationMishap {
    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> FaultKind {
        match self {
            Self::Missing | Self::Panics => FaultKind::ObservationMissing,
            Self::Stale => FaultKind::ObservationStale,
            _ => FaultKind::ObservationGarbage,
        }
    }
}

impl fmt::Display for Scheduled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at.as_secs();
        write!(
            formatter,
            "{:02}:{:02}:{:02} {}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            self.event
        )
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem { collection, fault, .. } => write!(formatter, "collection {collection}: {fault}"),
            other => write!(formatter, "{other:?}"),
        }
    }
}
