//! What strategies may do to a host in memory.

use std::cmp::Reverse;

use healing_core::identity::FencingToken;
use healing_core::metrics::JobState;
use healing_core::permit::Permit;
use healing_core::{CollectionId, Fence, HostError, Percent};
use parking_lot::{MappedMutexGuard, MutexGuard};

use super::{MemoryHost, MemoryState};
use crate::actuators::{
    ActuatorError, CentroidVersion, Centroids, CompactionSlice, CopyNumber, CopyState, Indexes, Job, Jobs, LagBound,
    MoveProgress, Operation, Partitions, ReadRouting, ReplicaCopies, ReplicaCopy, ReplicaStatus, Replicas, Segment,
    Throttle, Tier, Tiers, VectorId, VectorLoad, WriteRoute, WriteRouting,
};

/// Points that a slice of 10,000 entries takes off an index's fragmentation.
const POINTS_PER_SLICE: f64 = 10.0;

impl MemoryHost {
    /// The state, for a call that writes.
    fn writing(&self, permit: &Permit<'_>) -> Result<MappedMutexGuard<'_, MemoryState>, ActuatorError> {
        let mut inside = self.inside();
        let (token, newest) = (permit.token(), FencingToken::new(inside.newest_token));
        if token < newest {
            return Err(ActuatorError::Fenced { token, newest });
        }
        inside.newest_token = token.get();
        Ok(MutexGuard::map(inside, |inside| &mut inside.state))
    }
}

impl Fence for MemoryHost {
    fn raise(&self, _collection: &CollectionId, token: FencingToken) -> Result<(), HostError> {
        let mut inside = self.inside();
        inside.newest_token = inside.newest_token.max(token.get());
        Ok(())
    }
}

impl Partitions for MemoryHost {
    fn heaviest_vectors(
        &self,
        _collection: &CollectionId,
        partition: i64,
        limit: usize,
    ) -> Result<Vec<VectorLoad>, ActuatorError> {
        let inside = self.inside();
        let here = inside
            .state
            .vectors
            .iter()
            .filter(|(_, (place, _))| *place == partition);
        let mut here: Vec<_> = here.map(|(&vector, &(_, load))| VectorLoad { vector, load }).collect();
        here.sort_by_key(|it| (Reverse(it.load), it.vector));
        here.truncate(limit);
        Ok(here)
    }

    fn locate(&self, _collection: &CollectionId, vectors: &[VectorId]) -> Result<Vec<Option<i64>>, ActuatorError> {
        let inside = self.inside();
        let place = |id| inside.state.vectors.get(id).map(|(place, _)| *place);
        Ok(vectors.iter().map(place).collect())
    }

    fn move_vectors(
        &self,
        permit: &Permit<'_>,
        vectors: &[VectorId],
        from: i64,
        to: i64,
    ) -> Result<MoveProgress, ActuatorError> {
        let state = &mut *self.writing(permit)?;
        for id in vectors {
            if let Some((place, _)) = state
                .vectors
                .get_mut(id)
                .filter(|(place, _)| *place == from && from != to)
            {
                *place = to;
                state.arriving.insert(*id);
            }
        }
        if vectors.iter().any(|id| state.arriving.contains(id)) {
            Ok(MoveProgress::UnderWay)
        } else {
            Ok(MoveProgress::Complete)
        }
    }
}

impl WriteRouting for MemoryHost {
    fn write_route(&self, _collection: &CollectionId, partition: i64) -> Result<WriteRoute, ActuatorError> {
        let inside = self.inside();
        let route = inside.state.write_routes.get(&partition);
        Ok(route.copied().unwrap_or(WriteRoute::Here))
    }

    fn route_writes(
        &self,
        permit: &Permit<'_>,
        partition: i64,
        from: WriteRoute,
        to: WriteRoute,
    ) -> Result<(), ActuatorError> {
        let mut state = self.writing(permit)?;
        let route = state.write_routes.entry(partition).or_insert(WriteRoute::Here);
        set(route, from, to, || format!("routing writes to partition {partition}"))?;
        // The default is not written down, so that equal routes are equal states.
        state.write_routes.retain(|_, route| *route != WriteRoute::Here);
        Ok(())
    }
}

impl Jobs for MemoryHost {
    fn jobs(&self, _collection: &CollectionId) -> Result<Vec<Job>, ActuatorError> {
        Ok(self.inside().state.jobs.values().cloned().collect())
    }

