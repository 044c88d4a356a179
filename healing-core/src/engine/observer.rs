//! Who looks on after each tick.

use super::event::HealingEvent;
use super::healer::Healer;

/// Looks at a healer after each of its ticks: metrics, a display, a log. It is called on the thread of the tick, so it should
/// be quick; where it panics, that tick goes unseen and the healer goes on.
pub trait TickObserver: Send {
    /// What the tick did is in `events`, how things stand now is in `healer`.
    fn after_tick(&mut self, healer: &Healer, events: &[HealingEvent]);
}
