//! Alerts fire where nothing heals, and do not where something does.

use crate::processes::{eventually, firing, free_address, prometheus, query, serving};

const DEGRADED: &str = "RuVectorProlongedDegradation";

#[test]
fn an_unhealable_fault_raises_the_alarm_and_a_healed_one_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let (broken, healed) = (free_address(), free_address());
    let Some((_prometheus, prometheus)) = prometheus(&directory, &[&broken, &healed]) else {
        return;
    };
    let _broken = serving("broken-disk", &broken);
    let _healed = serving("hot-partition", &healed);
    eventually("the alarm", || {
        firing(&prometheus)
            .contains(&(DEGRADED.to_owned(), broken.clone()))
            .then_some(())
    });
    // The other one had the same time, and its fault.
    let verified = format!("sum(ruvector_healing_success_total{{instance=\"{healed}\"}})");
    eventually("the other one's healing", || {
        (query(&prometheus, &verified) == Some(1.0)).then_some(())
    });
    let of_healed: Vec<_> = firing(&prometheus)
        .into_iter()
        .filter(|(_, instance)| *instance == healed)
        .collect();
    assert_eq!(of_healed, []);
}
