//! What is still to come, in order.

use std::collections::BTreeMap;
use std::fmt;

use healing_core::Timestamp;
use healing_core::engine::{StepAnswer, StepCall};

use super::event::{Order, Side};
use super::fact::Pid;
use super::simulation::Call;

/// Entries by their time, and at the same time in the order in which they were put down.
#[derive(Default)]
pub(super) struct Agenda {
    entries: BTreeMap<(Timestamp, u64), Entry>,
    next: u64,
}

/// Something that is to come about.
pub(super) enum Entry {
    /// The schedule's event at this position.
    Scheduled(usize),
    /// A healer's tick is due.
    Tick(Pid),
    /// A healer's process is started.
    Start(usize),
    /// A strategy's call is made.
    Make(Pid, StepCall),
    /// A strategy's answer arrives.
    Deliver(Pid, StepAnswer),
    /// An actuator's call that hung takes effect.
    Land(Call),
    /// A process is connected again.
    Reconnect(Pid, Side),
    /// An operator's order is given, once the healer listens.
    Order {
        slot: usize,
        collection: usize,
        order: Order,
    },
    /// The network is whole again.
    OutageEnds(usize),
    /// A technician puts the other disk into use.
    Mend { collection: usize, partition: i64 },
    /// A human who was called about a collection comes, and puts it right if it is still not well.
    Answer(usize),
    /// A partition that is still hot makes its neighbour hot.
    Spread {
        collection: usize,
        twin: bool,
        partition: i64,
        severity: mock_cluster::Severity,
        hops: u32,
    },
    /// Nothing goes wrong any more.
    Calm,
    /// Someone puts in order what is out of order, and approves what waits.
    Tidy,
    /// A probe strikes.
    Probe(usize),
    /// A probe must be healed.
    ProbeIsDue(usize),
}

impl Agenda {
    /// Puts an entry down; its number.
    pub(super) fn push(&mut self, at: Timestamp, entry: Entry) -> u64 {
        self.next += 1;
        self.entries.insert((at, self.next), entry);
        self.next
    }

    /// The first entry, if it is due by `until`, with its time and number.
    pub(super) fn pop(&mut self, until: Timestamp) -> Option<(Timestamp, u64, Entry)> {
        let first = self.entries.first_entry()?;
        let (at, order) = *first.key();
        (at <= until).then(|| (at, order, first.remove()))
    }
}

impl fmt::Debug for Agenda {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Agenda")
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}
