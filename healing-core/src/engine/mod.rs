//! The engine: watches, decides, acts step by step, verifies, undoes.
//!
//! [`Healer::tick`] moves whatever can move and returns; it never waits. A remediation is a state machine
//! ([`RemediationState`]) whose every transition is in the journal before the world is touched for it.

mod alarm;
mod bell;
mod builder;
mod call;
mod config;
mod contained;
mod decision;
mod event;
mod executor;
mod guard;
mod healer;
mod intake;
mod ledger;
mod orders;
mod outcome;
mod prediction;
mod progress;
mod remediation;
mod selection;
mod services;
mod shared;
mod standing;
mod status;
mod storm;
mod verification;
mod watched;

pub use builder::{BuildError, HealerBuilder};
pub use config::{
    ConfigFault, HealingConfig, InvalidConfig, JournalRetention, MOST_ATTEMPTS, Selection, VerificationRule,
};
pub use decision::{BlastRadius, ConsideredProblem, ConsideredStrategy, Decision, RejectionReason, StrategyVerdict};
pub use event::{EventKind, HealingEvent, Tick};
pub use guard::Refusal;
pub use healer::Healer;
pub use orders::{ControlError, Executed, Execution};
pub use remediation::{Initial, Remediation, RemediationState, UndoCause, UndoFailure, Verification};
pub use shared::SharedHealer;
pub use standing::{Standing, StandingOrders};
pub use status::{CollectionStatus, Quarantine, Status};
