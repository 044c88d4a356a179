//! What must hold at every moment of every run: the engine's contracts, once, in words and in code.
//!
//! Each is a function of what has happened before and of what happens now. It says what is wrong, or nothing. None asks a
//! healer: what counts is what the journal holds and what the clusters were told.

use std::time::Duration;

use healing_core::engine::{HealingConfig, Remediation, RemediationState, Verification};
use healing_core::identity::RemediationId;
use healing_core::storage::{JournalBody, Stream};
use healing_core::{ProblemKind, Timestamp};

use super::act::Control;
use super::fact::{Fact, Reception, What};
use super::history::{Course, History};

/// A contract, by name.
#[derive(Debug, Clone, Copy)]
pub struct Invariant {
    /// Its name in reports.
    pub name: &'static str,
    /// `Err` with what is wrong, where what happens now breaks it.
    pub check: fn(&History, &Fact) -> Result<(), String>,
}

/// Every contract that is checked at every fact. Those about the end of a run are in [`liveness`](super::liveness).
pub const INVARIANTS: [Invariant; 20] = [
    named("write_ahead", write_ahead),
    named("nothing_after_the_end", nothing_after_the_end),
    named("states_follow", states_follow),
    named("one_at_a_time", one_at_a_time),
    named("fenced", fenced),
    named("newest_undone_first", newest_undone_first),
    named("nothing_half_done", nothing_half_done),
    named("attempts_limited", attempts_limited),
    named("cool_down_kept", cool_down_kept),
    named("ineffective_stops", ineffective_stops),
    named("quarantine_kept", quarantine_kept),
    named("unknown_never_healed", unknown_never_healed),
    named("approved_where_needed", approved_where_needed),
    named("blast_radius_kept", blast_radius_kept),
    named("moves_as_planned", moves_as_planned),
    named("orders_obeyed", orders_obeyed),
    named("storms_waited_out", storms_waited_out),
    named("verified_means_better", verified_means_better),
    named("memory_is_the_journal", memory_is_the_journal),
    named("chain_unbroken", chain_unbroken),
];

const fn named(name: &'static str, check: fn(&History, &Fact) -> Result<(), String>) -> Invariant {
    Invariant { name, check }
}

/// Nothing touches a cluster but for a remediation that the journal knows to be doing or undoing a step.
fn write_ahead(history: &History, fact: &Fact) -> Result<(), String> {
    let Some((remediation, course)) = effect(history, fact) else {
        return Ok(());
    };
    match course.newest.as_ref().filter(|newest| newest.id == *remediation) {
        Some(newest) => match &newest.state {
            RemediationState::Executing { .. } | RemediationState::RollingBack { .. } => Ok(()),
            state if state.is_terminal() => Ok(()),
            state => Err(format!("{remediation} acts, and the journal has it {}", state.name())),
        },
        None if course
            .newest
            .as_ref()
            .is_some_and(|newest| newest.id.number() > remediation.number()) =>
        {
            Ok(())
        }
        None => Err(format!("{remediation} acts, and the journal does not know it")),
    }
}

/// What has ended touches nothing any more, but where it could not be taken back and a human must see to it.
fn nothing_after_the_end(history: &History, fact: &Fact) -> Result<(), String> {
    let Some((remediation, course)) = effect(history, fact) else {
        return Ok(());
    };
    if course.stuck.contains(&remediation.number()) {
        return Ok(());
    }
    match &course.newest {
        Some(newest) if newest.id == *remediation && newest.state.is_terminal() => {
            Err(format!("{remediation} acts, and has ended {}", newest.state.name()))
        }
        Some(newest) if newest.id.number() > remediation.number() => {
            Err(format!("{remediation} acts, and {} came after it", newest.id))
        }
        _ => Ok(()),
    }
}

