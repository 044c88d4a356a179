//! One cluster grows: nodes join it for as long as their own edges prove that they may.

use std::marker::PhantomData;

use crate::contraction::clusters::{Clusters, FREE};
use crate::contraction::goal::Goal;
use crate::contraction::proof::{Proof, Proofs};
use crate::contraction::tie::Tie;
use crate::rows::Rows;

/// A cluster with such a share of all nodes may pull the others instead of being pushed to them.
const PULL_SHARE: usize = 8;
/// Pulling ends once so small a share of the nodes is outside.
const FEW_OUTSIDE: usize = 16;
/// Members are followed in the order they joined in, so many at a time ...
const BATCH: usize = 128;
/// The rows of so many are called for at once, that they come from memory side by side.
const GROUP: usize = 16;
/// ... or in the order of their numbers, which memory likes better, if that many wait and at least
/// such a share of all numbers between the smallest and the largest.
const SWEEP_SHARE: usize = 24;
/// In a sweep, nodes that join so far behind are followed at once.
const NEAR: u32 = 1024;
/// They are followed no further once all but such a share of the nodes are members: the others may be
/// pulled.
const SWEEP_END: usize = 4;
/// So many nodes that join round a corner are followed before more are looked for.
const CORNER_BATCH: usize = 32;
/// A node whose tie is less than such a share of the bound is not worth a look round corners.
const CORNER_SHARE: u64 = 3;

/// A cluster that grows.
pub(crate) struct Growth<'a, 'p, T, G> {
    goal: PhantomData<G>,
    rows: Rows<'a>,
    /// No cut below this separates the members.
    bound: u64,
    /// For each node, its tie to the followed members, plus what it needs less than the bound: so
    /// all nodes may join at one limit. Members are above it or marked.
    keys: &'a mut [T],
    clusters: &'a mut Clusters,
    cluster: u32,
    begin: usize,
    /// Where the members end.
    taken: usize,
    followed: usize,
    /// All members before this have been followed.
    next: usize,
    /// All members before this have been looked at for neighbours round corners.
    looked: usize,
    proofs: Option<&'a mut Proofs<'p>>,
    /// The member, and which of its neighbours, that proofs are sought for next.
    asked: (usize, usize),
}

/// How far a cluster has grown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// No other node is seen to belong to it, and all keys are exact.
    Stalled,
    /// The same; and a cut lighter than the bound, of this value, was found in search of a proof.
    Lighter(u64),
    /// Few nodes are left outside; the keys are not exact.
    NearlyAll,
}

/// The key of a node that has no tie.
#[inline]
pub(crate) fn untied<T: Tie, G: Goal>(degree: u64, bound: u64) -> T {
    T::from_weight(bound - G::needed(degree, bound))
}

/// A node's tie, from its key.
#[inline]
pub(crate) fn tie_of<T: Tie, G: Goal>(key: T, degree: u64, bound: u64) -> u64 {
    key.to_weight() - (bound - G::needed(degree, bound))
}

impl<'a, 'p, T: Tie, G: Goal> Growth<'a, 'p, T, G> {
    /// Grows a new cluster from `seeds`, which no cut below `bound` separates. The `keys` of nodes in
    /// no cluster are [`untied`] before. `proofs`, if there are any, are for this cluster alone.
    pub(crate) fn from_seeds(
        rows: Rows<'a>,
        seeds: &[u32],
        bound: u64,
        keys: &'a mut [T],
        clusters: &'a mut Clusters,
        proofs: Option<&'a mut Proofs<'p>>,
    ) -> Reach {
        let cluster = clusters.count() as u32;
        let begin = clusters.clustered();
        let taken = begin + seeds.len();
        clusters.members[begin..taken].copy_from_slice(seeds);
        for &node in seeds {
            keys[node as usize] = keys[node as usize] | T::TAKEN;
        }
        let mut growth = Self {
            goal: PhantomData,
            rows,
            bound,
            keys,
            clusters,
            cluster,
            begin,
            taken,
            followed: 0,
            next: begin,
            looked: begin,
            proofs,
            asked: (begin, 0),
        };
        let reach = growth.run();
        growth.clusters.end_cluster(growth.taken);
        reach
    }

