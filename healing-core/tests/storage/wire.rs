//! What the journal's records look like on the wire. Journals are read by later versions: here a line is added, none is changed.

use std::collections::BTreeSet;

use healing_core::storage::JournalBody;
use serde_json::{Map, Value};

const BODIES: &str = include_str!("journal_bodies.jsonl");

#[test]
fn what_was_written_is_read_and_nothing_of_it_is_lost() {
    for line in BODIES.lines() {
        let body: JournalBody = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let (before, now) = (serde_json::from_str(line).unwrap(), serde_json::to_value(body).unwrap());
        assert!(says_all_of(&now, &before), "{line}\nbecame\n{now}");
    }
}

/// Whether everything in `before` is in `now`, where fields may have come to it.
fn says_all_of(now: &Value, before: &Value) -> bool {
    match (now, before) {
        (Value::Object(now), Value::Object(before)) => before
            .iter()
            .all(|(key, before)| now.get(key).is_some_and(|now| says_all_of(now, before))),
        (Value::Array(now), Value::Array(before)) => {
            now.len() == before.len() && now.iter().zip(before).all(|(now, before)| says_all_of(now, before))
        }
        _ => now == before,
    }
}

#[test]
fn there_is_one_of_every_kind_and_state() {
    let (mut kinds, mut states) = (BTreeSet::new(), BTreeSet::new());
    for line in BODIES.lines() {
        let body: Map<String, Value> = serde_json::from_str(line).unwrap();
        states.extend(
            body.values()
                .filter_map(|it| it["state"]["state"].as_str().map(str::to_owned)),
        );
        kinds.extend(body.into_iter().map(|(kind, _)| kind));
    }
    let all = "checkpoint configured entered feedback frozen healthy key_rotated orders_checkpoint relearn remediation unfrozen";
    assert_eq!(kinds.into_iter().collect::<Vec<_>>().join(" "), all);
    let all = "awaiting_approval completed executing expired planned rejected rollback_failed rolled_back rolling_back settling stabilising verifying";
    assert_eq!(states.into_iter().collect::<Vec<_>>().join(" "), all);
}
