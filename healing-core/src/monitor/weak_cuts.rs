//! The cuts that have lost most of what they are worth when all is well.
//!
//! A cut is known by the nodes on its smaller side, and worth the sum of the healthy capacities across it: so a cut that is
//! weak for the first time has a baseline too. Of the many cuts there are, these are looked at:
//!
//! * the minimum cut;
//! * the cut around each node;
//! * for each edge that has lost a notable share of its own capacity, a lightest cut that separates its two ends. Where no such
//!   cut has fallen, the two hold together as well as ever, whatever else has become lighter around them.
//!
//! The edges of the worst cut have, at the least, lost as great a share as the cut itself. So an edge need not be looked at if
//! it crosses a cut that is known to have lost as great a share as the edge: the worst cut is not overlooked for that. What is
//! left are a few flows a sample, each near its edge; where many edges have fallen, the next samples go on with the rest, and once
//! all were looked at, none is again before something changes. What was found is remembered until it has recovered, and priced
//! anew at each sample.

use std::cmp::Ordering;

use super::mirror::{MOST_PRICED, Mirror, MirroredEdge, Price};

/// An edge or a cut with a smaller share than this left has fallen.
const FALLEN: f64 = 0.9;
/// A cut that has this share of its worth back has recovered.
const RECOVERED: f64 = 0.95;
/// At most so many cuts are remembered.
const MOST_REMEMBERED: usize = 8;
/// At most so many flows are sent in a sample.
const MOST_FLOWS: usize = 8;

/// The fallen cuts of one collection, beside those around single nodes.
#[derive(Debug, Clone, Default)]
pub(super) struct WeakCuts {
    remembered: Vec<PricedCut>,
    round: Round,
}

/// A search along all edges, which may take several samples.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    /// The mirror's, of which the edges are searched; `None` before the first round.
    revision: Option<u64>,
    /// Where it goes on.
    next_edge: usize,
    /// How many edges are still to be looked at.
    left: usize,
}

/// A cut, by its smaller side, with what it is worth.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PricedCut {
    /// Ascending.
    pub(super) side: Vec<u32>,
    pub(super) price: Price,
}

impl WeakCuts {
    /// Forgets all: nodes have other numbers now.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The minimum cut, and the `count` cuts with the smallest shares left, or the lightest ones where that is not known.
    pub(super) fn find(&mut self, mirror: &mut Mirror, count: usize) -> (PricedCut, Vec<PricedCut>) {
        let around_nodes = around_nodes(mirror);
        let minimum = self.reprice(mirror);
        self.search(mirror, &around_nodes);

        let by_weakness = |one: &(u32, Price), other: &(u32, Price)| weaker(&one.1, &other.1).then(one.0.cmp(&other.0));
        // Of two nodes, the cut is around the first.
        let cuts_around = if around_nodes.len() == 2 { 1 } else { around_nodes.len() };
        let mut around: Vec<(u32, Price)> = (0..).zip(around_nodes).take(cuts_around).collect();
        if around.len() > count {
            around.select_nth_unstable_by(count, by_weakness);
            around.truncate(count);
        }
        let around = around.into_iter().map(|(node, price)| PricedCut {
            side: vec![node],
            price,
        });
        let known = std::iter::once(&minimum).chain(&self.remembered).cloned();
        let mut weakest: Vec<PricedCut> = known.chain(around).collect();
        weakest.sort_by(|one, other| {
            let by_side = || (one.side.len(), &one.side).cmp(&(other.side.len(), &other.side));
            weaker(&one.price, &other.price).then_with(by_side)
        });
        weakest.dedup_by(|one, other| one.side == other.side);
        weakest.truncate(count);
        (minimum, weakest)
    }

    /// Prices what is remembered anew, and lets go of what has recovered. Returns the minimum cut.
    fn reprice(&mut self, mirror: &Mirror) -> PricedCut {
        let sides = self.remembered.iter().map(|cut| cut.side.as_slice());
        let mut prices = mirror
            .prices(std::iter::once(mirror.lightest_side()).chain(sides))
            .into_iter();
        let minimum = PricedCut {
            side: mirror.lightest_side().to_vec(),
            price: prices.next().unwrap_or_default(),
        };
        for (cut, price) in self.remembered.iter_mut().zip(prices) {
            cut.price = price;
        }
        self.remembered.retain(|cut| has_less_than(RECOVERED, cut.price));
        minimum
    }

