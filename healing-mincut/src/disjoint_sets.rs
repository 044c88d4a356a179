//! Sets that only ever grow together.

/// Disjoint sets of the numbers `0..len`; each is named after one of its members.
#[derive(Debug, Clone)]
pub(crate) struct DisjointSets {
    parents: Vec<u32>,
    count: usize,
}

impl DisjointSets {
    /// Every number alone.
    pub(crate) fn new(len: usize) -> Self {
        Self {
            parents: (0..len as u32).collect(),
            count: len,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.parents.len()
    }

    /// How many sets there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// A further number, alone.
    pub(crate) fn add(&mut self) -> u32 {
        let number = self.parents.len() as u32;
        self.parents.push(number);
        self.count += 1;
        number
    }

    /// The name of a number's set.
    pub(crate) fn find(&mut self, mut number: u32) -> u32 {
        loop {
            let parent = self.parents[number as usize];
            if parent == number {
                return number;
            }
            let above = self.parents[parent as usize];
            self.parents[number as usize] = above;
            number = above;
        }
    }

    /// Joins the set of `number` to that of `other`, which keeps its name.
    pub(crate) fn join(&mut self, number: u32, other: u32) {
        let (set, other) = (self.find(number), self.find(other));
        if set != other {
            self.parents[set as usize] = other;
            self.count -= 1;
        }
    }
}
