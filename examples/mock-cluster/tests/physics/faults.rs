//! What each fault does to the graph and to the metrics.

use healing_core::metrics::SystemMetrics;
use healing_core::topology::NodeRef;
use healing_core::{Amount, ProblemClass};
use healing_strategies::actuators::Partitions;
use mock_cluster::{Fault, Severity};

use crate::cluster::{cluster, metrics, report, severity, under, wait};

/// A fault, the problem that it is, and how long it takes to show.
struct Class {
    fault: fn(Severity) -> Fault,
    problem: fn() -> ProblemClass,
    shows_after: u64,
}

fn hotspot() -> ProblemClass {
    ProblemClass::HotspotCongestion {
        partition_ids: vec![5],
        load_ratio: Amount::ZERO,
    }
}

fn lag() -> ProblemClass {
    ProblemClass::ReplicationLag {
        replica_ids: vec![3],
        lag: std::time::Duration::ZERO,
    }
}

fn classes() -> [Class; 9] {
    [
        Class {
            fault: |severity| Fault::HotPartition { partition: 5, severity },
            problem: hotspot,
            shows_after: 5,
        },
        Class {
            fault: |severity| Fault::UpdateStorm { partition: 5, severity },
            problem: hotspot,
            shows_after: 5,
        },
        Class {
            fault: |severity| Fault::WriteFlood { partition: 5, severity },
            problem: hotspot,
            shows_after: 5,
        },
        Class {
            fault: |severity| Fault::CentroidSkew { centroid: 2, severity },
            problem: || ProblemClass::CentroidSkew {
                centroid_ids: vec![2],
                skew_factor: Amount::ZERO,
            },
            shows_after: 5,
        },
        Class {
            fault: |severity| Fault::LaggingReplica { replica: 3, severity },
            problem: lag,
            shows_after: 70,
        },
        Class {
            fault: |severity| Fault::StuckReplica { replica: 3, severity },
            problem: lag,
            shows_after: 5,
        },
        Class {
            fault: |severity| Fault::MaintenanceStorm { shard: 2, severity },
            problem: || ProblemClass::MaintenanceContention {
                job_types: Vec::new(),
                queue_depth: 0,
            },
            shows_after: 20,
        },
        Class {
            fault: |severity| Fault::MemoryPressure { severity },
            problem: || ProblemClass::MemoryPressure {
                current_usage_pct: healing_core::Percent::ZERO,
                largest_consumers: Vec::new(),
            },
            shows_after: 40,
        },
        Class {
            fault: |severity| Fault::FragmentedIndexes { severity },
            problem: || ProblemClass::IndexFragmentation {
                index_ids: (1..=16).collect(),
                fragmentation_pct: healing_core::Percent::ZERO,
            },
            shows_after: 5,
        },
    ]
}

fn symptom(problem: &ProblemClass, metrics: &SystemMetrics) -> f64 {
    problem.symptom(metrics).unwrap().get()
}

#[test]
fn the_worse_a_fault_the_lower_lambda_falls_and_the_stronger_its_symptom() {
    for class in classes() {
        let problem = (class.problem)();
        for seed in 0..5 {
            let healthy = cluster(seed);
            let (mut lambda, mut shown) = (report(&healthy).lambda.get(), symptom(&problem, &metrics(&healthy)));
            for step in [0.4, 0.7, 1.0] {
                let cluster = cluster(seed);
                cluster.inject((class.fault)(severity(step)));
                wait(&cluster, class.shows_after);
                let (now, shows) = (report(&cluster).lambda.get(), symptom(&problem, &metrics(&cluster)));
                // Mild faults stay below what a cluster bears, up to the noise of the network.
                assert!(
                    now < lambda * 1.03,
                    "{problem:?}, seed {seed}, {step}: {now} after {lambda}"
                );
                assert!(shows > shown, "{problem:?}, seed {seed}, {step}: {shows} after {shown}");
                (lambda, shown) = (now, shows);
            }
            assert!(lambda < 110.0, "{problem:?}, seed {seed}: {lambda}");
        }
    }
}

#[test]
fn nothing_heals_by_itself() {
    for class in classes() {
        let cluster = cluster(6);
        cluster.inject((class.fault)(severity(0.9)));
        wait(&cluster, class.shows_after);
        let struck = report(&cluster).lambda.get();
        wait(&cluster, 3600);
        let later = report(&cluster).lambda.get();
        assert!(
            later < struck * 1.05,
            "{:?}: {struck} then {later}",
            (class.fault)(severity(0.9))
        );
    }
}

