//! The clusters that are watched, and what was seen of them.

use std::collections::VecDeque;
use std::time::Duration;

use healing_core::engine::{ControlError, RemediationState};
use healing_core::identity::RemediationId;
use healing_core::monitor::IntegrityState;
use mock_cluster::Scenario;

use super::order::Order;
use crate::arguments::Arguments;
use crate::lines::in_a_line;
use crate::live::{Attendance, Live, LiveError, later};
use crate::story::outcome_in_words;

/// Samples of lambda that are kept to be drawn.
const SAMPLES: usize = 240;
/// Lines of what happened that are kept.
const LINES: usize = 200;
const NAMES: [&str; 3] = ["embeddings", "images", "documents"];

/// Everything that is shown.
pub(super) struct Board {
    pub(super) patients: Vec<Patient>,
    pub(super) selected: usize,
    /// What happened, newest last.
    pub(super) lines: VecDeque<String>,
    /// What came of the last order.
    pub(super) answer: String,
}

/// A cluster with what was seen of it.
pub(super) struct Patient {
    pub(super) live: Live,
    pub(super) lambdas: VecDeque<f64>,
    /// The fault that strikes next when one is wanted.
    next_fault: usize,
}

impl Board {
    pub(super) fn new(arguments: &Arguments) -> Result<Self, LiveError> {
        let patient = |(number, name): (u64, &&str)| {
            let of_this_one = Arguments {
                scenario: if number == 0 {
                    arguments.scenario
                } else {
                    Scenario::Quiet
                },
                seed: arguments.seed.wrapping_add(number),
                ..arguments.clone()
            };
            Ok(Patient {
                live: Live::of(name, Attendance::LooksOn, &of_this_one, None)?,
                lambdas: VecDeque::new(),
                next_fault: 0,
            })
        };
        Ok(Self {
            patients: (0..).zip(&NAMES).map(patient).collect::<Result<_, LiveError>>()?,
            selected: 0,
            lines: VecDeque::new(),
            answer: String::new(),
        })
    }

    /// Goes on until so much simulated time has passed since the begin.
    pub(super) fn go_on_for(&mut self, passed: Duration) -> Result<(), LiveError> {
        for patient in &mut self.patients {
            let live = &mut patient.live;
            while live.wake_at() <= later(live.began_at, passed) {
                for event in live.tick()? {
                    if let Some(line) = in_a_line(&event, live.began_at) {
                        keep(
                            &mut self.lines,
                            LINES,
                            format!("{:<12}{line}", live.cluster.collection()),
                        );
                    }
                }
                if let Some(report) = live.fresh_report() {
                    keep(&mut patient.lambdas, SAMPLES, report.lambda.get());
                }
            }
        }
        Ok(())
    }

    pub(super) fn carry_out(&mut self, order: Order) {
        let last = self.patients.len() - 1;
        let answer = match order {
            Order::Quit => return,
            Order::SelectPrevious => {
                self.selected = self.selected.checked_sub(1).unwrap_or(last);
                return;
            }
            Order::SelectNext => {
                self.selected = if self.selected == last { 0 } else { self.selected + 1 };
                return;
            }
            Order::Inject => self.patients.get_mut(self.selected).map(Patient::inject),
            Order::Approve => self.patients.get_mut(self.selected).map(Patient::approve),
            Order::Reject => self.patients.get_mut(self.selected).map(Patient::reject),
            Order::Abort => self.patients.get_mut(self.selected).map(Patient::abort),
            Order::FreezeOrThaw => self.patients.get_mut(self.selected).map(Patient::freeze_or_thaw),
        };
        self.answer = answer.unwrap_or_default();
    }
}

impl Patient {
    pub(super) fn state(&self) -> IntegrityState {
        let report = self.live.healer.report(self.live.cluster.collection());
        report.map_or(IntegrityState::Normal, |report| report.state)
    }

    /// What is being done, or was done last.
    pub(super) fn treatment(&self) -> String {
        let (healer, collection) = (&self.live.healer, self.live.cluster.collection());
        if let Some(active) = healer.active(collection) {
            let state = match &active.state {
                RemediationState::AwaitingApproval { .. } => "awaits approval".to_owned(),
                RemediationState::Executing { step, .. } => format!("step {} of {}", step + 1, active.plan.steps.len()),
                state => state.name().replace('_', " "),
            };
            return format!("{} {}: {state}", active.id, active.plan.strategy);
        }
        if self.is_frozen() {
            return "frozen".to_owned();
        }
        healer.last(collection).map_or_else(String::new, |last| {
            format!("{}: {}", last.plan.strategy, outcome_in_words(last))
        })
    }

    pub(super) fn is_frozen(&self) -> bool {
        let status = self.live.healer.collection_status(self.live.cluster.collection());
        status.is_some_and(|status| status.frozen.is_some())
    }

    fn inject(&mut self) -> String {
        let faults = Scenario::ALL.iter().filter(|&&scenario| scenario != Scenario::Quiet);
        let seed = self.next_fault as u64;
        let Some(scenario) = faults.cycle().nth(self.next_fault) else {
            return String::new();
        };
        self.next_fault += 1;
        match scenario.injection_into(self.live.cluster.size(), seed, None) {
            Some(injection) => {
                self.live.cluster.inject(injection.fault);
                format!("{}: {}", self.live.cluster.collection(), injection.fault)
            }
            None => String::new(),
        }
    }

    fn approve(&mut self) -> String {
        self.order("approved", |live, id| live.healer.approve(id, &live.operator))
    }

    fn reject(&mut self) -> String {
        self.order("rejected", |live, id| live.healer.reject(id, &live.operator))
    }

    fn abort(&mut self) -> String {
        self.order("aborted", |live, id| live.healer.abort(id, &live.operator))
    }

    /// Gives an order about what is at work.
    fn order(
        &mut self,
        done: &str,
        give: impl FnOnce(&mut Live, &RemediationId) -> Result<(), ControlError>,
    ) -> String {
        let active = self.live.healer.active(self.live.cluster.collection());
        let Some(id) = active.map(|active| active.id.clone()) else {
            return format!("nothing is at work in {}", self.live.cluster.collection());
        };
        match give(&mut self.live, &id) {
            Ok(()) => format!("{id} was {done}"),
            Err(error) => error.to_string(),
        }
    }

    fn freeze_or_thaw(&mut self) -> String {
        let collection = self.live.cluster.collection().clone();
        let (operator, frozen) = (self.live.operator.clone(), self.is_frozen());
        let (word, given) = if frozen {
            ("thawed", self.live.healer.unfreeze(Some(&collection), &operator))
        } else {
            let reason = "ordered from the live view";
            ("frozen", self.live.healer.freeze(Some(&collection), reason, &operator))
        };
        match given {
            Ok(()) => format!("{collection} was {word}"),
            Err(error) => error.to_string(),
        }
    }
}

/// Adds one and forgets the oldest beyond `most`.
fn keep<T>(kept: &mut VecDeque<T>, most: usize, one: T) {
    if kept.len() == most {
        kept.pop_front();
    }
    kept.push_back(one);
}
