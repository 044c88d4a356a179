//! Whose fault the losses are.
//!
//! What all edges of a sort have lost is taken off first: that has a cause which is everywhere. Then what all edges of one
//! node have lost, the node that explains most first: so a healthy node is not suspected for the one edge that it shares with
//! a sick one, and what several causes did to the same edge is told apart. "All" is at least three quarters, so that an edge
//! that happens to be spared, or is new, acquits nobody. O(m log m).

use std::collections::BTreeMap;

use super::losses::{EdgeLoss, Losses, share};
use crate::topology::{EdgeKind, NodeKind, NodeRef};

/// A sort with fewer edges cannot tell what hit all from what hit one.
const FEWEST_OF_A_SORT: usize = 4;
/// Damage below this is noise: nobody is suspected for a hundredth of an edge.
const NOISE: f64 = 0.01;

/// Why the edges of a node may be weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Fault {
    /// The node itself fails requests. Its partition links tell, and all its edges suffer.
    Overload,
    /// Searches in a centroid's list run out of time. All routes of the centroid tell.
    LongList,
    /// Searches in a partition's index do. Its routes from centroids tell.
    BadIndex,
    /// A replica does not have what is asked for. Its replication edges tell.
    Behind,
    /// Maintenance is not done when it should be. A maintenance service's dependencies tell.
    Starved,
}

/// A node with a fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Culprit {
    pub(super) fault: Fault,
    pub(super) node: NodeRef,
    /// Its position in the graph.
    pub(super) at: usize,
    /// What at least three quarters of the edges that tell have lost by it, as damage.
    pub(super) damage: f64,
}

/// Edges that carry the same between nodes of the same kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sort(pub(super) EdgeKind, pub(super) NodeKind, pub(super) NodeKind);

/// What all edges of a sort have lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Everywhere {
    pub(super) sort: Sort,
    /// As damage.
    pub(super) damage: f64,
}

/// Who is to blame for the losses of an observation.
pub(super) struct Blame {
    pub(super) everywhere: Vec<Everywhere>,
    /// Who explains most first.
    pub(super) culprits: Vec<Culprit>,
    /// The damage of each edge beyond what is everywhere.
    local: Vec<f64>,
    /// Of that, the damage that nobody is blamed for.
    unexplained: Vec<f64>,
}

impl Fault {
    const ALL: [Self; 5] = [
        Self::Overload,
        Self::LongList,
        Self::BadIndex,
        Self::Behind,
        Self::Starved,
    ];

    /// Whether an edge of this kind between `node` and `other` tells of the fault at `node`. `second` is whether `node` is the
    /// second end of the edge's key, which stands for the dependent one where no kind of node says which of the two that is.
    fn is_told_by(self, kind: EdgeKind, node: NodeRef, other: NodeRef, second: bool) -> bool {
        let is_the = |role: NodeKind| node.kind == role || (second && other.kind != role);
        match self {
            Self::Overload => kind == EdgeKind::PartitionLink,
            Self::LongList => kind == EdgeKind::RoutingLink && node.kind == NodeKind::Centroid,
            Self::BadIndex => {
                kind == EdgeKind::RoutingLink && node.kind == NodeKind::Partition && other.kind == NodeKind::Centroid
            }
            Self::Behind => kind == EdgeKind::Replication && is_the(NodeKind::ReplicationTarget),
            Self::Starved => kind == EdgeKind::Dependency && is_the(NodeKind::MaintenanceDep),
        }
    }
}

impl Blame {
    pub(super) fn of(losses: &Losses<'_>) -> Self {
        let (everywhere, local) = take_off_what_is_everywhere(losses);
        let mut blame = Self {
            everywhere,
            culprits: Vec::new(),
            unexplained: local.clone(),
            local,
        };
        // Most nodes have lost nothing, and need not be asked for each fault.
        let has_lost = |at: &usize| losses.at(*at).iter().any(|&edge| blame.unexplained[edge] > NOISE);
        let mut candidates: Vec<(f64, Culprit)> = (0..losses.graph().nodes().len())
            .filter(has_lost)
            .flat_map(|at| Fault::ALL.map(|fault| (fault, at)))
            .filter_map(|(fault, at)| suspect(losses, &blame.unexplained, fault, at))
            .filter(|culprit| culprit.damage > NOISE)
            .map(|culprit| (blame.explained(losses, &culprit), culprit))
            .collect();
        candidates.sort_by(|(one, a), (other, b)| {
            other
                .total_cmp(one)
                .then(a.fault.cmp(&b.fault))
                .then(a.node.cmp(&b.node))
        });
        for (_, candidate) in candidates {
            // What was suspected before others were blamed may be less by now, or nothing.
            let Some(culprit) = suspect(losses, &blame.unexplained, candidate.fault, candidate.at) else {
                continue;
            };
            if culprit.damage > NOISE {
                for &edge in losses.at(culprit.at) {
                    if culprit.harms(losses, edge) {
                        blame.unexplained[edge] = (blame.unexplained[edge] - culprit.damage).max(0.0);
                    }
                }
                blame.culprits.push(culprit);
            }
        }
        blame
    }

