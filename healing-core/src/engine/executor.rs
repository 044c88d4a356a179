//! Where strategies' steps run: on the caller's thread, or on worker threads that may hang.
//!
//! What must never break: a call that was given up can do nothing more to the world (its [`Revocation`] is thrown), is
//! counted until its thread ends, and there are never more threads than the limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use jiff::Timestamp;

use super::bell::Bell;
use super::step_call::{Fate, Place, StepCall, StepRunner, WayBack};
use crate::host_call::{Panicked, contained};
use crate::permit::Revocation;
use crate::strategy::{StepError, StepReport};

/// What a strategy answered, or its panic.
pub(super) type Answer = Result<Result<StepReport, StepError>, Panicked>;

/// A strategy's call, ready to be made.
pub(super) type Job = Box<dyn FnOnce() -> Result<StepReport, StepError> + Send>;

/// Makes calls.
pub(super) enum Executor {
    /// At once, on the caller's thread: a call that hangs holds the healer.
    Inline,
    /// On threads of their own.
    Workers(Workers),
}

/// Places for calls, never more than `limit` at a time.
pub(super) struct Workers {
    runner: Arc<dyn StepRunner>,
    limit: usize,
    taken: Arc<AtomicUsize>,
    abandoned: Arc<AtomicUsize>,
    bell: Bell,
}

/// What came of handing a job to the executor.
pub(super) enum Started {
    /// It was done at once.
    Answered(Answer),
    /// It runs.
    Running(RunningCall),
    /// Every thread is busy.
    Busy,
}

/// A call at work on a thread.
pub(super) struct RunningCall {
    answers: Receiver<Answer>,
    fate: Arc<Fate>,
    revocation: Revocation,
    /// When it is given up.
    pub(super) deadline: Timestamp,
}

impl Executor {
    pub(super) fn workers(runner: Arc<dyn StepRunner>, limit: usize, bell: Bell) -> Self {
        Self::Workers(Workers {
            runner,
            limit: limit.max(1),
            taken: Arc::default(),
            abandoned: Arc::default(),
            bell,
        })
    }

    /// How many threads hang in calls that were given up.
    pub(super) fn abandoned(&self) -> usize {
        match self {
            Self::Inline => 0,
            Self::Workers(workers) => workers.abandoned.load(Ordering::SeqCst),
        }
    }

    /// How many threads hang, where no thread is left that does not.
    pub(super) fn exhausted(&self) -> Option<usize> {
        match self {
            Self::Inline => None,
            Self::Workers(workers) => Some(self.abandoned()).filter(|abandoned| *abandoned >= workers.limit),
        }
    }

    /// Makes a call, which is to be given up at `deadline`.
    pub(super) fn start(&self, job: Job, revocation: Revocation, deadline: Timestamp) -> Started {
        match self {
            Self::Inline => Started::Answered(contained(job)),
            Self::Workers(workers) => workers.start(job, revocation, deadline),
        }
    }
}

impl Workers {
    fn start(&self, job: Job, revocation: Revocation, deadline: Timestamp) -> Started {
        let take = |taken: usize| (taken < self.limit).then_some(taken + 1);
        if self
            .taken
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
            .is_err()
        {
            return Started::Busy;
        }
        let (sender, answers) = sync_channel(1);
        let fate = Arc::new(Fate::running(Arc::clone(&self.abandoned)));
        let place = Place {
            fate: Arc::clone(&fate),
            taken: Arc::clone(&self.taken),
        };
        let bell = self.bell.clone();
        let way_back = WayBack { place, sender, bell };
        match contained(|| self.runner.run(StepCall { job, way_back })) {
            Ok(Ok(())) => Started::Running(RunningCall {
                answers,
                fate,
                revocation,
                deadline,
            }),
            Ok(Err(_)) | Err(_) => {
                // A runner that failed may have the call all the same.
                revocation.revoke();
                fate.abandon();
                Started::Busy
            }
        }
    }
}

impl RunningCall {
    /// The answer, once it is there.
    pub(super) fn poll(&self) -> Option<Answer> {
        match self.answers.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(Panicked::without_message())),
        }
    }

    /// The lease that it is made under was renewed.
    pub(super) fn extend(&self, until: Timestamp) {
        self.revocation.extend_to(until);
    }

    /// Tells it to stop: it gets no further permit.
    pub(super) fn cancel(&self) {
        self.revocation.revoke();
    }
}

impl Drop for RunningCall {
    /// Gives it up, if it has not ended.
    fn drop(&mut self) {
        self.revocation.revoke();
        self.fate.abandon();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;
    use crate::engine::step_call::Threads;

    fn answer_of(call: &RunningCall) -> Answer {
        loop {
            if let Some(answer) = call.poll() {
                return answer;
            }
            thread::yield_now();
        }
    }

    fn start(executor: &Executor, job: impl FnOnce() + Send + 'static) -> Started {
        let job = move || {
            job();
            Ok(StepReport::Done)
        };
        executor.start(Box::new(job), Revocation::default(), Timestamp::MAX)
    }

    #[test]
    fn a_call_answers_and_a_panic_is_an_answer() {
        let executor = Executor::workers(Arc::new(Threads), 2, Bell::default());
        let Started::Running(call) = start(&executor, || {}) else {
            panic!("no thread")
        };
        assert!(matches!(answer_of(&call), Ok(Ok(StepReport::Done))));
        let Started::Running(call) = start(&executor, || panic!("out of valves")) else {
            panic!("no thread")
        };
        assert!(answer_of(&call).unwrap_err().to_string().contains("out of valves"));
        drop(call);
        assert_eq!(executor.abandoned(), 0);
    }

    #[test]
    fn hung_calls_are_counted_bounded_and_let_go_when_they_end() {
        let executor = Executor::workers(Arc::new(Threads), 2, Bell::default());
        let (release_first, first) = channel::<()>();
        let (release_second, second) = channel::<()>();
        let Started::Running(call) = start(&executor, move || assert!(first.recv().is_err())) else {
            panic!("no thread")
        };
        drop(call);
        assert_eq!(executor.abandoned(), 1);
        assert_eq!(executor.exhausted(), None);
        let Started::Running(call) = start(&executor, move || assert!(second.recv().is_err())) else {
            panic!("no thread")
        };
        assert!(matches!(start(&executor, || {}), Started::Busy));
        drop(call);
        assert_eq!(executor.exhausted(), Some(2));
        drop(release_first);
        drop(release_second);
        while executor.abandoned() > 0 || matches!(start(&executor, || {}), Started::Busy) {
            thread::yield_now();
        }
    }
}
