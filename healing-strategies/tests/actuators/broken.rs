//! A host that keeps all rules of all actuators but one.

use healing_core::identity::FencingToken;
use healing_core::metrics::JobState;
use healing_core::permit::{Permit, Revocation, StepContext};
use healing_core::{CollectionId, Percent, Timestamp, VirtualClock};
use healing_strategies::MemoryHost;
use healing_strategies::actuators::{
    ActuatorError, CentroidVersion, Centroids, CompactionSlice, CopyNumber, CopyState, Indexes, Job, Jobs, LagBound,
    MoveProgress, Operation, Partitions, ReadRouting, ReplicaCopies, ReplicaCopy, ReplicaStatus, Replicas, Segment,
    Throttle, Tier, Tiers, VectorId, VectorLoad, WriteRoute, WriteRouting,
};

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Flaw {
    None,
    FencesNothing,
    TakesWhatDoesNotExist,
    HeaviestComeLast,
    HeaviestKnowNoLimit,
    LocatesInItsOwnOrder,
    LocatesWhatIsOnItsWayAtItsOrigin,
    MovesForEver,
    MovesWhatIsElsewhere,
    CannotCallMovesBack,
    RefusesVectorsThatDoNotExist,
    IgnoresRoutes,
    RefusesRoutesThatAreSet,
    OverridesRoutes,
    RoutesEveryPartition,
    ListsJobsBackwards,
    LetsRunningJobsRun,
    DrainsForEver,
    LetsWaitingJobsWait,
    ForgetsWhoPausedAJob,
    TakesTheLastForWhoPausedAJob,
    RemembersWhoPausedAResumedJob,
    CannotResumeWhatDrains,
    SendsWhatIsResumedToTheBack,
    RoundsShares,
    HoldsBackAllOperationsAlike,
    ListsSegmentsBackwards,
    ListsSegmentsWithoutSize,
    EvictsNothing,
    ReloadsNothing,
    CannotCallEvictionsOff,
    EvictsWhatIsPinned,
    EvictsEverySegment,
    CompactsNothing,
    SaysThatItIsCompact,
    CompactsEveryIndex,
    CompactsSlicesAtOnce,
    ReplicasAreNeverReady,
    TakesNoReplicaAway,
    AddsReplicasWithEachCall,
    OverridesTheNumberOfReplicas,
    GrantsAnyNumberOfReplicas,
    RoundsBoundsToSeconds,
    RefusesBoundsThatAreSet,
    OverridesBounds,
    BoundsEveryReplica,
    CopiesForEver,
    CopiesAnewWithEachCall,
    OverridesCopies,
    CopiesEveryReplica,
    TakesWhatIsServedForIncomplete,
    ServesWhatItBuilds,
    BuildsAnewWithEachCall,
    ServesWhatIsIncomplete,
    DropsWhatWasServedBefore,
    RefusesToServeWhatIsServed,
    OverridesWhatIsServed,
    DiscardsWhatIsServed,
    DiscardsNothing,
}

pub struct Broken {
    pub flaw: Flaw,
    pub host: MemoryHost,
}

type Done = Result<(), ActuatorError>;

fn refused() -> Done {
    Err(ActuatorError::Refused {
        what: "that".to_owned(),
        reason: "it is so already".to_owned(),
    })
}

impl Broken {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    /// Calls the sound host; `otherwise` is the answer of one that takes what does not exist.
    fn call<T>(
        &self,
        permit: &Permit<'_>,
        otherwise: T,
        call: impl FnOnce(&MemoryHost, &Permit<'_>) -> Result<T, ActuatorError>,
    ) -> Result<T, ActuatorError> {
        let answer = if self.has(Flaw::FencesNothing) {
            let token = FencingToken::new(permit.token().get().max(self.host.newest_token().get()));
            let clock = VirtualClock::default();
            let context = StepContext::new(
                permit.remediation(),
                token,
                Timestamp::MAX,
                &clock,
                Revocation::default(),
            );
            call(&self.host, &context.permit().unwrap())
        } else {
            call(&self.host, permit)
        };
        match answer {
            Err(ActuatorError::NotFound { .. }) if self.has(Flaw::TakesWhatDoesNotExist) => Ok(otherwise),
            answer => answer,
        }
    }
}

impl Partitions for Broken {
    fn heaviest_vectors(
        &self,
        collection: &CollectionId,
        partition: i64,
        limit: usize,
    ) -> Result<Vec<VectorLoad>, ActuatorError> {
        let limit = if self.has(Flaw::HeaviestKnowNoLimit) {
            usize::MAX
        } else {
            limit
        };
        let mut heaviest = self.host.heaviest_vectors(collection, partition, limit)?;
        if self.has(Flaw::HeaviestComeLast) {
            heaviest.reverse();
        }
        Ok(heaviest)
    }