/// The journal tells a story: each state follows from the one before.
fn states_follow(history: &History, fact: &Fact) -> Result<(), String> {
    use RemediationState as S;
    let Some((course, JournalBody::Entered { number, state })) = record(history, fact) else {
        return Ok(());
    };
    let Some(newest) = course.newest.as_ref().filter(|newest| newest.id.number() == *number) else {
        return Err(format!(
            "number {number} enters {}, and is not the newest",
            state.name()
        ));
    };
    let steps = newest.plan.steps.len();
    let follows = match (&newest.state, state) {
        // What is being done may be broken off and taken back at any time, all that was begun of it.
        (
            from @ (S::Executing { .. } | S::Settling { .. } | S::Stabilising { .. } | S::Verifying { .. }),
            S::RollingBack { begun, remaining, .. },
        ) => begun == remaining && *begun == from.begun(),
        (
            from @ (S::Executing { .. } | S::Settling { .. } | S::Stabilising { .. } | S::Verifying { .. }),
            S::RollbackFailed { begun, .. },
        ) => *begun == from.begun(),
        (S::AwaitingApproval { .. }, S::Planned { approved_by, .. }) => approved_by.is_some(),
        (S::AwaitingApproval { .. } | S::Planned { .. }, S::Rejected { .. } | S::Expired { .. }) => true,
        (S::Planned { .. }, S::Executing { step, .. }) => *step == 0,
        (S::Executing { step, .. }, S::Settling { done, .. }) => *done == step + 1,
        (S::Settling { done, .. }, S::Executing { step, .. }) => done == step && *step < steps,
        (S::Settling { done, .. } | S::Verifying { done, .. }, S::Stabilising { done: then, .. })
        | (S::Stabilising { done, .. }, S::Verifying { done: then, .. })
        | (S::Verifying { done, .. }, S::Completed { done: then, .. }) => done == then,
        (
            S::RollingBack { remaining, begun, .. },
            S::RollingBack {
                remaining: then,
                begun: still,
                ..
            },
        ) => begun == still && (remaining == then || *remaining == then + 1),
        (S::RollingBack { remaining, keep, .. }, S::RolledBack { .. }) => remaining == keep && *keep == 0,
        (S::RollingBack { remaining, keep, .. }, S::Stabilising { done, .. }) => remaining == keep && done == keep,
        (
            S::RollingBack {
                remaining,
                keep,
                failures,
                ..
            },
            S::RollbackFailed { .. },
        ) => remaining == keep && !failures.is_empty(),
        // A healer that does not have the strategy can take nothing back.
        (_, S::RollbackFailed { failures, .. }) => !failures.is_empty(),
        // A record that was thought lost may be there twice.
        (from, to) => from == to,
    };
    if follows {
        Ok(())
    } else {
        Err(format!("{} goes from {:?} to {state:?}", newest.id, newest.state))
    }
}

/// One remediation at a time is at work in a collection, and a healer begins no more at a time than it is allowed.
fn one_at_a_time(history: &History, fact: &Fact) -> Result<(), String> {
    if let Some((course, begun)) = begins(history, fact)
        && let Some(newest) = course.newest.as_ref().filter(|newest| !newest.state.is_terminal())
    {
        return Err(format!(
            "{} begins while {} is {}",
            begun.id,
            newest.id,
            newest.state.name()
        ));
    }
    if let What::Rested(view) = &fact.what
        && let Some(turn) = history.turn(fact.by).filter(|turn| !turn.begun.is_empty())
    {
        let most = history
            .configs(fact.by)
            .map(|config| config.max_active)
            .max()
            .unwrap_or(0);
        let before = u32::try_from(turn.at_work_before).unwrap_or(u32::MAX);
        let now = u32::try_from(view.at_work.len()).unwrap_or(u32::MAX);
        if now > most.max(before) {
            return Err(format!("{now} are at work after one has begun, {most} may be"));
        }
    }
    Ok(())
}

