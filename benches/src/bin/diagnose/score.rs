//! How well a classifier did.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use healing_core::ProblemKind;
use serde::Serialize;

use crate::incident::{CLASSES, Grade, Incident, LookAlike, Noise, Sort};

/// What a classifier said of an incident.
pub(crate) struct Answer {
    /// As it ranked them.
    pub(crate) diagnoses: Vec<(ProblemKind, f64)>,
    pub(crate) took: Duration,
    pub(crate) nodes: usize,
}

/// What a classifier said of all incidents.
pub(crate) struct Score {
    classifier: &'static str,
    /// What came first where one class was wrong, by that class and what was said; `None`: nothing.
    confusion: BTreeMap<(ProblemKind, Option<ProblemKind>), u32>,
    singles: BTreeMap<Grade, Share>,
    pairs: Share,
    /// Pairs in which at least one was found.
    either_of_pair: Share,
    look_alikes: BTreeMap<LookAlike, Share>,
    false_positives: BTreeMap<Noise, Share>,
    calibration: [Bin; BINS],
    took: Duration,
    nodes: usize,
}

/// The line of a classifier in JSON.
#[derive(Serialize)]
pub(crate) struct Row {
    classifier: &'static str,
    /// The share of incidents of one class in which it came first.
    single_accuracy: f64,
    /// The share of incidents of two classes in which both were named.
    pair_recall: f64,
    /// The share of incidents in which nothing was wrong and a class was named.
    false_positive_rate: f64,
    /// Expected calibration error of all diagnoses.
    calibration_error: f64,
    micros_per_1000_nodes: f64,
    /// The share of look-alikes in which the cause came first.
    look_alike_accuracy: f64,
    incidents: u32,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    hits: u32,
    of: u32,
}

/// Diagnoses of about the same confidence.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    diagnoses: u32,
    right: u32,
    confidence: f64,
}

/// Bins of equal width, as in Guo et al. 2017, "On Calibration of Modern Neural Networks".
const BINS: usize = 10;

impl Score {
    pub(crate) fn new(classifier: &'static str) -> Self {
        Self {
            classifier,
            confusion: BTreeMap::new(),
            singles: BTreeMap::new(),
            pairs: Share::default(),
            either_of_pair: Share::default(),
            look_alikes: BTreeMap::new(),
            false_positives: BTreeMap::new(),
            calibration: [Bin::default(); BINS],
            took: Duration::ZERO,
            nodes: 0,
        }
    }

    pub(crate) fn count(&mut self, incident: &Incident, answer: &Answer) {
        let first = answer.diagnoses.first().map(|(kind, _)| kind);
        let names = |cause: &ProblemKind| answer.diagnoses.iter().any(|(kind, _)| kind == cause);
        let names_a_class = answer.diagnoses.iter().any(|(kind, _)| *kind != ProblemKind::Unknown);
        match (incident.sort, incident.causes.first()) {
            (Sort::Single(grade), Some(cause)) => {
                self.singles.entry(grade).or_default().count(first == Some(cause));
                *self.confusion.entry((cause.clone(), first.cloned())).or_default() += 1;
            }
            (Sort::Pair, _) => {
                self.pairs.count(incident.causes.iter().all(names));
                self.either_of_pair.count(incident.causes.iter().any(names));
            }
            // What no class explains may go unnoticed as well, as long as no class is named.
            (Sort::LookAlike(look_alike), Some(ProblemKind::Unknown)) => {
                self.look_alikes.entry(look_alike).or_default().count(!names_a_class);
            }
            (Sort::LookAlike(look_alike), cause) => {
                self.look_alikes.entry(look_alike).or_default().count(first == cause);
            }
            (Sort::Noise(noise), _) => self.false_positives.entry(noise).or_default().count(names_a_class),
            (Sort::Single(_), None) => {}
        }
        for (kind, confidence) in &answer.diagnoses {
            self.calibration[bin(*confidence)].count(*confidence, incident.causes.contains(kind));
        }
        self.took += answer.took;
        self.nodes += answer.nodes;
    }

    pub(crate) fn row(&self) -> Row {
        Row {
            classifier: self.classifier,
            single_accuracy: total(&self.singles).share(),
            pair_recall: self.pairs.share(),
            false_positive_rate: total(&self.false_positives).share(),
            calibration_error: self.calibration_error(),
            micros_per_1000_nodes: self.took.as_secs_f64() * 1e6 / (self.nodes as f64 / 1000.0),
            look_alike_accuracy: total(&self.look_alikes).share(),
            incidents: total(&self.singles).of
                + self.pairs.of
                + total(&self.look_alikes).of
                + total(&self.false_positives).of,
        }
    }

