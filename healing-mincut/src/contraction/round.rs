//! One round: clusters of nodes that no cut below the bound separates.

use std::marker::PhantomData;

use crate::contraction::clusters::{Clusters, FREE};
use crate::contraction::goal::Goal;
use crate::contraction::growth::{Growth, Reach, tie_of, untied};
use crate::contraction::proof::Proofs;
use crate::contraction::scan::{Ending, Scan};
use crate::contraction::seed;
use crate::contraction::tie::Tie;
use crate::rows::Rows;

/// Once only such a share of the nodes is in no cluster, the graph is rebuilt.
const FEW_LEFT: usize = 64;
/// A node with so many times the average weighted degree is a hub.
const HUB: u64 = 3;
/// The most hubs that are tried.
const MOST_HUBS: usize = 1000;
/// In search of one cluster's seeds such a share of all arcs may be read, and this many more; for all
/// clusters of a round, such a share of all arcs.
const SEED_SHARE: usize = 32;
const SEED_FLOOR: usize = 4096;
const SEEDS_SHARE: usize = 2;
/// If a scan of all nodes joins a smaller share of them than this, its longest run is grown.
const LONE_SHARE: usize = 4;
/// The bound that clusters are grown for comes down once the lightest cut is by such a share lighter.
const BOUND_SHARE: u64 = 16;

/// The lightest cut known; or, where that is not to be found, only the bound.
#[derive(Debug, Default, Clone)]
pub(crate) struct Lightest {
    pub(crate) value: u64,
    /// Its one side.
    pub(crate) side: Vec<u32>,
    /// After how many contractions the graph had the nodes of that side.
    pub(crate) level: usize,
}

impl Lightest {
    /// Keeps the lighter cut of two.
    pub(crate) fn offer(&mut self, value: u64, side: &[u32], level: usize) {
        if value < self.value {
            self.value = value;
            self.side.clear();
            self.side.extend_from_slice(side);
            self.level = level;
        }
    }
}

/// The memory of a round, but for its sums.
#[derive(Debug, Default, Clone)]
pub(crate) struct Lists {
    scan: Scan,
    pub(crate) clusters: Clusters,
    seeds: Vec<u32>,
    hubs: Vec<u32>,
}

/// The sums of weights that a round adds up, in one width.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sums<T> {
    /// Ties to scanned nodes, and to seeds.
    ties: Vec<T>,
    /// Ties to the cluster that grows.
    keys: Vec<T>,
}

/// Fills `lists.clusters` with clusters that hold every node, unless a cut of value 0 turns up: then
/// nothing needs to be contracted any more. `first` is a node with the greatest weighted degree.
///
/// A round reads every arc a few times at most. With `proofs` it grows one cluster only, for as long
/// as they last.
pub(crate) fn run<T: Tie, G: Goal>(
    rows: Rows<'_>,
    first: u32,
    lightest: &mut Lightest,
    level: usize,
    lists: &mut Lists,
    sums: &mut Sums<T>,
    proofs: Option<&mut Proofs<'_>>,
) {
    let nodes = rows.nodes();
    lists.scan.reserve(nodes);
    lists.clusters.reset(nodes);
    sums.ties.clear();
    sums.ties.resize(nodes, T::default());
    let bound = lightest.value;
    sums.keys.clear();
    sums.keys
        .extend(rows.degrees.iter().map(|&degree| untied::<T, G>(degree, bound)));
    let round = Round {
        goal: PhantomData::<G>,
        rows,
        lightest,
        level,
        lists,
        sums,
        bound,
        hubs_known: false,
        first_free: 0,
        seed_work: 0,
        scanned_in_vain: 0,
    };
    match proofs {
        None => round.run(first),
        Some(proofs) => round.run_with(proofs, first),
    }
}

struct Round<'a, T, G> {
    goal: PhantomData<G>,
    rows: Rows<'a>,
    lightest: &'a mut Lightest,
    level: usize,
    lists: &'a mut Lists,
    sums: &'a mut Sums<T>,
    /// What the keys are made for: the lightest cut's value, or what that was.
    bound: u64,
    hubs_known: bool,
    /// All nodes before this are in clusters.
    first_free: usize,
    /// How many arcs were read in search of seeds.
    seed_work: usize,
    /// How many nodes were scanned by scans that did not go to the end.
    scanned_in_vain: usize,
}

