//! The collections, and what happens to them.

use std::time::Duration;

use healing_core::identity::InvalidName;
use healing_core::{CollectionId, Timestamp};
use mock_cluster::{Fault, InvalidSeverity, InvalidSize, Severity, Size};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::incident::Incident;

/// The collections, and the seed that all else is drawn from.
#[derive(Debug)]
pub(crate) struct Fleet {
    seed: u64,
    size: Size,
    collections: Vec<Collection>,
}

#[derive(Debug)]
struct Collection {
    id: CollectionId,
    clients: Clients,
}

/// What the clients of a collection mostly do, which is what they can overdo.
#[derive(Debug, Clone, Copy)]
enum Clients {
    Search,
    Insert,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    Size(#[from] InvalidSize),
    #[error(transparent)]
    Severity(#[from] InvalidSeverity),
}

const BETWEEN_INCIDENTS: Duration = Duration::from_secs(2 * 3600);

impl Fleet {
    pub(crate) fn new(seed: u64) -> Result<Self, SetupError> {
        let collection = |number: u32| {
            let (clients, name) = match number % 2 {
                0 => (Clients::Search, "search"),
                _ => (Clients::Insert, "ingest"),
            };
            let id = CollectionId::new(format!("{name}_{number}"))?;
            Ok::<_, InvalidName>(Collection { id, clients })
        };
        Ok(Self {
            seed,
            // Fewer vectors draw the same load in less time to simulate.
            size: Size::default().with_vectors_per_partition(200)?,
            collections: (0..6).map(collection).collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// What happens, in the order of time.
    pub(crate) fn incidents(&self, number: usize) -> Result<Vec<Incident>, SetupError> {
        let mut rng = Pcg64Mcg::seed_from_u64(self.seed);
        let mut begins_at = Timestamp::UNIX_EPOCH;
        let mut next = || {
            begins_at = begins_at.checked_add(BETWEEN_INCIDENTS).unwrap_or(Timestamp::MAX);
            let collection = &self.collections[rng.random_range(0..self.collections.len())];
            Ok(Incident {
                collection: collection.id.clone(),
                seed: rng.next_u64(),
                begins_at,
                fault: collection.clients.overdo(self.size, &mut rng)?,
            })
        };
        (0..number).map(|_| next()).collect()
    }
}

impl Clients {
    /// A fault as severe as the stories of the simulation tell them.
    fn overdo(self, size: Size, rng: &mut impl Rng) -> Result<Fault, InvalidSeverity> {
        let partition = rng.random_range(1..=size.partitions());
        let severity = Severity::new(rng.random_range(0.7..=1.0))?;
        Ok(match self {
            Self::Search => Fault::HotPartition { partition, severity },
            Self::Insert => Fault::WriteFlood { partition, severity },
        })
    }
}
