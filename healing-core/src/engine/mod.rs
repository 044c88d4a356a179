//! The engine: watches, decides, acts step by step, verifies, undoes.
//!
//! [`Healer::tick`] moves whatever can move and returns; it never waits. A remediation is a state machine
//! ([`RemediationState`]) whose every transition is in the journal before the world is touched for it.
//!
//! | state | what is durable when it is entered | what recovery makes of it |
//! | --- | --- | --- |
//! | `awaiting_approval` | plan, prediction, what was considered, initial measurements | goes on waiting, until its timeout |
//! | `planned`, approved | who approved | begins, if the problem is still there and the plan still good; else `expired` |
//! | `planned` by the loop | the plan | `expired`: nothing was touched, and the loop plans anew |
//! | `executing(i)` | that step i may have begun | steps i to 0 are taken back |
//! | `settling(done)` | that `done` steps are done | they are taken back |
//! | `stabilising`, `verifying` | that no more steps are wanted | they are taken back |
//! | `rolling_back(remaining)` | which step is undone next, how often that failed, what could not be undone | goes on from there, and keeps nothing |
//! | `completed`, `rolled_back`, `rollback_failed`, `rejected`, `expired` | how it ended | nothing; the outcome is recorded, if it was not |
//!
//! What is verified too early is looked at again: where the symptom is gone and lambda rises but has not caught up, `verifying`
//! goes back to `stabilising`, at most 30 times.
//!
//! Taken back means: newest first, by [`rollback`](crate::RemediationStrategy::rollback), tried a few times each; what a
//! strategy cannot take back ends in `rollback_failed`, which calls a human. Attempts, cool-downs, quarantine, approvals,
//! freezes and the configuration are folds of the journal ([`Standing`], [`StandingOrders`]) and so survive with it; what is
//! healthy is written there too, in a stream of its own, once it is learned and again when it has changed. Where a
//! record was kept though the append failed, what the journal says holds.
//!
//! # Traces
//!
//! With the feature `tracing` the loop tells its story through the facade of that name, with the target `healing`, to whatever
//! subscriber the host has installed:
//!
//! | span | level | fields | from when to when |
//! | --- | --- | --- | --- |
//! | `observe` | debug | `collection` | the host is asked for an observation |
//! | `remediation` | info | `collection`, `remediation`, `strategy`, `problem` | this healer takes it up, until it ends or is lost |
//! | `step`, in its `remediation` | info | `call` (`execute` or `undo`), `step` (position in the plan, from 0) | one call of the strategy, on the thread that makes it: what an actuator tells is inside |
//!
//! Each [`HealingEvent`] is an event, inside the span of the remediation at work where there is one. Its message is the kind in
//! words (`state changed`, `diagnosed`, `deferred`, `remediation`, ...), its fields are those of the kind: `collection`,
//! `remediation`, `strategy`, `state`, `step`, `problem`, `confidence`, `reason`, `lambda`, `from`, `to`, `unhealthy`, `of`,
//! `abandoned`, `error`. What calls for a human or was given up is a warning, a store that failed an error, the rest
//! information. Measured values, the evidence of a diagnosis, the words of a refusal and the description of a step are told at
//! debug level only; parameters, plans' actions and metrics never are. `error` is what the host's own error says: who puts a
//! secret into an error's text has it in the trace.

mod alarm;
mod beginning;
mod bell;
mod builder;
mod config;
mod config_change;
mod contained;
mod decision;
mod event;
mod executor;
mod guard;
mod healer;
mod health;
mod intake;
mod ledger;
mod mutation;
mod observer;
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
mod step_call;
mod storm;
mod takeover;
mod trace;
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
#[cfg(feature = "mutations")]
#[doc(hidden)]
pub use mutation::Mutation;
pub use observer::TickObserver;
pub use orders::{ControlError, Executed, Execution};
#[cfg(feature = "metrics")]
pub(crate) use outcome::outcome_of;
pub use remediation::{Initial, Remediation, RemediationState, UndoCause, UndoFailure, Verification};
pub use shared::SharedHealer;
pub use standing::{Standing, StandingOrders};
pub use status::{CollectionStatus, HumanNeeded, Quarantine, Status};
pub use step_call::{StepAnswer, StepCall, StepRunner};
pub use storm::Storm;