#[test]
fn humans_put_everything_right() {
    for class in classes() {
        let cluster = cluster(6);
        let well = report(&cluster).lambda.get();
        cluster.inject((class.fault)(severity(0.9)));
        cluster.inject(Fault::NetworkOutage {
            severity: severity(0.5),
        });
        wait(&cluster, class.shows_after);
        cluster.put_right();
        wait(&cluster, 10);
        let again = report(&cluster).lambda.get();
        assert!(
            again > well * 0.95,
            "{:?}: {again} of {well}",
            (class.fault)(severity(0.9))
        );
    }
}

#[test]
fn a_broken_disk_shows_in_the_graph_alone() {
    let (well, struck) = (cluster(7), cluster(7));
    struck.inject(Fault::BrokenDisk {
        partition: 4,
        severity: severity(0.9),
    });
    wait(&well, 10);
    wait(&struck, 10);
    assert!(report(&struck).lambda.get() < 0.5 * report(&well).lambda.get());
    assert_eq!(metrics(&struck), metrics(&well));
}

#[test]
fn a_disk_that_wears_out_takes_the_same_share_with_it_each_hour() {
    let cluster = cluster(7);
    wait(&cluster, 10);
    let well = report(&cluster).lambda.get();
    // 10.8 % of what the partition is asked for, each hour.
    cluster.inject(Fault::WornDisk {
        partition: 4,
        severity: severity(0.2),
    });
    for hour in 1..=5 {
        wait(&cluster, 3600);
        let left = report(&cluster).lambda.get() / well;
        let expected = 1.0 - 0.108 * f64::from(hour);
        assert!((left - expected).abs() < 0.03, "hour {hour}: {left} for {expected}");
    }
    assert!((cluster.disk_errors()[&4] - 0.54).abs() < 0.001);
}

#[test]
fn a_bad_network_shows_in_the_graph_alone() {
    for node in [
        NodeRef::partition(4),
        NodeRef::centroid(2),
        NodeRef::replication_target(7),
    ] {
        let (well, struck) = (cluster(7), cluster(7));
        struck.inject(Fault::BadNetwork {
            node,
            severity: severity(0.9),
        });
        wait(&well, 10);
        wait(&struck, 10);
        assert!(report(&struck).lambda.get() < 0.6 * report(&well).lambda.get());
        assert_eq!(metrics(&struck), metrics(&well));
    }
}

#[test]
fn updates_that_are_too_many_leave_all_replicas_of_their_shard_behind_until_there_are_fewer() {
    let cluster = cluster(7);
    let partition = 5; // On shard 1, with the replicas 1 and 2.
    cluster.inject(Fault::UpdateStorm {
        partition,
        severity: severity(1.0),
    });
    wait(&cluster, 40);
    for (replica, it) in metrics(&cluster).replicas {
        let lag = it.lag.as_secs_f64();
        assert_eq!(lag > 10.0, replica <= 2, "replica {replica}: {lag}");
        assert!(lag < 40.0, "replica {replica}: {lag}");
    }
    // Half of the load, which either half can apply, goes to a partition of another shard.
    let vectors = cluster.heaviest_vectors(cluster.collection(), partition, 1000).unwrap();
    let all: f64 = vectors.iter().map(|it| it.load.get()).sum();
    let mut moved = 0.0;
    let half: Vec<_> = vectors
        .iter()
        .take_while(|it| {
            moved += it.load.get();
            moved < all / 2.0
        })
        .map(|it| it.vector)
        .collect();
    under(&cluster, 1, |permit| cluster.move_vectors(permit, &half, partition, 6)).unwrap();
    wait(&cluster, 120);
    let lags = metrics(&cluster).replicas;
    assert!(lags.values().all(|it| it.lag.as_secs_f64() < 1.0), "{lags:?}");
}

#[test]
fn a_fault_strikes_when_it_was_scheduled_and_not_before() {
    let cluster = cluster(8);
    let at = healing_core::Timestamp::UNIX_EPOCH + std::time::Duration::from_secs(100);
    let now = healing_core::Clock::now(cluster.clock());
    assert!(at > now);
    cluster.schedule(
        at,
        Fault::FragmentedIndexes {
            severity: severity(1.0),
        },
    );
    cluster.advance_to(at - std::time::Duration::from_secs(1));
    assert!(report(&cluster).lambda.get() > 190.0);
    cluster.advance_to(at);
    assert!(report(&cluster).lambda.get() < 110.0);
}
