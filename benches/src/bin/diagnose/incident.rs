//! What goes wrong, and what a classifier should say to it.

use std::ops::Range;
use std::time::Duration;

use healing_core::ProblemKind;
use healing_core::topology::NodeRef;
use mock_cluster::{Fault, InvalidSeverity, InvalidSize, Severity, Size};
use rand::RngExt;
use rand_pcg::Pcg64;

/// The classes of problems that strike.
pub(crate) const CLASSES: [ProblemKind; 6] = [
    ProblemKind::HotspotCongestion,
    ProblemKind::CentroidSkew,
    ProblemKind::ReplicationLag,
    ProblemKind::MaintenanceContention,
    ProblemKind::IndexFragmentation,
    ProblemKind::MemoryPressure,
];

/// How long a cluster is well before the first fault, at least: long enough to learn what is healthy.
pub(crate) const WELL_FOR: Duration = Duration::from_secs(100);
/// The faults of a pair strike within this time.
const APART: u64 = 30;

/// One incident.
pub(crate) struct Incident {
    pub(crate) sort: Sort,
    /// What is wrong, the root cause first where there is one; nothing in noise, `unknown` where no class explains it.
    pub(crate) causes: Vec<ProblemKind>,
    /// What strikes, and when.
    pub(crate) strikes: Vec<(Duration, Fault)>,
    /// The cluster that it strikes.
    pub(crate) size: Size,
    pub(crate) cluster_seed: u64,
}

/// What an incident tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    /// One class of problems alone.
    Single(Grade),
    /// Two classes at once.
    Pair,
    /// One thing that looks like another.
    LookAlike(LookAlike),
    /// Nothing is wrong.
    Noise(Noise),
}

/// How severe a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    Mild,
    Medium,
    Severe,
}

/// What looks like something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LookAlike {
    /// A broken disk weakens a partition as overload does: `unknown`.
    BrokenDisk,
    /// A network in trouble around one node weakens it as a fault of the node does: `unknown`.
    BadNetwork,
    /// A network in trouble everywhere: `unknown`.
    NetworkOutage,
    /// Replicas lag because a partition of their shard is hot: its updates are more than they can apply.
    UpdateStorm,
    /// A partition has twice the load of others and serves it, while something else is wrong.
    WarmPartition,
    /// A job more than usual runs, and there is I/O enough for it, while something else is wrong.
    SpareJob,
}

/// What happens while nothing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Noise {
    /// Moods of clients, winds in the network.
    Quiet,
    /// A partition has twice the load of others, and serves it.
    WarmPartition,
    /// A job more than usual runs, and there is I/O enough for it.
    SpareJob,
}

impl Grade {
    pub(crate) const ALL: [Self; 3] = [Self::Mild, Self::Medium, Self::Severe];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mild => "mild",
            Self::Medium => "medium",
            Self::Severe => "severe",
        }
    }

    fn severity(self, random: &mut Pcg64) -> Result<Severity, InvalidSeverity> {
        Severity::new(match self {
            Self::Mild => random.random_range(0.05..0.3),
            Self::Medium => random.random_range(0.4..0.6),
            Self::Severe => random.random_range(0.75..=1.0),
        })
    }
}

impl LookAlike {
    pub(crate) const ALL: [Self; 6] = [
        Self::BrokenDisk,
        Self::BadNetwork,
        Self::NetworkOutage,
        Self::UpdateStorm,
        Self::WarmPartition,
        Self::SpareJob,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BrokenDisk => "a broken disk that looks like overload",
            Self::BadNetwork => "a bad network that looks like a node's fault",
            Self::NetworkOutage => "a network that is bad everywhere",
            Self::UpdateStorm => "replicas that lag behind a hot partition",
            Self::WarmPartition => "something beside a busy partition that copes",
            Self::SpareJob => "something beside a job that is in nobody's way",
        }
    }
}

impl Noise {
    pub(crate) const ALL: [Self; 3] = [Self::Quiet, Self::WarmPartition, Self::SpareJob];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quiet => "nothing happens",
            Self::WarmPartition => "a busy partition copes",
            Self::SpareJob => "a job is in nobody's way",
        }
    }
}