    /// The node as if it alone were to blame for what is not everywhere, however little that is; `None` where the graph does
    /// not have the node, or nothing there tells of such a fault.
    pub(super) fn as_if(&self, losses: &Losses<'_>, fault: Fault, node: NodeRef) -> Option<Culprit> {
        suspect(losses, &self.local, fault, losses.graph().position(node)?)
    }

    /// How much lost capacity a culprit explains.
    fn explained(&self, losses: &Losses<'_>, culprit: &Culprit) -> f64 {
        let harmed = losses
            .at(culprit.at)
            .iter()
            .filter(|&&edge| culprit.harms(losses, edge));
        harmed
            .map(|&edge| losses.edges()[edge].healthy * share(self.unexplained[edge].min(culprit.damage)))
            .sum()
    }
}

/// What is everywhere, and the damage of each edge beyond that.
///
/// Edges that carry requests share causes that are everywhere, such as full memory. Replicas and maintenance do not: where all
/// replicas are behind, each of them is.
fn take_off_what_is_everywhere(losses: &Losses<'_>) -> (Vec<Everywhere>, Vec<f64>) {
    let mut sorts: BTreeMap<Sort, Vec<usize>> = BTreeMap::new();
    for (number, edge) in losses.edges().iter().enumerate() {
        let (a, b) = edge.key.ends();
        let kind = edge.key.kind();
        if !matches!(kind, EdgeKind::Replication | EdgeKind::Dependency) {
            sorts.entry(Sort(kind, a.kind, b.kind)).or_default().push(number);
        }
    }
    let mut local: Vec<f64> = losses.edges().iter().map(|edge| edge.damage).collect();
    let mut everywhere = Vec::new();
    for (sort, edges) in sorts {
        if edges.len() < FEWEST_OF_A_SORT {
            continue;
        }
        let mut damages: Vec<f64> = edges.iter().map(|&edge| local[edge]).collect();
        let damage = lower_quartile(&mut damages);
        if damage > NOISE {
            for edge in edges {
                local[edge] = (local[edge] - damage).max(0.0);
            }
            everywhere.push(Everywhere { sort, damage });
        }
    }
    (everywhere, local)
}

/// The node at a position as the culprit of `damages`; `None` where nothing tells of that fault.
fn suspect(losses: &Losses<'_>, damages: &[f64], fault: Fault, at: usize) -> Option<Culprit> {
    let node = losses.node(at);
    let told = |tells: &dyn Fn(usize) -> bool| -> Vec<f64> {
        let telling = losses.at(at).iter().filter(|&&edge| tells(edge));
        telling.map(|&edge| damages[edge]).collect()
    };
    let mut telling = told(&|edge| tells(losses, fault, edge, at));
    if telling.is_empty() && fault == Fault::Overload && node.kind == NodeKind::Partition {
        telling = told(&|_| true);
    }
    if telling.is_empty() {
        return None;
    }
    let damage = lower_quartile(&mut telling);
    Some(Culprit {
        fault,
        node,
        at,
        damage,
    })
}

impl Sort {
    /// Whether a node of this kind is at one of the ends.
    pub(super) fn touches(self, kind: NodeKind) -> bool {
        self.1 == kind || self.2 == kind
    }
}

impl Culprit {
    /// Whether an edge at the culprit's node suffers from its fault.
    pub(super) fn harms(&self, losses: &Losses<'_>, edge: usize) -> bool {
        self.fault == Fault::Overload || tells(losses, self.fault, edge, self.at)
    }
}

/// Whether an edge tells of a fault of the node at a position, which is one of its ends.
fn tells(losses: &Losses<'_>, fault: Fault, edge: usize, at: usize) -> bool {
    let EdgeLoss { key, ends, .. } = &losses.edges()[edge];
    let (a, b) = key.ends();
    let second = ends[1] == at;
    let (node, other) = if second { (b, a) } else { (a, b) };
    fault.is_told_by(key.kind(), node, other, second)
}

/// What three quarters of the values reach.
fn lower_quartile(values: &mut [f64]) -> f64 {
    let rank = values.len() / 4;
    *values.select_nth_unstable_by(rank, f64::total_cmp).1
}
