//! Leases as objects of coordination.k8s.io.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::{FencingToken, HolderId};
use healing_core::storage::{Lease, LeaseError, LeaseStore};
use healing_core::{Clock, CollectionId, Timestamp};
use healing_strategies::actuators::ActuatorError;
use k8s_openapi::api::coordination::v1::{Lease as LeaseObject, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Api;
use kube::api::PostParams;
use parking_lot::Mutex;

use crate::connection::Connection;
use crate::durable_name::object_name;
use crate::error::ClusterError;
use crate::monotonic::Monotonic;

/// One Lease object a collection; its `leaseTransitions` is the fencing token.
///
/// Whether a lease has run out is not read from the times in it, which another machine's clock wrote: it has run out once this
/// process has seen it unchanged for as long as it lasts (as client-go's leader election judges). So a holder that died
/// is succeeded at the earliest one lease after its successor first looked, and the skew of clocks does not matter.
///
/// Every change is a replacement at the version that was read, so of two that reach for a lease one fails. Unlike
/// client-go's, the counter grows with every acquisition, also by the same holder: a process that restarted has no right to
/// what its former self was doing. Objects are never deleted here; whoever deletes one sets its counter back.
#[derive(Clone)]
pub struct ClusterLeases {
    connection: Connection,
    clock: Arc<dyn Clock>,
    monotonic: Monotonic,
    seen: Arc<Mutex<BTreeMap<CollectionId, Sight>>>,
}

/// Since when a lease object is as it is, for all that this process has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sight {
    version: Option<String>,
    since: Duration,
}

/// What a lease object says.
#[derive(Debug, Clone)]
struct Held {
    holder: Option<String>,
    duration: Duration,
    token: u64,
    /// How much of its time is left, by this process's own observation.
    left: Duration,
}

impl ClusterLeases {
    /// Leases in the connection's namespace. Times that are handed out are by `clock`; nothing is decided by it.
    #[must_use]
    pub fn new(connection: Connection, clock: Arc<dyn Clock>, monotonic: Monotonic) -> Self {
        Self {
            connection,
            clock,
            monotonic,
            seen: Arc::default(),
        }
    }

    /// Refuses a `token` that is not the newest of the collection's lease.
    pub(crate) fn check_newest(&self, collection: &CollectionId, token: FencingToken) -> Result<(), ActuatorError> {
        let object = self
            .get(collection)
            .map_err(|error| ActuatorError::Host(Box::new(error)))?;
        let newest = object.as_ref().map_or(0, token_of);
        if newest == token.get() {
            Ok(())
        } else {
            Err(ActuatorError::Fenced {
                token,
                newest: FencingToken::new(newest),
            })
        }
    }

    fn api(&self) -> Api<LeaseObject> {
        Api::namespaced(self.connection.client(), self.connection.namespace())
    }

    fn get(&self, collection: &CollectionId) -> Result<Option<LeaseObject>, ClusterError> {
        let name = name_of(collection);
        self.connection
            .read("get", &format!("the lease {name}"), self.api().get_opt(&name))
    }

    /// Reads what an object says, and remembers having seen it.
    fn look(&self, collection: &CollectionId, object: &LeaseObject) -> Held {
        let now = self.monotonic.elapsed();
        let mut seen = self.seen.lock();
        let fresh = Sight {
            version: object.metadata.resource_version.clone(),
            since: now,
        };
        let sight = seen.entry(collection.clone()).or_insert_with(|| fresh.clone());
        if sight.version != fresh.version {
            *sight = fresh;
        }
        let spec = object.spec.as_ref();
        let seconds = spec.and_then(|spec| spec.lease_duration_seconds).unwrap_or(0);
        let duration = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        Held {
            holder: spec
                .and_then(|spec| spec.holder_identity.clone())
                .filter(|holder| !holder.is_empty()),
            duration,
            token: token_of(object),
            left: duration.saturating_sub(now.saturating_sub(sight.since)),
        }
    }

    /// Writes the object, at the version it holds, and remembers having done so at `since`.
    fn put(&self, collection: &CollectionId, object: &LeaseObject, since: Duration) -> Result<(), ClusterError> {
        let name = name_of(collection);
        let what = format!("the lease {name}");
        let written = match object.metadata.resource_version {
            Some(_) => self.connection.read("update", &what, async {
                self.api().replace(&name, &PostParams::default(), object).await
            })?,
            None => self.connection.read("create", &what, async {
                self.api().create(&PostParams::default(), object).await
            })?,
        };
        let sight = Sight {
            version: written.metadata.resource_version,
            since,
        };
        self.seen.lock().insert(collection.clone(), sight);
        Ok(())
    }

    fn lease(&self, collection: &CollectionId, holder: &HolderId, token: u64, left: Duration) -> Lease {
        Lease {
            collection: collection.clone(),
            holder: holder.clone(),
            token: FencingToken::new(token),
            expires_at: self.in_a_while(left),
        }
    }

    fn in_a_while(&self, left: Duration) -> Timestamp {
        self.clock.now().checked_add(left).unwrap_or(Timestamp::MAX)
    }
}

