//! What happened, as Kubernetes Events and as the object's status.

use std::collections::BTreeMap;
use std::fmt;

use healing_core::CollectionId;
use healing_core::engine::{EventKind, HealingEvent, RemediationState};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Api, Resource, ResourceExt};
use serde_json::json;
use tokio::sync::mpsc;

use crate::connection::Connection;
use crate::status::{HealingStatus, HealingStatusStatus};

/// News that wait for the server; more are dropped, as the journal has everything anyway.
const MOST_WAITING: usize = 1000;
/// The longest note that an Event may carry, in bytes.
const LONGEST_NOTE: usize = 1024;

/// Tells the cluster what happens, in the background: whoever tells it something never waits.
#[derive(Debug, Clone)]
pub struct Report {
    news: mpsc::Sender<(CollectionId, News)>,
}

enum News {
    Event(Box<Event>),
    Status(Box<HealingStatusStatus>),
}

impl Report {
    /// Reports on these objects, as `holder`.
    #[must_use]
    pub fn begin(connection: &Connection, objects: &BTreeMap<CollectionId, HealingStatus>, holder: &str) -> Self {
        let (news, waiting) = mpsc::channel(MOST_WAITING);
        let reporter = Reporter {
            controller: "healing.example.com/kubernetes-host".to_owned(),
            instance: Some(holder.to_owned()),
        };
        let publisher = Publisher {
            recorder: Recorder::new(connection.client(), reporter),
            api: Api::namespaced(connection.client(), connection.namespace()),
            objects: objects
                .iter()
                .map(|(collection, object)| (collection.clone(), (object.name_any(), object.object_ref(&()))))
                .collect(),
        };
        drop(connection.spawn(publisher.publish(waiting)));
        Self { news }
    }

    /// Publishes what a tick reported, where it is something for people.
    pub fn tell(&self, event: &HealingEvent) {
        if let (Some(collection), Some(shown)) = (&event.collection, shown(event)) {
            self.send(collection, News::Event(Box::new(shown)));
        }
    }

    /// Publishes how a collection is doing.
    pub fn show(&self, collection: &CollectionId, status: HealingStatusStatus) {
        self.send(collection, News::Status(Box::new(status)));
    }

    fn send(&self, collection: &CollectionId, news: News) {
        // Where too many wait the server is not there, and what comes later will say how things are.
        drop(self.news.try_send((collection.clone(), news)));
    }
}

struct Publisher {
    recorder: Recorder,
    api: Api<HealingStatus>,
    objects: BTreeMap<CollectionId, (String, ObjectReference)>,
}

impl Publisher {
    async fn publish(self, mut waiting: mpsc::Receiver<(CollectionId, News)>) {
        while let Some((collection, news)) = waiting.recv().await {
            let Some((name, reference)) = self.objects.get(&collection) else {
                continue;
            };
            // What the server refuses here is lost: reports must never hold up healing, nor pile up.
            match news {
                News::Event(event) => drop(self.recorder.publish(&event, reference).await),
                News::Status(status) => {
                    let patch = Patch::Merge(json!({ "status": with_absent_fields(&status) }));
                    drop(self.api.patch_status(name, &PatchParams::default(), &patch).await);
                }
            }
        }
    }
}

/// The status as a merge patch, in which what is absent is removed.
fn with_absent_fields(status: &HealingStatusStatus) -> serde_json::Value {
    let mut fields = json!({
        "state": null, "lambda": null, "baseline": null, "awaitingApproval": null, "lastRemediation": null,
    });
    if let (Some(fields), Ok(serde_json::Value::Object(present))) =
        (fields.as_object_mut(), serde_json::to_value(status))
    {
        fields.extend(present);
    }
    fields
}

/// The Event that shows `event`; `None` where it is nothing for people.
fn shown(event: &HealingEvent) -> Option<Event> {
    let (reason, action, note) = match &event.kind {
        EventKind::StateChanged(change) => (
            "IntegrityChanged",
            "Observe",
            format!("{} -> {}", change.from, change.to),
        ),
        EventKind::Diagnosed { diagnoses } => {
            let named = diagnoses.iter().map(|diagnosis| {
                let because: Vec<String> = diagnosis.evidence.iter().map(ToString::to_string).collect();
                let percent = diagnosis.confidence.get() * 100.0;
                format!(
                    "{} ({percent:.0} % sure): {}",
                    diagnosis.problem.kind(),
                    because.join("; ")
                )
            });
            ("Diagnosed", "Diagnose", named.collect::<Vec<_>>().join(" | "))
        }
        EventKind::Deferred { problem, reason } => {
            ("Deferred", "Decide", format!("{problem} is not treated: {reason}"))
        }
        EventKind::NoStrategy { problem, .. } => ("NoStrategy", "Decide", format!("nothing can treat {problem}")),
        EventKind::Remediation(remediation) => {
            let reason = match &remediation.state {
                RemediationState::AwaitingApproval { .. } => "AwaitingApproval",
                RemediationState::Planned { .. } => "Planned",
                RemediationState::Completed { .. } => "Completed",
                RemediationState::RollingBack { .. } => "RollingBack",
                RemediationState::RolledBack { .. } => "RolledBack",
                RemediationState::RollbackFailed { .. } => "RollbackFailed",
                RemediationState::Rejected { .. } => "Rejected",
                RemediationState::Expired { .. } => "Expired",
                _ => return None,
            };
            let (id, plan) = (&remediation.id, &remediation.plan);
            (
                reason,
                "Remediate",
                format!("{id}: {} ({})", plan.summary, plan.strategy),
            )
        }
        EventKind::LeaseLost { remediation } => (
            "LeaseLost",
            "Remediate",
            format!("{remediation} is left to another healer"),
        ),
        EventKind::StorageFailed { error } => ("StorageFailed", "Record", error.clone()),
        _ => return None,
    };
    Some(Event {
        type_: if event.kind.calls_human() || matches!(event.kind, EventKind::StorageFailed { .. }) {
            EventType::Warning
        } else {
            EventType::Normal
        },
        reason: reason.to_owned(),
        note: Some(shortened(note)),
        action: action.to_owned(),
        secondary: None,
    })
}

fn shortened(mut note: String) -> String {
    const MARK: &str = " ...";
    if note.len() > LONGEST_NOTE {
        let end = note.floor_char_boundary(LONGEST_NOTE - MARK.len());
        note.truncate(end);
        note.push_str(MARK);
    }
    note
}

impl fmt::Debug for News {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Event(_) => "Event",
            Self::Status(_) => "Status",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_fits_into_an_event_and_ends_at_a_character() {
        assert_eq!(shortened("short".to_owned()), "short");
        let long = shortened("ä".repeat(2000));
        assert!(long.len() <= LONGEST_NOTE && long.ends_with("ä ..."), "{}", long.len());
    }

    #[test]
    fn what_is_no_longer_so_is_removed_from_the_status() {
        let patch = with_absent_fields(&HealingStatusStatus {
            state: Some("normal".to_owned()),
            ..HealingStatusStatus::default()
        });
        assert_eq!(patch["state"], "normal");
        assert!(patch["awaitingApproval"].is_null() && patch.get("awaitingApproval").is_some());
        // What an order came to stays until the next one.
        assert!(patch.get("lastOrder").is_none());
    }
}
