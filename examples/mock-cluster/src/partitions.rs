//! Vectors, where they are, and the load they draw.

use std::collections::BTreeMap;

use healing_strategies::actuators::VectorId;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::design::{HEALTHY_LOAD, MOVED_PER_SECOND};
use crate::noise::Noise;
use crate::size::Size;

/// The clients' mood keeps this much of itself from one second to the next.
const PERSISTENCE: f64 = 0.95;
/// And changes by at most this much.
const RESTLESSNESS: f64 = 0.005;

/// All vectors of the collection.
pub(crate) struct Partitions {
    vectors: BTreeMap<VectorId, Vector>,
    /// On their way, in the order they began.
    moves: Vec<Move>,
    /// The rates of the vectors that each partition serves, added up.
    drawn: BTreeMap<i64, f64>,
    /// How much of that are updates.
    updated: BTreeMap<i64, f64>,
    /// How many vectors belong to each partition.
    populations: BTreeMap<i64, u64>,
    /// The clients' mood about each partition: a share of its load, about 0.
    mood: BTreeMap<i64, f64>,
}

#[derive(Debug, Clone)]
struct Vector {
    /// Requests a second.
    rate: f64,
    /// Whether these are updates.
    is_updated: bool,
    /// Where it belongs.
    partition: i64,
    /// Where it is served from: elsewhere while it is on its way.
    served_by: i64,
    /// Where it was at birth.
    home: i64,
    rate_at_birth: f64,
}

struct Move {
    from: i64,
    to: i64,
    on_their_way: Vec<VectorId>,
}

impl Partitions {
    pub(crate) fn new(random: &mut ChaCha8Rng, size: Size) -> Self {
        let mut vectors = BTreeMap::new();
        for partition in 1..=size.partitions() {
            let load = random.random_range(HEALTHY_LOAD);
            let popularity: Vec<f64> = (0..size.vectors_per_partition())
                .map(|rank| zipf(rank) * random.random_range(0.8..1.2))
                .collect();
            let whole: f64 = popularity.iter().sum();
            for (rank, popularity) in (0..).zip(popularity) {
                let id = VectorId(partition * 1_000_000 + rank);
                let rate = load * popularity / whole;
                vectors.insert(
                    id,
                    Vector {
                        rate,
                        is_updated: false,
                        partition,
                        served_by: partition,
                        home: partition,
                        rate_at_birth: rate,
                    },
                );
            }
        }
        let mood = (1..=size.partitions()).map(|partition| (partition, 0.0)).collect();
        let mut partitions = Self {
            vectors,
            moves: Vec::new(),
            drawn: BTreeMap::new(),
            updated: BTreeMap::new(),
            populations: (1..=size.partitions())
                .map(|partition| (partition, size.vectors_per_partition().unsigned_abs()))
                .collect(),
            mood,
        };
        partitions.add_up();
        partitions
    }

    /// One second passes.
    pub(crate) fn step(&mut self, noise: &mut Noise) {
        for mood in self.mood.values_mut() {
            if let Some(change) = noise.change(-RESTLESSNESS..RESTLESSNESS) {
                *mood = *mood * PERSISTENCE + change;
            }
        }
        if self.moves.is_empty() {
            return;
        }
        for under_way in &mut self.moves {
            let arriving = under_way.on_their_way.len().min(MOVED_PER_SECOND);
            for id in under_way.on_their_way.drain(..arriving) {
                // One that was called back meanwhile belongs elsewhere by now.
                if let Some(vector) = self
                    .vectors
                    .get_mut(&id)
                    .filter(|vector| vector.partition == under_way.to)
                {
                    vector.served_by = under_way.to;
                }
            }
        }
        self.moves.retain(|under_way| !under_way.on_their_way.is_empty());
        self.add_up();
    }

