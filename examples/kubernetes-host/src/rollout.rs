//! How far a rollout is, by watching it.

use std::fmt::{self, Debug};

use futures::{Stream, StreamExt, pin_mut};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use kube::Api;
use kube::runtime::watcher::{self, watch_object};
use kube::runtime::{WatchStreamExt, watcher::Error};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::connection::Connection;
use crate::target::{ScaleTarget, TargetKind};

/// How far a rollout is, as its controller last said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollout {
    /// For how many pods the object asked when the controller last saw it (`observedGeneration`): what `ready` is about.
    pub seen_wanting: u32,
    /// How many pods are ready.
    pub ready: u32,
}

/// What an object says of its rollout.
struct Said {
    generation: Option<i64>,
    observed_generation: Option<i64>,
    wanted: Option<i32>,
    present: Option<i32>,
    ready: Option<i32>,
}

impl Rollout {
    /// What is known after `said`, where `before` was known.
    fn after(before: Option<Self>, said: &Said) -> Self {
        let count = |number: Option<i32>, absent| u32::try_from(number.unwrap_or(absent)).unwrap_or(0);
        let seen_wanting = if said.observed_generation >= said.generation {
            // An object that does not say asks for one.
            count(said.wanted, 1)
        } else {
            before.map_or_else(|| count(said.present, 0), |before| before.seen_wanting)
        };
        Self {
            seen_wanting,
            ready: count(said.ready, 0),
        }
    }
}

/// Watches the rollout of one target for as long as it lives.
///
/// The watch begins anew where the server ends it, and with a fresh list where the server has forgotten the place.
pub struct RolloutWatch {
    latest: watch::Receiver<Seen>,
    task: JoinHandle<()>,
}

/// What the watch has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// Nothing yet; the last error, where there was one.
    Nothing(Option<String>),
    /// The object does not exist.
    Gone,
    /// The object, last.
    Rollout(Rollout),
}

/// Why it is not known how far a rollout is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RolloutUnknown {
    #[error("it does not exist")]
    Gone,
    #[error("it has not been seen within {limit:?}{}", .error.as_ref().map(|error| format!(": {error}")).unwrap_or_default())]
    NotSeen {
        limit: std::time::Duration,
        error: Option<String>,
    },
}

impl RolloutWatch {
    /// Begins to watch `target`.
    #[must_use]
    pub fn begin(connection: &Connection, target: &ScaleTarget) -> Self {
        let (sender, latest) = watch::channel(Seen::Nothing(None));
        let name = target.name.clone();
        let task = match target.kind {
            TargetKind::Deployment => {
                connection.spawn(follow(objects::<Deployment>(connection, &name), deployment, sender))
            }
            TargetKind::StatefulSet => {
                connection.spawn(follow(objects::<StatefulSet>(connection, &name), stateful_set, sender))
            }
        };
        Self { latest, task }
    }

    /// How far the rollout is, by what was seen last; waits for the first sight only.
    pub(crate) fn latest(&self, connection: &Connection) -> Result<Rollout, RolloutUnknown> {
        let mut latest = self.latest.clone();
        let first_sight = async move {
            let seen = latest.wait_for(|seen| !matches!(seen, Seen::Nothing(_))).await;
            seen.map(|seen| seen.clone()).ok()
        };
        match connection.within_limit(first_sight) {
            Some(Some(Seen::Rollout(rollout))) => Ok(rollout),
            Some(Some(Seen::Gone)) => Err(RolloutUnknown::Gone),
            _ => Err(RolloutUnknown::NotSeen {
                limit: connection.limit(),
                error: match &*self.latest.borrow() {
                    Seen::Nothing(error) => error.clone(),
                    _ => None,
                },
            }),
        }
    }
}

impl Drop for RolloutWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Debug for RolloutWatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("RolloutWatch").field(&self.latest).finish()
    }
}

/// The versions of the object `name`, as they come.
fn objects<K>(connection: &Connection, name: &str) -> impl Stream<Item = Result<Option<K>, Error>> + Send + use<K>
where
    K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + 'static,
{
    let api = Api::namespaced(connection.client(), connection.namespace());
    watch_object(api, name).backoff(watcher::DefaultBackoff::default())
}

async fn follow<K>(
    objects: impl Stream<Item = Result<Option<K>, Error>>,
    said: fn(&K) -> Said,
    sender: watch::Sender<Seen>,
) {
    pin_mut!(objects);
    while let Some(next) = objects.next().await {
        match next {
            Ok(Some(object)) => sender.send_modify(|seen| {
                let before = match seen {
                    Seen::Rollout(rollout) => Some(*rollout),
                    Seen::Nothing(_) | Seen::Gone => None,
                };
                *seen = Seen::Rollout(Rollout::after(before, &said(&object)));
            }),
            Ok(None) => {
                sender.send_replace(Seen::Gone);
            }
            // What was seen before still holds as far as anybody knows.
            Err(error) => {
                sender.send_if_modified(|seen| match seen {
                    Seen::Nothing(last) => {
                        *last = Some(error.to_string());
                        true
                    }
                    Seen::Gone | Seen::Rollout(_) => false,
                });
            }
        }
    }
}

fn deployment(object: &Deployment) -> Said {
    let status = object.status.as_ref();
    Said {
        generation: object.metadata.generation,
        observed_generation: status.and_then(|it| it.observed_generation),
        wanted: object.spec.as_ref().and_then(|it| it.replicas),
        present: status.and_then(|it| it.replicas),
        ready: status.and_then(|it| it.ready_replicas),
    }
}

fn stateful_set(object: &StatefulSet) -> Said {
    let status = object.status.as_ref();
    Said {
        generation: object.metadata.generation,
        observed_generation: status.and_then(|it| it.observed_generation),
        wanted: object.spec.as_ref().and_then(|it| it.replicas),
        present: status.map(|it| it.replicas),
        ready: status.and_then(|it| it.ready_replicas),
    }
}