    fn pause(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        let state = &mut *self.writing(permit)?;
        let found = existing(state.jobs.get_mut(&job), || format!("job {job}"))?;
        if matches!(found.state, JobState::Running | JobState::Waiting) {
            state.paused_from.insert(job, found.state);
            found.paused_by = Some(permit.remediation().clone());
            found.state = match found.state {
                JobState::Running => JobState::Draining,
                _ => JobState::Paused,
            };
        }
        Ok(())
    }

    fn resume(&self, permit: &Permit<'_>, job: i64) -> Result<(), ActuatorError> {
        let state = &mut *self.writing(permit)?;
        let found = existing(state.jobs.get_mut(&job), || format!("job {job}"))?;
        if matches!(found.state, JobState::Draining | JobState::Paused) {
            found.state = state.paused_from.remove(&job).unwrap_or(JobState::Waiting);
            found.paused_by = None;
        }
        Ok(())
    }
}

impl Throttle for MemoryHost {
    fn throttle(&self, _collection: &CollectionId, operation: Operation) -> Result<Percent, ActuatorError> {
        let inside = self.inside();
        Ok(inside.state.throttles.get(&operation).copied().unwrap_or_default())
    }

    fn set_throttle(&self, permit: &Permit<'_>, operation: Operation, share: Percent) -> Result<(), ActuatorError> {
        let mut state = self.writing(permit)?;
        state.throttles.insert(operation, share);
        state.throttles.retain(|_, share| *share > Percent::ZERO);
        Ok(())
    }
}

impl Tiers for MemoryHost {
    fn segments(&self, _collection: &CollectionId) -> Result<Vec<Segment>, ActuatorError> {
        Ok(self.inside().state.segments.values().copied().collect())
    }

    fn memory_bytes(&self, _collection: &CollectionId) -> Result<u64, ActuatorError> {
        Ok(self.inside().state.memory_bytes)
    }

    fn evict(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError> {
        send(&mut *self.writing(permit)?, segment, Tier::Cold)
    }

    fn reload(&self, permit: &Permit<'_>, segment: i64) -> Result<(), ActuatorError> {
        send(&mut *self.writing(permit)?, segment, Tier::Hot)
    }
}

fn send(state: &mut MemoryState, segment: i64, to: Tier) -> Result<(), ActuatorError> {
    let found = existing(state.segments.get(&segment), || format!("segment {segment}"))?;
    match found.tier {
        Tier::Pinned => Err(ActuatorError::Refused {
            what: format!("moving segment {segment}"),
            reason: "it is pinned".to_owned(),
        }),
        tier if tier == to => {
            state.moving_segments.remove(&segment);
            Ok(())
        }
        _ => {
            state.moving_segments.insert(segment, to);
            Ok(())
        }
    }
}

impl Indexes for MemoryHost {
    fn fragmentation(&self, _collection: &CollectionId, index: i64) -> Result<Percent, ActuatorError> {
        let inside = self.inside();
        existing(inside.state.fragmentation.get(&index), || format!("index {index}")).copied()
    }

    #[allow(clippy::cast_precision_loss, reason = "a number of entries far below 2^53")]
    fn compact(&self, permit: &Permit<'_>, index: i64, slice: CompactionSlice) -> Result<Percent, ActuatorError> {
        let mut state = self.writing(permit)?;
        let share = existing(state.fragmentation.get_mut(&index), || format!("index {index}"))?;
        *share = Percent::clamped(share.get() - POINTS_PER_SLICE * slice.entries as f64 / 10_000.0);
        Ok(*share)
    }
}

impl Replicas for MemoryHost {
    fn replicas(&self, _collection: &CollectionId) -> Result<ReplicaStatus, ActuatorError> {
        Ok(self.inside().state.replicas)
    }