    /// The mean distance between confidence and the share that is right, over the bins.
    fn calibration_error(&self) -> f64 {
        let all: u32 = self.calibration.iter().map(|bin| bin.diagnoses).sum();
        let distance = |bin: &Bin| (bin.confidence - f64::from(bin.right)).abs();
        self.calibration.iter().map(distance).sum::<f64>() / f64::from(all.max(1))
    }
}

impl Share {
    fn count(&mut self, hit: bool) {
        self.hits += u32::from(hit);
        self.of += 1;
    }

    /// 0 where there was nothing.
    fn share(self) -> f64 {
        f64::from(self.hits) / f64::from(self.of.max(1))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:6.2} %  ({} of {})",
            self.share() * 100.0,
            self.hits,
            self.of
        )
    }
}

impl Bin {
    fn count(&mut self, confidence: f64, right: bool) {
        self.diagnoses += 1;
        self.right += u32::from(right);
        self.confidence += confidence;
    }
}

fn total<K>(shares: &BTreeMap<K, Share>) -> Share {
    shares.values().fold(Share::default(), |sum, share| Share {
        hits: sum.hits + share.hits,
        of: sum.of + share.of,
    })
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a confidence of 0 to 1 times ten"
)]
fn bin(confidence: f64) -> usize {
    ((confidence * BINS as f64) as usize).min(BINS - 1)
}

impl fmt::Display for Score {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.row();
        writeln!(formatter, "{}\n", self.classifier)?;
        self.confusion_matrix(formatter)?;
        for grade in Grade::ALL {
            let share = self.singles.get(&grade).copied().unwrap_or_default();
            writeln!(formatter, "  one class, {:37}{share}", grade.name())?;
        }
        writeln!(
            formatter,
            "  one class, first                               {}",
            total(&self.singles)
        )?;
        writeln!(
            formatter,
            "  two classes, both                              {}",
            self.pairs
        )?;
        writeln!(
            formatter,
            "  two classes, at least one                      {}",
            self.either_of_pair
        )?;
        for look_alike in LookAlike::ALL {
            let share = self.look_alikes.get(&look_alike).copied().unwrap_or_default();
            writeln!(formatter, "  {:47}{share}", look_alike.name())?;
        }
        for noise in Noise::ALL {
            let share = self.false_positives.get(&noise).copied().unwrap_or_default();
            writeln!(formatter, "  false alarms: {:33}{share}", noise.name())?;
        }
        writeln!(
            formatter,
            "  false alarms                                   {}",
            total(&self.false_positives)
        )?;
        writeln!(
            formatter,
            "  expected calibration error                     {:.4}",
            row.calibration_error
        )?;
        for (number, bin) in self.calibration.iter().enumerate().filter(|(_, bin)| bin.diagnoses > 0) {
            let of = f64::from(bin.diagnoses);
            writeln!(
                formatter,
                "    sure by {:3} to {:3} %: {:5} diagnoses, {:5.1} % sure, {:5.1} % right",
                number * 10,
                number * 10 + 10,
                bin.diagnoses,
                bin.confidence / of * 100.0,
                f64::from(bin.right) / of * 100.0
            )?;
        }
        writeln!(
            formatter,
            "  microseconds per 1,000 nodes                   {:.0}",
            row.micros_per_1000_nodes
        )
    }
}

impl Score {
    /// A row for each class that was wrong, a column for each that came first.
    fn confusion_matrix(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<Option<ProblemKind>> = CLASSES
            .into_iter()
            .chain([ProblemKind::Unknown])
            .map(Some)
            .chain([None])
            .collect();
        let short = |kind: &Option<ProblemKind>| {
            kind.as_ref()
                .map_or("nothing".to_owned(), |kind| abbreviation(kind).to_owned())
        };
        write!(formatter, "  {:24}", "wrong, and said first")?;
        for column in &columns {
            write!(formatter, "{:>9}", short(column))?;
        }
        writeln!(formatter)?;
        for class in CLASSES {
            write!(formatter, "  {:24}", class.as_str())?;
            for column in &columns {
                let count = self
                    .confusion
                    .get(&(class.clone(), column.clone()))
                    .copied()
                    .unwrap_or(0);
                write!(formatter, "{count:>9}")?;
            }
            writeln!(formatter)?;
        }
        writeln!(formatter)
    }
}

fn abbreviation(kind: &ProblemKind) -> &str {
    match kind {
        ProblemKind::HotspotCongestion => "hotspot",
        ProblemKind::CentroidSkew => "skew",
        ProblemKind::ReplicationLag => "lag",
        ProblemKind::MaintenanceContention => "jobs",
        ProblemKind::IndexFragmentation => "index",
        ProblemKind::MemoryPressure => "memory",
        other => other.as_str(),
    }
}