    fn locate(&self, collection: &CollectionId, vectors: &[VectorId]) -> Result<Vec<Option<i64>>, ActuatorError> {
        let mut places = self.host.locate(collection, vectors)?;
        if self.has(Flaw::LocatesInItsOwnOrder) {
            places.sort();
        }
        if self.has(Flaw::LocatesWhatIsOnItsWayAtItsOrigin) {
            let arriving = self.host.state().arriving;
            for (vector, place) in vectors
                .iter()
                .zip(&mut places)
                .filter(|(vector, _)| arriving.contains(vector))
            {
                *place = Some(vector.0 / 100);
            }
        }
        Ok(places)
    }

    fn move_vectors(
        &self,
        permit: &Permit<'_>,
        vectors: &[VectorId],
        from: i64,
        to: i64,
    ) -> Result<MoveProgress, ActuatorError> {
        let state = self.host.state();
        let on_their_way = vectors.iter().any(|vector| state.arriving.contains(vector));
        let unknown = vectors.iter().find(|vector| !state.vectors.contains_key(vector));
        match (self.flaw, unknown) {
            (Flaw::CannotCallMovesBack, _) if on_their_way => return Ok(MoveProgress::Complete),
            (Flaw::RefusesVectorsThatDoNotExist, Some(unknown)) => {
                let what = format!("vector {}", unknown.0);
                return Err(ActuatorError::NotFound { what });
            }
            (Flaw::MovesWhatIsElsewhere, _) => self.host.change(|state| {
                for vector in vectors {
                    if let Some((place, _)) = state.vectors.get_mut(vector) {
                        *place = from;
                    }
                }
            }),
            _ => {}
        }
        let progress = self.call(permit, MoveProgress::Complete, |host, permit| {
            host.move_vectors(permit, vectors, from, to)
        })?;
        Ok(if self.has(Flaw::MovesForEver) {
            MoveProgress::UnderWay
        } else {
            progress
        })
    }
}

impl WriteRouting for Broken {
    fn write_route(&self, collection: &CollectionId, partition: i64) -> Result<WriteRoute, ActuatorError> {
        self.host.write_route(collection, partition)
    }

    fn route_writes(&self, permit: &Permit<'_>, partition: i64, from: WriteRoute, to: WriteRoute) -> Done {
        let found = self.host.write_route(permit.collection(), partition)?;
        let from = match self.flaw {
            Flaw::IgnoresRoutes => return Ok(()),
            Flaw::RefusesRoutesThatAreSet if found == to => return refused(),
            Flaw::OverridesRoutes => found,
            _ => from,
        };
        if self.has(Flaw::RoutesEveryPartition) {
            self.host
                .change(|state| state.write_routes = (1..=3).map(|id| (id, to)).collect());
        }
        self.call(permit, (), |host, permit| {
            host.route_writes(permit, partition, from, to)
        })
    }
}

impl Jobs for Broken {
    fn jobs(&self, collection: &CollectionId) -> Result<Vec<Job>, ActuatorError> {
        let mut jobs = self.host.jobs(collection)?;
        if self.has(Flaw::ListsJobsBackwards) {
            jobs.reverse();
        }
        if self.has(Flaw::ForgetsWhoPausedAJob) {
            jobs.iter_mut().for_each(|job| job.paused_by = None);
        }
        if self.has(Flaw::DrainsForEver) {
            for job in jobs
                .iter_mut()
                .filter(|job| job.state == JobState::Paused && job.id != 2)
            {
                job.state = JobState::Draining;
            }
        }
        Ok(jobs)
    }

    fn pause(&self, permit: &Permit<'_>, job: i64) -> Done {
        let state = self.host.state().jobs.get(&job).map(|job| job.state);
        match (self.flaw, state) {
            (Flaw::LetsRunningJobsRun, Some(JobState::Running))
            | (Flaw::LetsWaitingJobsWait, Some(JobState::Waiting)) => return Ok(()),
            _ => {}
        }
        self.call(permit, (), |host, permit| host.pause(permit, job))?;
        if self.has(Flaw::TakesTheLastForWhoPausedAJob) {
            let by = Some(permit.remediation().clone());
            self.host
                .change(|state| state.jobs.get_mut(&job).unwrap().paused_by = by);
        }
        Ok(())
    }