    /// Looks for cuts that have fallen and are not around one node.
    fn search(&mut self, mirror: &mut Mirror, around_nodes: &[Price]) {
        let edges = mirror.edges().len();
        if self.round.revision != Some(mirror.revision()) {
            self.round.revision = Some(mirror.revision());
            self.round.left = edges;
        }
        let mut found = Found::new(mirror, &self.remembered);
        let mut flows = 0;
        while self.round.left > 0 {
            let position = if self.round.next_edge < edges {
                self.round.next_edge
            } else {
                0
            };
            if may_hide_a_cut(position, mirror, around_nodes, &found) {
                if flows == MOST_FLOWS {
                    return;
                }
                flows += 1;
                if let Some(cut) = mirror.lightest_between_ends(position) {
                    let is_new = self.remembered.iter().all(|known| known.side != cut.side);
                    if is_new && has_less_than(FALLEN, cut.price) {
                        found.add(&cut);
                        self.remember(cut);
                    }
                }
            }
            self.round.next_edge = position + 1;
            self.round.left -= 1;
        }
    }

    /// Remembers a cut; where there are too many, instead of the strongest.
    fn remember(&mut self, cut: PricedCut) {
        self.remembered.push(cut);
        if self.remembered.len() > MOST_REMEMBERED {
            self.remembered.sort_by(|one, other| weaker(&one.price, &other.price));
            self.remembered.truncate(MOST_REMEMBERED);
        }
    }
}

/// Whether an edge has fallen, and no known cut has lost as much.
fn may_hide_a_cut(position: usize, mirror: &Mirror, around_nodes: &[Price], found: &Found) -> bool {
    let edge = &mirror.edges()[position];
    if edge.capacity >= FALLEN * edge.healthy() {
        return false;
    }
    let left = edge.capacity / edge.healthy();
    let has_lost_as_much = |end: u32| {
        around_nodes[end as usize]
            .share_left()
            .is_some_and(|share| share <= left)
    };
    !found.explains(edge, left) && ![edge.a, edge.b].into_iter().any(has_lost_as_much)
}

/// The fallen cuts that are known in a search: to look up which of them an edge crosses.
struct Found {
    /// For each node, on which side of each cut it is.
    masks: Vec<u32>,
    shares: Vec<f64>,
}

impl Found {
    fn new(mirror: &Mirror, remembered: &[PricedCut]) -> Self {
        let mut found = Self {
            masks: vec![0; mirror.nodes().len()],
            shares: Vec::new(),
        };
        remembered.iter().for_each(|cut| found.add(cut));
        found
    }

    fn add(&mut self, cut: &PricedCut) {
        for &node in &cut.side {
            self.masks[node as usize] |= 1 << self.shares.len();
        }
        self.shares.push(cut.price.share_left().unwrap_or(f64::INFINITY));
    }

    /// Whether an edge that has this share left crosses a cut that has no more.
    fn explains(&self, edge: &MirroredEdge, left: f64) -> bool {
        let crossed = self.masks[edge.a as usize] ^ self.masks[edge.b as usize];
        crossed != 0 && (0..self.shares.len()).any(|cut| crossed >> cut & 1 == 1 && self.shares[cut] <= left)
    }
}

const _: () = assert!(
    MOST_REMEMBERED + MOST_FLOWS <= u32::BITS as usize,
    "each cut of a search has a bit"
);

/// What the cut around each node is worth.
fn around_nodes(mirror: &Mirror) -> Vec<Price> {
    let mut prices = vec![Price::default(); mirror.nodes().len()];
    for edge in mirror.edges() {
        prices[edge.a as usize].add(edge);
        prices[edge.b as usize].add(edge);
    }
    prices
}

fn has_less_than(share: f64, price: Price) -> bool {
    price.share_left().is_some_and(|left| left < share)
}

/// Those with the smaller share left first, then the lighter ones.
fn weaker(one: &Price, other: &Price) -> Ordering {
    let share = |price: &Price| price.share_left().unwrap_or(f64::INFINITY);
    share(one)
        .total_cmp(&share(other))
        .then(one.value.total_cmp(&other.value))
}

const _: () = assert!(
    MOST_REMEMBERED < MOST_PRICED,
    "all are priced at once, with the minimum cut"
);
