//! Classifiers made of classifiers.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use thiserror::Error;

use super::Classifier;
use crate::diagnosis::Diagnosis;
use crate::monitor::IntegrityReport;
use crate::number::{Amount, Ratio};
use crate::observation::Observation;
use crate::problem::{ProblemClass, ProblemKind};

/// Asks one classifier after the other: the first that knows what is wrong decides.
///
/// What `unknown` says counts only where nobody knows more. The way to put a host's own rules before the built-in ones:
///
/// ```
/// use std::sync::Arc;
/// use healing_core::Classifier;
/// use healing_core::classify::{FirstOf, RuleClassifier};
/// # use healing_core::diagnosis::Diagnosis;
/// # use healing_core::monitor::IntegrityReport;
/// # use healing_core::Observation;
/// # struct Disks;
/// # impl Classifier for Disks {
/// #     fn classify(&self, _: &Observation, _: &IntegrityReport) -> Vec<Diagnosis> { Vec::new() }
/// # }
///
/// let own: Arc<dyn Classifier> = Arc::new(Disks); // finds a class of the host's own, or nothing
/// let classifier = FirstOf::new([own, Arc::new(RuleClassifier::default())]);
/// ```
pub struct FirstOf(Vec<Arc<dyn Classifier>>);

impl FirstOf {
    /// Asks `classifiers` in this order.
    #[must_use]
    pub fn new(classifiers: impl IntoIterator<Item = Arc<dyn Classifier>>) -> Self {
        Self(classifiers.into_iter().collect())
    }
}

impl Classifier for FirstOf {
    fn classify(&self, observation: &Observation, report: &IntegrityReport) -> Vec<Diagnosis> {
        let mut nobody_knows = Vec::new();
        for classifier in &self.0 {
            let found = classifier.classify(observation, report);
            if found.iter().any(is_known) {
                return found;
            }
            if nobody_knows.is_empty() {
                nobody_knows = found;
            }
        }
        nobody_knows
    }
}

/// Asks all classifiers: what enough of them name is found, whatever their confidence. Most votes first; the confidence is
/// the mean of those who voted for it. Where they only disagree, that is `unknown`.
///
/// With a quorum of one, classifiers that know different classes complete each other.
pub struct Vote {
    classifiers: Vec<Arc<dyn Classifier>>,
    quorum: NonZeroUsize,
}

impl Vote {
    /// A kind of problem needs the votes of `quorum` of `classifiers`.
    #[must_use]
    pub fn new(classifiers: impl IntoIterator<Item = Arc<dyn Classifier>>, quorum: NonZeroUsize) -> Self {
        Self {
            classifiers: classifiers.into_iter().collect(),
            quorum,
        }
    }
}

impl Classifier for Vote {
    fn classify(&self, observation: &Observation, report: &IntegrityReport) -> Vec<Diagnosis> {
        let mut ballots = Ballots::default();
        for classifier in &self.classifiers {
            ballots.cast(1.0, classifier.classify(observation, report));
        }
        let votes = ballots.in_words();
        let (mut elected, others): (Vec<_>, Vec<_>) = ballots
            .sorted_out()
            .into_iter()
            .partition(|ballot| ballot.votes() >= self.quorum.get() || !is_known(&ballot.surest));
        elected.sort_by_key(|ballot| Reverse((ballot.votes(), ballot.mean_confidence())));
        if elected.is_empty() && !others.is_empty() {
            return vec![Diagnosis {
                problem: ProblemClass::Unknown {
                    witness_summary: format!("{} votes are needed, and there are {votes}", self.quorum),
                },
                confidence: Ratio::ZERO,
                evidence: Vec::new(),
            }];
        }
        let with_mean = |ballot: Ballot| {
            let confidence = ballot.mean_confidence();
            ballot.into_diagnosis(confidence)
        };
        elected.into_iter().map(with_mean).collect()
    }
}

/// Asks all classifiers and believes each as much as it weighs: the confidence in a kind of problem is the weighted mean of
/// all of them, with 0 for who does not name it (the linear opinion pool; Stone 1961, "The Opinion Pool").
///
/// For classifiers that know the same classes. One that knows a class alone is outvoted by the silence of the others: let it
/// go first, in [`FirstOf`], or stand beside them, in [`Vote`].
pub struct Weighted(Vec<(Arc<dyn Classifier>, f64)>);

/// Weights of which nothing can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the weights of {classifiers} classifiers add up to 0; at least one must weigh something")]
#[non_exhaustive]
pub struct Weightless {
    /// How many classifiers there were.
    pub classifiers: usize,
}

