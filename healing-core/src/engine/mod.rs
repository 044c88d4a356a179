//! The engine: decides, acts step by step, verifies, undoes.

mod remediation;

pub use remediation::{Initial, Remediation, RemediationState, UndoCause, UndoFailure, Verification};
/// Placeholder.
#[derive(Debug)]
pub struct Healer;
/// Placeholder.
#[derive(Debug)]
pub struct HealingConfig;
