//! The notes of a run: every fact is checked, hashed and remembered for a while.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write};

use healing_core::engine::EventKind;

use super::fact::{Fact, What};
use super::history::History;
use super::invariants::INVARIANTS;
use super::kind::FaultKind;

/// How many facts are kept to be told.
const REMEMBERED: usize = 400;

/// The notes of a run.
#[derive(Debug)]
pub(super) struct Chronicle {
    pub(super) history: History,
    /// What is wrong, once something is; nothing is checked any more then.
    pub(super) violation: Option<Violation>,
    /// How often each kind of fault came about.
    pub(super) faults: BTreeMap<FaultKind, u64>,
    /// How many remediations began.
    pub(super) remediations: u64,
    trace: VecDeque<Fact>,
    hash: TraceHash,
}

/// A broken contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The contract's name.
    pub invariant: &'static str,
    /// What is wrong.
    pub detail: String,
}

impl Chronicle {
    pub(super) fn new(history: History) -> Self {
        Self {
            history,
            violation: None,
            faults: BTreeMap::new(),
            remediations: 0,
            trace: VecDeque::with_capacity(REMEMBERED),
            hash: TraceHash::default(),
        }
    }

    /// Takes a fact in.
    pub(super) fn note(&mut self, fact: Fact) {
        if self.violation.is_some() {
            return;
        }
        self.hash.add(&fact);
        for invariant in &INVARIANTS {
            if let Err(detail) = (invariant.check)(&self.history, &fact) {
                self.accuse(invariant.name, detail);
                break;
            }
        }
        if let What::Appended { body, .. } = &fact.what
            && let healing_core::storage::JournalBody::Remediation(_) = **body
        {
            self.remediations += 1;
        }
        self.history.take_in(&fact);
        // What happens at every tick would push out everything else.
        if !matches!(fact.what, What::Turn | What::Rested(_)) {
            if self.trace.len() == REMEMBERED {
                self.trace.pop_front();
            }
            self.trace.push_back(fact);
        }
    }

    /// Notes that a contract is broken, unless one was before.
    pub(super) fn accuse(&mut self, invariant: &'static str, detail: String) {
        self.violation.get_or_insert(Violation { invariant, detail });
    }

    /// Counts a fault that came about.
    pub(super) fn count(&mut self, kind: FaultKind) {
        *self.faults.entry(kind).or_insert(0) += 1;
    }

    /// The last facts, in words.
    pub(super) fn story(&self) -> Vec<String> {
        self.trace.iter().map(ToString::to_string).collect()
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash.0
    }
}

/// A hash of everything that happened: FNV-1a (Fowler, Noll and Vo), which does not change with the compiler.
#[derive(Debug)]
pub(super) struct TraceHash(u64);

impl Default for TraceHash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl TraceHash {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn add(&mut self, fact: &Fact) {
        self.bytes(&fact.at.as_microsecond().to_le_bytes());
        self.bytes(&fact.by.map_or(0, |pid| pid.0).to_le_bytes());
        match &fact.what {
            // What the record says is in its digest.
            What::Appended { digest, .. } => self.bytes(digest.as_bytes()),
            // Its remediation is in the journal.
            What::Reported(event) => match &event.kind {
                EventKind::Remediation(remediation) => self.bytes(remediation.state.name().as_bytes()),
                kind => self.bytes(serde_json::to_string(kind).unwrap_or_default().as_bytes()),
            },
            What::Turn => self.bytes(&[1]),
            What::Rested(view) => self.bytes(&[2, view.at_work.len() as u8, view.unhealthy as u8]),
            other => {
                // A hash takes everything.
                let _ = write!(self, "{other}");
            }
        }
    }
}

impl Write for TraceHash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}