    fn resume(&self, permit: &Permit<'_>, job: i64) -> Done {
        let before = self.host.state().jobs.get(&job).cloned();
        match (self.flaw, &before) {
            (Flaw::CannotResumeWhatDrains, Some(job)) if job.state == JobState::Draining => return Ok(()),
            (Flaw::SendsWhatIsResumedToTheBack, Some(_)) => {
                self.host
                    .change(|state| state.jobs.get_mut(&job).unwrap().state = JobState::Waiting);
            }
            _ => {}
        }
        self.call(permit, (), |host, permit| host.resume(permit, job))?;
        if let (Flaw::RemembersWhoPausedAResumedJob, Some(before)) = (self.flaw, before) {
            self.host
                .change(|state| state.jobs.get_mut(&job).unwrap().paused_by = before.paused_by);
        }
        Ok(())
    }
}

impl Throttle for Broken {
    fn throttle(&self, collection: &CollectionId, operation: Operation) -> Result<Percent, ActuatorError> {
        self.host.throttle(collection, operation)
    }

    fn set_throttle(&self, permit: &Permit<'_>, operation: Operation, share: Percent) -> Done {
        let share = match self.flaw {
            Flaw::RoundsShares => Percent::clamped(share.get().round()),
            _ => share,
        };
        if self.has(Flaw::HoldsBackAllOperationsAlike) {
            let all = [Operation::Insert, Operation::BulkInsert].map(|operation| (operation, share));
            self.host.change(|state| state.throttles = all.into());
        }
        self.call(permit, (), |host, permit| host.set_throttle(permit, operation, share))
    }
}

impl Tiers for Broken {
    fn segments(&self, collection: &CollectionId) -> Result<Vec<Segment>, ActuatorError> {
        let mut segments = self.host.segments(collection)?;
        match self.flaw {
            Flaw::ListsSegmentsBackwards => segments.reverse(),
            Flaw::ListsSegmentsWithoutSize => segments.iter_mut().for_each(|segment| segment.bytes = 0),
            _ => {}
        }
        Ok(segments)
    }

    fn memory_bytes(&self, collection: &CollectionId) -> Result<u64, ActuatorError> {
        self.host.memory_bytes(collection)
    }

    fn evict(&self, permit: &Permit<'_>, segment: i64) -> Done {
        match self.flaw {
            Flaw::EvictsNothing => return Ok(()),
            Flaw::EvictsWhatIsPinned if segment == 2 => {
                self.host
                    .change(|state| state.segments.get_mut(&2).unwrap().tier = Tier::Cold);
                return Ok(());
            }
            Flaw::EvictsEverySegment => {
                self.host
                    .change(|state| state.moving_segments = [(1, Tier::Cold), (3, Tier::Cold)].into());
            }
            _ => {}
        }
        self.call(permit, (), |host, permit| host.evict(permit, segment))
    }

    fn reload(&self, permit: &Permit<'_>, segment: i64) -> Done {
        let found = self.host.state().segments.get(&segment).map(|segment| segment.tier);
        match (self.flaw, found) {
            (Flaw::ReloadsNothing, _) | (Flaw::CannotCallEvictionsOff, Some(Tier::Hot)) => return Ok(()),
            _ => {}
        }
        self.call(permit, (), |host, permit| host.reload(permit, segment))
    }
}

impl Indexes for Broken {
    fn fragmentation(&self, collection: &CollectionId, index: i64) -> Result<Percent, ActuatorError> {
        self.host.fragmentation(collection, index)
    }

    fn compact(&self, permit: &Permit<'_>, index: i64, slice: CompactionSlice) -> Result<Percent, ActuatorError> {
        let before = self.host.state().fragmentation;
        if self.has(Flaw::CompactsNothing) {
            return self.host.fragmentation(permit.collection(), index);
        }
        if self.has(Flaw::CompactsEveryIndex) {
            self.host
                .change(|state| state.fragmentation.insert(2, Percent::clamped(1.0)));
        }
        let left = self.call(permit, Percent::ZERO, |host, permit| host.compact(permit, index, slice))?;
        Ok(match self.flaw {
            Flaw::SaysThatItIsCompact => Percent::ZERO,
            // As if the slice were under way still, whatever was done meanwhile.
            Flaw::CompactsSlicesAtOnce => before[&index],
            _ => left,
        })
    }
}

impl Replicas for Broken {
    fn replicas(&self, collection: &CollectionId) -> Result<ReplicaStatus, ActuatorError> {
        let status = self.host.replicas(collection)?;
        let ready = if self.has(Flaw::ReplicasAreNeverReady) {
            2
        } else {
            status.ready
        };
        Ok(ReplicaStatus { ready, ..status })
    }

