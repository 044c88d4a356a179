//! Orders that people give by annotating the object.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use futures::{StreamExt, pin_mut};
use healing_core::engine::ControlError;
use healing_core::identity::{InvalidName, Operator, RemediationId};
use healing_core::{CollectionId, Healer};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::api::{Patch, PatchParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use serde_json::json;
use tokio::task::{AbortHandle, JoinHandle};

use crate::connection::Connection;
use crate::error::ClusterError;
use crate::status::HealingStatus;

/// What can be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// The remediation that waits may begin.
    Approve,
    /// The remediation that waits shall not begin.
    Reject,
    /// The remediation at work shall stop and be taken back.
    Abort,
}

impl Verb {
    const ALL: [Self; 3] = [Self::Approve, Self::Reject, Self::Abort];

    /// The annotation that gives the order; its value is the remediation's id.
    #[must_use]
    pub const fn annotation(self) -> &'static str {
        match self {
            Self::Approve => "healing.example.com/approve",
            Self::Reject => "healing.example.com/reject",
            Self::Abort => "healing.example.com/abort",
        }
    }
}

/// An order, as it was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// The object that was annotated.
    pub object: String,
    /// What is ordered.
    pub verb: Verb,
    /// The annotation's value: the remediation, as it was written.
    pub remediation: String,
    /// Which client wrote the annotation, as the server noted it: `kubectl-annotate`.
    pub by: String,
}

/// What came of an order.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("{remediation} is not a remediation of {object}")]
    OfAnother { remediation: RemediationId, object: String },
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// Nobody watches for orders any more: the host was stopped, or its runtime is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody watches for orders any more; begin anew with `Orders::begin`")]
pub struct WatchEnded;

/// Watches the objects for orders. Where the server ends the watch it begins anew, and what was ordered meanwhile is found.
pub struct Orders {
    connection: Connection,
    given: Receiver<Order>,
    task: JoinHandle<()>,
}

impl Orders {
    /// Begins to watch.
    #[must_use]
    pub fn begin(connection: &Connection) -> Self {
        // An order stays on its object until it is answered, so nothing is lost by making the watch wait.
        let (sender, given) = sync_channel(16);
        let api = Api::<HealingStatus>::namespaced(connection.client(), connection.namespace());
        Self {
            connection: connection.clone(),
            given,
            task: connection.spawn(follow(api, sender)),
        }
    }

    /// The next order, if one is given within `at_most`.
    ///
    /// # Errors
    /// [`WatchEnded`] once no order can come any more, which is said at once.
    pub fn next(&self, at_most: Duration) -> Result<Option<Order>, WatchEnded> {
        match self.given.recv_timeout(at_most) {
            Ok(order) => Ok(Some(order)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(WatchEnded),
        }
    }

    /// What ends the watch, from whichever thread: who waits for an order then waits no longer.
    pub(crate) fn ending(&self) -> AbortHandle {
        self.task.abort_handle()
    }

    /// Takes the annotation away and writes to the object's status what came of it.
    ///
    /// # Errors
    /// [`ClusterError`]; the annotation may then still be there. Until it is gone, the order is not handed out again by this
    /// process; one that begins anew finds it, and whoever carries it out again is refused by the healer.
    pub fn answer(&self, order: &Order, answer: &str) -> Result<(), ClusterError> {
        let api = Api::<HealingStatus>::namespaced(self.connection.client(), self.connection.namespace());
        let what = format!("healingstatus {}", order.object);
        let parameters = PatchParams::default();
        let status = Patch::Merge(json!({ "status": { "lastOrder": answer } }));
        self.connection.read("update the status of", &what, async {
            api.patch_status(&order.object, &parameters, &status).await
        })?;
        let annotations = json!({ order.verb.annotation(): null });
        let object = Patch::Merge(json!({ "metadata": { "annotations": annotations } }));
        self.connection.read("patch", &what, async {
            api.patch(&order.object, &parameters, &object).await
        })?;
        Ok(())
    }
}

impl Order {
    /// Carries the order out.
    pub(crate) fn carry_out(&self, collection: &CollectionId, healer: &mut Healer) -> Result<String, OrderError> {
        let remediation: RemediationId = self.remediation.trim().parse()?;
        let by = Operator::new(self.by.as_str())?;
        if remediation.collection() != collection {
            return Err(OrderError::OfAnother {
                remediation,
                object: self.object.clone(),
            });
        }
        let done = match self.verb {
            Verb::Approve => healer.approve(&remediation, &by).map(|()| "approved"),
            Verb::Reject => healer.reject(&remediation, &by).map(|()| "rejected"),
            Verb::Abort => healer.abort(&remediation, &by).map(|()| "aborted"),
        }?;
        Ok(format!("{remediation} was {done} by {by}"))
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Orders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Orders")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

async fn follow(api: Api<HealingStatus>, sender: SyncSender<Order>) {
    let objects = watcher(api, watcher::Config::default())
        .backoff(watcher::DefaultBackoff::default())
        .applied_objects();
    pin_mut!(objects);
    // What stands on the objects and was handed on: an object is seen again whenever anything of it changes.
    let mut handed_on: BTreeSet<Order> = BTreeSet::new();
    while let Some(object) = objects.next().await {
        // Errors are the watch's own to deal with: it begins anew.
        let Ok(object) = object else { continue };
        let name = object.name_any();
        let standing: BTreeSet<Order> = orders_on(&object).collect();
        handed_on.retain(|order| order.object != name || standing.contains(order));
        for order in standing {
            if !handed_on.insert(order.clone()) {
                continue;
            }
            let sender = sender.clone();
            // The healer's thread may be busy, and this one must not wait for it.
            let sent = tokio::task::spawn_blocking(move || sender.send(order)).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    }
}

fn orders_on(object: &HealingStatus) -> impl Iterator<Item = Order> + use<'_> {
    Verb::ALL.into_iter().filter_map(|verb| {
        let remediation = object.annotations().get(verb.annotation())?;
        Some(Order {
            object: object.name_any(),
            verb,
            remediation: remediation.clone(),
            by: writer_of(object.managed_fields(), verb.annotation()),
        })
    })
}

/// Which client owns the annotation.
fn writer_of(managed: &[ManagedFieldsEntry], annotation: &str) -> String {
    let field = format!("f:{annotation}");
    let owns = |entry: &&ManagedFieldsEntry| {
        let fields = entry.fields_v1.as_ref().map(|fields| &fields.0);
        fields
            .and_then(|fields| fields.get("f:metadata")?.get("f:annotations")?.get(&field))
            .is_some()
    };
    let manager = managed.iter().find(owns).and_then(|entry| entry.manager.clone());
    manager.unwrap_or_else(|| "an annotation".to_owned())
}
