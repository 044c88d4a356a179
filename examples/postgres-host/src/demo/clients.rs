//! Clients of the store: each has a connection and asks for vectors at a steady pace.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use postgres_host::PostgresError;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::demo::scenery::{HOT, Scenery};
use crate::{Failure, complain};

/// What each ordinary client asks, requests a second.
const PACE: f64 = 80.0;
const ORDINARY: usize = 2;
/// What each of those that rush asks, and how many vectors they want.
const RUSH: f64 = 125.0;
const RUSHING: usize = 2;
const WANTED: i64 = 60;

/// Everybody's requests are judged over so long.
const REMEMBERED: Duration = Duration::from_secs(3);

/// The clients at work. They end when this is dropped.
pub(crate) struct Clients {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    rushing: AtomicBool,
    /// When each of the last requests was answered, and whether it was served.
    answers: Mutex<VecDeque<(Instant, bool)>>,
}

impl Clients {
    pub(crate) fn start(config: &postgres::Config, scenery: &Scenery<'_>) -> Result<Self, Failure> {
        let shared = Arc::new(Shared::default());
        let collection = scenery.collection().to_string();
        let everything: Vec<i64> = (1..=i64::try_from(scenery.partitions()).unwrap_or(0))
            .map(|partition| scenery.some_of(partition, 2000))
            .collect::<Result<Vec<_>, _>>()?
            .concat();
        let wanted = scenery.some_of(HOT, WANTED)?;
        let mut clients = Self {
            shared,
            threads: Vec::new(),
        };
        for number in 0..ORDINARY + RUSHING {
            let (vectors, pace, rushes) = if number < ORDINARY {
                (everything.clone(), PACE, false)
            } else {
                (wanted.clone(), RUSH, true)
            };
            let client = Asking {
                client: config.connect(NoTls).map_err(PostgresError::from)?,
                collection: collection.clone(),
                vectors,
                pace,
                rushes,
                dice: ChaCha8Rng::seed_from_u64(number as u64),
            };
            let shared = Arc::clone(&clients.shared);
            clients.threads.push(thread::spawn(move || client.ask(&shared)));
        }
        Ok(clients)
    }

    /// Whether everybody wants the same few vectors.
    pub(crate) fn rush(&self, rushing: bool) {
        self.shared.rushing.store(rushing, Ordering::SeqCst);
    }

    /// Requests a second, of the last few.
    pub(crate) fn rate(&self) -> f64 {
        let answers = self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.len() as f64 / REMEMBERED.as_secs_f64()
    }

    /// The share of the last requests that was refused.
    pub(crate) fn refused_share(&self) -> f64 {
        let answers = self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = answers.iter().filter(|(_, served)| !served).count();
        refused as f64 / answers.len().max(1) as f64
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            // A client that panicked is no longer needed either.
            let _ = thread.join();
        }
    }
}

struct Asking {
    client: Client,
    collection: String,
    vectors: Vec<i64>,
    /// Requests a second.
    pace: f64,
    /// Whether it asks only while there is a rush.
    rushes: bool,
    dice: ChaCha8Rng,
}

impl Asking {
    fn ask(mut self, shared: &Shared) {
        let pause = Duration::from_secs_f64(1.0 / self.pace);
        let mut due = Instant::now();
        while !shared.stopped.load(Ordering::SeqCst) {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            // Who was held up does not make up for it.
            due = (due + pause).max(Instant::now());
            if self.rushes && !shared.rushing.load(Ordering::SeqCst) {
                continue;
            }
            match self.fetch() {
                Ok(served) => {
                    let now = Instant::now();
                    let mut answers = shared.answers.lock().unwrap_or_else(PoisonError::into_inner);
                    answers.push_back((now, served));
                    while answers
                        .front()
                        .is_some_and(|(at, _)| now.duration_since(*at) > REMEMBERED)
                    {
                        answers.pop_front();
                    }
                }
                Err(error) => return complain(&PostgresError::from(error)),
            }
        }
    }

    fn fetch(&mut self) -> Result<bool, postgres::Error> {
        let vector = self.vectors[self.dice.random_range(0..self.vectors.len())];
        let sql = "SELECT served FROM ruvector.fetch_vector($1, $2)";
        Ok(self.client.query_one(sql, &[&self.collection, &vector])?.get(0))
    }
}
