//! The suites on a host in memory, and on one that is broken.

use std::collections::BTreeSet;

use healing_strategies::testkit::FaultyActuator;

use crate::broken::{Broken, Flaw};
use crate::stage::{Stage, every_suite};

#[test]
fn the_host_in_memory_conforms_also_behind_a_decorator() {
    let reports = [
        every_suite(|| Stage::new(|host| host), None),
        every_suite(
            || Stage::new(|host| FaultyActuator::new(host, Default::default())),
            None,
        ),
        every_suite(|| Stage::new(|host| Broken { flaw: Flaw::None, host }), None),
    ];
    for report in reports {
        assert!(report.is_clean(), "{report}");
        let not_tried: Vec<_> = report.not_tried().iter().map(|it| it.check).collect();
        // Any number names a partition there, and a slice takes no time.
        let expected = [
            "partitions.a_missing_partition_is_not_found",
            "write_routing.a_missing_partition_is_not_found",
            "indexes.one_slice_is_under_way_at_a_time",
        ];
        assert_eq!(not_tried, expected, "{report}");
    }
}

const FLAWS: &[(Flaw, &str)] = &[
    (Flaw::HeaviestComeLast, "partitions.the_heaviest_vectors_come_first"),
    (Flaw::HeaviestKnowNoLimit, "partitions.the_heaviest_vectors_come_first"),
    (
        Flaw::LocatesInItsOwnOrder,
        "partitions.vectors_are_located_in_the_order_asked",
    ),
    (
        Flaw::LocatesWhatIsOnItsWayAtItsOrigin,
        "partitions.a_moved_vector_belongs_to_its_destination_at_once",
    ),
    (Flaw::MovesForEver, "partitions.a_move_comes_to_its_end"),
    (Flaw::MovesWhatIsElsewhere, "partitions.vectors_that_are_elsewhere_stay"),
    (Flaw::CannotCallMovesBack, "partitions.a_move_can_be_called_back"),
    (
        Flaw::RefusesVectorsThatDoNotExist,
        "partitions.what_does_not_exist_need_not_be_moved",
    ),
    (Flaw::FencesNothing, "partitions.an_older_token_is_fenced"),
    (Flaw::IgnoresRoutes, "write_routing.a_route_is_as_it_was_set"),
    (
        Flaw::RefusesRoutesThatAreSet,
        "write_routing.setting_a_route_twice_is_setting_it_once",
    ),
    (
        Flaw::OverridesRoutes,
        "write_routing.a_route_that_someone_else_set_stays",
    ),
    (Flaw::RoutesEveryPartition, "write_routing.other_partitions_keep_theirs"),
    (Flaw::FencesNothing, "write_routing.an_older_token_is_fenced"),
    (Flaw::ListsJobsBackwards, "jobs.they_come_by_number"),
    (Flaw::LetsRunningJobsRun, "jobs.a_running_job_drains_and_is_then_paused"),
    (Flaw::DrainsForEver, "jobs.a_running_job_drains_and_is_then_paused"),
    (Flaw::LetsWaitingJobsWait, "jobs.a_waiting_job_is_paused_at_once"),
    (Flaw::ForgetsWhoPausedAJob, "jobs.who_paused_a_job_is_remembered"),
    (
        Flaw::TakesTheLastForWhoPausedAJob,
        "jobs.who_paused_a_job_is_remembered",
    ),
    (
        Flaw::RemembersWhoPausedAResumedJob,
        "jobs.a_resumed_job_goes_on_and_belongs_to_nobody",
    ),
    (Flaw::CannotResumeWhatDrains, "jobs.a_draining_job_can_be_resumed"),
    (
        Flaw::SendsWhatIsResumedToTheBack,
        "jobs.resuming_what_is_at_work_changes_nothing",
    ),
    (Flaw::TakesWhatDoesNotExist, "jobs.a_missing_job_is_not_found"),
    (Flaw::FencesNothing, "jobs.an_older_token_is_fenced"),
    (Flaw::RoundsShares, "throttle.a_share_is_as_it_was_set"),
    (
        Flaw::HoldsBackAllOperationsAlike,
        "throttle.operations_are_held_back_apart",
    ),
    (Flaw::FencesNothing, "throttle.an_older_token_is_fenced"),
    (
        Flaw::ListsSegmentsBackwards,
        "tiers.segments_come_by_number_with_their_size",
    ),
    (
        Flaw::ListsSegmentsWithoutSize,
        "tiers.segments_come_by_number_with_their_size",
    ),
    (Flaw::EvictsNothing, "tiers.an_evicted_segment_becomes_cold"),
    (Flaw::ReloadsNothing, "tiers.a_reloaded_segment_becomes_hot"),
    (Flaw::CannotCallEvictionsOff, "tiers.an_eviction_can_be_called_off"),
    (Flaw::EvictsWhatIsPinned, "tiers.a_pinned_segment_stays"),
    (Flaw::EvictsEverySegment, "tiers.other_segments_stay"),
    (Flaw::TakesWhatDoesNotExist, "tiers.a_missing_segment_is_not_found"),
    (Flaw::FencesNothing, "tiers.an_older_token_is_fenced"),
    (Flaw::CompactsNothing, "indexes.slice_by_slice_the_fragmentation_sinks"),
    (
        Flaw::SaysThatItIsCompact,
        "indexes.what_compacting_says_is_what_is_read",
    ),
    (Flaw::CompactsEveryIndex, "indexes.other_indexes_stay"),
    (Flaw::CompactsSlicesAtOnce, "indexes.one_slice_is_under_way_at_a_time"),
    (Flaw::TakesWhatDoesNotExist, "indexes.a_missing_index_is_not_found"),
    (Flaw::FencesNothing, "indexes.an_older_token_is_fenced"),
    (
        Flaw::ReplicasAreNeverReady,
        "replicas.what_is_asked_for_is_wanted_at_once_and_ready_later",
    ),
    (Flaw::TakesNoReplicaAway, "replicas.those_added_can_be_taken_away_again"),
    (Flaw::AddsReplicasWithEachCall, "replicas.asking_twice_is_asking_once"),
    (
        Flaw::OverridesTheNumberOfReplicas,
        "replicas.a_number_that_someone_else_asked_for_stays",
    ),
    (
        Flaw::GrantsAnyNumberOfReplicas,
        "replicas.more_than_there_may_be_are_refused",
    ),
    (Flaw::FencesNothing, "replicas.an_older_token_is_fenced"),
    (Flaw::RoundsBoundsToSeconds, "read_routing.a_bound_is_as_it_was_set"),
    (
        Flaw::RefusesBoundsThatAreSet,
        "read_routing.setting_a_bound_twice_is_setting_it_once",
    ),
    (
        Flaw::OverridesBounds,
        "read_routing.a_bound_that_someone_else_set_stays",
    ),
    (Flaw::BoundsEveryReplica, "read_routing.other_replicas_keep_theirs"),
    (
        Flaw::TakesWhatDoesNotExist,
        "read_routing.a_missing_replica_is_not_found",
    ),
    (Flaw::FencesNothing, "read_routing.an_older_token_is_fenced"),
    (
        Flaw::CopiesForEver,
        "replica_copies.a_fresh_copy_is_made_and_then_follows",
    ),
    (
        Flaw::CopiesAnewWithEachCall,
        "replica_copies.asking_twice_is_asking_once",
    ),
    (
        Flaw::OverridesCopies,
        "replica_copies.a_copy_that_someone_else_began_stays",
    ),
    (Flaw::CopiesEveryReplica, "replica_copies.other_replicas_keep_theirs"),
    (
        Flaw::TakesWhatDoesNotExist,
        "replica_copies.a_missing_replica_is_not_found",
    ),
    (Flaw::FencesNothing, "replica_copies.an_older_token_is_fenced"),
    (
        Flaw::TakesWhatIsServedForIncomplete,
        "centroids.what_is_served_is_complete",
    ),
    (
        Flaw::ServesWhatItBuilds,
        "centroids.a_version_is_built_beside_the_served_one",
    ),
    (
        Flaw::BuildsAnewWithEachCall,
        "centroids.building_twice_is_building_once",
    ),
    (
        Flaw::ServesWhatIsIncomplete,
        "centroids.what_is_incomplete_is_not_served",
    ),
    (
        Flaw::DropsWhatWasServedBefore,
        "centroids.the_version_served_before_stands",
    ),
    (
        Flaw::RefusesToServeWhatIsServed,
        "centroids.switching_twice_is_switching_once",
    ),
    (
        Flaw::OverridesWhatIsServed,
        "centroids.a_version_that_someone_else_serves_stays",
    ),
    (Flaw::DiscardsWhatIsServed, "centroids.what_is_served_is_not_discarded"),
    (Flaw::DiscardsNothing, "centroids.a_discarded_version_is_gone"),
    (Flaw::FencesNothing, "centroids.an_older_token_is_fenced"),
];

/// A host in memory takes any number for a partition's.
const MISSING: i64 = 99;

#[test]
fn each_check_of_an_actuator_finds_its_flaw() {
    let broken = |flaw| every_suite(|| Stage::new(|host| Broken { flaw, host }), None);
    for (flaw, check) in FLAWS {
        let report = broken(*flaw);
        assert!(
            report.broken().iter().any(|finding| finding.check == *check),
            "{check} does not find {flaw:?}\n{report}"
        );
    }
    let careless = every_suite(|| Stage::new(|host| host), Some(MISSING));
    let careless: Vec<_> = careless.broken().iter().map(|it| it.check).collect();
    let missing = [
        "partitions.a_missing_partition_is_not_found",
        "write_routing.a_missing_partition_is_not_found",
    ];
    assert_eq!(careless, missing);

    let sound = broken(Flaw::None);
    let all = sound.held().iter().copied();
    let all: BTreeSet<_> = all.chain(sound.not_tried().iter().map(|it| it.check)).collect();
    let shown: BTreeSet<_> = FLAWS.iter().map(|(_, check)| *check).chain(missing).collect();
    assert_eq!(all, shown, "every check is shown to fail");
}
