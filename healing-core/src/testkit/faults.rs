//! Calls that go wrong on order.

use std::sync::Arc;

use crate::HostError;
use crate::mutex::Mutex;

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallFault {
    /// It fails, and nothing was done.
    Fails,
    /// It is done, and its caller is told that it failed: the answer was lost on the way.
    LosesItsAnswer,
    /// It says that it is done, and nothing was. Where there is no answer to make up, it fails.
    Lies,
    /// It panics, and nothing was done.
    Panics,
}

/// Orders for calls to go wrong, given by a test and followed by decorators such as
/// [`FaultyStorage`](super::FaultyStorage). Clones share the orders.
///
/// ```
/// use healing_core::HostError;
/// use healing_core::testkit::{CallFault, Faults};
///
/// let faults = Faults::default();
/// let double = |number: i32| faults.call(|| Ok::<_, HostError>(2 * number), || None, |error| error);
/// faults.strike_once(1, CallFault::Fails);
/// assert_eq!(double(1).unwrap(), 2);
/// assert!(double(1).is_err());
/// assert_eq!(double(1).unwrap(), 2);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Option<Order>>>);

#[derive(Debug, Clone, Copy)]
struct Order {
    /// Calls that still go well.
    spared: u32,
    fault: CallFault,
    once: bool,
}

impl Faults {
    /// The next `spared` calls go well, and all that follow go wrong like this.
    pub fn strike(&self, spared: u32, fault: CallFault) {
        let once = false;
        *self.0.lock() = Some(Order { spared, fault, once });
    }

    /// The next `spared` calls go well, the one after them goes wrong like this, and all that follow go well.
    pub fn strike_once(&self, spared: u32, fault: CallFault) {
        let once = true;
        *self.0.lock() = Some(Order { spared, fault, once });
    }

    /// From now on all calls go well.
    pub fn clear(&self) {
        *self.0.lock() = None;
    }

    /// Makes a call as ordered. `lie` makes up an answer, where there is one to make up; `error` makes the caller's error.
    ///
    /// # Errors
    /// The call's own, and the one that was ordered.
    ///
    /// # Panics
    /// On order.
    #[allow(clippy::panic, reason = "it was ordered")]
    pub fn call<T, E>(
        &self,
        call: impl FnOnce() -> Result<T, E>,
        lie: impl FnOnce() -> Option<T>,
        error: impl FnOnce(HostError) -> E,
    ) -> Result<T, E> {
        match self.due() {
            None => call(),
            Some(CallFault::Fails) => Err(error("it fails on order".into())),
            Some(CallFault::LosesItsAnswer) => {
                call()?;
                Err(error("its answer is lost on order".into()))
            }
            Some(CallFault::Lies) => lie().ok_or_else(|| error("it fails on order".into())),
            Some(CallFault::Panics) => panic!("it panics on order"),
        }
    }

    /// What is ordered for the call that is made now.
    fn due(&self) -> Option<CallFault> {
        let mut order = self.0.lock();
        let Order { spared, fault, once } = (*order)?;
        if spared > 0 {
            *order = Some(Order {
                spared: spared - 1,
                fault,
                once,
            });
            return None;
        }
        if once {
            *order = None;
        }
        Some(fault)
    }
}
