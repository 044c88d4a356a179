//! A cactus, hung up at one node.

use std::ops::Range;

/// The cycles of a cactus, as lists of the names of their nodes in turn.
#[derive(Debug, Default, Clone)]
pub(crate) struct Cycles {
    names: Vec<u32>,
    ends: Vec<usize>,
}

impl Cycles {
    pub(crate) fn add(&mut self, names: &[u32]) {
        self.names.extend_from_slice(names);
        self.ends.push(self.names.len());
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, cycle: usize) -> &[u32] {
        let begin = if cycle == 0 { 0 } else { self.ends[cycle - 1] };
        &self.names[begin..self.ends[cycle]]
    }
}

/// A cactus, hung up at a node that is not empty. Below the topmost node of each cycle, the others hang
/// side by side; the nodes of the graph are listed so that each of these *branches* is one stretch, and
/// the branches of a cycle follow each other. So each minimum cut is a stretch of the list: some
/// branches of one cycle that follow each other.
#[derive(Debug, Clone)]
pub(crate) struct Cactus {
    /// The nodes of the graph.
    order: Vec<u32>,
    /// The cactus node of each node of the graph.
    class_of: Vec<u32>,
    /// For each cycle in turn, where in the order its branches begin, and where the last one ends.
    bounds: Vec<u32>,
    hung: Vec<Hung>,
}

/// A cycle hung up by its topmost node.
#[derive(Debug, Clone)]
struct Hung {
    bounds: Range<usize>,
    /// The topmost node is empty and has but one more cycle, above it: which has the cut between all
    /// branches and the rest as well.
    repeats_above: bool,
}

impl Cactus {
    /// `names` says by which name of the cactus node each name stands for; `node_of` gives the name of
    /// each node of the graph. There is at least one node.
    pub(crate) fn new(names: &[u32], node_of: &[u32], cycles: &Cycles) -> Self {
        let class_of: Vec<u32> = node_of.iter().map(|&name| names[name as usize]).collect();
        let mut sizes = vec![0_u32; names.len()];
        for &class in &class_of {
            sizes[class as usize] += 1;
        }
        let through = CyclesThrough::of(names, cycles);
        let mut hung_up = HungUp::new(names.len());
        // A cactus node that is not empty: there is one.
        let top = class_of.first().copied();
        hung_up.hang(top, names, cycles, &through, &sizes);
        let (begins, ends) = hung_up.stretches(&sizes);

        let mut order = vec![0; class_of.len()];
        let mut free = begins.clone();
        for (node, &class) in class_of.iter().enumerate() {
            let slot = &mut free[class as usize];
            order[*slot as usize] = node as u32;
            *slot += 1;
        }
        let mut bounds = Vec::with_capacity(hung_up.branches.len() + cycles.len());
        let mut hung = Vec::with_capacity(cycles.len());
        for (position, &(first, repeats_above)) in hung_up.cycles.iter().enumerate() {
            let next = hung_up.cycles.get(position + 1);
            let branches = &hung_up.branches[first..next.map_or(hung_up.branches.len(), |next| next.0)];
            let begin = bounds.len();
            bounds.extend(branches.iter().map(|&branch| begins[branch as usize]));
            bounds.extend(branches.last().map(|&branch| ends[branch as usize]));
            hung.push(Hung {
                bounds: begin..bounds.len(),
                repeats_above,
            });
        }
        Self {
            order,
            class_of,
            bounds,
            hung,
        }
    }

    /// The cactus node of each node of the graph.
    pub(crate) fn class_of(&self) -> &[u32] {
        &self.class_of
    }

    /// How many minimum cuts there are.
    pub(crate) fn count(&self) -> u64 {
        let cuts_of = |hung: &Hung| {
            let branches = hung.bounds.len() as u64 - 1;
            branches * (branches + 1) / 2 - u64::from(hung.repeats_above)
        };
        self.hung.iter().map(cuts_of).sum()
    }

