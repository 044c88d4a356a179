//! The custom resource: what is healed, and how it is doing.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{CustomResource, CustomResourceExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is healed: the object that `kubectl get healing` lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, CustomResource)]
#[kube(
    group = "healing.example.com",
    version = "v1",
    kind = "HealingStatus",
    plural = "healingstatuses",
    shortname = "healing",
    namespaced,
    status = "HealingStatusStatus",
    derive = "PartialEq",
    printcolumn = r#"{"name":"State","type":"string","jsonPath":".status.state"}"#,
    printcolumn = r#"{"name":"Lambda","type":"string","jsonPath":".status.lambda"}"#,
    printcolumn = r#"{"name":"Healthy","type":"string","jsonPath":".status.baseline"}"#,
    printcolumn = r#"{"name":"Last","type":"string","jsonPath":".status.lastRemediation.strategy"}"#,
    printcolumn = r#"{"name":"Outcome","type":"string","jsonPath":".status.lastRemediation.state"}"#,
    printcolumn = r#"{"name":"Awaiting","type":"string","jsonPath":".status.awaitingApproval"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct HealingSpec {
    /// The StatefulSet whose pods are the shards.
    pub shards: String,
    /// What serves reads, as `deployment/NAME` or `statefulset/NAME`; scaled where reads are too many for it. Without one
    /// nothing is scaled, and problems are only told.
    #[serde(default)]
    pub replicas: Option<String>,
    /// The label selector of the jobs that maintain the service; without one, jobs are not looked at.
    #[serde(default)]
    pub jobs: Option<String>,
    /// How many replicas there may be at most.
    #[serde(default = "default_most")]
    pub max_replicas: u32,
}

fn default_most() -> u32 {
    16
}

/// How it is doing. Numbers are texts, as tables show them: the API wants no floating-point numbers in objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HealingStatusStatus {
    /// `normal`, `stress` or `critical`; absent before the first sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The minimum cut, in millicores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda: Option<String>,
    /// The healthy minimum cut, once learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// The remediation that waits for an approval: annotate the object with
    /// `healing.example.com/approve=ID` or `healing.example.com/reject=ID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awaiting_approval: Option<String>,
    /// The newest remediation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_remediation: Option<LastRemediation>,
    /// What came of the last order that was given by annotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_order: Option<String>,
}

/// A remediation in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastRemediation {
    /// Its name.
    pub id: String,
    /// What is treated.
    pub problem: String,
    /// By what.
    pub strategy: String,
    /// The state it is in.
    pub state: String,
    /// In words.
    pub summary: String,
}

impl HealingStatus {
    /// The definition to install in a cluster.
    #[must_use]
    pub fn definition() -> CustomResourceDefinition {
        Self::crd()
    }
}
