//! The worked example of a host's own strategy keeps what strategies promise, and the README shows it as it is.

use std::time::Duration;

use healing_core::identity::FencingToken;
use healing_core::problem::CustomKind;
use healing_core::testkit::strategy::{Situation, World, suite};
use healing_core::{Classifier, Clock, ObservationSource, ProblemKind};
use mock_cluster::{Cluster, DiskNumber, Fault};

use crate::cluster::{cluster, report, severity, wait};

#[path = "../../examples/custom_strategy.rs"]
#[allow(dead_code, reason = "its main is not called here")]
mod example;

use example::Disks;

/// A cluster in which the disk of partition 7 is broken.
struct Broken(Cluster);

impl Broken {
    fn new() -> Self {
        let cluster = cluster(1);
        let severity = severity(0.9);
        cluster.inject(Fault::BrokenDisk { partition: 7, severity });
        wait(&cluster, 5);
        Self(cluster)
    }

    fn disks(&self) -> Disks {
        let kind = CustomKind::new("broken_disk").unwrap();
        Disks(self.0.clone(), kind.clone(), [ProblemKind::Custom(kind)])
    }
}

impl World for Broken {
    type State = Vec<Option<DiskNumber>>;

    fn situation(&self) -> Situation {
        let observation = self.0.observe(self.0.collection()).unwrap();
        let diagnosis = self.disks().classify(&observation, &report(&self.0)).swap_remove(0);
        Situation::new(observation, diagnosis.problem)
    }

    fn state(&self) -> Self::State {
        (1..=16).map(|partition| self.0.disk_in_use(partition)).collect()
    }

    fn clock(&self) -> &dyn Clock {
        self.0.clock()
    }

    fn pass(&self, time: Duration) {
        self.0.advance_to(self.0.clock().now() + time);
    }

    fn newest_token(&self) -> Option<FencingToken> {
        Some(self.0.newest_token())
    }
}

#[test]
fn the_strategy_of_the_example_conforms() {
    let report = suite(|world: &Broken| std::sync::Arc::new(world.disks()), Broken::new);
    assert!(report.is_clean(), "{report}");
}

#[test]
fn the_readme_shows_the_example_as_it_is_compiled_and_it_is_short() {
    let (readme, example) = (
        include_str!("../../../../README.md"),
        include_str!("../../examples/custom_strategy.rs"),
    );
    assert!(example.lines().count() < 120);
    let shown = readme
        .split("```rust,ignore\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    for excerpt in shown.split("// ...\n").map(str::trim) {
        assert!(
            !excerpt.is_empty() && example.contains(excerpt),
            "not in the example:\n{excerpt}"
        );
    }
}
