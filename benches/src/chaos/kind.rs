//! The kinds of fault, and how often each comes.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A kind of fault that the simulation knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// A problem strikes a collection while another is treated there.
    OverlappingProblem,
    /// A partition's overload spills over to its neighbours while it lasts.
    Cascade,
    /// Many collections fail at once for a cause that no remediation reaches.
    Storm,
    /// Something that no strategy here can treat breaks, until a technician mends it.
    BrokenDisk,
    /// The healer's process dies, at no particular moment.
    Crash,
    /// It dies at a write to the journal: just before, or just after the record was kept.
    CrashAtWrite,
    /// It dies at an actuator's call: just before, or just after its effect.
    CrashAtCall,
    /// It is suspended, and wakes up late without knowing.
    Pause,
    /// It is cut off from the stores, from what it heals, or from both.
    Partition,
    /// A second healer looks after the same collections.
    SecondHealer,
    /// The clock of a healer or of the store is set forwards or backwards.
    ClockJump,
    /// The journal refuses a write, or panics.
    JournalError,
    /// The journal keeps a record and says that it failed.
    JournalUnacknowledged,
    /// The journal takes its time.
    JournalSlow,
    /// The stores are full for a while: nothing can be written.
    StoreFull,
    /// The journal cannot be read.
    JournalUnreadable,
    /// The outcome store fails or panics.
    OutcomeError,
    /// The lease store fails, or panics.
    LeaseError,
    /// The lease store gives a lease to someone else before its time.
    LeaseLost,
    /// An actuator's call fails without effect.
    ActuatorError,
    /// An actuator panics.
    ActuatorPanic,
    /// A step hangs, past its deadline perhaps, before it has asked for its permit.
    StepHang,
    /// An actuator's call hangs, past its deadline perhaps, and takes effect late.
    ActuatorHang,
    /// An actuator does half of what it was told, and fails.
    ActuatorPartial,
    /// An actuator does what it was told, and says that it failed.
    ActuatorUnacknowledged,
    /// An actuator says that it has done what it has not done.
    ActuatorLie,
    /// A collection cannot be observed, or observing panics.
    ObservationMissing,
    /// An observation is older than it should be.
    ObservationStale,
    /// An observation is nonsense.
    ObservationGarbage,
    /// Operators approve, reject, abort, freeze, configure and order at random.
    Operator,
    /// Someone else changes what remediations act on.
    ForeignHand,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 31] = [
        Self::OverlappingProblem,
        Self::Cascade,
        Self::Storm,
        Self::BrokenDisk,
        Self::Crash,
        Self::CrashAtWrite,
        Self::CrashAtCall,
        Self::Pause,
        Self::Partition,
        Self::SecondHealer,
        Self::ClockJump,
        Self::JournalError,
        Self::JournalUnacknowledged,
        Self::JournalSlow,
        Self::StoreFull,
        Self::JournalUnreadable,
        Self::OutcomeError,
        Self::LeaseError,
        Self::LeaseLost,
        Self::ActuatorError,
        Self::ActuatorPanic,
        Self::StepHang,
        Self::ActuatorHang,
        Self::ActuatorPartial,
        Self::ActuatorUnacknowledged,
        Self::ActuatorLie,
        Self::ObservationMissing,
        Self::ObservationStale,
        Self::ObservationGarbage,
        Self::Operator,
        Self::ForeignHand,
    ];

    /// Its name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OverlappingProblem => "overlapping_problem",
            Self::Cascade => "cascade",
            Self::Storm => "storm",
            Self::BrokenDisk => "broken_disk",
            Self::Crash => "crash",
            Self::CrashAtWrite => "crash_at_write",
            Self::CrashAtCall => "crash_at_call",
            Self::Pause => "pause",
            Self::Partition => "partition",
            Self::SecondHealer => "second_healer",
            Self::ClockJump => "clock_jump",
            Self::JournalError => "journal_error",
            Self::JournalUnacknowledged => "journal_unacknowledged",
            Self::JournalSlow => "journal_slow",
            Self::StoreFull => "store_full",
            Self::JournalUnreadable => "journal_unreadable",
            Self::OutcomeError => "outcome_error",
            Self::LeaseError => "lease_error",
            Self::LeaseLost => "lease_lost",
            Self::ActuatorError => "actuator_error",
            Self::ActuatorPanic => "actuator_panic",
            Self::StepHang => "step_hang",
            Self::ActuatorHang => "actuator_hang",
            Self::ActuatorPartial => "actuator_partial",
            Self::ActuatorUnacknowledged => "actuator_unacknowledged",
            Self::ActuatorLie => "actuator_lie",
            Self::ObservationMissing => "observation_missing",
            Self::ObservationStale => "observation_stale",
            Self::ObservationGarbage => "observation_garbage",
            Self::Operator => "operator",
            Self::ForeignHand => "foreign_hand",
        }
    }

    /// How often it comes in a day in which it comes at all. What lies in wait for a call of a remediation comes only once
    /// there is one.
    #[must_use]
    pub const fn per_day(self) -> f64 {
        match self {
            Self::SecondHealer => 1.0,
            Self::Storm | Self::BrokenDisk => 1.5,
            Self::Cascade | Self::LeaseLost => 3.0,
            Self::Crash | Self::Pause | Self::Partition | Self::ClockJump | Self::StoreFull => 4.0,
            Self::ObservationMissing | Self::ObservationStale | Self::ObservationGarbage => 6.0,
            Self::Operator => 12.0,
            _ => 8.0,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for FaultKind {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| UnknownFault { name: name.to_owned() })
    }
}

/// No kind of fault has the name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no kind of fault is named {name:?}; there are: {}", FaultKind::ALL.map(FaultKind::name).join(", "))]
pub struct UnknownFault {
    /// The name.
    pub name: String,
}
