//! What is handed from thread to thread.

use healing_core::audit::{Digest, InvalidHex, Signer};
use healing_core::classify::{Classifier, EvidenceClassifier, FirstOf, RuleClassifier, Vote, Weighted, Weightless};
use healing_core::diagnosis::Diagnosis;
use healing_core::engine::{
    BuildError, ConfigFault, ControlError, Decision, HealerBuilder, HealingEvent, InvalidConfig, SharedHealer, Status,
    StepAnswer, StepCall, StepRunner, Tick, TickObserver,
};
use healing_core::identity::{FencingToken, InvalidName, RemediationId};
use healing_core::learner::NoLearning;
use healing_core::monitor::{IntegrityMonitor, IntegrityReport, LearnedHealth, MonitorError};
use healing_core::number::InvalidNumber;
use healing_core::observation::ObservationError;
use healing_core::permit::{NotPermitted, Permit, Revocation, StepContext};
use healing_core::plan::{MalformedStep, Plan, PlanError, Prediction, Step};
use healing_core::registry::RegistryError;
use healing_core::storage::{
    Journal, JournalError, JournalRecord, Lease, LeaseError, LeaseStore, MemoryStorage, OutcomeError, OutcomeRecord,
    OutcomeStore, StoredOutcome, UnknownStream,
};
use healing_core::strategy::{Case, StepError};
use healing_core::topology::{ContractedGraph, ContractedGraphBuilder, TopologyError};
use healing_core::{
    Clock, Fence, Healer, HealingConfig, Learner, Observation, ObservationSource, Remediation, RemediationStrategy,
    StrategyRegistry, SystemClock, VirtualClock,
};

const fn may_go_anywhere<T: Send + Sync + ?Sized>() {}

const fn is_an_error<T: std::error::Error + Send + Sync + 'static>() {}

const fn may_be_handed_over<T: Send + ?Sized>() {}

#[test]
fn a_healer_and_what_it_is_made_of_may_be_sent_and_shared() {
    may_be_handed_over::<Healer>();
    may_be_handed_over::<HealerBuilder>();
    may_be_handed_over::<StepCall>();
    may_be_handed_over::<StepAnswer>();
    may_be_handed_over::<dyn TickObserver>();
    may_go_anywhere::<SharedHealer>();
    may_go_anywhere::<StrategyRegistry>();
    may_go_anywhere::<MemoryStorage>();
    may_go_anywhere::<SystemClock>();
    may_go_anywhere::<VirtualClock>();
    may_go_anywhere::<IntegrityMonitor>();
    may_go_anywhere::<ContractedGraphBuilder>();
    may_go_anywhere::<EvidenceClassifier>();
    may_go_anywhere::<RuleClassifier>();
    may_go_anywhere::<FirstOf>();
    may_go_anywhere::<Vote>();
    may_go_anywhere::<Weighted>();
    may_go_anywhere::<StepContext<'_>>();
    may_go_anywhere::<Permit<'_>>();
    may_go_anywhere::<Revocation>();
    may_go_anywhere::<NoLearning>();
}

#[test]
fn so_may_what_a_host_implements() {
    may_go_anywhere::<dyn Clock>();
    may_go_anywhere::<dyn Classifier>();
    may_go_anywhere::<dyn Fence>();
    may_go_anywhere::<dyn Journal>();
    may_go_anywhere::<dyn Learner>();
    may_go_anywhere::<dyn LeaseStore>();
    may_go_anywhere::<dyn ObservationSource>();
    may_go_anywhere::<dyn OutcomeStore>();
    may_go_anywhere::<dyn RemediationStrategy>();
    may_go_anywhere::<dyn Signer>();
    may_go_anywhere::<dyn StepRunner>();
}

#[test]
fn so_may_what_is_decided() {
    may_go_anywhere::<Case<'_>>();
    may_go_anywhere::<ContractedGraph>();
    may_go_anywhere::<Decision>();
    may_go_anywhere::<Diagnosis>();
    may_go_anywhere::<Digest>();
    may_go_anywhere::<FencingToken>();
    may_go_anywhere::<HealingConfig>();
    may_go_anywhere::<HealingEvent>();
    may_go_anywhere::<IntegrityReport>();
    may_go_anywhere::<JournalRecord>();
    may_go_anywhere::<LearnedHealth>();
    may_go_anywhere::<Lease>();
    may_go_anywhere::<Observation>();
    may_go_anywhere::<OutcomeRecord>();
    may_go_anywhere::<Plan>();
    may_go_anywhere::<Prediction>();
    may_go_anywhere::<Remediation>();
    may_go_anywhere::<RemediationId>();
    may_go_anywhere::<Status>();
    may_go_anywhere::<Step>();
    may_go_anywhere::<StoredOutcome>();
    may_go_anywhere::<Tick>();
}

#[test]
fn so_may_every_error() {
    is_an_error::<BuildError>();
    is_an_error::<ConfigFault>();
    is_an_error::<ControlError>();
    is_an_error::<InvalidConfig>();
    is_an_error::<InvalidHex>();
    is_an_error::<InvalidName>();
    is_an_error::<InvalidNumber>();
    is_an_error::<JournalError>();
    is_an_error::<LeaseError>();
    is_an_error::<MalformedStep>();
    is_an_error::<MonitorError>();
    is_an_error::<NotPermitted>();
    is_an_error::<ObservationError>();
    is_an_error::<OutcomeError>();
    is_an_error::<PlanError>();
    is_an_error::<RegistryError>();
    is_an_error::<StepError>();
    is_an_error::<TopologyError>();
    is_an_error::<UnknownStream>();
    is_an_error::<Weightless>();
}

#[cfg(all(feature = "redb", feature = "ed25519"))]
#[test]
fn so_may_what_features_add() {
    use healing_core::audit::{AuditError, Ed25519Signer, Fault, SignedHead};
    use healing_core::storage::{RedbError, RedbStorage};

    may_go_anywhere::<RedbStorage>();
    may_go_anywhere::<Ed25519Signer>();
    may_go_anywhere::<SignedHead>();
    is_an_error::<AuditError>();
    is_an_error::<Fault>();
    is_an_error::<RedbError>();
}