impl Incident {
    /// The incident of this number in the sequence of `seed`: of every twenty, seven have one fault, five have two, four are
    /// look-alikes, and in four nothing is wrong. Classes, pairs and severities come in turn; the rest is drawn.
    pub(crate) fn of(seed: u64, number: usize) -> Result<Self, InvalidIncident> {
        let mut random = Pcg64::new(seed.into(), number as u128);
        let (turn, place) = (number / 20, number % 20);
        let draw = Draw {
            size: any_size(&mut random)?,
            random: &mut random,
        };
        match place {
            0..7 => draw.single(turn * 7 + place),
            7..12 => draw.pair(turn * 5 + place - 7),
            12..16 => draw.look_alike(turn * 4 + place - 12),
            _ => draw.noise(turn * 4 + place - 16),
        }
    }
}

/// Draws what is not fixed by an incident's turn.
struct Draw<'a> {
    size: Size,
    random: &'a mut Pcg64,
}

/// An incident that cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidIncident {
    #[error(transparent)]
    Severity(#[from] InvalidSeverity),
    #[error(transparent)]
    Size(#[from] InvalidSize),
}

/// The nodes of the smallest and of the largest cluster.
const NODES: Range<f64> = 50.0..5000.0;

/// As many small clusters as large ones: as likely between 50 and 500 nodes as between 500 and 5,000.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of nodes between 50 and 5,000"
)]
fn any_size(random: &mut Pcg64) -> Result<Size, InvalidSize> {
    let nodes = random.random_range(NODES.start.ln()..NODES.end.ln()).exp();
    Size::of_nodes(nodes as u32).with_vectors_per_partition(100)
}

