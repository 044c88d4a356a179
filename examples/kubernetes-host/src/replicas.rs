//! The `Replicas` actuator on Deployments and StatefulSets.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use healing_core::permit::Permit;
use healing_core::{Clock, CollectionId};
use healing_strategies::actuators::{ActuatorError, ReplicaStatus, Replicas};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v1::{Scale, ScaleSpec};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use kube::api::{ListParams, PostParams};

use crate::connection::Connection;
use crate::error::ClusterError;
use crate::leases::ClusterLeases;
use crate::rollout::{RolloutUnknown, RolloutWatch};
use crate::target::{ScaleTarget, TargetKind};

/// Scales one target for each collection.
///
/// - The number is set through the scale subresource, at the version that was read before: a change by someone else in
///   between is refused by the server.
/// - Between reading that version and writing, the collection's lease is looked at: a healer whose token is no longer the
///   newest writes nothing. The API server cannot check a token with the write itself. What remains is a successor that took
///   the lease after that look and has not scaled yet: this healer's write then comes first, and the successor sees it.
/// - Not more than a HorizontalPodAutoscaler of the target allows are asked for, as it would take them away again; not
///   fewer than a PodDisruptionBudget of its pods wants healthy.
/// - Whether they are ready is told by a watch on the rollout.
pub struct ScaledReplicas {
    connection: Connection,
    clock: Arc<dyn Clock>,
    leases: ClusterLeases,
    scaled: BTreeMap<CollectionId, Scaled>,
}

/// A target with the watch on its rollout.
#[derive(Debug)]
struct Scaled {
    target: ScaleTarget,
    most: u32,
    rollout: RolloutWatch,
}

impl ScaledReplicas {
    /// An actuator that scales nothing yet. The deadlines of permits are by `clock`.
    #[must_use]
    pub fn new(connection: Connection, leases: ClusterLeases, clock: Arc<dyn Clock>) -> Self {
        Self {
            connection,
            clock,
            leases,
            scaled: BTreeMap::new(),
        }
    }

    /// Scales `target` for `collection`, up to `most` replicas, from now on.
    #[must_use]
    pub fn with(mut self, collection: CollectionId, target: ScaleTarget, most: u32) -> Self {
        let rollout = RolloutWatch::begin(&self.connection, &target);
        let scaled = Scaled { target, most, rollout };
        self.scaled.insert(collection, scaled);
        self
    }

    /// Asks the server whether it would let `collection` have `to` replicas, by its own dry run: admission, quota and rights
    /// are checked, and nothing changes.
    ///
    /// # Errors
    /// [`ActuatorError`] as [`Replicas::scale`] would answer.
    pub fn rehearse(&self, collection: &CollectionId, to: u32) -> Result<(), ActuatorError> {
        let scaled = self.scaled(collection)?;
        let scale = self.scale_of(&scaled.target)?;
        let dry_run = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        let scale = at(scale, to)?;
        let request = replace_scale(&self.connection, &scaled.target, &dry_run, &scale);
        self.connection
            .read("rehearse scaling", &scaled.target.to_string(), request)
            .map_err(host)?;
        Ok(())
    }

    fn scaled(&self, collection: &CollectionId) -> Result<&Scaled, ActuatorError> {
        self.scaled.get(collection).ok_or_else(|| ActuatorError::NotFound {
            what: format!("something to scale for {collection}"),
        })
    }

    fn scale_of(&self, target: &ScaleTarget) -> Result<Scale, ActuatorError> {
        let what = target.to_string();
        let client = self.connection.client();
        let namespace = self.connection.namespace();
        let request = async {
            match target.kind {
                TargetKind::Deployment => {
                    Api::<Deployment>::namespaced(client, namespace)
                        .get_scale(&target.name)
                        .await
                }
                TargetKind::StatefulSet => {
                    Api::<StatefulSet>::namespaced(client, namespace)
                        .get_scale(&target.name)
                        .await
                }
            }
        };
        self.connection
            .read("read the scale of", &what, request)
            .map_err(|error| match error {
                ClusterError::NotFound { what } => ActuatorError::NotFound { what },
                error => host(error),
            })
    }

    /// The most that autoscalers of the target leave.
    fn autoscaled_most(&self, target: &ScaleTarget) -> Result<Option<u32>, ActuatorError> {
        let api = Api::<HorizontalPodAutoscaler>::namespaced(self.connection.client(), self.connection.namespace());
        let all = ListParams::default();
        let scalers = self
            .connection
            .read("list", "the horizontalpodautoscalers", api.list(&all))
            .map_err(host)?;
        let of_target = scalers.items.into_iter().filter_map(|scaler| {
            let spec = scaler.spec?;
            let same = spec.scale_target_ref.kind == target.kind.as_str() && spec.scale_target_ref.name == target.name;
            same.then(|| u32::try_from(spec.max_replicas).unwrap_or(0))
        });
        Ok(of_target.min())
    }

