//! Gathers what speaks for each class of problems, from the graph's losses and from the metrics.

use std::collections::BTreeSet;

use super::blame::{Blame, Culprit, Fault};
use super::evidence_config::EvidenceConfig;
use super::losses::{Losses, share};
use super::measured::Measured;
use super::suspicion::{Strengths, Suspicion, strength, strength_of_percent};
use crate::metrics::SystemMetrics;
use crate::monitor::{IntegrityReport, WitnessEdge};
use crate::number::{Percent, Ratio};
use crate::problem::ProblemKind;
use crate::topology::{EdgeKind, NodeKind, NodeRef};

/// Everything that a classification looks at.
pub(super) struct Gathering<'a> {
    pub(super) config: &'a EvidenceConfig,
    pub(super) metrics: &'a SystemMetrics,
    pub(super) report: &'a IntegrityReport,
    pub(super) losses: Losses<'a>,
    pub(super) blame: Blame,
}

impl Gathering<'_> {
    /// Every suspicion, those of a class together.
    pub(super) fn suspicions(&self) -> Vec<Suspicion> {
        let Self { config, metrics, .. } = self;
        let mut found = self.at_nodes(
            &ProblemKind::HotspotCongestion,
            (Fault::Overload, NodeKind::Partition),
            &Measured::load_ratios(metrics),
            config.load_ratio.get(),
        );
        let overloaded: BTreeSet<NodeRef> = found
            .iter()
            .filter(|it| self.is_found(it))
            .filter_map(|it| it.node)
            .collect();
        found.extend(self.at_nodes(
            &ProblemKind::CentroidSkew,
            (Fault::LongList, NodeKind::Centroid),
            &Measured::skew_factors(metrics),
            config.skew_factor.get(),
        ));
        let mut behind = self.at_nodes(
            &ProblemKind::ReplicationLag,
            (Fault::Behind, NodeKind::ReplicationTarget),
            &Measured::lags(metrics),
            config.lag.as_secs_f64(),
        );
        self.mark_symptoms(&mut behind, &overloaded);
        found.extend(behind);
        found.extend(self.at_nodes(
            &ProblemKind::MaintenanceContention,
            (Fault::Starved, NodeKind::MaintenanceDep),
            &Measured::contending_jobs(metrics),
            config.contending_jobs.get(),
        ));
        found.extend(self.memory());
        found.extend(self.fragmentation());
        found
    }

    /// Whether a suspicion is sure enough to be a diagnosis.
    pub(super) fn is_found(&self, suspicion: &Suspicion) -> bool {
        let Self { config, .. } = self;
        config.calibration.confidence(&suspicion.kind, &suspicion.strengths) >= config.min_confidence
    }

    /// The suspicions of a class that has a place: nodes that are to blame for losses, and nodes whose measurement stands out.
    fn at_nodes(
        &self,
        kind: &ProblemKind,
        (fault, role): (Fault, NodeKind),
        measured: &Measured,
        threshold: f64,
    ) -> Vec<Suspicion> {
        let culprits = self.blame.culprits.iter().filter(|culprit| culprit.fault == fault);
        let mut suspects: Vec<(NodeRef, Option<Culprit>)> = culprits.map(|it| (it.node, Some(*it))).collect();
        let blamed: BTreeSet<NodeRef> = suspects.iter().map(|(node, _)| *node).collect();
        let standing_out = measured.above(threshold).map(|id| NodeRef::new(role, id));
        let others = standing_out.filter(|node| !blamed.contains(node));
        suspects.extend(others.map(|node| (node, self.blame.as_if(&self.losses, fault, node))));

        let suspicion = |(node, culprit): (NodeRef, Option<Culprit>)| {
            let lost = culprit.map_or(0.0, |culprit| self.lost_to(&culprit));
            let measured = if node.kind == role { measured.of(node.id) } else { None };
            Suspicion {
                kind: kind.clone(),
                node: Some(node),
                strengths: Strengths {
                    lost: strength(lost, self.config.lost_share.get()),
                    measured: measured.map(|value| strength(value, threshold)),
                    is_symptom: false,
                },
                lost: Ratio::clamped(lost),
                measured,
            }
        };
        suspects.into_iter().map(suspicion).collect()
    }

    /// Lag is a symptom where all replicas of a shard are behind and one of the shard's partitions is overloaded: the
    /// replicas have the same changes to apply, and more of them than they can.
    fn mark_symptoms(&self, behind: &mut [Suspicion], overloaded: &BTreeSet<NodeRef>) {
        if overloaded.is_empty() {
            return;
        }
        let lagging: BTreeSet<NodeRef> = behind.iter().filter_map(|it| it.node).collect();
        for suspicion in behind {
            let shards = suspicion
                .node
                .into_iter()
                .flat_map(|it| self.neighbours(it, EdgeKind::Replication));
            let is_symptom = shards.into_iter().any(|shard| {
                self.neighbours(shard, EdgeKind::Replication)
                    .iter()
                    .all(|it| lagging.contains(it))
                    && self
                        .neighbours(shard, EdgeKind::RoutingLink)
                        .iter()
                        .any(|it| overloaded.contains(it))
            });
            suspicion.strengths.is_symptom = is_symptom;
        }
    }

    fn neighbours(&self, node: NodeRef, kind: EdgeKind) -> Vec<NodeRef> {
        let at = self.losses.graph().position(node);
        let keys = at
            .into_iter()
            .flat_map(|at| self.losses.at(at))
            .map(|&edge| self.losses.edges()[edge].key);
        let ends = keys.filter(|key| key.kind() == kind).map(|key| key.ends());
        ends.map(|(a, b)| if a == node { b } else { a }).collect()
    }

    fn memory(&self) -> Option<Suspicion> {
        let used = self.metrics.memory.as_ref().map(|memory| memory.used_pct);
        self.resource(
            ProblemKind::MemoryPressure,
            None,
            self.lost_everywhere(),
            used,
            self.config.memory_used_pct,
        )
    }

    fn fragmentation(&self) -> Option<Suspicion> {
        let worst = self.metrics.index_fragmentation.values().copied().max();
        let culprits = self
            .blame
            .culprits
            .iter()
            .filter(|culprit| culprit.fault == Fault::BadIndex);
        let one_index = culprits.max_by(|one, other| one.damage.total_cmp(&other.damage));
        let lost = one_index.map_or(0.0, |culprit| share(culprit.damage));
        let everywhere = self.lost_everywhere();
        let (node, lost) = if lost > everywhere {
            (one_index.map(|culprit| culprit.node), lost)
        } else {
            (None, everywhere)
        };
        self.resource(
            ProblemKind::IndexFragmentation,
            node,
            lost,
            worst,
            self.config.fragmentation_pct,
        )
    }

    fn resource(
        &self,
        kind: ProblemKind,
        node: Option<NodeRef>,
        lost: f64,
        measured: Option<Percent>,
        threshold: Percent,
    ) -> Option<Suspicion> {
        if measured.is_none() && lost <= 0.0 {
            return None;
        }
        Some(Suspicion {
            kind,
            node,
            strengths: Strengths {
                lost: strength(lost, self.config.lost_share.get()),
                measured: measured.map(|it| strength_of_percent(it.get(), threshold.get())),
                is_symptom: false,
            },
            lost: Ratio::clamped(lost),
            measured: measured.map(Percent::get),
        })
    }

    /// What searches lose everywhere; in a graph without centroids, what any sort of edges does.
    fn lost_everywhere(&self) -> f64 {
        let has_centroids = self
            .losses
            .graph()
            .nodes()
            .iter()
            .any(|it| it.node.kind == NodeKind::Centroid);
        let sorts = self
            .blame
            .everywhere
            .iter()
            .filter(|it| !has_centroids || it.sort.touches(NodeKind::Centroid));
        sorts.map(|it| share(it.damage)).fold(0.0, f64::max)
    }

    /// The greatest share that a culprit took of the healthy capacity across a cut: the one around it, the minimum cut, or one
    /// of the weakest.
    fn lost_to(&self, culprit: &Culprit) -> f64 {
        let around = self.losses.at(culprit.at).iter().copied();
        let weakest = self.report.weakest.iter().map(|cut| &cut.witness);
        let reported = std::iter::once(&self.report.witness).chain(weakest);
        reported
            .map(|witness| self.share_across(culprit, self.edges_of(witness)))
            .fold(self.share_across(culprit, around), f64::max)
    }

    fn share_across(&self, culprit: &Culprit, cut: impl Iterator<Item = usize>) -> f64 {
        let (mut healthy, mut lost) = (0.0, 0.0);
        for edge in cut {
            let it = &self.losses.edges()[edge];
            healthy += it.healthy;
            if it.ends.contains(&culprit.at) && culprit.harms(&self.losses, edge) {
                lost += it.healthy * share(it.damage.min(culprit.damage));
            }
        }
        if healthy > 0.0 { lost / healthy } else { 0.0 }
    }

    /// The numbers of the edges across a cut.
    pub(super) fn edges_of<'w>(&'w self, witness: &'w [WitnessEdge]) -> impl Iterator<Item = usize> + 'w {
        witness.iter().filter_map(|it| self.losses.number(&it.edge().key()))
    }
}