    fn scale(&self, permit: &Permit<'_>, from: u32, to: u32) -> Result<(), ActuatorError> {
        let replicas = &mut self.writing(permit)?.replicas;
        if to > replicas.most {
            return Err(ActuatorError::Refused {
                what: format!("scaling to {to} replicas"),
                reason: format!("there may be at most {}", replicas.most),
            });
        }
        set(&mut replicas.wanted, from, to, || format!("scaling to {to} replicas"))
    }
}

impl ReadRouting for MemoryHost {
    fn lag_bound(&self, _collection: &CollectionId, replica: i64) -> Result<Option<LagBound>, ActuatorError> {
        let inside = self.inside();
        existing(inside.state.lag_bounds.get(&replica), || format!("replica {replica}")).copied()
    }

    fn set_lag_bound(
        &self,
        permit: &Permit<'_>,
        replica: i64,
        from: Option<LagBound>,
        to: Option<LagBound>,
    ) -> Result<(), ActuatorError> {
        let mut state = self.writing(permit)?;
        let bound = existing(state.lag_bounds.get_mut(&replica), || format!("replica {replica}"))?;
        set(bound, from, to, || format!("bounding the lag of replica {replica}"))
    }
}

impl ReplicaCopies for MemoryHost {
    fn replica_copy(&self, _collection: &CollectionId, replica: i64) -> Result<ReplicaCopy, ActuatorError> {
        let inside = self.inside();
        existing(inside.state.copies.get(&replica), || format!("replica {replica}")).copied()
    }

    fn resync(&self, permit: &Permit<'_>, replica: i64, from: CopyNumber, to: CopyNumber) -> Result<(), ActuatorError> {
        let mut state = self.writing(permit)?;
        let copy = existing(state.copies.get_mut(&replica), || format!("replica {replica}"))?;
        if copy.number != to {
            set(&mut copy.number, from, to, || format!("copying replica {replica} anew"))?;
            copy.state = CopyState::Copying;
        }
        Ok(())
    }
}

impl Centroids for MemoryHost {
    fn served(&self, _collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        Ok(self.inside().state.served)
    }

    fn newest(&self, _collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        let inside = self.inside();
        let beside = inside.state.versions.keys().next_back().copied();
        Ok(beside.unwrap_or_default().max(inside.state.served))
    }

    fn is_complete(&self, _collection: &CollectionId, version: CentroidVersion) -> Result<Option<bool>, ActuatorError> {
        let inside = self.inside();
        if version == inside.state.served {
            return Ok(Some(true));
        }
        Ok(inside.state.versions.get(&version).copied())
    }

    fn rebuild(&self, permit: &Permit<'_>, version: CentroidVersion, _centroids: &[i64]) -> Result<(), ActuatorError> {
        let mut state = self.writing(permit)?;
        if version != state.served {
            state.versions.entry(version).or_insert(false);
        }
        Ok(())
    }

    fn switch(&self, permit: &Permit<'_>, from: CentroidVersion, to: CentroidVersion) -> Result<(), ActuatorError> {
        let state = &mut *self.writing(permit)?;
        let what = || format!("serving version {to}");
        if state.served == to {
            return Ok(());
        }
        if state.versions.get(&to) != Some(&true) {
            return Err(ActuatorError::Refused {
                what: what(),
                reason: "it is not complete".to_owned(),
            });
        }
        set(&mut state.served, from, to, what)?;
        state.versions.remove(&to);
        state.versions.insert(from, true);
        Ok(())
    }

    fn discard(&self, permit: &Permit<'_>, version: CentroidVersion) -> Result<(), ActuatorError> {
        let mut state = self.writing(permit)?;
        if version == state.served {
            return Err(ActuatorError::Refused {
                what: format!("discarding version {version}"),
                reason: "it is served".to_owned(),
            });
        }
        state.versions.remove(&version);
        Ok(())
    }
}

/// Compares and sets, as a host does in one transaction.
fn set<T: Copy + PartialEq>(value: &mut T, from: T, to: T, what: impl FnOnce() -> String) -> Result<(), ActuatorError> {
    if *value == from {
        *value = to;
    }
    if *value == to {
        return Ok(());
    }
    Err(ActuatorError::Refused {
        what: what(),
        reason: "someone else changed it".to_owned(),
    })
}

fn existing<T>(found: Option<T>, what: impl FnOnce() -> String) -> Result<T, ActuatorError> {
    found.ok_or_else(|| ActuatorError::NotFound { what: what() })
}
