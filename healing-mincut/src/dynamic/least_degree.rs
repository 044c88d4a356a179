//! The node with the least weighted degree: the lightest of all cuts around one node.

/// Weighted degrees under a knock-out tournament: the lighter of two goes on, the smaller number if
/// they are equal. A change takes O(log n), and ends where it does not matter.
#[derive(Debug, Default, Clone)]
pub(crate) struct LeastDegree {
    /// The degrees, filled up to a power of two by ones that nothing loses to.
    degrees: Vec<u64>,
    /// The winner of each match: that of match `i` meets its neighbour's in match `i / 2`, and the
    /// match 1 is the final.
    winners: Vec<u32>,
    nodes: usize,
}

impl LeastDegree {
    pub(crate) fn new(degrees: &[u64]) -> Self {
        let leaves = degrees.len().next_power_of_two().max(2);
        let mut padded = degrees.to_vec();
        padded.resize(leaves, u64::MAX);
        let mut tournament = Self {
            degrees: padded,
            winners: vec![0; leaves],
            nodes: degrees.len(),
        };
        for game in (1..leaves).rev() {
            tournament.winners[game] = tournament.winner_of(game);
        }
        tournament
    }

    /// All weighted degrees.
    pub(crate) fn degrees(&self) -> &[u64] {
        &self.degrees[..self.nodes]
    }

    #[inline]
    pub(crate) fn of(&self, node: u32) -> u64 {
        self.degrees[node as usize]
    }

    /// A node with the least degree.
    #[inline]
    pub(crate) fn node(&self) -> u32 {
        self.winners[1]
    }

    /// The least degree.
    #[inline]
    pub(crate) fn least(&self) -> u64 {
        self.of(self.node())
    }

    pub(crate) fn set(&mut self, node: u32, degree: u64) {
        self.degrees[node as usize] = degree;
        let mut game = (self.winners.len() + node as usize) / 2;
        while game > 0 {
            let winner = self.winner_of(game);
            if winner != node && winner == self.winners[game] {
                break;
            }
            self.winners[game] = winner;
            game /= 2;
        }
    }

    #[inline]
    fn winner_of(&self, game: usize) -> u32 {
        let leaves = self.winners.len();
        let (left, right) = if 2 * game >= leaves {
            let left = (2 * game - leaves) as u32;
            (left, left + 1)
        } else {
            (self.winners[2 * game], self.winners[2 * game + 1])
        };
        if self.of(right) < self.of(left) { right } else { left }
    }
}
