//! Classifiers made of classifiers.

use std::num::NonZeroUsize;
use std::sync::Arc;

use healing_core::classify::{FirstOf, Vote, Weighted};
use healing_core::diagnosis::{Diagnosis, Evidence};
use healing_core::metrics::SystemMetrics;
use healing_core::monitor::{IntegrityMonitor, IntegrityReport, MonitorConfig};
use healing_core::topology::{ContractedGraph, NodeRef};
use healing_core::{Amount, Classifier, CollectionId, Observation, ProblemClass, ProblemKind, Ratio, Timestamp};
use proptest::prelude::*;

/// Says the same whatever it sees.
struct Says(Vec<Diagnosis>);

impl Classifier for Says {
    fn classify(&self, _: &Observation, _: &IntegrityReport) -> Vec<Diagnosis> {
        self.0.clone()
    }
}

fn says(diagnoses: &[(ProblemClass, f64)]) -> Arc<dyn Classifier> {
    let diagnoses = diagnoses.iter().map(|(problem, confidence)| Diagnosis {
        problem: problem.clone(),
        confidence: Ratio::clamped(*confidence),
        evidence: vec![Evidence::measured(
            format!("{} by {confidence}", problem.kind()),
            1.0,
            0.0,
        )],
    });
    Arc::new(Says(diagnoses.collect()))
}

fn lag(replica: i64) -> ProblemClass {
    ProblemClass::ReplicationLag {
        replica_ids: vec![replica],
        lag: std::time::Duration::from_secs(9),
    }
}

fn hotspot() -> ProblemClass {
    ProblemClass::HotspotCongestion {
        partition_ids: vec![1],
        load_ratio: Amount::clamped(2.0),
    }
}

fn own(name: &str) -> ProblemClass {
    ProblemClass::Custom {
        kind: healing_core::problem::CustomKind::new(name).unwrap(),
        details: serde_json::Value::Null,
    }
}

fn unknown(summary: &str) -> ProblemClass {
    ProblemClass::Unknown {
        witness_summary: summary.to_owned(),
    }
}

fn asked(classifier: &dyn Classifier) -> Vec<(ProblemKind, f64)> {
    let found = found_by(classifier);
    found
        .iter()
        .map(|it| (it.problem.kind(), it.confidence.get()))
        .collect()
}

fn found_by(classifier: &dyn Classifier) -> Vec<Diagnosis> {
    let mut graph = ContractedGraph::builder();
    graph
        .node(NodeRef::shard(1), 1.0)
        .unwrap()
        .node(NodeRef::shard(2), 1.0)
        .unwrap();
    let observation = Observation {
        collection: CollectionId::new("embeddings").unwrap(),
        observed_at: Timestamp::UNIX_EPOCH,
        graph: graph.build(),
        metrics: SystemMetrics::default(),
    };
    let report = IntegrityMonitor::new(&MonitorConfig::default())
        .look(&observation)
        .unwrap();
    classifier.classify(&observation, &report)
}

