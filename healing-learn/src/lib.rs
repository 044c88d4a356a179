//! Learns from outcomes which remediation strategy works.
//!
//! **What.** An [`OutcomeTracker`] takes in what came of each remediation, ranks strategies for the next choice and reports how
//! well they do; it is the [`Learner`](healing_core::Learner) that the engine of healing-core asks.
//!
//! **Why.** Which strategy works for a problem is a property of the service and not of the strategy, and it changes: what helps
//! where clients search does not where they insert, and what helped last year may be broken today. The seed's formula, success
//! rate times improvement over thirty days, learns that slowly, or never where one lucky try outweighs a hundred good ones.
//!
//! **How.** By a [`Policy`]: [`PosteriorWeights`] by default, whose page has the mathematics with its sources and costs;
//! [`OriginalWeights`], the seed's formula, to measure against; or a host's own. An outcome that something else may have brought
//! about counts less or not at all ([`CreditRule`]). Rebuilt from the outcome store a tracker knows what it knew before, bit
//! for bit, and [`evaluate_offline`] says from the same records what another policy would have been worth.
//!
//! What must never break: everything here is a fold over outcomes. No clock and no dice of its own; the same outcomes give the
//! same weights and the same choices.
//!
//! ```
//! use std::sync::Arc;
//! use healing_core::storage::{FeedbackScore, MemoryStorage, OutcomeRecord, OutcomeStore};
//! use healing_core::{Learner, SystemClock};
//! use healing_learn::OutcomeTracker;
//!
//! let clock = Arc::new(SystemClock);
//! let store = MemoryStorage::new(clock.clone());
//! # let json = r##"{"remediation": "embeddings#1", "tenant": null,
//! #     "problem_class": "hotspot_congestion", "problem_details": {"partition_ids": [7], "load_ratio": 3.0},
//! #     "strategy_name": "rebalance_partitions", "strategy_params": null,
//! #     "started_at": "2026-01-01T00:00:00Z", "completed_at": "2026-01-01T00:01:00Z",
//! #     "success": true, "verified": true, "actions_taken": 3, "improvement_pct": 40.0, "error_message": null,
//! #     "initial_lambda": 10.0, "final_lambda": 14.0, "witness_edges": [], "system_metrics": {}}"##;
//! # let outcome: OutcomeRecord = serde_json::from_str(json)?;
//! let tracker = Arc::new(OutcomeTracker::load(&store, clock)?); // whatever the store holds is learned
//! assert!(tracker.effectiveness_report().overall_success_rate.is_none(), "a rate over nothing is not 0");
//!
//! // A healer does this by itself; `outcome` is of `rebalance_partitions`, which was verified.
//! tracker.record(&store, &outcome)?;
//! tracker.feedback(&store, &outcome.remediation, FeedbackScore::new(1.0)?)?;
//! assert!(tracker.weights()["rebalance_partitions"].get() > 1.0, "better than what is not known");
//!
//! let learner: Arc<dyn Learner> = tracker; // for `HealerBuilder::learner`
//! # let _ = learner;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod angle;
mod belief;
mod by_collection;
mod changing_chance;
mod counts;
mod credit;
mod critical_choices;
mod effectiveness;
mod evidence;
mod half_life;
mod lots;
mod offline;
mod optional_seconds;
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
