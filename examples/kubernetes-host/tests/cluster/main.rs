//! The host against an API server that behaves, over HTTP on loopback; the same against a real cluster with
//! `KUBECONFIG=... cargo test -p kubernetes-host -- --ignored`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_cmp,
    reason = "a test fails by panicking, and capacities of whole millicores are exact"
)]

mod any_cluster;
mod eventually;
mod fake_api;
mod healing;
mod leases;
mod messages;
mod objects;
mod observation;
mod replicas;