impl Draw<'_> {
    fn single(mut self, turn: usize) -> Result<Incident, InvalidIncident> {
        let class = CLASSES[turn % CLASSES.len()].clone();
        let grade = Grade::ALL[turn / CLASSES.len() % Grade::ALL.len()];
        let fault = self.fault(&class, grade)?;
        Ok(self.incident(Sort::Single(grade), vec![class], &[fault]))
    }

    fn pair(mut self, turn: usize) -> Result<Incident, InvalidIncident> {
        let pairs: Vec<(usize, usize)> = (0..CLASSES.len())
            .flat_map(|one| (one + 1..CLASSES.len()).map(move |other| (one, other)))
            .collect();
        let (one, other) = pairs[turn % pairs.len()];
        let classes = vec![CLASSES[one].clone(), CLASSES[other].clone()];
        let faults = [
            self.fault_of_any_grade(&classes[0])?,
            self.fault_of_any_grade(&classes[1])?,
        ];
        Ok(self.incident(Sort::Pair, classes, &faults))
    }

    fn look_alike(mut self, turn: usize) -> Result<Incident, InvalidIncident> {
        let look_alike = LookAlike::ALL[turn % LookAlike::ALL.len()];
        let mut but = |not: ProblemKind| {
            let others: Vec<ProblemKind> = CLASSES.into_iter().filter(|class| *class != not).collect();
            others[self.random.random_range(0..others.len())].clone()
        };
        let (causes, faults) = match look_alike {
            LookAlike::BrokenDisk => {
                let severity = self.grade().severity(self.random)?;
                let partition = self.any(self.size.partitions());
                (ProblemKind::Unknown, vec![Fault::BrokenDisk { partition, severity }])
            }
            LookAlike::BadNetwork => {
                let severity = self.grade().severity(self.random)?;
                let node = match self.random.random_range(0..4) {
                    0 => NodeRef::partition(self.any(self.size.partitions())),
                    1 => NodeRef::centroid(self.any(self.size.centroids())),
                    2 => NodeRef::maintenance_dep(self.any(self.size.shards())),
                    _ => NodeRef::replication_target(self.any(self.size.replicas())),
                };
                (ProblemKind::Unknown, vec![Fault::BadNetwork { node, severity }])
            }
            LookAlike::NetworkOutage => {
                let severity = self.grade().severity(self.random)?;
                (ProblemKind::Unknown, vec![Fault::NetworkOutage { severity }])
            }
            LookAlike::UpdateStorm => {
                // So many updates that replicas cannot apply them all.
                let severity = Severity::new(self.random.random_range(0.4..=1.0))?;
                let partition = self.any(self.size.partitions());
                let storm = Fault::UpdateStorm { partition, severity };
                (ProblemKind::HotspotCongestion, vec![storm])
            }
            LookAlike::WarmPartition => {
                let class = but(ProblemKind::HotspotCongestion);
                let faults = vec![self.warm_partition()?, self.fault_of_any_grade(&class)?];
                (class, faults)
            }
            LookAlike::SpareJob => {
                let class = but(ProblemKind::MaintenanceContention);
                let faults = vec![self.spare_job()?, self.fault_of_any_grade(&class)?];
                (class, faults)
            }
        };
        Ok(self.incident(Sort::LookAlike(look_alike), vec![causes], &faults))
    }

    fn noise(mut self, turn: usize) -> Result<Incident, InvalidIncident> {
        let noise = Noise::ALL[turn % Noise::ALL.len()];
        let faults = match noise {
            Noise::Quiet => vec![],
            Noise::WarmPartition => vec![self.warm_partition()?],
            Noise::SpareJob => vec![self.spare_job()?],
        };
        Ok(self.incident(Sort::Noise(noise), vec![], &faults))
    }

    fn incident(self, sort: Sort, causes: Vec<ProblemKind>, faults: &[Fault]) -> Incident {
        let first = WELL_FOR + Duration::from_millis(self.random.random_range(0..10_000));
        let strikes = faults.iter().enumerate().map(|(number, &fault)| {
            let later = if number == 0 {
                0
            } else {
                self.random.random_range(0..APART)
            };
            (first + Duration::from_secs(later), fault)
        });
        Incident {
            sort,
            causes,
            strikes: strikes.collect(),
            size: self.size,
            cluster_seed: self.random.random_range(0..=u64::MAX),
        }
    }

    fn fault_of_any_grade(&mut self, class: &ProblemKind) -> Result<Fault, InvalidSeverity> {
        let grade = self.grade();
        self.fault(class, grade)
    }

    fn fault(&mut self, class: &ProblemKind, grade: Grade) -> Result<Fault, InvalidSeverity> {
        let severity = grade.severity(self.random)?;
        // Some classes have two ways to come about.
        let other_way = self.random.random_range(0..3) == 0;
        let partition = self.any(self.size.partitions());
        let replica = self.any(self.size.replicas());
        Ok(match class {
            ProblemKind::HotspotCongestion if other_way => Fault::WriteFlood { partition, severity },
            ProblemKind::HotspotCongestion => Fault::HotPartition { partition, severity },
            ProblemKind::CentroidSkew => Fault::CentroidSkew {
                centroid: self.any(self.size.centroids()),
                severity,
            },
            ProblemKind::ReplicationLag if other_way => Fault::StuckReplica { replica, severity },
            ProblemKind::ReplicationLag => Fault::LaggingReplica { replica, severity },
            ProblemKind::MaintenanceContention => Fault::MaintenanceStorm {
                shard: self.any(self.size.shards()),
                severity,
            },
            ProblemKind::IndexFragmentation => Fault::FragmentedIndexes { severity },
            _ => Fault::MemoryPressure { severity },
        })
    }

    fn warm_partition(&mut self) -> Result<Fault, InvalidSeverity> {
        Ok(Fault::HotPartition {
            partition: self.any(self.size.partitions()),
            severity: Severity::new(0.0)?,
        })
    }

    fn spare_job(&mut self) -> Result<Fault, InvalidSeverity> {
        Ok(Fault::MaintenanceStorm {
            shard: self.any(self.size.shards()),
            severity: Severity::new(0.0)?,
        })
    }

    fn grade(&mut self) -> Grade {
        Grade::ALL[self.random.random_range(0..Grade::ALL.len())]
    }

    fn any(&mut self, last: i64) -> i64 {
        self.random.random_range(1..=last)
    }
}
