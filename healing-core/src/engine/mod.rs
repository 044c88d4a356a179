//! The engine: watches, decides, acts step by step, verifies, undoes.
//!
//! [`Healer::tick`] moves whatever can move and returns; it never waits. A remediation is a state machine
//! ([`RemediationState`]) whose every transition is in the journal before the world is touched for it.

mod builder;
mod call;
mod config;
mod event;
mod guard;
mod healer;
mod intake;
mod ledger;
mod outcome;
mod prediction;
mod progress;
mod remediation;
mod selection;
mod services;
mod verification;
mod watched;

pub use builder::{BuildError, HealerBuilder};
pub use config::{ConfigFault, HealingConfig, InvalidConfig, Selection, VerificationRule};
pub use event::{EventKind, HealingEvent, Tick};
pub use guard::Refusal;
pub use healer::{ControlError, Healer};
pub use remediation::{Initial, Remediation, RemediationState, UndoCause, UndoFailure, Verification};
pub use selection::{Rejection, RejectionReason};
