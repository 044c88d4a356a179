//! An API server with the behaviour that clients must cope with.
//!
//! It keeps objects as JSON, counts their versions, refuses writes at old ones, serves watches that can be ended and
//! forgotten, the scale and status subresources, dry runs, and answers that tests put in its way. Rollouts end at once, or
//! when a test says so.

mod http;
mod store;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kube::{Client, Config};
use kubernetes_host::Connection;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use self::store::Store;

pub const NAMESPACE: &str = "default";

/// A running server, with the runtime that it and its clients run on.
pub struct FakeApi {
    runtime: Runtime,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What the server's connections share.
struct Shared {
    store: Mutex<Store>,
    /// Counts changes: watches look again when it moves.
    changed: watch::Sender<u64>,
}

/// Whether rollouts end by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollouts {
    AtOnce,
    WhenTold,
}

/// An answer that stands in the way of requests.
#[derive(Debug, Clone)]
pub struct Obstacle {
    /// The method, or any.
    pub method: Option<&'static str>,
    /// A part of the path.
    pub path: &'static str,
    /// How many requests it meets; `None`: all.
    pub times: Option<u32>,
    pub code: u16,
    pub reason: &'static str,
    pub message: &'static str,
    pub retry_after: Option<&'static str>,
}

impl Obstacle {
    pub fn forbidden(method: &'static str, path: &'static str) -> Self {
        Self {
            method: Some(method),
            path,
            times: None,
            code: 403,
            reason: "Forbidden",
            message: "the service account may not do that",
            retry_after: None,
        }
    }

    pub fn too_many_requests(path: &'static str, times: u32, retry_after: &'static str) -> Self {
        Self {
            method: None,
            path,
            times: Some(times),
            code: 429,
            reason: "TooManyRequests",
            message: "slow down",
            retry_after: Some(retry_after),
        }
    }
}

impl FakeApi {
    pub fn start(rollouts: Rollouts) -> Self {
        let runtime = Runtime::new().unwrap();
        let shared = Arc::new(Shared {
            store: Mutex::new(Store::new(rollouts)),
            changed: watch::channel(0).0,
        });
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        drop(runtime.spawn(http::serve(listener, Arc::clone(&shared))));
        Self {
            runtime,
            address,
            shared,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub fn client(&self) -> Client {
        let _guard = self.runtime.enter();
        Client::try_from(Config::new(self.url().parse().unwrap())).unwrap()
    }

    pub fn connection(&self) -> Connection {
        Connection::new(self.client(), self.runtime.handle().clone(), NAMESPACE).with_limit(Duration::from_secs(30))
    }

    /// The object at `path`, which begins after `/apis` or `/api`: `apps/v1/namespaces/default/deployments/reads`.
    pub fn get(&self, path: &str) -> Option<Value> {
        self.shared.store.lock().get(path).cloned()
    }

    /// Puts an object there, as someone else would.
    pub fn put(&self, path: &str, object: Value) {
        self.change(|store| store.put(path, object));
    }

    /// Someone else changes a part of an object.
    pub fn merge(&self, path: &str, patch: &Value) {
        self.change(|store| store.merge(path, patch));
    }

    pub fn delete(&self, path: &str) {
        self.change(|store| store.delete(path));
    }

    /// All objects whose path has this part.
    pub fn objects(&self, part: &str) -> Vec<Value> {
        self.shared.store.lock().objects(part)
    }

    /// Serves no resource of this name from now on.
    pub fn uninstall(&self, resource: &'static str) {
        self.change(|store| store.uninstalled.push(resource));
    }

    pub fn obstruct(&self, obstacle: Obstacle) {
        self.change(|store| store.obstacles.push(obstacle));
    }

    /// Right before the next write to a path with this part, someone else changes that object.
    pub fn race(&self, part: &'static str, patch: Value) {
        self.change(|store| store.race = Some((part, patch)));
    }

    /// Ends every watch that is open, and forgets everything that it could go on from.
    pub fn forget_history(&self) {
        self.change(Store::forget_history);
    }

    /// Ends every watch that is open; they can go on.
    pub fn end_watches(&self) {
        self.change(|store| store.watch_era += 1);
    }

    /// How many requests with this method came for a path with this part.
    pub fn count(&self, method: &str, part: &str) -> usize {
        let store = self.shared.store.lock();
        store
            .requests
            .iter()
            .filter(|(by, path)| by == method && path.contains(part))
            .count()
    }

    /// The controller of `path` reports what it has seen, and so many ready pods.
    pub fn roll_out(&self, path: &str, ready: i64) {
        self.change(|store| store.roll_out(path, ready));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        let result = change(&mut self.shared.store.lock());
        self.shared.changed.send_modify(|count| *count += 1);
        result
    }
}