    /// How many healthy pods the disruption budgets of `scale`'s pods want.
    fn budgeted_least(&self, scale: &Scale) -> Result<u32, ActuatorError> {
        let labels = scale.status.as_ref().and_then(|status| status.selector.as_deref());
        let labels = labels_of(labels.unwrap_or_default());
        let api = Api::<PodDisruptionBudget>::namespaced(self.connection.client(), self.connection.namespace());
        let all = ListParams::default();
        let budgets = self
            .connection
            .read("list", "the poddisruptionbudgets", api.list(&all))
            .map_err(host)?;
        let of_pods = budgets.items.into_iter().filter_map(|budget| {
            let wanted = budget.spec?.selector?.match_labels?;
            let chosen = !wanted.is_empty()
                && wanted
                    .iter()
                    .all(|(key, value)| labels.get(key.as_str()) == Some(&value.as_str()));
            chosen.then(|| u32::try_from(budget.status.map_or(0, |status| status.desired_healthy)).unwrap_or(0))
        });
        Ok(of_pods.max().unwrap_or(0))
    }
}

impl Replicas for ScaledReplicas {
    fn replicas(&self, collection: &CollectionId) -> Result<ReplicaStatus, ActuatorError> {
        let scaled = self.scaled(collection)?;
        let wanted = wanted_by(&self.scale_of(&scaled.target)?);
        let rollout = scaled
            .rollout
            .latest(&self.connection)
            .map_err(|unknown| match unknown {
                RolloutUnknown::Gone => ActuatorError::NotFound {
                    what: scaled.target.to_string(),
                },
                unknown @ RolloutUnknown::NotSeen { .. } => {
                    ActuatorError::Host(format!("the rollout of {}: {unknown}", scaled.target).into())
                }
            })?;
        // Where the controller, or the watch, is still behind, what is ready was ready for another number.
        let ready = match wanted.cmp(&rollout.seen_wanting) {
            Ordering::Equal => rollout.ready,
            Ordering::Greater => rollout.ready.min(rollout.seen_wanting),
            Ordering::Less => rollout.ready.max(rollout.seen_wanting),
        };
        let autoscaled = self.autoscaled_most(&scaled.target)?;
        let most = scaled.most.min(autoscaled.unwrap_or(u32::MAX));
        Ok(ReplicaStatus { wanted, ready, most })
    }

    fn scale(&self, permit: &Permit<'_>, from: u32, to: u32) -> Result<(), ActuatorError> {
        let scaled = self.scaled(permit.collection())?;
        let what = scaled.target.to_string();
        let scale = self.scale_of(&scaled.target)?;
        let wanted = wanted_by(&scale);
        if wanted == to {
            return Ok(());
        }
        let refused = |reason: String| ActuatorError::Refused {
            what: format!("scaling {what} to {to}"),
            reason,
        };
        if wanted != from {
            return Err(refused(format!(
                "{wanted} replicas are wanted, not {from}: someone else scaled it"
            )));
        }
        if to > from {
            let most = scaled
                .most
                .min(self.autoscaled_most(&scaled.target)?.unwrap_or(u32::MAX));
            if to > most {
                return Err(refused(format!("there may be {most} at most")));
            }
        } else {
            let least = self.budgeted_least(&scale)?;
            if to < least {
                return Err(refused(format!("a PodDisruptionBudget wants {least} healthy")));
            }
        }
        self.leases.check_newest(permit.collection(), permit.token())?;
        let (scale, for_good) = (at(scale, to)?, PostParams::default());
        let request = replace_scale(&self.connection, &scaled.target, &for_good, &scale);
        match self.connection.write(permit, self.clock.now(), "scale", &what, request) {
            Ok(_) => Ok(()),
            Err(ClusterError::Conflict { .. }) => Err(refused("someone else changed it at the same time".to_owned())),
            Err(error) => Err(host(error)),
        }
    }
}

/// The same scale, asking for `to`.
fn at(scale: Scale, to: u32) -> Result<Scale, ActuatorError> {
    let replicas = i32::try_from(to).map_err(|error| ActuatorError::Host(Box::new(error)))?;
    Ok(Scale {
        spec: Some(ScaleSpec {
            replicas: Some(replicas),
        }),
        ..scale
    })
}

async fn replace_scale(
    connection: &Connection,
    target: &ScaleTarget,
    parameters: &PostParams,
    scale: &Scale,
) -> kube::Result<Scale> {
    let (client, namespace) = (connection.client(), connection.namespace());
    match target.kind {
        TargetKind::Deployment => {
            Api::<Deployment>::namespaced(client, namespace)
                .replace_scale(&target.name, parameters, scale)
                .await
        }
        TargetKind::StatefulSet => {
            Api::<StatefulSet>::namespaced(client, namespace)
                .replace_scale(&target.name, parameters, scale)
                .await
        }
    }
}

fn wanted_by(scale: &Scale) -> u32 {
    let replicas = scale.spec.as_ref().and_then(|spec| spec.replicas);
    u32::try_from(replicas.unwrap_or(0)).unwrap_or(0)
}

/// The equalities of a label selector: `app=reads,tier=hot`.
fn labels_of(selector: &str) -> BTreeMap<&str, &str> {
    selector.split(',').filter_map(|term| term.split_once('=')).collect()
}

fn host(error: ClusterError) -> ActuatorError {
    ActuatorError::Host(Box::new(error))
}

impl fmt::Debug for ScaledReplicas {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ScaledReplicas")
            .field("connection", &self.connection)
            .field("scaled", &self.scaled)
            .finish_non_exhaustive()
    }
}
