//! Learns from outcomes which remediation strategy works.
//!
//! An [`OutcomeTracker`] takes in what came of each remediation and hands out weights by the formula of [`OriginalWeights`]; the engine of
//! healing-core chooses by them. Rebuilt from the outcome store, it knows what it knew before.
//!
//! ```
//! use std::sync::Arc;
//! use healing_core::storage::MemoryStorage;
//! use healing_core::{Learner, SystemClock};
//! use healing_learn::OutcomeTracker;
//!
//! let clock = Arc::new(SystemClock);
//! let store = MemoryStorage::new(clock.clone());
//! let tracker = OutcomeTracker::load(&store, clock)?;
//! assert!(tracker.weights().is_empty(), "nothing is known yet");
//! # Ok::<(), healing_core::storage::OutcomeError>(())
//! ```

mod effectiveness;
mod original_weights;
mod tracker;

pub use effectiveness::{EffectivenessReport, RecentOutcome, StrategyEffectiveness};
pub use original_weights::OriginalWeights;
pub use tracker::OutcomeTracker;
