//! What is handed from thread to thread.

use healing_learn::{
    CreditRule, EffectivenessReport, HalfLife, InvalidHalfLife, OfflineEstimate, OriginalWeights, OutcomeTracker,
    Policy, PosteriorConfig, PosteriorWeights, Prior, Utility,
};

const fn may_go_anywhere<T: Send + Sync + ?Sized>() {}

const fn is_an_error<T: std::error::Error + Send + Sync + 'static>() {}

const fn may_be_handed_over<T: Send + ?Sized>() {}

#[test]
fn what_learns_may_be_sent_and_shared() {
    may_be_handed_over::<dyn Policy>();
    may_go_anywhere::<OutcomeTracker>();
    may_go_anywhere::<OriginalWeights>();
    may_go_anywhere::<PosteriorWeights>();
    may_go_anywhere::<PosteriorConfig>();
    may_go_anywhere::<EffectivenessReport>();
    may_go_anywhere::<OfflineEstimate>();
    may_go_anywhere::<HalfLife>();
    may_go_anywhere::<Prior>();
    may_go_anywhere::<Utility>();
    may_go_anywhere::<CreditRule>();
    is_an_error::<InvalidHalfLife>();
}