impl Weighted {
    /// Believes each classifier as much as its weight over the sum of all weights.
    ///
    /// # Errors
    /// [`Weightless`] when no weight is above 0.
    pub fn new(classifiers: impl IntoIterator<Item = (Arc<dyn Classifier>, Amount)>) -> Result<Self, Weightless> {
        let weighted: Vec<_> = classifiers.into_iter().collect();
        let greatest = weighted.iter().map(|(_, weight)| weight.get()).fold(0.0, f64::max);
        if greatest <= 0.0 {
            return Err(Weightless {
                classifiers: weighted.len(),
            });
        }
        // Over the greatest before they are added up, so that great weights cannot overflow.
        let relative = |weight: Amount| weight.get() / greatest;
        let total: f64 = weighted.iter().map(|(_, weight)| relative(*weight)).sum();
        let shares = weighted
            .into_iter()
            .map(|(classifier, weight)| (classifier, relative(weight) / total));
        Ok(Self(shares.collect()))
    }
}

impl Classifier for Weighted {
    fn classify(&self, observation: &Observation, report: &IntegrityReport) -> Vec<Diagnosis> {
        let mut ballots = Ballots::default();
        for (classifier, share) in &self.0 {
            ballots.cast(*share, classifier.classify(observation, report));
        }
        let pooled = |ballot: Ballot| {
            let confidence = ballot.pooled_confidence();
            ballot.into_diagnosis(confidence)
        };
        let mut pooled: Vec<Diagnosis> = ballots.sorted_out().into_iter().map(pooled).collect();
        pooled.sort_by_key(|diagnosis| Reverse(diagnosis.confidence));
        pooled
    }
}

/// What several classifiers said, by kind of problem.
#[derive(Default)]
struct Ballots(BTreeMap<ProblemKind, Ballot>);

/// What several classifiers said of one kind of problem.
struct Ballot {
    /// The diagnosis of the one that is most sure, with the reasons of all.
    surest: Diagnosis,
    /// Each one's share of the weight, and its confidence.
    voices: Vec<(f64, Ratio)>,
}

impl Ballots {
    /// Takes in what one classifier found: of two diagnoses of one kind, the one it ranks first counts.
    fn cast(&mut self, share: f64, found: Vec<Diagnosis>) {
        let mut named = Vec::new();
        for diagnosis in found {
            let kind = diagnosis.problem.kind();
            if named.contains(&kind) {
                continue;
            }
            match self.0.entry(kind.clone()) {
                Entry::Vacant(place) => {
                    place.insert(Ballot {
                        voices: vec![(share, diagnosis.confidence)],
                        surest: diagnosis,
                    });
                }
                Entry::Occupied(mut ballot) => ballot.get_mut().add(share, diagnosis),
            }
            named.push(kind);
        }
    }

    /// By kind; `unknown` only where nothing else was named.
    fn sorted_out(mut self) -> Vec<Ballot> {
        if self.0.len() > 1 {
            self.0.remove(&ProblemKind::Unknown);
        }
        self.0.into_values().collect()
    }

    fn in_words(&self) -> String {
        let votes = self
            .0
            .iter()
            .map(|(kind, ballot)| format!("{} for {kind}", ballot.votes()));
        votes.collect::<Vec<_>>().join(", ")
    }
}

impl Ballot {
    fn add(&mut self, share: f64, diagnosis: Diagnosis) {
        self.voices.push((share, diagnosis.confidence));
        let (surest, other) = if diagnosis.confidence > self.surest.confidence {
            let before = std::mem::replace(&mut self.surest, diagnosis);
            (&mut self.surest, before)
        } else {
            (&mut self.surest, diagnosis)
        };
        for evidence in other.evidence {
            if !surest.evidence.contains(&evidence) {
                surest.evidence.push(evidence);
            }
        }
    }

    fn votes(&self) -> usize {
        self.voices.len()
    }

    #[allow(clippy::cast_precision_loss, reason = "a number of classifiers far below 2^53")]
    fn mean_confidence(&self) -> Ratio {
        let sum: f64 = self.voices.iter().map(|(_, confidence)| confidence.get()).sum();
        Ratio::clamped(sum / self.voices.len() as f64)
    }

    fn pooled_confidence(&self) -> Ratio {
        let shares = self.voices.iter().map(|(share, confidence)| share * confidence.get());
        Ratio::clamped(shares.sum())
    }

    fn into_diagnosis(self, confidence: Ratio) -> Diagnosis {
        Diagnosis {
            confidence,
            ..self.surest
        }
    }
}

fn is_known(diagnosis: &Diagnosis) -> bool {
    diagnosis.problem.kind() != ProblemKind::Unknown
}

impl fmt::Debug for FirstOf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FirstOf({} classifiers)", self.0.len())
    }
}

impl fmt::Debug for Vote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Vote({} of {} classifiers)",
            self.quorum,
            self.classifiers.len()
        )
    }
}

impl fmt::Debug for Weighted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares: Vec<f64> = self.0.iter().map(|(_, share)| *share).collect();
        write!(formatter, "Weighted({shares:?})")
    }
}
