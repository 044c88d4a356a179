//! Whether a remediation helped.

use super::config::{HealingConfig, VerificationRule};
use super::remediation::{Initial, Verification};
use crate::number::{Amount, Lambda};

/// Judges lambda and the symptom now against what they were.
pub(super) fn judge(
    initial: &Initial,
    lambda: Lambda,
    symptom: Option<Amount>,
    config: &HealingConfig,
) -> Verification {
    let relative_change = initial.lambda.relative_change(lambda, initial.floor());
    let enough = config.min_improvement.get();
    if relative_change >= enough {
        return Verification::Lambda { relative_change };
    }
    let symptom_counts = match config.verification {
        VerificationRule::LambdaOrSymptom => lambda >= initial.lambda,
        VerificationRule::LambdaOnly => false,
    };
    match (initial.symptom, symptom) {
        (Some(before), Some(after))
            if symptom_counts && before.get() > 0.0 && after.get() <= before.get() * (1.0 - enough) =>
        {
            Verification::Symptom { before, after }
        }
        _ => Verification::NotVerified { relative_change },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::SystemMetrics;
    use crate::monitor::IntegrityState;

    fn initial(lambda: f64, symptom: Option<f64>) -> Initial {
        Initial {
            lambda: Lambda::clamped(lambda),
            baseline: Some(Lambda::clamped(100.0)),
            target: None,
            state: IntegrityState::Stress,
            symptom: symptom.map(Amount::clamped),
            problems: Vec::new(),
            witness: Vec::new(),
            metrics: SystemMetrics::default(),
        }
    }

    fn verified(initial: &Initial, lambda: f64, symptom: Option<f64>, config: &HealingConfig) -> bool {
        judge(initial, Lambda::clamped(lambda), symptom.map(Amount::clamped), config).is_verified()
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
}