    fn scale(&self, permit: &Permit<'_>, from: u32, to: u32) -> Done {
        let wanted = self.host.state().replicas.wanted;
        let (from, to) = match self.flaw {
            Flaw::TakesNoReplicaAway if to < wanted => return Ok(()),
            Flaw::AddsReplicasWithEachCall if to >= wanted => (wanted, wanted + 1),
            Flaw::OverridesTheNumberOfReplicas => (wanted, to),
            _ => (from, to),
        };
        if self.has(Flaw::GrantsAnyNumberOfReplicas) {
            self.host
                .change(|state| state.replicas.most = state.replicas.most.max(to));
        }
        self.call(permit, (), |host, permit| host.scale(permit, from, to))
    }
}

impl ReadRouting for Broken {
    fn lag_bound(&self, collection: &CollectionId, replica: i64) -> Result<Option<LagBound>, ActuatorError> {
        let bound = self.host.lag_bound(collection, replica)?;
        Ok(match self.flaw {
            Flaw::RoundsBoundsToSeconds => bound.map(|bound| LagBound::from_millis(bound.get().as_secs() * 1000)),
            _ => bound,
        })
    }

    fn set_lag_bound(&self, permit: &Permit<'_>, replica: i64, from: Option<LagBound>, to: Option<LagBound>) -> Done {
        let found = self.host.state().lag_bounds.get(&replica).copied();
        let from = match (self.flaw, found) {
            (Flaw::RefusesBoundsThatAreSet, Some(found)) if found == to => return refused(),
            (Flaw::OverridesBounds, Some(found)) => found,
            _ => from,
        };
        self.call(permit, (), |host, permit| host.set_lag_bound(permit, replica, from, to))?;
        if self.has(Flaw::BoundsEveryReplica) {
            self.host.change(|state| state.lag_bounds = [(1, to), (2, to)].into());
        }
        Ok(())
    }
}

impl ReplicaCopies for Broken {
    fn replica_copy(&self, collection: &CollectionId, replica: i64) -> Result<ReplicaCopy, ActuatorError> {
        let copy = self.host.replica_copy(collection, replica)?;
        Ok(match self.flaw {
            Flaw::CopiesForEver if copy.number > CopyNumber(7) => ReplicaCopy {
                state: CopyState::Copying,
                ..copy
            },
            _ => copy,
        })
    }

    fn resync(&self, permit: &Permit<'_>, replica: i64, from: CopyNumber, to: CopyNumber) -> Done {
        let found = self.host.state().copies.get(&replica).map(|copy| copy.number);
        let from = match (self.flaw, found) {
            (Flaw::OverridesCopies, Some(found)) => found,
            _ => from,
        };
        self.call(permit, (), |host, permit| host.resync(permit, replica, from, to))?;
        self.host.change(|state| match self.flaw {
            Flaw::CopiesAnewWithEachCall => state.copies.get_mut(&replica).unwrap().state = CopyState::Copying,
            Flaw::CopiesEveryReplica => state.copies.values_mut().for_each(|copy| copy.number = to),
            _ => {}
        });
        Ok(())
    }
}

impl Centroids for Broken {
    fn served(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        self.host.served(collection)
    }

    fn newest(&self, collection: &CollectionId) -> Result<CentroidVersion, ActuatorError> {
        self.host.newest(collection)
    }

    fn is_complete(&self, collection: &CollectionId, version: CentroidVersion) -> Result<Option<bool>, ActuatorError> {
        match self.flaw {
            Flaw::TakesWhatIsServedForIncomplete if version == self.host.served(collection)? => Ok(Some(false)),
            _ => self.host.is_complete(collection, version),
        }
    }

    fn rebuild(&self, permit: &Permit<'_>, version: CentroidVersion, centroids: &[i64]) -> Done {
        self.call(permit, (), |host, permit| host.rebuild(permit, version, centroids))?;
        self.host.change(|state| match self.flaw {
            Flaw::ServesWhatItBuilds => state.served = version,
            Flaw::BuildsAnewWithEachCall => {
                state.versions.insert(version, false);
            }
            _ => {}
        });
        Ok(())
    }

    fn switch(&self, permit: &Permit<'_>, from: CentroidVersion, to: CentroidVersion) -> Done {
        let served = self.host.state().served;
        match self.flaw {
            Flaw::RefusesToServeWhatIsServed if served == to => return refused(),
            Flaw::ServesWhatIsIncomplete => {
                self.host.change(|state| state.versions.insert(to, true));
            }
            _ => {}
        }
        let from = if self.has(Flaw::OverridesWhatIsServed) {
            served
        } else {
            from
        };
        self.call(permit, (), |host, permit| host.switch(permit, from, to))?;
        if self.has(Flaw::DropsWhatWasServedBefore) {
            self.host.change(|state| state.versions.remove(&from));
        }
        Ok(())
    }

    fn discard(&self, permit: &Permit<'_>, version: CentroidVersion) -> Done {
        let served = self.host.state().served;
        match self.flaw {
            Flaw::DiscardsNothing if version != served => Ok(()),
            Flaw::DiscardsWhatIsServed if version == served => Ok(()),
            _ => self.call(permit, (), |host, permit| host.discard(permit, version)),
        }
    }
}