/// Tokens grow: from lease to lease, from record to record, and from effect to effect.
fn fenced(history: &History, fact: &Fact) -> Result<(), String> {
    match &fact.what {
        What::Granted { collection, token } => match history.course(collection) {
            Some(course) if Some(*token) <= course.granted => Err(format!(
                "a lease with token {token} was given after one with {:?}",
                course.granted
            )),
            _ => Ok(()),
        },
        What::Appended { record, .. } => match history.streams.get(&record.stream) {
            Some(end) if record.token < end.token => Err(format!(
                "a record under token {} was kept after one under {}",
                record.token, end.token
            )),
            _ => Ok(()),
        },
        What::Called { token, .. } => match effect(history, fact) {
            Some((_, course)) if Some(*token) < course.acted => Err(format!(
                "a call under token {token} took effect after one under {:?}",
                course.acted
            )),
            Some((_, course)) if Some(*token) > course.granted => Err(format!("no lease with token {token} was given")),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Steps are taken back newest first: what an older step did is left alone until its turn. Routes say nothing of that: all
/// steps of a drain go through the same one, there and back.
fn newest_undone_first(history: &History, fact: &Fact) -> Result<(), String> {
    let What::Called { act, late: false, .. } = &fact.what else {
        return Ok(());
    };
    let Some((remediation, course)) = effect(history, fact) else {
        return Ok(());
    };
    let Some(Remediation {
        state: RemediationState::RollingBack { remaining, .. },
        ..
    }) = course.newest.as_ref().filter(|newest| newest.id == *remediation)
    else {
        return Ok(());
    };
    let Some(touched) = course.touched.get(&remediation.number()) else {
        return Ok(());
    };
    let (control, due) = (act.control(), remaining.saturating_sub(1));
    if matches!(control, Control::Route(_)) {
        return Ok(());
    }
    let of_step = |step: &usize| {
        touched
            .by_step
            .get(step)
            .is_some_and(|controls| controls.contains(&control))
    };
    match touched.by_step.keys().find(|step| of_step(step)) {
        Some(step) if *step < due && !of_step(&due) => Err(format!(
            "{remediation} undoes {control}, which is step {step}'s, before step {due} is undone"
        )),
        _ => Ok(()),
    }
}

/// What was rolled back is as it was before it began, but for what others changed meanwhile.
fn nothing_half_done(history: &History, fact: &Fact) -> Result<(), String> {
    let Some((
        course,
        JournalBody::Entered {
            state: RemediationState::RolledBack { .. },
            ..
        },
    )) = record(history, fact)
    else {
        return Ok(());
    };
    let Some(newest) = &course.newest else { return Ok(()) };
    let Some(touched) = course
        .touched
        .get(&newest.id.number())
        .filter(|touched| !touched.put_right)
    else {
        return Ok(());
    };
    for (control, before) in &touched.before {
        let now = history.setting(newest.id.collection(), control);
        if now.as_ref() != Some(before) && !touched.meddled.iter().any(|meddled| meddled.overlaps(control)) {
            return Err(format!(
                "{} was rolled back, and {control} is {now:?}, not {before:?} as before",
                newest.id
            ));
        }
    }
    Ok(())
}

/// No more remediations begin within a window than are allowed, whatever the clocks say.
fn attempts_limited(history: &History, fact: &Fact) -> Result<(), String> {
    let Some((course, JournalBody::Entered { state, .. })) = record(history, fact) else {
        return Ok(());
    };
    let Some(newest) = course.newest.as_ref().filter(|newest| newest.ordered_by.is_none()) else {
        return Ok(());
    };
    let begins = |state: &RemediationState| matches!(state, RemediationState::Executing { step: 0, .. });
    if !begins(state) || begins(&newest.state) {
        return Ok(());
    }
    let now = dated(fact);
    let within = |config: &HealingConfig| {
        let in_window = |&&begun: &&Timestamp| begun > now || after(begun, now) < config.attempt_window;
        let before = course.attempts.iter().filter(in_window).count();
        before < usize::try_from(config.max_attempts_per_window).unwrap_or(usize::MAX)
    };
    one_of_the_configs(history, fact, within, || {
        format!(
            "{} begins, one attempt too many, after {:?}",
            newest.id, course.attempts
        )
    })
}

/// After one remediation has ended, the next waits until the cool-down is over.
fn cool_down_kept(history: &History, fact: &Fact) -> Result<(), String> {
    let Some((course, begun)) = begins_by_itself(history, fact) else {
        return Ok(());
    };
    let Some(ended) = course.ended.filter(|ended| *ended <= dated(fact)) else {
        return Ok(());
    };
    let over = |config: &HealingConfig| after(ended, dated(fact)) >= config.min_healing_interval;
    one_of_the_configs(history, fact, over, || {
        format!(
            "{} begins at {}, the one before ended at {ended}",
            begun.id,
            dated(fact)
        )
    })
}

/// After too many remediations in a row that did not help, the loop pauses.
fn ineffective_stops(history: &History, fact: &Fact) -> Result<(), String> {
    let Some((course, begun)) = begins_by_itself(history, fact) else {
        return Ok(());
    };
    let Some(ended) = course.ended.filter(|ended| *ended <= dated(fact)) else {
        return Ok(());
    };
    let allowed = |config: &HealingConfig| {
        course.ineffective < config.ineffective_limit || after(ended, dated(fact)) >= config.attempt_window
    };
    one_of_the_configs(history, fact, allowed, || {
        format!("{} begins after {} that did not help", begun.id, course.ineffective)
    })
}

/// A strategy that failed too often for a kind of problem is not tried for it again before its time.
fn quarantine_kept(history: &History, fact: &Fact) -> Result<(), String> {
    let Some((course, begun)) = begins_by_itself(history, fact) else {
        return Ok(());
    };
    let of = (begun.diagnosis.problem.kind(), begun.plan.strategy.clone());
    let Some(&(times, last)) = course.failures.get(&of).filter(|(_, last)| *last <= dated(fact)) else {
        return Ok(());
    };
    let allowed = |config: &HealingConfig| {
        let until = Course::quarantined_until(times, last, config);
        until.is_none_or(|until| until <= dated(fact))
    };
    one_of_the_configs(history, fact, allowed, || {
        format!(
            "{} begins by {}, which failed {times} times, last at {last}",
            begun.id, of.1
        )
    })
}

/// What nobody can explain is left to humans.
fn unknown_never_healed(history: &History, fact: &Fact) -> Result<(), String> {
    match begins(history, fact) {
        Some((_, begun)) if begun.diagnosis.problem.kind() == ProblemKind::Unknown => {
            Err(format!("{} treats an unknown problem", begun.id))
        }
        _ => Ok(()),
    }
}

/// What needs a human's approval waits for it, and gets it from a human.
fn approved_where_needed(history: &History, fact: &Fact) -> Result<(), String> {
    if let Some((
        course,
        JournalBody::Entered {
            number,
            state: RemediationState::Planned {
                approved_by: Some(by), ..
            },
        },
    )) = record(history, fact)
        && !course.approvals.contains(number)
    {
        return Err(format!("number {number} counts as approved by {by}, who was not asked"));
    }
    let Some((_, begun)) = begins_by_itself(history, fact) else {
        return Ok(());
    };
    if matches!(begun.state, RemediationState::AwaitingApproval { .. }) {
        return Ok(());
    }
    let (kind, strategy) = (begun.diagnosis.problem.kind(), &begun.plan.strategy);
    let free = |config: &HealingConfig| {
        !config.require_approval.contains(&kind) && !config.require_approval_strategies.contains(strategy)
    };
    one_of_the_configs(history, fact, free, || {
        format!(
            "{} by {strategy} for {kind} needs approval, and begins without",
            begun.id
        )
    })
}

/// A plan touches no more of a collection than it may, and does not lower lambda by its own account.
fn blast_radius_kept(history: &History, fact: &Fact) -> Result<(), String> {
    let Some((_, begun)) = begins_by_itself(history, fact) else {
        return Ok(());
    };
    if let Some(prediction) = begun.prediction
        && prediction.lambda_after.get() < prediction.lambda_before.get() * (1.0 - 1e-6)
    {
        return Err(format!("{} is to lower lambda: {prediction:?}", begun.id));
    }
    let turn = history.turn(fact.by);
    let Some(&(nodes, _)) = turn.and_then(|turn| turn.seen.get(begun.id.collection())) else {
        return Ok(());
    };
    let vectors: u64 = begun.initial.metrics.partitions.values().map(|it| it.vectors).sum();
    let (touched, moved) = (begun.plan.targets().len(), begun.plan.vectors_moved());
    let small = |config: &HealingConfig| {
        let few = touched <= 1 || share(touched as u64, nodes as u64) <= config.max_node_share.get();
        few && share(moved, vectors) <= config.max_data_share.get()
    };
    one_of_the_configs(history, fact, small, || {
        format!(
            "{} touches {touched} of {nodes} nodes and moves {moved} of {vectors} vectors",
            begun.id
        )
    })
}

/// No more vectors are moved than the plan says, by which its blast radius was judged.
fn moves_as_planned(history: &History, fact: &Fact) -> Result<(), String> {
    let Some((remediation, course)) = effect(history, fact) else {
        return Ok(());
    };
    let (Some(newest), Some(touched)) = (
        course.newest.as_ref().filter(|newest| newest.id == *remediation),
        course.touched.get(&remediation.number()),
    ) else {
        return Ok(());
    };
    let vectors = touched
        .before
        .iter()
        .filter(|(control, _)| matches!(control, Control::Places(_)));
    let (moved, planned) = (vectors.count() as u64, newest.plan.vectors_moved());
    if moved > planned {
        return Err(format!(
            "{remediation} has moved {moved} vectors, and planned to move {planned}"
        ));
    }
    Ok(())
}

/// While operators have switched healing off or frozen it, nothing begins.
fn orders_obeyed(history: &History, fact: &Fact) -> Result<(), String> {
    let begun = begins(history, fact).map(|(_, begun)| begun.id.clone()).or_else(|| {
        let (course, body) = record(history, fact)?;
        let JournalBody::Entered {
            state: RemediationState::Executing { step: 0, .. },
            ..
        } = body
        else {
            return None;
        };
        course.newest.as_ref().map(|newest| newest.id.clone())
    });
    let Some(begun) = begun else { return Ok(()) };
    let turn_began = history.turn(fact.by).map_or(Timestamp::MIN, |turn| turn.began);
    if let Some(frozen) = history
        .orders
        .frozen_since(begun.collection())
        .filter(|at| *at < turn_began)
    {
        return Err(format!("{begun} begins, and healing is frozen since {frozen}"));
    }
    one_of_the_configs(
        history,
        fact,
        |config| config.enabled,
        || format!("{begun} begins, and healing is switched off"),
    )
}

/// While so much is unhealthy that the cause must be outside, nothing begins.
fn storms_waited_out(history: &History, fact: &Fact) -> Result<(), String> {
    let stormy = |unhealthy: u64, of: u64, config: &HealingConfig| {
        of >= u64::from(config.storm_minimum) && share(unhealthy, of) > config.storm_share.get()
    };
    if let What::Rested(view) = &fact.what
        && let Some(begun) = history.turn(fact.by).and_then(|turn| turn.begun.first())
    {
        let calm = |config: &HealingConfig| !stormy(view.unhealthy.into(), view.of.into(), config);
        return one_of_the_configs(history, fact, calm, || {
            format!(
                "{begun} begins, and {} of {} collections are unhealthy",
                view.unhealthy, view.of
            )
        });
    }
    let Some((_, begun)) = begins_by_itself(history, fact) else {
        return Ok(());
    };
    let turn = history.turn(fact.by);
    let Some(&(nodes, unhealthy)) = turn.and_then(|turn| turn.seen.get(begun.id.collection())) else {
        return Ok(());
    };
    let calm = |config: &HealingConfig| !stormy(unhealthy as u64, nodes as u64, config);
    one_of_the_configs(history, fact, calm, || {
        format!("{} begins, and {unhealthy} of {nodes} nodes are unhealthy", begun.id)
    })
}

/// What ends as verified has improved by as much as that takes, and what can be taken back and has not improved is.
fn verified_means_better(history: &History, fact: &Fact) -> Result<(), String> {
    let Some((
        course,
        JournalBody::Entered {
            state:
                RemediationState::Completed {
                    final_lambda,
                    verification,
                    ..
                },
            ..
        },
    )) = record(history, fact)
    else {
        return Ok(());
    };
    let Some(newest) = &course.newest else { return Ok(()) };
    let (before, now) = (newest.initial.lambda.get(), final_lambda.get());
    let rise = (now - before) / before.max(newest.initial.floor().get()).max(f64::MIN_POSITIVE);
    let enough = |config: &HealingConfig| match verification {
        Verification::Lambda { .. } => rise >= config.min_improvement.get() - 1e-9,
        // Of integrity the journal has only how it changed.
        Verification::Integrity { relative_change } => {
            now >= before && *relative_change >= config.min_improvement.get()
        }
        Verification::Symptom { before: was, after: is } => {
            now >= before && is.get() <= was.get() * (1.0 - config.min_improvement.get()) + 1e-9
        }
        _ => IRREVERSIBLE.contains(&newest.plan.strategy.as_str()),
    };
    one_of_the_configs(history, fact, enough, || {
        format!(
            "{} ends as {verification:?}, and lambda went from {before} to {now}",
            newest.id
        )
    })
}

/// The strategies that take nothing back.
const IRREVERSIBLE: [&str; 2] = ["compact_indexes", "resync_replica"];

/// What a healer remembers is what the journal says: of what is at work and what was, of cool-downs and quarantine.
fn memory_is_the_journal(history: &History, fact: &Fact) -> Result<(), String> {
    let What::Rested(view) = &fact.what else {
        return Ok(());
    };
    for memory in &view.memories {
        let Some(course) = history.course(&memory.collection) else {
            continue;
        };
        // One that was born lately may not have read yet.
        let has_read = memory.active.is_some() || memory.last.is_some();
        if !has_read || !history.knows_all(fact.by, &memory.collection) {
            continue;
        }
        let newest = course.newest.as_ref().map(|it| (it.id.clone(), it.state.clone()));
        if memory.active.is_some() && memory.active != newest {
            return Err(format!(
                "it believes {:?} to be at work, it is {newest:?}",
                memory.active
            ));
        }
        if memory.last != course.last {
            return Err(format!(
                "it believes {:?} to have been last, it was {:?}",
                memory.last, course.last
            ));
        }
        let believed = |config: &HealingConfig| {
            let until = course
                .ended
                .and_then(|ended| ended.checked_add(config.min_healing_interval).ok());
            // A clock that was set back since makes nobody wait.
            let past = course.ended.is_none_or(|ended| ended <= memory.now);
            let cooling = until.filter(|until| *until > memory.now);
            let quarantined: Vec<_> = course
                .failures
                .iter()
                .filter_map(|((kind, strategy), &(times, last))| {
                    let until = Course::quarantined_until(times, last, config)?;
                    let holds = last <= memory.now && until > memory.now;
                    holds.then(|| (kind.clone(), strategy.clone(), until))
                })
                .collect();
            let future = course.failures.values().any(|(_, last)| *last > memory.now);
            (!past || cooling == memory.cooling_until) && (future || quarantined == memory.quarantined)
        };
        // One that could not read the orders yet goes by what it was built with, and begins nothing.
        if history.orders.configs.first().is_some_and(|(_, built)| believed(built)) {
            continue;
        }
        one_of_the_configs(history, fact, believed, || {
            format!(
                "it remembers of {} that it cools until {:?} and that {:?} are in quarantine; the last one ended at {:?}, \
                 and failed have {:?}",
                memory.collection, memory.cooling_until, memory.quarantined, course.ended, course.failures
            )
        })?;
    }
    Ok(())
}

/// Each record follows from the one before it.
fn chain_unbroken(history: &History, fact: &Fact) -> Result<(), String> {
    let What::Appended { record, .. } = &fact.what else {
        return Ok(());
    };
    let (next, digest) = match history.streams.get(&record.stream) {
        Some(end) => (end.sequence + 1, end.digest),
        None => (0, healing_core::audit::Digest::GENESIS),
    };
    if record.sequence == next && record.previous == digest {
        Ok(())
    } else {
        Err(format!(
            "record {} of {} does not follow",
            record.sequence, record.stream
        ))
    }
}

/// The remediation in whose name something touches its cluster now, and what has happened there before.
fn effect<'a>(history: &'a History, fact: &'a Fact) -> Option<(&'a RemediationId, &'a Course)> {
    match &fact.what {
        What::Called {
            remediation, result, ..
        } if *result == Reception::Done => Some((remediation, history.course(remediation.collection())?)),
        _ => None,
    }
}

/// The record that is written now in a collection's stream, and what has happened there before.
fn record<'a>(history: &'a History, fact: &'a Fact) -> Option<(&'a Course, &'a JournalBody)> {
    match &fact.what {
        What::Appended { record, body, .. } => match &record.stream {
            Stream::Collection(collection) => Some((history.course(collection)?, body)),
            Stream::Global | Stream::Health(_) => None,
        },
        _ => None,
    }
}

/// The remediation that is new now.
fn begins<'a>(history: &'a History, fact: &'a Fact) -> Option<(&'a Course, &'a Remediation)> {
    match record(history, fact)? {
        (course, JournalBody::Remediation(begun))
            // One that was ordered to be taken back is written down again.
            if course.newest.as_ref().is_none_or(|newest| newest.id.number() < begun.id.number()) =>
        {
            Some((course, begun))
        }
        _ => None,
    }
}

/// The remediation that is new now and was nobody's order.
fn begins_by_itself<'a>(history: &'a History, fact: &'a Fact) -> Option<(&'a Course, &'a Remediation)> {
    begins(history, fact).filter(|(_, begun)| begun.ordered_by.is_none())
}

/// Whether something holds under a configuration that the healer may have gone by.
fn one_of_the_configs(
    history: &History,
    fact: &Fact,
    holds: impl FnMut(&HealingConfig) -> bool,
    wrong: impl FnOnce() -> String,
) -> Result<(), String> {
    if history.configs(fact.by).any(holds) {
        Ok(())
    } else {
        Err(wrong())
    }
}

/// The time that the record which is written now bears: its healer's.
fn dated(fact: &Fact) -> Timestamp {
    match &fact.what {
        What::Appended { record, .. } => record.at,
        _ => fact.at,
    }
}

fn after(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or(Duration::ZERO)
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