    /// Whether another second would change nothing but noise.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.moves.is_empty()
    }

    /// Every vector is where it was at birth, and is asked for as often.
    pub(crate) fn put_right(&mut self) {
        self.moves.clear();
        for vector in self.vectors.values_mut() {
            vector.partition = vector.home;
            vector.served_by = vector.home;
            vector.rate = vector.rate_at_birth;
            vector.is_updated = false;
        }
        for population in self.populations.values_mut() {
            *population = 0;
        }
        for vector in self.vectors.values() {
            *self.populations.entry(vector.partition).or_insert(0) += 1;
        }
        self.add_up();
    }

    /// Requests a second that arrive for the vectors of a partition.
    pub(crate) fn load(&self, partition: i64) -> f64 {
        let mood = self.mood.get(&partition).copied().unwrap_or(0.0);
        self.drawn.get(&partition).copied().unwrap_or(0.0) * (1.0 + mood)
    }

    /// Whether vectors are on their way from or to a partition.
    pub(crate) fn is_moving(&self, partition: i64) -> bool {
        self.moves.iter().any(|it| it.from == partition || it.to == partition)
    }

    /// The vectors that belong to each partition, counted.
    pub(crate) fn populations(&self) -> &BTreeMap<i64, u64> {
        &self.populations
    }

    /// Every vector with the partition that it belongs to, by number.
    pub(crate) fn places(&self) -> impl Iterator<Item = (VectorId, i64)> {
        self.vectors.iter().map(|(&id, vector)| (id, vector.partition))
    }

    /// The vectors that belong to a partition with their rates, heaviest first.
    pub(crate) fn heaviest(&self, partition: i64, limit: usize) -> Vec<(VectorId, f64)> {
        let belonging = self.vectors.iter().filter(|(_, vector)| vector.partition == partition);
        let mut heaviest: Vec<_> = belonging.map(|(&id, vector)| (id, vector.rate)).collect();
        heaviest.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        heaviest.truncate(limit);
        heaviest
    }

    /// Where a vector belongs.
    pub(crate) fn partition_of(&self, vector: VectorId) -> Option<i64> {
        Some(self.vectors.get(&vector)?.partition)
    }

    /// Sends those of `vectors` that belong to `from` on their way to `to`; whether all of them have arrived.
    pub(crate) fn send(&mut self, vectors: &[VectorId], from: i64, to: i64) -> bool {
        let mut on_their_way = Vec::new();
        for id in vectors {
            if let Some(vector) = self.vectors.get_mut(id).filter(|vector| vector.partition == from) {
                vector.partition = to;
                on_their_way.push(*id);
            }
        }
        if !on_their_way.is_empty() {
            let sent = on_their_way.len() as u64;
            if let Some(population) = self.populations.get_mut(&from) {
                *population -= sent;
            }
            *self.populations.entry(to).or_insert(0) += sent;
            self.moves.push(Move { from, to, on_their_way });
        }
        let arrived = |id: &VectorId| {
            self.vectors
                .get(id)
                .is_none_or(|vector| vector.served_by == vector.partition)
        };
        vectors.iter().all(arrived)
    }

    /// From now on clients ask so many times as often for the vectors that belong to a partition now.
    pub(crate) fn multiply_rates(&mut self, partition: i64, factor: f64) {
        self.belonging(partition).for_each(|vector| vector.rate *= factor);
        self.add_up();
    }

    /// From now on clients do not read the vectors that belong to a partition now: they update them.
    pub(crate) fn turn_into_updates(&mut self, partition: i64) {
        self.belonging(partition).for_each(|vector| vector.is_updated = true);
        self.add_up();
    }

    /// The updates a second that each partition serves, where there are any.
    pub(crate) fn updates(&self) -> impl Iterator<Item = (i64, f64)> {
        self.updated.iter().map(|(&partition, &rate)| (partition, rate))
    }

    fn belonging(&mut self, partition: i64) -> impl Iterator<Item = &mut Vector> {
        let all = self.vectors.values_mut();
        all.filter(move |vector| vector.partition == partition)
    }

    fn add_up(&mut self) {
        self.drawn = self.mood.keys().map(|&partition| (partition, 0.0)).collect();
        self.updated.clear();
        for vector in self.vectors.values() {
            *self.drawn.entry(vector.served_by).or_insert(0.0) += vector.rate;
            if vector.is_updated {
                *self.updated.entry(vector.served_by).or_insert(0.0) += vector.rate;
            }
        }
    }
}

/// How often the vector of this rank is asked for, relative to the others (Zipf and Mandelbrot's law).
#[allow(clippy::cast_precision_loss, reason = "a rank far below 2^53")]
fn zipf(rank: i64) -> f64 {
    (rank as f64 + 10.0).powf(-0.8)
}