impl LeaseStore for ClusterLeases {
    fn acquire(&self, collection: &CollectionId, holder: &HolderId, duration: Duration) -> Result<Lease, LeaseError> {
        let object = self.get(collection).map_err(host)?;
        let held = object.as_ref().map(|object| self.look(collection, object));
        if let Some(Held {
            holder: Some(by), left, ..
        }) = &held
            && !left.is_zero()
        {
            return Err(LeaseError::Held {
                collection: collection.clone(),
                holder: HolderId::new(by.as_str()).map_err(|error| LeaseError::Host(Box::new(error)))?,
                until: self.in_a_while(*left),
            });
        }
        let token = held.as_ref().map_or(0, |held| held.token) + 1;
        let began = self.monotonic.elapsed();
        let (seconds, duration) = whole_seconds(duration);
        let now = micro_time(self.clock.now());
        let object = LeaseObject {
            metadata: object.map_or_else(|| metadata_of(collection), |object| object.metadata),
            spec: Some(LeaseSpec {
                holder_identity: Some(holder.to_string()),
                lease_duration_seconds: Some(seconds),
                acquire_time: Some(now.clone()),
                renew_time: Some(now),
                lease_transitions: Some(i32::try_from(token).map_err(|error| LeaseError::Host(Box::new(error)))?),
                ..LeaseSpec::default()
            }),
        };
        match self.put(collection, &object, began) {
            Ok(()) => Ok(self.lease(collection, holder, token, duration)),
            // Someone else was faster.
            Err(ClusterError::Conflict { .. }) => Err(self.held_by_another(collection)),
            Err(error) => Err(host(error)),
        }
    }

    fn renew(&self, lease: &Lease, duration: Duration) -> Result<Lease, LeaseError> {
        let lost = || LeaseError::Lost {
            collection: lease.collection.clone(),
            token: lease.token,
        };
        let object = self.get(&lease.collection).map_err(host)?.ok_or_else(lost)?;
        let held = self.look(&lease.collection, &object);
        if held.token != lease.token.get()
            || held.holder.as_deref() != Some(lease.holder.as_str())
            || held.left.is_zero()
        {
            return Err(lost());
        }
        let began = self.monotonic.elapsed();
        let (seconds, duration) = whole_seconds(duration);
        let renewed = LeaseObject {
            spec: object.spec.map(|spec| LeaseSpec {
                lease_duration_seconds: Some(seconds),
                renew_time: Some(micro_time(self.clock.now())),
                ..spec
            }),
            metadata: object.metadata,
        };
        match self.put(&lease.collection, &renewed, began) {
            Ok(()) => Ok(self.lease(&lease.collection, &lease.holder, held.token, duration)),
            Err(ClusterError::Conflict { .. }) => Err(lost()),
            Err(error) => Err(host(error)),
        }
    }

    fn release(&self, lease: &Lease) -> Result<(), LeaseError> {
        let Some(object) = self.get(&lease.collection).map_err(host)? else {
            return Ok(());
        };
        let held = self.look(&lease.collection, &object);
        if held.token != lease.token.get() || held.holder.as_deref() != Some(lease.holder.as_str()) {
            return Ok(());
        }
        let released = LeaseObject {
            spec: object.spec.map(|spec| LeaseSpec {
                holder_identity: None,
                ..spec
            }),
            metadata: object.metadata,
        };
        match self.put(&lease.collection, &released, self.monotonic.elapsed()) {
            // Whoever changed it has it.
            Ok(()) | Err(ClusterError::Conflict { .. }) => Ok(()),
            Err(error) => Err(host(error)),
        }
    }
}

impl ClusterLeases {
    /// What to answer who came second.
    fn held_by_another(&self, collection: &CollectionId) -> LeaseError {
        let object = match self.get(collection) {
            Ok(Some(object)) => object,
            Ok(None) => {
                return LeaseError::Host(format!("the lease {} comes and goes", name_of(collection)).into());
            }
            Err(error) => return host(error),
        };
        let held = self.look(collection, &object);
        match HolderId::new(held.holder.unwrap_or_else(|| "nobody".to_owned())) {
            Ok(holder) => LeaseError::Held {
                collection: collection.clone(),
                holder,
                until: self.in_a_while(held.left.min(held.duration)),
            },
            Err(error) => LeaseError::Host(Box::new(error)),
        }
    }
}

impl fmt::Debug for ClusterLeases {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClusterLeases")
            .field("connection", &self.connection)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

fn name_of(collection: &CollectionId) -> String {
    object_name("healing", collection)
}

fn metadata_of(collection: &CollectionId) -> ObjectMeta {
    ObjectMeta {
        name: Some(name_of(collection)),
        labels: Some(BTreeMap::from([(
            "app.kubernetes.io/managed-by".to_owned(),
            "kubernetes-host".to_owned(),
        )])),
        ..ObjectMeta::default()
    }
}

fn token_of(object: &LeaseObject) -> u64 {
    let transitions = object.spec.as_ref().and_then(|spec| spec.lease_transitions);
    u64::try_from(transitions.unwrap_or(0)).unwrap_or(0)
}

/// The time as the client's own library has it.
fn micro_time(at: Timestamp) -> MicroTime {
    let at = k8s_openapi::jiff::Timestamp::from_microsecond(at.as_microsecond());
    MicroTime(at.unwrap_or(k8s_openapi::jiff::Timestamp::UNIX_EPOCH))
}

/// Lease objects last whole seconds: at least as long as asked for.
fn whole_seconds(duration: Duration) -> (i32, Duration) {
    let up = u64::from(duration.subsec_nanos() > 0);
    let seconds = i32::try_from(duration.as_secs().saturating_add(up).max(1)).unwrap_or(i32::MAX);
    (seconds, Duration::from_secs(seconds.unsigned_abs().into()))
}

fn host(error: ClusterError) -> LeaseError {
    LeaseError::Host(Box::new(error))
}