impl<T: Tie, G: Goal> Round<'_, T, G> {
    fn run(mut self, first: u32) {
        let nodes = self.rows.nodes();
        let mut start = first;
        while self.find_seeds(start) {
            if self.lists.seeds.len() > 1 && self.grow(None) == Reach::NearlyAll {
                break;
            }
            let left = nodes - self.lists.clusters.clustered();
            if left * FEW_LEFT < nodes || self.lightest.value == 0 {
                break;
            }
            let Some(next) = self.next_start() else { break };
            start = next;
        }
        if self.lightest.value > 0 {
            self.lists.clusters.add_the_rest_alone();
        }
    }

    fn run_with(mut self, proofs: &mut Proofs<'_>, first: u32) {
        self.find_seeds_near(first, self.rows.targets.len());
        self.grow(Some(proofs));
        self.lists.clusters.add_the_rest_alone();
    }

    fn find_seeds_near(&mut self, start: u32, most_work: usize) {
        let Lists { clusters, seeds, .. } = &mut *self.lists;
        let (bound, ties) = (self.lightest.value, &mut self.sums.ties);
        self.seed_work += seed::around(self.rows, start, bound, &clusters.cluster_of, ties, seeds, most_work);
    }

    /// Looks for the seeds of a cluster: near the start, or else by a scan, which may also settle all
    /// that is left. Returns whether the round goes on.
    fn find_seeds(&mut self, start: u32) -> bool {
        let arcs = self.rows.targets.len();
        let work_left = (arcs / SEEDS_SHARE + SEED_FLOOR).saturating_sub(self.seed_work);
        self.find_seeds_near(start, work_left.min(arcs / SEED_SHARE + SEED_FLOOR));
        let Self { rows, lists, sums, .. } = self;
        let Lists {
            scan, clusters, seeds, ..
        } = &mut **lists;
        if seeds.len() > 1 {
            return true;
        }
        if clusters.clustered() * 2 > rows.nodes() {
            return false;
        }
        let nodes = rows.nodes();
        let may_burst = self.scanned_in_vain < nodes;
        let ending = scan.run::<T, G>(*rows, start, self.lightest.value, may_burst, &mut sums.ties);
        if let Some(prefix) = scan.lightest() {
            let side = &scan.scanned()[..prefix.length];
            self.lightest.offer(prefix.value, side, self.level);
        }
        let longest = scan.runs().max_by_key(|run| run.len()).unwrap_or(&[]);
        match ending {
            Ending::Disconnected => false,
            Ending::Complete
                if may_burst && longest.len() > 1 && scan.runs().count() * LONE_SHARE > nodes * (LONE_SHARE - 1) =>
            {
                // Hardly anything was found; but little may be enough to grow from.
                self.scanned_in_vain = nodes;
                seeds.clear();
                seeds.extend_from_slice(longest);
                forget_ties(*rows, scan.scanned(), &clusters.cluster_of, &mut sums.ties);
                true
            }
            Ending::Complete => {
                for run in scan.runs() {
                    clusters.add(run);
                }
                // Nodes that a scan did not reach are left to the next one.
                seeds.clear();
                for &node in scan.scanned() {
                    sums.ties[node as usize] = T::FOLLOWED;
                }
                true
            }
            Ending::Burst => {
                self.scanned_in_vain += scan.scanned().len();
                seeds.clear();
                seeds.extend_from_slice(scan.last_run());
                forget_ties(*rows, scan.scanned(), &clusters.cluster_of, &mut sums.ties);
                true
            }
        }
    }

    /// Grows a cluster from the seeds.
    fn grow(&mut self, mut proofs: Option<&mut Proofs<'_>>) -> Reach {
        let Self {
            rows,
            lists,
            sums,
            bound,
            ..
        } = self;
        let Lists { clusters, seeds, .. } = &mut **lists;
        let cluster = clusters.count();
        let reach = Growth::<T, G>::from_seeds(*rows, seeds, *bound, &mut sums.keys, clusters, proofs.as_deref_mut());
        if let (Reach::Lighter(value), Some(proofs)) = (reach, proofs) {
            self.lightest.offer(value, proofs.lighter_side(), self.level);
        }
        let is_whole = self.lists.clusters.members_of(cluster).len() == self.rows.nodes();
        if reach != Reach::NearlyAll && !is_whole {
            self.settle(cluster);
        }
        reach
    }

    /// Takes a full-grown cluster out of the graph that further ones are sought in: its nodes are
    /// marked, and what it added to the keys of others is taken back. The cut around it may be the
    /// lightest.
    fn settle(&mut self, cluster: usize) {
        let Self {
            rows,
            lists,
            sums,
            bound,
            ..
        } = self;
        let clusters = &mut lists.clusters;
        let mut cut = 0_u64;
        for position in clusters.positions_of(cluster) {
            let node = clusters.members[position];
            sums.ties[node as usize] = T::FOLLOWED;
            let degree = rows.degrees[node as usize];
            let inside = tie_of::<T, G>(sums.keys[node as usize], degree, *bound);
            if inside == degree {
                clusters.is_inner[node as usize] = true;
                continue;
            }
            cut = cut.wrapping_add(degree - inside);
            for &target in rows.arcs_of(node).0 {
                if clusters.cluster_of[target as usize] == FREE {
                    let degree = rows.degrees[target as usize];
                    sums.keys[target as usize] = untied::<T, G>(degree, *bound);
                }
            }
        }
        let members = clusters.members_of(cluster);
        if G::LOWERS_BOUND && members.len() < rows.nodes() {
            self.lightest.offer(cut, members, self.level);
        }
        if self.lightest.value < *bound - *bound / BOUND_SHARE {
            *bound = self.lightest.value;
            for (node, key) in sums.keys.iter_mut().enumerate() {
                if clusters.cluster_of[node] == FREE {
                    *key = untied::<T, G>(rows.degrees[node], *bound);
                }
            }
        }
    }

    /// A node in no cluster: a hub, if one is left.
    fn next_start(&mut self) -> Option<u32> {
        let cluster_of = &self.lists.clusters.cluster_of;
        if !self.hubs_known {
            self.hubs_known = true;
            find_hubs(self.rows, cluster_of, &mut self.lists.hubs);
        }
        while let Some(hub) = self.lists.hubs.pop() {
            if cluster_of[hub as usize] == FREE {
                return Some(hub);
            }
        }
        let free = cluster_of[self.first_free..]
            .iter()
            .position(|&cluster| cluster == FREE);
        self.first_free += free?;
        Some(self.first_free as u32)
    }
}