    fn run(&mut self) -> Reach {
        let nodes = self.rows.nodes();
        let mut pull_at = nodes / PULL_SHARE;
        let (mut smallest, mut largest) = (u32::MAX, 0);
        let mut noted = self.begin;
        loop {
            if self.taken - self.begin == nodes {
                return Reach::NearlyAll;
            }
            let waiting = self.taken - self.begin - self.followed;
            if waiting == 0 {
                if self.look_round_corners() {
                    continue;
                }
                match self.seek_proof() {
                    Proof::Joins => continue,
                    Proof::Lighter(value) => return Reach::Lighter(value),
                    Proof::None => return Reach::Stalled,
                }
            }
            for &node in &self.clusters.members[noted..self.taken] {
                self.clusters.cluster_of[node as usize] = self.cluster;
                (smallest, largest) = (smallest.min(node), largest.max(node));
            }
            noted = self.taken;
            let size = self.taken - self.begin;
            if size >= pull_at && self.pull_promises() {
                self.pull();
                if (nodes - self.taken) * FEW_OUTSIDE < nodes {
                    return Reach::NearlyAll;
                }
            } else if waiting > BATCH && waiting * SWEEP_SHARE > (largest - smallest) as usize {
                let most = (nodes - nodes / SWEEP_END).max(pull_at - 1);
                self.follow_by_number(smallest..=largest, most);
            } else {
                self.follow_batch();
            }
            if size >= pull_at {
                pull_at = size + size / 4;
            }
        }
    }

    /// Follows members in the order they joined in.
    fn follow_batch(&mut self) {
        let mut group = [0; GROUP];
        for _ in 0..BATCH / GROUP {
            let mut size = 0;
            while self.next < self.taken && size < GROUP {
                let node = self.clusters.members[self.next];
                self.next += 1;
                group[size] = node;
                size += usize::from(!self.keys[node as usize].is_followed());
            }
            self.rows.touch(&group[..size]);
            for &node in &group[..size] {
                self.follow(node);
            }
        }
    }

    /// Follows members in the order of their numbers, also those that join on the way, if not far behind;
    /// no more once there are more than `most`.
    // Apart from the loop that calls it, which is slower with another loop in it.
    #[inline(never)]
    fn follow_by_number(&mut self, numbers: std::ops::RangeInclusive<u32>, most: usize) {
        let limit = T::from_weight(self.bound);
        let most = self.begin + most;
        let (mut number, end) = (*numbers.start(), *numbers.end());
        let mut group = [0; GROUP];
        let mut known = self.taken;
        while number <= end && self.taken <= most {
            let mut size = 0;
            // All that have joined are known before the sweep goes on: so none is met twice.
            while known < self.taken && size < GROUP {
                let node = self.clusters.members[known];
                known += 1;
                group[size] = node;
                size += usize::from((node < number) & (number - node.min(number) < NEAR));
            }
            while number <= end && size < GROUP {
                let key = self.keys[number as usize];
                group[size] = number;
                size += usize::from((key >= limit) & !key.is_followed());
                number += 1;
            }
            self.rows.touch(&group[..size]);
            for &node in &group[..size] {
                self.follow(node);
            }
        }
    }

    /// Adds the weights of a member's edges to its neighbours' keys.
    #[inline]
    fn follow(&mut self, node: u32) {
        let limit = T::from_weight(self.bound);
        debug_assert!(!self.keys[node as usize].is_followed(), "a member is followed once");
        let Self { keys, clusters, .. } = self;
        let (keys, members) = (&mut **keys, clusters.members.as_mut_slice());
        keys[node as usize] = keys[node as usize] | T::FOLLOWED;
        let mut taken = self.taken;
        let (targets, weights) = self.rows.arcs_of(node);
        for (&target, &weight) in targets.iter().zip(weights) {
            let before = keys[target as usize];
            let after = before.plus(weight);
            keys[target as usize] = after;
            // Without a branch: whether the entry counts is decided by the length alone.
            members[taken] = target;
            taken += usize::from((before < limit) & (after >= limit));
        }
        self.taken = taken;
        self.followed += 1;
    }

    fn join(&mut self, node: u32) {
        self.keys[node as usize] = self.keys[node as usize] | T::TAKEN;
        self.clusters.members[self.taken] = node;
        self.taken += 1;
    }

