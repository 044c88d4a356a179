//! A process that is killed in the middle of writing.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use healing_core::identity::HolderId;
use healing_core::storage::{Journal, JournalRecord, LeaseStore, OutcomeStore, RedbStorage, StreamHead};
use healing_core::{Clock, CollectionId, SystemClock};

use crate::child;
use crate::contents::{body, outcome, record, stream};

const KILLS: u64 = 200;

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Numbers that look random enough to meet every moment of a write.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % below
    }
}

/// Where the journal ends, found as a healer finds it.
fn head(storage: &RedbStorage) -> StreamHead {
    let from = storage.newest_checkpoint(&stream()).unwrap().unwrap_or(0);
    let records = storage.read(&stream(), from, usize::MAX).unwrap();
    records.last().map_or_else(StreamHead::default, JournalRecord::head)
}

#[test]
#[ignore = "the other half of the test below"]
fn write_until_killed() {
    let Some(path) = child::work() else { return };
    let storage = RedbStorage::open_or_create(path, clock()).unwrap();
    let mut out = std::io::stdout().lock();
    let mut say = |what: &str, number: u64| {
        writeln!(out, "{what} {number}").unwrap();
        out.flush().unwrap();
    };
    let mut head = head(&storage);
    loop {
        let record = record(head);
        storage.append(&record).unwrap();
        say("record", record.sequence);
        head = record.head();
        if head.next.is_multiple_of(3) {
            storage.record(&outcome(head.next)).unwrap();
            say("outcome", head.next);
        }
        if head.next.is_multiple_of(5) {
            let collection = CollectionId::new(format!("leased {}", head.next % 4)).unwrap();
            let lease = storage.acquire(&collection, &HolderId::new("child").unwrap(), Duration::ZERO);
            say("token", lease.unwrap().token.get());
        }
        if head.next.is_multiple_of(70) {
            storage.prune(&stream()).unwrap();
        }
    }
}

/// What children acknowledged, all told.
#[derive(Default)]
struct Acknowledged {
    last_record: Option<u64>,
    outcomes: Vec<u64>,
    greatest_token: u64,
}

impl Acknowledged {
    /// Takes in a line; one that was cut off in the middle, or is the test program's own, is nobody's word.
    fn take_in(&mut self, line: &str) {
        let Some((what, number)) = line.strip_suffix('\n').and_then(|line| line.split_once(' ')) else {
            return;
        };
        let Ok(number) = number.parse() else { return };
        match what {
            "record" => self.last_record = Some(number),
            "outcome" => self.outcomes.push(number),
            "token" => self.greatest_token = self.greatest_token.max(number),
            _ => {}
        }
    }

    /// Everything acknowledged is there, whole.
    fn check(&self, storage: &RedbStorage, kill: u64) {
        let from = storage.newest_checkpoint(&stream()).unwrap().unwrap_or(0);
        let records = storage.read(&stream(), 0, usize::MAX).unwrap();
        assert!(records.iter().any(|record| record.sequence == from) || records.is_empty());
        assert!(
            records.last().map(|record| record.sequence) >= self.last_record,
            "kill {kill}: {:?} was acknowledged, {} records are there",
            self.last_record,
            records.len()
        );
        for pair in records.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence + 1);
            assert_eq!(pair[1].previous, pair[0].digest());
        }
        for record in &records {
            assert_eq!(record.open().unwrap(), body(record.sequence));
        }
        let outcomes = storage.outcomes(None, usize::MAX).unwrap();
        let numbers: Vec<u64> = outcomes.iter().map(|it| it.outcome.remediation.number()).collect();
        for stored in &outcomes {
            assert_eq!(stored.outcome, outcome(stored.outcome.remediation.number()));
        }
        assert!(
            numbers.starts_with(&self.outcomes),
            "kill {kill}: {:?} were acknowledged, {numbers:?} are there",
            self.outcomes
        );
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed_at_two_hundred_random_moments() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("healing.redb");
    let mut dice = Dice(42);
    let mut acknowledged = Acknowledged::default();
    let mut records = 0;
    for kill in 0..KILLS {
        let mut child = child::command("killed::write_until_killed", &path, "")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        // Every fourth is killed while it opens the store, the others while they write.
        let mut wait_for_writing = kill % 4 != 0;
        let mut line = String::new();
        while wait_for_writing {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "the child ended by itself");
            acknowledged.take_in(&line);
            wait_for_writing = !line.starts_with("record");
        }
        std::thread::sleep(Duration::from_micros(dice.roll(40_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        loop {
            line.clear();
            if said.read_line(&mut line).unwrap() == 0 {
                break;
            }
            acknowledged.take_in(&line);
        }
        if acknowledged.last_record.is_none() {
            continue;
        }
        let storage = RedbStorage::open(&path, clock()).unwrap();
        acknowledged.check(&storage, kill);
        // What was written but not acknowledged is there for good now.
        let kept = storage.outcomes(None, usize::MAX).unwrap();
        acknowledged.outcomes = kept.iter().map(|it| it.outcome.remediation.number()).collect();
        let next = record(head(&storage));
        storage.append(&next).unwrap();
        acknowledged.last_record = Some(next.sequence);
        records = next.sequence;
        for number in 0..4 {
            let collection = CollectionId::new(format!("leased {number}")).unwrap();
            let lease = storage.acquire(&collection, &HolderId::new("parent").unwrap(), Duration::ZERO);
            acknowledged.greatest_token = acknowledged.greatest_token.max(lease.unwrap().token.get());
        }
    }
    assert!(records > KILLS, "only {records} records in {KILLS} lives");
}

#[test]
fn a_second_process_is_refused_while_the_first_has_the_store_open() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("healing.redb");
    let storage = RedbStorage::create(&path, clock()).unwrap();
    let refused = || {
        child::command("killed::open_and_say_what_happens", &path, "")
            .output()
            .unwrap()
    };
    let said = String::from_utf8(refused().stdout).unwrap();
    assert!(said.contains("one process at a time"), "{said}");
    drop(storage);
    let said = String::from_utf8(refused().stdout).unwrap();
    assert!(said.contains("it opened"), "{said}");
}

#[test]
#[ignore = "the other half of the test above"]
fn open_and_say_what_happens() {
    let Some(path) = child::work() else { return };
    let said = match RedbStorage::open(path, clock()) {
        Ok(_) => "it opened".to_owned(),
        Err(error) => error.to_string(),
    };
    writeln!(std::io::stdout(), "{said}").unwrap();
}
