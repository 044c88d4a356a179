//! A command, carried out.

use healing_core::engine::{ControlError, Executed, Execution};
use healing_core::identity::{Operator, RemediationId};
use healing_core::storage::FeedbackScore;
use healing_core::{CollectionId, Healer};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Complaint};

/// An order as it was given in SQL.
pub(super) struct Command {
    pub(super) id: i64,
    pub(super) verb: String,
    /// What it is about.
    pub(super) collection: Option<String>,
    pub(super) arguments: Value,
    pub(super) given_by: String,
}

impl Command {
    /// Has the healer do it. The answer names a remediation by its name; its number is added by who knows it.
    pub(super) fn carry_out(&self, healer: &mut Healer) -> Answer {
        let by = Operator::new(self.given_by.clone())
            .map_err(|error| Complaint::invalid(error.to_string(), "Rename the role."))?;
        match self.verb.as_str() {
            "configure" => {
                let config = healer.configure(&self.object("changes"), &by)?;
                Ok(json!(config))
            }
            "trigger" => {
                let began = healer.trigger(&self.about()?)?;
                Ok(json!({ "remediation": began }))
            }
            "approve" => self.decide(|remediation| healer.approve(remediation, &by)),
            "reject" => self.decide(|remediation| healer.reject(remediation, &by)),
            "abort" => self.decide(|remediation| healer.abort(remediation, &by)),
            "execute" => self.execute(healer, &by),
            "rollback" => {
                let remediation = healer.rollback(&self.about()?, &by)?;
                Ok(json!({ "remediation": remediation }))
            }
            "feedback" => {
                let score = self.arguments.get("score").and_then(Value::as_f64).unwrap_or(f64::NAN);
                let score = FeedbackScore::new(score)
                    .map_err(|error| Complaint::invalid(error.to_string(), "-1 to 1, please."))?;
                self.decide(|remediation| healer.feedback(remediation, score, &by))
            }
            "freeze" => {
                let reason = self.text("reason").unwrap_or_default();
                healer.freeze(self.named("collection")?.as_ref(), reason, &by)?;
                Ok(json!({ "frozen": true, "collection": self.text("collection") }))
            }
            "unfreeze" => {
                healer.unfreeze(self.named("collection")?.as_ref(), &by)?;
                Ok(json!({ "frozen": false, "collection": self.text("collection") }))
            }
            "explain" => Ok(json!({ "decision": healer.explain(&self.about()?) })),
            other => Err(Complaint::invalid(
                format!("this healer knows no order {other:?}"),
                "The schema is of a newer program than the healer: start that one.",
            )),
        }
    }

    fn execute(&self, healer: &mut Healer, by: &Operator) -> Answer {
        let execution = match self.arguments.get("dry_run") {
            Some(Value::Bool(true)) => Execution::DryRun,
            _ => Execution::Real,
        };
        let strategy = self.text("strategy").unwrap_or_default();
        let parameters = self.object("parameters");
        match healer.execute(&self.about()?, strategy, parameters, execution, by)? {
            Executed::Began(remediation) => Ok(json!({ "remediation": remediation })),
            Executed::DryRun {
                plan,
                prediction,
                refusal,
                ..
            } => Ok(json!({ "plan": plan, "prediction": prediction, "refusal": refusal })),
            // What a newer engine may do.
            other => Ok(json!({ "did": format!("{other:?}") })),
        }
    }

    fn decide(&self, order: impl FnOnce(&RemediationId) -> Result<(), ControlError>) -> Answer {
        let remediation = self.text("remediation").unwrap_or_default();
        let remediation: RemediationId = remediation
            .parse()
            .map_err(|error| Complaint::invalid(format!("{error}"), "Name an action by its number."))?;
        order(&remediation)?;
        Ok(json!({ "remediation": remediation }))
    }

    fn about(&self) -> Result<CollectionId, Complaint> {
        collection(self.collection.as_deref().unwrap_or_default())
    }

    fn named(&self, field: &str) -> Result<Option<CollectionId>, Complaint> {
        self.text(field).map(collection).transpose()
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.arguments.get(field)?.as_str()
    }

    fn object(&self, field: &str) -> Map<String, Value> {
        let object = self.arguments.get(field).and_then(Value::as_object);
        object.cloned().unwrap_or_default()
    }
}

fn collection(name: &str) -> Result<CollectionId, Complaint> {
    CollectionId::new(name).map_err(|error| Complaint::invalid(error.to_string(), "Name a collection."))
}
