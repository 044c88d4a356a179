//! Every query of the dashboard reads series that the program exposes.

use serde_json::Value;

use crate::processes::{eventually, free_address, get, observability, prometheus, serving};

#[test]
fn every_query_of_the_dashboard_finds_something() {
    let dashboard: Value =
        serde_json::from_str(&std::fs::read_to_string(observability("dashboard.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let queries: Vec<&str> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .map(|target| target["expr"].as_str().unwrap())
        .collect();
    assert!(queries.len() >= 10, "{queries:?}");
    let directory = tempfile::tempdir().unwrap();
    let address = free_address();
    let Some((_prometheus, prometheus)) = prometheus(&directory, &[&address]) else {
        return;
    };
    let _serving = serving("hot-partition", &address);
    for query in queries {
        // What a dashboard fills in.
        let query = query
            .replace("$collection", "embeddings")
            .replace("$__rate_interval", "5s");
        eventually(&query, || crate::processes::query(&prometheus, &query).map(|_| ()));
    }
    assert!(get(&address, "/metrics").is_some());
}
