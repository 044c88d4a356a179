//! What is handed from thread to thread.

use healing_strategies::actuators::{
    ActuatorError, Centroids, Indexes, InvalidLagBound, Jobs, Partitions, ReadRouting, ReplicaCopies, Replicas,
    Throttle, Tiers, WriteRouting,
};
use healing_strategies::{
    CompactIndexes, DrainHotPartition, EvictColdData, InvalidConfig, MemoryHost, MemoryState, PauseMaintenance,
    RebalancePartitions, RebuildCentroids, RerouteReads, ResyncReplica, ScaleReplicas, ThrottleIngestion,
};

const fn may_go_anywhere<T: Send + Sync + ?Sized>() {}

const fn is_an_error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn every_strategy_may_be_sent_and_shared() {
    may_go_anywhere::<CompactIndexes>();
    may_go_anywhere::<DrainHotPartition>();
    may_go_anywhere::<EvictColdData>();
    may_go_anywhere::<PauseMaintenance>();
    may_go_anywhere::<RebalancePartitions>();
    may_go_anywhere::<RebuildCentroids>();
    may_go_anywhere::<RerouteReads>();
    may_go_anywhere::<ResyncReplica>();
    may_go_anywhere::<ScaleReplicas>();
    may_go_anywhere::<ThrottleIngestion>();
}

#[test]
fn so_may_every_actuator() {
    may_go_anywhere::<dyn Centroids>();
    may_go_anywhere::<dyn Indexes>();
    may_go_anywhere::<dyn Jobs>();
    may_go_anywhere::<dyn Partitions>();
    may_go_anywhere::<dyn ReadRouting>();
    may_go_anywhere::<dyn ReplicaCopies>();
    may_go_anywhere::<dyn Replicas>();
    may_go_anywhere::<dyn Throttle>();
    may_go_anywhere::<dyn Tiers>();
    may_go_anywhere::<dyn WriteRouting>();
    may_go_anywhere::<MemoryHost>();
    may_go_anywhere::<MemoryState>();
}

#[test]
fn so_may_every_error() {
    is_an_error::<ActuatorError>();
    is_an_error::<InvalidConfig>();
    is_an_error::<InvalidLagBound>();
}
