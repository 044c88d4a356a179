//! Arbitrary bytes as observations, one a line: refused, or watched and classified. What comes out is in range, in order, and
//! the same every time.

#![no_main]

use healing_core::classify::{EvidenceClassifier, RuleClassifier};
use healing_core::diagnosis::Diagnosis;
use healing_core::monitor::{IntegrityMonitor, IntegrityReport, MonitorConfig};
use healing_core::{Classifier, Observation};
use libfuzzer_sys::fuzz_target;

/// A healthy sample is learned from so many.
const BASELINE_SAMPLES: usize = 2;

fuzz_target!(|data: &[u8]| {
    let config = MonitorConfig {
        baseline_samples: BASELINE_SAMPLES,
        ..MonitorConfig::default()
    };
    let mut monitor = IntegrityMonitor::new(&config);
    for line in data.split(|&byte| byte == b'\n') {
        let Ok(observation) = serde_json::from_slice::<Observation>(line) else {
            continue;
        };
        let json = serde_json::to_vec(&observation).expect("every observation can be written");
        let back: Observation = serde_json::from_slice(&json).expect("and read");
        assert_eq!(back, observation);
        let mut again = monitor.clone();
        // A refusal is an error with words, and the monitor goes on.
        match monitor.sample(&observation) {
            Ok(report) => {
                assert_eq!(again.sample(&observation).as_ref(), Ok(&report));
                check(&observation, &report);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});

fn check(observation: &Observation, report: &IntegrityReport) {
    let witness: f64 = report
        .witness
        .iter()
        .map(|it| it.edge().effective_capacity().get())
        .sum();
    let lambda = report.lambda.get();
    assert!(
        (lambda - witness).abs() <= 1e-6 * lambda.max(witness),
        "{lambda} {witness}"
    );
    assert!(2 * report.side.len() <= observation.graph.nodes().len());
    for side in report.weakest.iter().map(|cut| &cut.side).chain([&report.side]) {
        assert!(!side.is_empty() && side.is_sorted());
    }
    let json = serde_json::to_vec(report).expect("every report can be written");
    assert_eq!(
        serde_json::from_slice::<IntegrityReport>(&json).expect("and read"),
        *report
    );
    let classifiers: [&dyn Classifier; 2] = [&EvidenceClassifier::default(), &RuleClassifier::default()];
    for classifier in classifiers {
        let diagnoses = classifier.classify(observation, report);
        assert!(diagnoses.is_sorted_by(|one, other| one.confidence >= other.confidence));
        assert_eq!(classifier.classify(observation, report), diagnoses);
        let json = serde_json::to_vec(&diagnoses).expect("every diagnosis can be written");
        assert_eq!(
            serde_json::from_slice::<Vec<Diagnosis>>(&json).expect("and read"),
            diagnoses
        );
    }
}