    /// The one side of each minimum cut, without the first node of the graph.
    pub(crate) fn sides(&self) -> impl Iterator<Item = &[u32]> {
        self.hung.iter().flat_map(move |hung| {
            let bounds = &self.bounds[hung.bounds.clone()];
            let last = bounds.len() - 1;
            let stretches = (0..last).flat_map(move |begin| (begin + 1..=last).map(move |end| (begin, end)));
            stretches
                .filter(move |&stretch| !(hung.repeats_above && stretch == (0, last)))
                .map(move |(begin, end)| &self.order[bounds[begin] as usize..bounds[end] as usize])
        })
    }
}

/// A cactus as it is hung up.
struct HungUp {
    /// The cactus nodes, each with all that is below it behind it.
    preorder: Vec<u32>,
    /// The topmost node of the cycle that a node hangs by; the topmost of all is its own.
    parents: Vec<u32>,
    /// The cycle that it hangs by.
    above: Vec<Option<u32>>,
    /// Where the branches of each cycle begin, and whether its topmost node has nothing else below it
    /// and is empty.
    cycles: Vec<(usize, bool)>,
    /// The nodes of each cycle but the topmost one, in turn.
    branches: Vec<u32>,
}

impl HungUp {
    fn new(nodes: usize) -> Self {
        Self {
            preorder: Vec::new(),
            parents: (0..nodes as u32).collect(),
            above: vec![None; nodes],
            cycles: Vec::new(),
            branches: Vec::new(),
        }
    }

    fn hang(&mut self, top: Option<u32>, names: &[u32], cycles: &Cycles, through: &CyclesThrough, sizes: &[u32]) {
        let mut waiting: Vec<u32> = top.into_iter().collect();
        while let Some(node) = waiting.pop() {
            self.preorder.push(node);
            let own = through.node(node);
            let is_empty = sizes[node as usize] == 0;
            for &cycle in own {
                if self.above[node as usize] == Some(cycle) {
                    continue;
                }
                let first = self.branches.len();
                self.cycles.push((first, is_empty && own.len() == 2));
                let turn = cycles.get(cycle as usize);
                let place = turn.iter().position(|&name| names[name as usize] == node).unwrap_or(0);
                let others = turn[place + 1..].iter().chain(&turn[..place]);
                self.branches.extend(others.map(|&name| names[name as usize]));
                for &branch in self.branches[first..].iter().rev() {
                    self.parents[branch as usize] = node;
                    self.above[branch as usize] = Some(cycle);
                    waiting.push(branch);
                }
            }
        }
    }

    /// Where the graph's nodes in each node of the cactus and below it begin in the order, and end.
    fn stretches(&self, sizes: &[u32]) -> (Vec<u32>, Vec<u32>) {
        let mut begins = vec![0; sizes.len()];
        let mut ends = vec![0; sizes.len()];
        let mut listed = 0;
        for &node in &self.preorder {
            begins[node as usize] = listed;
            listed += sizes[node as usize];
            ends[node as usize] = listed;
        }
        for &node in self.preorder.iter().rev() {
            let parent = self.parents[node as usize] as usize;
            ends[parent] = ends[parent].max(ends[node as usize]);
        }
        (begins, ends)
    }
}

/// Which cycles go through each cactus node.
struct CyclesThrough {
    cycles: Vec<u32>,
    begins: Vec<usize>,
}

impl CyclesThrough {
    fn of(names: &[u32], cycles: &Cycles) -> Self {
        let mut begins = vec![0; names.len() + 1];
        for &name in &cycles.names {
            begins[names[name as usize] as usize + 1] += 1;
        }
        for node in 0..names.len() {
            begins[node + 1] += begins[node];
        }
        let mut free = begins.clone();
        let mut sorted = vec![0; cycles.names.len()];
        for cycle in 0..cycles.len() {
            for &name in cycles.get(cycle) {
                let slot = &mut free[names[name as usize] as usize];
                sorted[*slot] = cycle as u32;
                *slot += 1;
            }
        }
        Self { cycles: sorted, begins }
    }

    fn node(&self, node: u32) -> &[u32] {
        &self.cycles[self.begins[node as usize]..self.begins[node as usize + 1]]
    }
}
