//! Whether a remediation helped.

use super::config::{HealingConfig, VerificationRule};
use super::remediation::{Initial, Verification};
use crate::monitor::IntegrityReport;
use crate::number::Amount;

/// Judges lambda, integrity and the symptom now against what they were.
pub(super) fn judge(
    initial: &Initial,
    report: &IntegrityReport,
    symptom: Option<Amount>,
    config: &HealingConfig,
) -> Verification {
    let (lambda, integrity) = (report.lambda, report.integrity);
    let relative_change = initial.lambda.relative_change(lambda, initial.floor());
    let enough = config.min_improvement.get();
    if relative_change >= enough {
        return Verification::Lambda { relative_change };
    }
    let others_count = match config.verification {
        VerificationRule::LambdaOrSymptom => lambda >= initial.lambda,
        VerificationRule::LambdaOnly => false,
    };
    let integrity_change = initial.integrity.relative_change(integrity, initial.floor());
    if others_count && integrity_change >= enough {
        return Verification::Integrity {
            relative_change: integrity_change,
        };
    }
    match (initial.symptom, symptom) {
        (Some(before), Some(after)) if others_count && symptom_is_gone(initial, symptom, config) => {
            Verification::Symptom { before, after }
        }
        _ => Verification::NotVerified { relative_change },
    }
}

/// Whether the symptom has become as much less as counts for an improvement, where symptoms count, whatever lambda did.
pub(super) fn symptom_is_gone(initial: &Initial, symptom: Option<Amount>, config: &HealingConfig) -> bool {
    match (initial.symptom, symptom) {
        (Some(before), Some(after)) if config.verification == VerificationRule::LambdaOrSymptom => {
            before.get() > 0.0 && after.get() <= before.get() * (1.0 - config.min_improvement.get())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::identity::CollectionId;
    use crate::metrics::SystemMetrics;
    use crate::monitor::IntegrityState;
    use crate::number::Lambda;

    fn initial(lambda: f64, symptom: Option<f64>) -> Initial {
        Initial {
            lambda: Lambda::clamped(lambda),
            integrity: Lambda::clamped(lambda),
            baseline: Some(Lambda::clamped(100.0)),
            stress: None,
            target: None,
            state: IntegrityState::Stress,
            symptom: symptom.map(Amount::clamped),
            problems: Vec::new(),
            witness: Vec::new(),
            metrics: SystemMetrics::default(),
        }
    }

    fn report(lambda: f64, integrity: f64) -> IntegrityReport {
        IntegrityReport {
            collection: CollectionId::new("embeddings").unwrap(),
            observed_at: Timestamp::UNIX_EPOCH,
            lambda: Lambda::clamped(lambda),
            baseline: None,
            thresholds: None,
            witness: Vec::new(),
            side: Vec::new(),
            weakest: Vec::new(),
            weakened: Vec::new(),
            integrity: Lambda::clamped(integrity),
            state: IntegrityState::Stress,
            transition: None,
            drift: None,
        }
    }

    fn verified(initial: &Initial, lambda: f64, symptom: Option<f64>, config: &HealingConfig) -> bool {
        let report = report(lambda, lambda);
        judge(initial, &report, symptom.map(Amount::clamped), config).is_verified()
    }

    #[test]
    fn ten_percent_more_lambda_verifies_and_less_does_not() {
        let config = HealingConfig::default();
        assert!(verified(&initial(50.0, None), 55.1, None, &config));
        assert!(!verified(&initial(50.0, None), 54.9, None, &config));
    }

    #[test]
    fn a_better_symptom_verifies_only_while_lambda_does_not_fall() {
        let config = HealingConfig::default();
        assert!(verified(&initial(50.0, Some(4.0)), 50.0, Some(3.5), &config));
        assert!(!verified(&initial(50.0, Some(4.0)), 49.0, Some(1.0), &config));
        assert!(!verified(&initial(50.0, Some(4.0)), 50.0, Some(3.7), &config));
        assert!(!verified(
            &initial(50.0, Some(4.0)),
            50.0,
            Some(1.0),
            &HealingConfig::original()
        ));
        assert!(!verified(&initial(50.0, None), 50.0, Some(1.0), &config));
    }

    #[test]
    fn a_disconnected_graph_that_is_joined_again_verifies() {
        let config = HealingConfig::default();
        assert!(verified(&initial(0.0, None), 30.0, None, &config));
        assert!(!verified(&initial(0.0, None), 0.0, None, &config));
    }

    #[test]
    fn more_integrity_verifies_only_while_lambda_does_not_fall() {
        let config = HealingConfig::default();
        let initial = Initial {
            integrity: Lambda::clamped(20.0),
            ..initial(50.0, None)
        };
        let verdict =
            |lambda, integrity, config| judge(&initial, &report(lambda, integrity), None, config).is_verified();
        assert!(verdict(50.0, 22.1, &config));
        assert!(!verdict(50.0, 21.9, &config));
        assert!(!verdict(49.0, 49.0, &config));
        assert!(!verdict(50.0, 50.0, &HealingConfig::original()));
    }
}