/// Sets the ties of all nodes in no cluster back to 0, after some of them were scanned.
fn forget_ties<T: Tie>(rows: Rows<'_>, scanned: &[u32], cluster_of: &[u32], ties: &mut [T]) {
    let nodes = rows.nodes();
    if scanned.len() * (rows.targets.len() / nodes) > nodes {
        for (tie, &cluster) in ties.iter_mut().zip(cluster_of) {
            if cluster == FREE {
                *tie = T::default();
            }
        }
        return;
    }
    for &node in scanned {
        ties[node as usize] = T::default();
        for &target in rows.arcs_of(node).0 {
            if cluster_of[target as usize] == FREE {
                ties[target as usize] = T::default();
            }
        }
    }
}

/// The nodes in no cluster whose weighted degrees stand out; the greatest last.
fn find_hubs(rows: Rows<'_>, cluster_of: &[u32], hubs: &mut Vec<u32>) {
    let total: u128 = rows.degrees.iter().copied().map(u128::from).sum();
    let average = (total / rows.nodes().max(1) as u128) as u64;
    let least = average.saturating_mul(HUB);
    let stands_out = |&node: &u32| rows.degrees[node as usize] >= least && cluster_of[node as usize] == FREE;
    hubs.clear();
    hubs.extend((0..rows.nodes() as u32).filter(stands_out));
    // Equal degrees in the order of the numbers, whatever the sort.
    hubs.sort_unstable_by_key(|&node| (rows.degrees[node as usize], node));
    let surplus = hubs.len().saturating_sub(MOST_HUBS);
    hubs.drain(..surplus);
}
