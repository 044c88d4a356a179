//! What lies in wait for calls to come.

use std::time::Duration;

use super::event::{ActuatorMishap, StoreMishap};
use super::kind::FaultKind;

/// Everything that lies in wait, in the order in which it was laid.
#[derive(Debug, Default)]
pub(super) struct Mishaps {
    stores: Vec<Waiting<StoreMishap>>,
    writes_to_die_at: Vec<Waiting<Death>>,
    actuators: Vec<Waiting<ActuatorMishap>>,
    calls_to_die_at: Vec<Waiting<Death>>,
}

/// Something that happens to some calls, after others have passed.
#[derive(Debug, Clone, Copy)]
struct Waiting<T> {
    mishap: T,
    after: u32,
    calls: u32,
}

/// The death of whoever makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Death {
    /// Whether the call takes effect first.
    pub(super) done: bool,
    /// For how long nobody is there then.
    pub(super) down: Duration,
}

/// A call to a store, by what may go wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StoreCall {
    Append,
    Read,
    Prune,
    Outcome,
    Lease,
}

/// What becomes of a write to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteFate {
    Ordinary,
    Mishap(StoreMishap),
    Dies { kept: bool, down: Duration },
}

/// What becomes of an actuator's call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallFate {
    Ordinary,
    Mishap(ActuatorMishap),
    Dies { done: bool, down: Duration },
}

impl StoreCall {
    /// Whether it needs room.
    pub(super) fn writes(self) -> bool {
        matches!(self, Self::Append | Self::Outcome)
    }

    fn suffers(self, mishap: StoreMishap) -> bool {
        match mishap {
            StoreMishap::AppendFails
            | StoreMishap::AppendPanics
            | StoreMishap::AppendUnacknowledged
            | StoreMishap::AppendSlow(_) => self == Self::Append,
            StoreMishap::ReadFails => matches!(self, Self::Read | Self::Prune),
            StoreMishap::OutcomeFails | StoreMishap::OutcomePanics => self == Self::Outcome,
            StoreMishap::LeaseFails | StoreMishap::LeasePanics => self == Self::Lease,
        }
    }
}

impl Mishaps {
    pub(super) fn lay_for_stores(&mut self, mishap: StoreMishap, after: u32, calls: u32) {
        self.stores.push(Waiting { mishap, after, calls });
    }

    pub(super) fn lay_for_actuators(&mut self, mishap: ActuatorMishap, after: u32, calls: u32) {
        self.actuators.push(Waiting { mishap, after, calls });
    }

    pub(super) fn lay_death_at_write(&mut self, death: Death, after: u32) {
        let (mishap, calls) = (death, 1);
        self.writes_to_die_at.push(Waiting { mishap, after, calls });
    }

    pub(super) fn lay_death_at_call(&mut self, death: Death, after: u32) {
        let (mishap, calls) = (death, 1);
        self.calls_to_die_at.push(Waiting { mishap, after, calls });
    }

    /// Takes everything away.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What becomes of the next write to the journal, and the kind of fault that it is.
    pub(super) fn at_write(&mut self) -> (WriteFate, Option<FaultKind>) {
        if let Some(Death { done: kept, down }) = next(&mut self.writes_to_die_at, |_| true) {
            return (WriteFate::Dies { kept, down }, Some(FaultKind::CrashAtWrite));
        }
        match self.at_store(StoreCall::Append) {
            Some(mishap) => (WriteFate::Mishap(mishap), Some(mishap.kind())),
            None => (WriteFate::Ordinary, None),
        }
    }

    /// What goes wrong with the next call to a store.
    pub(super) fn at_store(&mut self, call: StoreCall) -> Option<StoreMishap> {
        next(&mut self.stores, |mishap| call.suffers(mishap))
    }

    /// What becomes of the next call of an actuator, and the kind of fault that it is.
    pub(super) fn at_call(&mut self) -> (CallFate, Option<FaultKind>) {
        if let Some(Death { done, down }) = next(&mut self.calls_to_die_at, |_| true) {
            return (CallFate::Dies { done, down }, Some(FaultKind::CrashAtCall));
        }
        let concerns = |mishap| !matches!(mishap, ActuatorMishap::StepHangs(_) | ActuatorMishap::ReadFails);
        match next(&mut self.actuators, concerns) {
            Some(mishap) => (CallFate::Mishap(mishap), Some(mishap.kind())),
            None => (CallFate::Ordinary, None),
        }
    }

    /// Whether the next reading call of an actuator fails.
    pub(super) fn at_read(&mut self) -> bool {
        next(&mut self.actuators, |mishap| mishap == ActuatorMishap::ReadFails).is_some()
    }

    /// For how many seconds the next step's call hangs before it begins.
    pub(super) fn at_step(&mut self) -> Option<u32> {
        match next(&mut self.actuators, |mishap| {
            matches!(mishap, ActuatorMishap::StepHangs(_))
        })? {
            ActuatorMishap::StepHangs(seconds) => Some(seconds),
            _ => None,
        }
    }
}

/// What happens to a call that only some mishaps concern.
fn next<T: Copy>(waiting: &mut Vec<Waiting<T>>, concerns: impl Fn(T) -> bool) -> Option<T> {
    for position in 0..waiting.len() {
        let one = &mut waiting[position];
        if !concerns(one.mishap) {
            continue;
        }
        if one.after > 0 {
            one.after -= 1;
            continue;
        }
        let mishap = one.mishap;
        one.calls = one.calls.saturating_sub(1);
        if one.calls == 0 {
            waiting.remove(position);
        }
        return Some(mishap);
    }
    None
}
