//! Learns from outcomes which remediation strategy works.
//!
//! An [`OutcomeTracker`] takes in what came of each remediation, ranks strategies for the next choice and reports how well they
//! do; it is the [`Learner`](healing_core::Learner) that the engine of healing-core asks. How it learns is a [`Policy`]:
//! [`PosteriorWeights`] by default, [`OriginalWeights`] to measure against, or a host's own. Rebuilt from the outcome store it
//! knows what it knew before, bit for bit, and [`evaluate_offline`] says from the same records what another policy would have
//! been worth.
//!
//! What must never break: everything here is a fold over outcomes. No clock and no dice of its own; the same outcomes give the
//! same weights and the same choices.
//!
//! ```
//! use std::sync::Arc;
//! use healing_core::storage::MemoryStorage;
//! use healing_core::{Learner, SystemClock};
//! use healing_learn::OutcomeTracker;
//!
//! let clock = Arc::new(SystemClock);
//! let store = MemoryStorage::new(clock.clone());
//! let tracker = Arc::new(OutcomeTracker::load(&store, clock)?);
//! assert!(tracker.weights().is_empty(), "nothing is known yet");
//! let learner: Arc<dyn Learner> = tracker; // for `HealerBuilder::learner`
//! # let _ = learner;
//! # Ok::<(), healing_core::storage::OutcomeError>(())
//! ```

mod angle;
mod belief;
mod changing_chance;
mod counts;
mod credit;
mod effectiveness;
mod evidence;
mod half_life;
mod lots;
mod offline;
mod original_weights;
mod paces;
mod policy;
mod posterior_config;
mod posterior_weights;
mod prospect;
mod statistics;
mod tracker;
mod utility;

pub use credit::CreditRule;
pub use effectiveness::{
    Direction, Effectiveness, EffectivenessReport, ProblemEffectiveness, Rate, RecentOutcome, StrategyEffectiveness,
    Trend,
};
pub use half_life::{HalfLife, InvalidHalfLife};
pub use offline::{OfflineEstimate, evaluate_offline};
pub use original_weights::OriginalWeights;
pub use policy::Policy;
pub use posterior_config::{PosteriorConfig, Prior};
pub use posterior_weights::PosteriorWeights;
pub use tracker::OutcomeTracker;
pub use utility::{Utility, gained_share, is_verified, slowness};
