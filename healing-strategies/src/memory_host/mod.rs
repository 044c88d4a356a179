//! A host that keeps everything in memory.

mod actuators;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use healing_core::identity::FencingToken;
use healing_core::metrics::JobState;
use healing_core::{Amount, Percent};
use parking_lot::{Mutex, MutexGuard};

use crate::actuators::{
    CentroidVersion, CopyState, Job, LagBound, Operation, ReplicaCopy, ReplicaStatus, Segment, Tier, VectorId,
    WriteRoute,
};

/// Implements every actuator on a [`MemoryState`], for whichever collection it is asked: to try strategies out on, and to
/// test them. Clones are handles on the same host.
///
/// What takes time elsewhere is begun by a call and goes on with [`go_on`](Self::go_on). It refuses older fencing tokens.
///
/// ```
/// use healing_core::Percent;
/// use healing_strategies::MemoryHost;
/// use healing_strategies::actuators::{Operation, Throttle};
///
/// let host = MemoryHost::default();
/// host.change(|state| state.throttles.insert(Operation::Insert, Percent::clamped(20.0)));
/// let collection = healing_core::CollectionId::new("embeddings")?;
/// assert_eq!(host.throttle(&collection, Operation::Insert)?.get(), 20.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryHost(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    state: MemoryState,
    newest_token: u64,
}

/// Everything that strategies may read or change. Two equal states are the same world.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryState {
    /// The partition of each vector, and the load that it causes, requests a second.
    pub vectors: BTreeMap<VectorId, (i64, Amount)>,
    /// Vectors on their way to their partition.
    pub arriving: BTreeSet<VectorId>,
    /// The route of writes to each partition; [`WriteRoute::Here`] where it is absent.
    pub write_routes: BTreeMap<i64, WriteRoute>,
    /// Background jobs by number.
    pub jobs: BTreeMap<i64, Job>,
    /// What the jobs that are paused were doing before.
    pub paused_from: BTreeMap<i64, JobState>,
    /// The share of each operation that is held back; nothing where it is absent.
    pub throttles: BTreeMap<Operation, Percent>,
    /// Segments by number.
    pub segments: BTreeMap<i64, Segment>,
    /// Segments on their way, and the tier they go to.
    pub moving_segments: BTreeMap<i64, Tier>,
    /// The memory there is, bytes.
    pub memory_bytes: u64,
    /// The fragmented share of each index.
    pub fragmentation: BTreeMap<i64, Percent>,
    /// The read replicas; none, and none allowed, by default.
    pub replicas: ReplicaStatus,
    /// The lag bounds of replicas, by number.
    pub lag_bounds: BTreeMap<i64, Option<LagBound>>,
    /// The copies that replicas hold, by number.
    pub copies: BTreeMap<i64, ReplicaCopy>,
    /// The version of the centroids that is served.
    pub served: CentroidVersion,
    /// The versions that exist beside it, and whether each is complete.
    pub versions: BTreeMap<CentroidVersion, bool>,
}

impl MemoryHost {
    /// A host in this state.
    #[must_use]
    pub fn new(state: MemoryState) -> Self {
        Self(Arc::new(Mutex::new(Inside {
            state,
            ..Inside::default()
        })))
    }

    /// The state as it is now.
    #[must_use]
    pub fn state(&self) -> MemoryState {
        self.inside().state.clone()
    }

    /// Changes the state behind the strategies' backs, as others do.
    pub fn change<T>(&self, change: impl FnOnce(&mut MemoryState) -> T) -> T {
        change(&mut self.inside().state)
    }

    /// The greatest fencing token that a writing call came with, or that the fence was raised to; 0 before the first.
    #[must_use]
    pub fn newest_token(&self) -> FencingToken {
        FencingToken::new(self.inside().newest_token)
    }

    /// Some time passes: moves, drains, copies and builds end, and a replica becomes ready or goes.
    pub fn go_on(&self) {
        let state = &mut self.inside().state;
        state.arriving.clear();
        for job in state.jobs.values_mut().filter(|job| job.state == JobState::Draining) {
            job.state = JobState::Paused;
        }
        for (id, tier) in std::mem::take(&mut state.moving_segments) {
            if let Some(segment) = state.segments.get_mut(&id) {
                segment.tier = tier;
            }
        }
        let replicas = &mut state.replicas;
        replicas.ready = match replicas.ready.cmp(&replicas.wanted) {
            std::cmp::Ordering::Less => replicas.ready + 1,
            std::cmp::Ordering::Equal => replicas.ready,
            std::cmp::Ordering::Greater => replicas.ready - 1,
        };
        for copy in state
            .copies
            .values_mut()
            .filter(|copy| copy.state == CopyState::Copying)
        {
            copy.state = CopyState::Following;
        }
        for complete in state.versions.values_mut() {
            *complete = true;
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock()
    }
}

impl fmt::Debug for MemoryHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("MemoryHost").field(&self.inside().state).finish()
    }
}
