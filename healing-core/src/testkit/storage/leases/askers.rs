//! Several threads that ask for the same lease.

use std::time::Duration;

use super::{Checked, Leases, embeddings, holder, take};
use crate::identity::FencingToken;
use crate::storage::{Lease, LeaseError, LeaseStore};
use crate::testkit::storage::{CALLERS, Handles, at_once};
use crate::testkit::{Objection, failed, require};

/// How often the threads ask for a lease that was released.
const ROUNDS: usize = 25;

/// How often they ask for one that has run out, which takes a term each time.
const ENDS: usize = 4;

/// Has several holders ask at once, and hands back the lease that one of them got.
fn ask<S: LeaseStore>(handles: &Handles<S>, duration: Duration, why: &str) -> Result<Lease, Objection> {
    let collection = embeddings()?;
    let holders = (0..CALLERS)
        .map(|caller| holder(&format!("holder {caller}")))
        .collect::<Result<Vec<_>, _>>()?;
    let answers = at_once(|caller| {
        handles
            .of_caller(caller)
            .acquire(&collection, &holders[caller], duration)
    })?;
    let mut given = Vec::new();
    for answer in answers {
        match answer {
            Ok(lease) => given.push(lease),
            Err(LeaseError::Held { .. }) => {}
            Err(error) => {
                return Err(Objection::broken(format!(
                    "of {CALLERS} holders that asked at once for a lease {why}, one was refused, but not as held: {error}"
                )));
            }
        }
    }
    match <[Lease; 1]>::try_from(given) {
        Ok([lease]) => Ok(lease),
        Err(given) => Err(Objection::broken(format!(
            "of {CALLERS} holders that asked at once for a lease {why}, {} got it",
            given.len()
        ))),
    }
}

pub(super) fn one_gets_it(factory: &mut impl Leases) -> Checked {
    let handles = Handles::of(factory)?;
    let mut newest = FencingToken::new(0);
    for _ in 0..ROUNDS {
        let lease = ask(&handles, factory.long(), "that nobody holds")?;
        require(lease.token > newest, || {
            format!("token {} was given after {newest}", lease.token)
        })?;
        newest = lease.token;
        handles.first.release(&lease).map_err(failed("releasing a lease"))?;
    }
    Ok(())
}

pub(super) fn one_takes_over(factory: &mut impl Leases) -> Checked {
    let handles = Handles::of(factory)?;
    for _ in 0..ENDS {
        let ended = take(&handles.first, &embeddings()?, "a", factory.term(), "that was released")?;
        factory.advance(factory.term());
        let lease = ask(&handles, factory.long(), "that has run out")?;
        require(lease.token > ended.token, || {
            format!("token {} was given after {}", lease.token, ended.token)
        })?;
        handles.first.release(&lease).map_err(failed("releasing a lease"))?;
    }
    Ok(())
}
