//! Deliberately broken variants of the engine, to show that a simulation finds what is broken. Only with the feature
//! `mutations`, which is for tests.

use std::time::Duration;

use super::config::HealingConfig;
use super::remediation::RemediationState;
use crate::number::Ratio;

/// A way to be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "mutations"), allow(dead_code, reason = "nothing is broken then"))]
pub enum Mutation {
    /// What is entered is not written down first.
    UnwrittenStates,
    /// A call that is given up may still come through: no new lease is taken, and the fence stays where it is.
    SameLease,
    /// Steps are taken back oldest first.
    OldestFirst,
    /// The last step that was begun is not taken back.
    LastStepForgotten,
    /// What another left half done counts as taken back.
    InterruptedForgotten,
    /// An undo that fails counts as done.
    FailedUndoCounts,
    /// Freezes hold nobody back.
    FreezesIgnored,
    /// What another healer learned of what is healthy is not read.
    HealthForgotten,
    /// Nobody is told what ended badly.
    NobodyTold,
    /// One attempt too many may begin within a window.
    OneAttemptTooMany,
    /// The next one begins at once.
    NoCoolDown,
    /// What keeps failing is tried again.
    NoQuarantine,
    /// Nothing is learned from what did not help.
    NeverIneffective,
    /// One too many is at work at a time.
    OneTooManyAtWork,
    /// Storms hold nobody back.
    StormsIgnored,
    /// Nobody is asked.
    NobodyAsked,
    /// Whatever is not worse than before is verified.
    AnythingVerifies,
    /// Healing that was switched off goes on.
    NeverSwitchedOff,
}

#[cfg_attr(not(feature = "mutations"), allow(dead_code, reason = "nothing is broken then"))]
impl Mutation {
    /// Every way.
    pub const ALL: [Self; 18] = [
        Self::UnwrittenStates,
        Self::SameLease,
        Self::OldestFirst,
        Self::LastStepForgotten,
        Self::InterruptedForgotten,
        Self::FailedUndoCounts,
        Self::FreezesIgnored,
        Self::HealthForgotten,
        Self::NobodyTold,
        Self::OneAttemptTooMany,
        Self::NoCoolDown,
        Self::NoQuarantine,
        Self::NeverIneffective,
        Self::OneTooManyAtWork,
        Self::StormsIgnored,
        Self::NobodyAsked,
        Self::AnythingVerifies,
        Self::NeverSwitchedOff,
    ];

    /// The configuration that an engine goes by that is broken so, where it should go by `config`: a limit that is missed is
    /// another limit.
    pub(super) fn misread(self, mut config: HealingConfig) -> HealingConfig {
        match self {
            Self::OneAttemptTooMany => {
                config.max_attempts_per_window = config.max_attempts_per_window.saturating_add(1);
            }
            Self::NoCoolDown => config.min_healing_interval = Duration::ZERO,
            Self::NoQuarantine => config.quarantine_after = u32::MAX,
            Self::NeverIneffective => config.ineffective_limit = u32::MAX,
            Self::OneTooManyAtWork => config.max_active = config.max_active.saturating_add(1),
            Self::StormsIgnored => config.storm_minimum = u32::MAX,
            Self::NobodyAsked => {
                config.require_approval.clear();
                config.require_approval_strategies.clear();
            }
            Self::AnythingVerifies => config.min_improvement = Ratio::ZERO,
            Self::NeverSwitchedOff => config.enabled = true,
            _ => {}
        }
        config
    }
}

impl RemediationState {
    /// The state, in which the last step that was begun is not taken back.
    #[cfg_attr(not(feature = "mutations"), allow(dead_code, reason = "nothing is broken then"))]
    pub(super) fn without_last_step(mut self) -> Self {
        if let Self::RollingBack {
            begun, remaining, keep, ..
        } = &mut self
            && remaining == begun
            && remaining > keep
        {
            *remaining -= 1;
        }
        self
    }
}