fn of(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

#[test]
fn the_first_that_knows_decides_and_unknown_is_not_knowing() {
    let (silent, helpless) = (says(&[]), says(&[(unknown("a"), 0.0)]));
    let (sure, unsure) = (says(&[(hotspot(), 0.9)]), says(&[(lag(1), 0.2)]));
    let first = |of: &[&Arc<dyn Classifier>]| asked(&FirstOf::new(of.iter().map(|&it| it.clone())));
    assert_eq!(
        first(&[&silent, &helpless, &unsure, &sure]),
        [(ProblemKind::ReplicationLag, 0.2)]
    );
    assert_eq!(first(&[&sure, &unsure]), [(ProblemKind::HotspotCongestion, 0.9)]);
    assert_eq!(first(&[&silent, &helpless]), [(ProblemKind::Unknown, 0.0)]);
    assert_eq!(first(&[&silent]), []);
    assert_eq!(first(&[]), []);
}

#[test]
fn a_vote_needs_its_quorum_and_ranks_by_votes_before_confidence() {
    let voters = [
        says(&[(hotspot(), 0.5), (lag(1), 1.0)]),
        says(&[(hotspot(), 0.7)]),
        says(&[(unknown("dark"), 0.0)]),
    ];
    let vote = |quorum| asked(&Vote::new(voters.clone(), of(quorum)));
    assert_eq!(
        vote(1),
        [
            (ProblemKind::HotspotCongestion, 0.6),
            (ProblemKind::ReplicationLag, 1.0)
        ]
    );
    assert_eq!(vote(2), [(ProblemKind::HotspotCongestion, 0.6)]);
}

#[test]
fn voters_who_disagree_know_nothing_together() {
    let voters = [says(&[(hotspot(), 0.9)]), says(&[(lag(1), 0.9)])];
    let found = found_by(&Vote::new(voters, of(2)));
    let ProblemClass::Unknown { witness_summary } = &found[0].problem else {
        panic!("{found:?}")
    };
    assert_eq!(found.len(), 1);
    assert_eq!(
        witness_summary,
        "2 votes are needed, and there are 1 for hotspot_congestion, 1 for replication_lag"
    );
    assert_eq!(found_by(&Vote::new([says(&[])], of(1))), []);
}

#[test]
fn classifiers_of_different_classes_complete_each_other_in_a_vote_of_one() {
    let voters = [
        says(&[(lag(1), 0.9)]),
        says(&[(own("broken_disk"), 0.95)]),
        says(&[(unknown("dark"), 1.0)]),
    ];
    let kinds: Vec<String> = asked(&Vote::new(voters, of(1)))
        .iter()
        .map(|(kind, _)| kind.to_string())
        .collect();
    assert_eq!(kinds, ["broken_disk", "replication_lag"]);
}

#[test]
fn weights_pool_confidences_and_silence_counts_as_none() {
    let weigh = |weights: [f64; 2]| {
        let classifiers = [says(&[(hotspot(), 0.8), (lag(1), 0.5)]), says(&[(lag(2), 0.9)])];
        let weighted = classifiers.into_iter().zip(weights.map(Amount::clamped));
        Weighted::new(weighted)
    };
    let pooled = found_by(&weigh([1.0, 3.0]).unwrap());
    let confidences: Vec<f64> = pooled.iter().map(|it| it.confidence.get()).collect();
    assert!(
        (confidences[0] - 0.8).abs() < 1e-12 && (confidences[1] - 0.2).abs() < 1e-12,
        "{confidences:?}"
    );
    // What was found, by who is most sure; why, by all.
    assert_eq!(pooled[0].problem, lag(2));
    assert_eq!(pooled[0].evidence.len(), 2);
    assert_eq!(found_by(&weigh([f64::MAX, f64::MAX]).unwrap()).len(), 2);
    let refused = weigh([0.0, 0.0]).unwrap_err();
    assert!(refused.to_string().contains("the weights of 2 classifiers add up to 0"));
}

#[test]
fn of_two_findings_of_a_kind_one_classifier_has_one_voice() {
    let twice = says(&[(lag(1), 0.9), (lag(2), 0.3)]);
    assert_eq!(
        asked(&Vote::new([twice.clone()], of(1))),
        [(ProblemKind::ReplicationLag, 0.9)]
    );
    assert_eq!(
        found_by(&Vote::new([twice], of(2)))[0].problem.kind(),
        ProblemKind::Unknown
    );
}

fn any_classifier() -> impl Strategy<Value = Vec<(usize, f64)>> {
    prop::collection::vec((0usize..4, 0.0..=1.0), 0..4)
}

proptest! {
    #[test]
    fn a_composition_is_ranked_names_each_kind_once_and_never_both_known_and_unknown(
        voices in prop::collection::vec(any_classifier(), 0..5),
        quorum in 1usize..4,
    ) {
        let problems = [hotspot(), lag(1), own("cache_stampede"), unknown("dark")];
        let classifiers: Vec<Arc<dyn Classifier>> = voices
            .iter()
            .map(|voices| says(&voices.iter().map(|&(kind, confidence)| (problems[kind].clone(), confidence)).collect::<Vec<_>>()))
            .collect();
        let weighted = Weighted::new(classifiers.iter().cloned().zip([1.0, 2.0, 3.0, 4.0].map(Amount::clamped)));
        prop_assert_eq!(weighted.is_err(), classifiers.is_empty());
        let pooled = weighted.map(|it| found_by(&it)).unwrap_or_default();
        prop_assert!(pooled.is_sorted_by_key(|it| std::cmp::Reverse(it.confidence)));
        let voted = found_by(&Vote::new(classifiers, of(quorum)));
        for found in [pooled, voted] {
            let mut kinds: Vec<ProblemKind> = found.iter().map(|it| it.problem.kind()).collect();
            prop_assert!(!kinds.contains(&ProblemKind::Unknown) || kinds.len() == 1);
            kinds.sort();
            kinds.dedup();
            prop_assert_eq!(kinds.len(), found.len());
        }
    }
}
