//! What must hold on any cluster, the tests' own and a real one: everything here goes through the API alone.

use std::process;
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::{HolderId, RemediationId};
use healing_core::permit::{Revocation, StepContext};
use healing_core::plan::Step;
use healing_core::storage::{LeaseError, LeaseStore};
use healing_core::strategy::{StepError, StepReport};
use healing_core::{Clock, CollectionId, RemediationStrategy, SystemClock};
use healing_strategies::ScaleReplicas;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kubernetes_host::{ClusterLeases, Connection, Monotonic, ScaledReplicas};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::eventually::eventually;
use crate::fake_api::{FakeApi, Rollouts};
use crate::objects::deployment;

/// A lease short enough to wait for.
const LEASE: Duration = Duration::from_secs(2);

/// A namespace of its own in the cluster that `KUBECONFIG` names; gone with it.
struct RealCluster {
    runtime: Runtime,
    connection: Connection,
    client: kube::Client,
}

impl RealCluster {
    fn new(purpose: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let name = format!("healing-test-{purpose}-{}", process::id());
        let connection = runtime
            .block_on(Connection::from_environment(Some(name.clone())))
            .unwrap_or_else(|error| panic!("these tests need a cluster: {error}"));
        let client = runtime.block_on(kube::Client::try_default()).unwrap();
        let namespace: Namespace = serde_json::from_value(json!({ "metadata": { "name": name } })).unwrap();
        let api = Api::<Namespace>::all(client.clone());
        runtime
            .block_on(api.create(&PostParams::default(), &namespace))
            .unwrap();
        Self {
            runtime,
            connection,
            client,
        }
    }
}

impl Drop for RealCluster {
    fn drop(&mut self) {
        let api = Api::<Namespace>::all(self.client.clone());
        let name = self.connection.namespace();
        drop(self.runtime.block_on(api.delete(name, &DeleteParams::background())));
    }
}

fn vectors() -> CollectionId {
    CollectionId::new("vectors").unwrap()
}

fn leases(connection: &Connection) -> ClusterLeases {
    ClusterLeases::new(connection.clone(), Arc::new(SystemClock), Monotonic::system())
}

fn a_lease_passes_on_when_its_holder_falls_silent(connection: &Connection) {
    let (one, other) = (leases(connection), leases(connection));
    let holders = ["one", "other"].map(|name| HolderId::new(name).unwrap());
    let first = one.acquire(&vectors(), &holders[0], LEASE).unwrap();
    let renewed = one.renew(&first, LEASE).unwrap();
    assert_eq!(renewed.token, first.token);
    assert!(matches!(
        other.acquire(&vectors(), &holders[1], LEASE),
        Err(LeaseError::Held { .. })
    ));
    let second = eventually("the lease passing on", || {
        match other.acquire(&vectors(), &holders[1], LEASE) {
            Ok(lease) => Some(lease),
            Err(LeaseError::Held { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    });
    assert!(second.token > first.token);
    assert!(matches!(one.renew(&first, LEASE), Err(LeaseError::Lost { .. })));
    other.release(&second).unwrap();
    assert!(one.acquire(&vectors(), &holders[0], LEASE).unwrap().token > second.token);
}

/// `client` runs its requests on `runtime`.
fn scaling_is_done_undone_and_gives_way(connection: &Connection, client: &kube::Client, runtime: &Runtime) {
    let api = Api::<Deployment>::namespaced(client.clone(), connection.namespace());
    let object: Deployment = serde_json::from_value(deployment(1)).unwrap();
    runtime.block_on(api.create(&PostParams::default(), &object)).unwrap();
    let wanted = || runtime.block_on(api.get("reads")).unwrap().spec.unwrap().replicas;

    let leases = leases(connection);
    let token = leases
        .acquire(&vectors(), &HolderId::new("one").unwrap(), Duration::from_secs(600))
        .unwrap()
        .token;
    let scaled = ScaledReplicas::new(connection.clone(), leases, Arc::new(SystemClock));
    let scaled = Arc::new(scaled.with(vectors(), "deployment/reads".parse().unwrap(), 4));
    let strategy = ScaleReplicas::new(Arc::clone(&scaled) as _);
    let remediation = RemediationId::new(vectors(), 1);
    let deadline = SystemClock.now().checked_add(Duration::from_secs(600)).unwrap();
    let context = StepContext::new(&remediation, token, deadline, &SystemClock, Revocation::default());
    let step = Step::new("scale", &json!({ "before": 1, "after": 2 })).unwrap();

    scaled.rehearse(&vectors(), 2).unwrap();
    assert_eq!(wanted(), Some(1));
    let done = |report: StepReport| (report == StepReport::Done).then_some(());
    eventually("scaling", || done(strategy.execute(&step, &context).unwrap()));
    assert_eq!(wanted(), Some(2));
    eventually("undoing", || done(strategy.rollback(&step, &context).unwrap()));
    assert_eq!(wanted(), Some(1));

    let meddling = Patch::Merge(json!({ "spec": { "replicas": 3 } }));
    runtime
        .block_on(api.patch("reads", &PatchParams::default(), &meddling))
        .unwrap();
    assert!(matches!(
        strategy.execute(&step, &context),
        Err(StepError::Conflict { .. })
    ));
    assert_eq!(wanted(), Some(3));
}

#[test]
fn leases_pass_on_here() {
    a_lease_passes_on_when_its_holder_falls_silent(&FakeApi::start(Rollouts::AtOnce).connection());
}

#[test]
fn scaling_works_here() {
    let api = FakeApi::start(Rollouts::AtOnce);
    scaling_is_done_undone_and_gives_way(&api.connection(), &api.client(), api.runtime());
}

#[test]
#[ignore = "needs a cluster: KUBECONFIG=..."]
fn leases_pass_on_in_a_real_cluster() {
    a_lease_passes_on_when_its_holder_falls_silent(&RealCluster::new("leases").connection);
}

#[test]
#[ignore = "needs a cluster: KUBECONFIG=..."]
fn scaling_works_in_a_real_cluster() {
    let cluster = RealCluster::new("scaling");
    scaling_is_done_undone_and_gives_way(&cluster.connection, &cluster.client, &cluster.runtime);
}