    /// Lets nodes join that are tied to the cluster strongly enough if paths round one corner count
    /// (Padberg and Rinaldi's test 4). Returns whether any did.
    fn look_round_corners(&mut self) -> bool {
        let (rows, bound) = (self.rows, self.bound);
        let limit = T::from_weight(bound);
        let all = self.taken;
        // No tie changes before the next member is followed: nor does what was seen.
        let followed = (self.begin + self.followed) as u32;
        while self.looked < all && self.taken - all < CORNER_BATCH {
            let member = self.clusters.members[self.looked];
            self.looked += 1;
            let degree = rows.degrees[member as usize];
            if tie_of::<T, G>(self.keys[member as usize], degree, bound) == degree {
                continue;
            }
            for &node in rows.arcs_of(member).0 {
                let key = self.keys[node as usize];
                let is_close = || tie_of::<T, G>(key, rows.degrees[node as usize], bound) >= bound / CORNER_SHARE;
                if key < limit && is_close() && self.clusters.looked_at[node as usize] != followed {
                    if self.is_tied_round_corners(node) {
                        self.join(node);
                    } else {
                        self.clusters.looked_at[node as usize] = followed;
                    }
                }
            }
        }
        self.taken > all
    }

    fn is_tied_round_corners(&self, node: u32) -> bool {
        let limit = T::from_weight(self.bound);
        let tie_of = |node: u32| tie_of::<T, G>(self.keys[node as usize], self.rows.degrees[node as usize], self.bound);
        let mut tie = tie_of(node);
        let (targets, weights) = self.rows.arcs_of(node);
        for (&corner, &weight) in targets.iter().zip(weights) {
            if self.keys[corner as usize] < limit {
                tie += weight.min(tie_of(corner));
                if tie >= self.bound {
                    return true;
                }
            }
        }
        false
    }

    /// Lets one node join that a look round corners or a flow proves to belong to the cluster.
    fn seek_proof(&mut self) -> Proof {
        let Some(proofs) = self.proofs.take() else {
            return Proof::None;
        };
        proofs.note_members(&self.clusters.members[self.begin..self.taken]);
        let proof = self.next_proof(proofs);
        self.proofs = Some(proofs);
        proof
    }

    fn next_proof(&mut self, proofs: &mut Proofs<'_>) -> Proof {
        let limit = T::from_weight(self.bound);
        let (mut member, mut skipped) = self.asked;
        while member < self.taken {
            let neighbours = self.rows.arcs_of(self.clusters.members[member]).0;
            while let Some(&node) = neighbours.get(skipped) {
                skipped += 1;
                if self.keys[node as usize] >= limit {
                    continue;
                }
                let proof = if self.is_tied_round_corners(node) {
                    Proof::Joins
                } else {
                    proofs.ask(node, self.bound)
                };
                if proof == Proof::Joins {
                    self.join(node);
                }
                self.asked = (member, skipped);
                return proof;
            }
            (member, skipped) = (member + 1, 0);
        }
        self.asked = (member, skipped);
        Proof::None
    }

    /// Whether a good part of the nodes outside would join if pulled: looks at a few of them.
    fn pull_promises(&self) -> bool {
        const SAMPLE: usize = 64;
        let nodes = self.rows.nodes();
        let step = (nodes / SAMPLE) | 1;
        let outside = (0..nodes as u32)
            .step_by(step)
            .filter(|&node| self.clusters.cluster_of[node as usize] == FREE);
        let (mut seen, mut joining) = (0, 0);
        for node in outside {
            seen += 1;
            joining += usize::from(self.may_join(node));
        }
        joining * 2 > seen
    }

    /// Looks at the nodes outside in the order of their numbers, and lets those join that may: faster
    /// than following the members once most may, since few of a node's edges need to be read.
    fn pull(&mut self) {
        let mut outside = std::mem::take(&mut self.clusters.outside);
        outside.clear();
        for node in 0..self.rows.nodes() as u32 {
            if self.clusters.cluster_of[node as usize] == FREE {
                if self.may_join(node) {
                    self.clusters.cluster_of[node as usize] = self.cluster;
                    self.join(node);
                } else {
                    outside.push(node);
                }
            }
        }
        let mut before = usize::MAX;
        while !outside.is_empty() && outside.len() < before - before / 4 {
            before = outside.len();
            outside.retain(|&node| {
                let joins = self.may_join(node);
                if joins {
                    self.clusters.cluster_of[node as usize] = self.cluster;
                    self.join(node);
                }
                !joins
            });
        }
        self.clusters.outside = outside;
    }

    /// Whether a node's edges to members are heavy enough; reads no more of them than it must.
    #[inline]
    fn may_join(&self, node: u32) -> bool {
        let needed = G::needed(self.rows.degrees[node as usize], self.bound);
        let (targets, weights) = self.rows.arcs_of(node);
        let mut tie = 0;
        for (&target, &weight) in targets.iter().zip(weights) {
            let inside = self.clusters.cluster_of[target as usize] == self.cluster;
            tie += if inside { weight } else { 0 };
            if tie >= needed {
                return true;
            }
        }
        false
    }
}
