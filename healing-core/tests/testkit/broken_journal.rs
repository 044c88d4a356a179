//! A journal that can be made to break any one of its rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use healing_core::identity::FencingToken;
use healing_core::storage::{Journal, JournalError, JournalRecord, RecordKind, Stream};
use healing_core::testkit::storage::journal;
use healing_core::{CollectionId, Timestamp, VirtualClock};
use parking_lot::Mutex;

use crate::broken::{Broken, Gap, each_check_finds_its_flaw};

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Flaw {
    #[default]
    None,
    KeepsBodiesAsJson,
    KeepsMilliseconds,
    LosesSignatures,
    SortsNumbersAsText,
    BeginsAfterWhereItWasAsked,
    IgnoresTheLimit,
    TakesRecordsOutOfSequence,
    RefusesWithoutSayingWhy,
    FencesNothing,
    FencesAllStreamsTogether,
    RemembersTokensOfRefusedRecords,
    ListsStreamsOfRefusedRecords,
    FindsTheOldestCheckpoint,
    PrunesNothing,
    PrunesTheCheckpointToo,
    PrunesEveryStream,
    CountsFromWhatIsLeft,
    FoldsCase,
    TrimsNames,
    ListsAsItGoes,
    LosesTheLastRecordOnRestart,
    ForgetsTheFenceOnRestart,
    SeesWhatWasThereWhenItOpened,
    LooksBeforeItWrites,
    IsBusy,
}

const FLAWS: &[(Flaw, &str)] = &[
    (Flaw::KeepsBodiesAsJson, "journal.what_is_read_is_what_was_appended"),
    (Flaw::KeepsMilliseconds, "journal.what_is_read_is_what_was_appended"),
    (Flaw::LosesSignatures, "journal.what_is_read_is_what_was_appended"),
    (Flaw::SortsNumbersAsText, "journal.records_come_in_order"),
    (
        Flaw::BeginsAfterWhereItWasAsked,
        "journal.reading_begins_and_ends_as_asked",
    ),
    (Flaw::IgnoresTheLimit, "journal.reading_begins_and_ends_as_asked"),
    (
        Flaw::TakesRecordsOutOfSequence,
        "journal.an_append_out_of_sequence_is_refused",
    ),
    (
        Flaw::RefusesWithoutSayingWhy,
        "journal.an_append_out_of_sequence_is_refused",
    ),
    (Flaw::FencesNothing, "journal.an_old_token_is_fenced"),
    (
        Flaw::FencesAllStreamsTogether,
        "journal.a_stream_is_fenced_by_its_own_tokens_alone",
    ),
    (
        Flaw::RemembersTokensOfRefusedRecords,
        "journal.a_refused_append_leaves_nothing_behind",
    ),
    (
        Flaw::ListsStreamsOfRefusedRecords,
        "journal.a_refused_append_leaves_nothing_behind",
    ),
    (Flaw::FindsTheOldestCheckpoint, "journal.the_newest_checkpoint_is_found"),
    (
        Flaw::PrunesNothing,
        "journal.pruning_keeps_all_from_the_newest_checkpoint_on",
    ),
    (
        Flaw::PrunesTheCheckpointToo,
        "journal.pruning_keeps_all_from_the_newest_checkpoint_on",
    ),
    (Flaw::PrunesEveryStream, "journal.pruning_leaves_other_streams_alone"),
    (
        Flaw::CountsFromWhatIsLeft,
        "journal.a_pruned_stream_goes_on_where_it_was",
    ),
    (Flaw::FoldsCase, "journal.streams_are_kept_apart"),
    (Flaw::TrimsNames, "journal.streams_are_kept_apart"),
    (Flaw::ListsAsItGoes, "journal.streams_are_listed_sorted"),
    (
        Flaw::LosesTheLastRecordOnRestart,
        "journal.what_was_appended_survives_a_restart",
    ),
    (
        Flaw::ForgetsTheFenceOnRestart,
        "journal.sequence_and_fence_survive_a_restart",
    ),
    (
        Flaw::SeesWhatWasThereWhenItOpened,
        "journal.another_handle_sees_what_was_appended",
    ),
    (
        Flaw::LooksBeforeItWrites,
        "journal.of_writers_with_the_same_number_one_wins",
    ),
    (Flaw::IsBusy, "journal.writers_of_different_streams_all_succeed"),
];

#[test]
fn each_check_of_a_journal_finds_its_flaw() {
    each_check_finds_its_flaw(journal::<crate::broken::Factory<Sketch>>, FLAWS);
}

struct Sketch {
    flaw: Flaw,
    streams: Arc<Mutex<Vec<Kept>>>,
    gap: Arc<Gap>,
}

/// A stream, in the order of the first appends.
#[derive(Clone)]
struct Kept {
    stream: Stream,
    records: BTreeMap<u64, JournalRecord>,
    next: u64,
    token: FencingToken,
}

impl Kept {
    fn checkpoints(&self) -> impl DoubleEndedIterator<Item = u64> {
        let records = self.records.values();
        records
            .filter(|it| it.kind == RecordKind::Checkpoint)
            .map(|it| it.sequence)
    }
}

impl Sketch {
    fn with(flaw: Flaw, streams: Vec<Kept>) -> Self {
        Self {
            flaw,
            streams: Arc::new(Mutex::new(streams)),
            gap: Arc::default(),
        }
    }

    /// The stream that records of `stream` are kept in.
    fn name(&self, stream: &Stream) -> Stream {
        let renamed = |rename: fn(&str) -> String| match stream {
            Stream::Global => Stream::Global,
            Stream::Collection(collection) => {
                Stream::Collection(CollectionId::new(rename(collection.as_str())).unwrap())
            }
            Stream::Health(collection) => Stream::Health(CollectionId::new(rename(collection.as_str())).unwrap()),
        };
        match self.flaw {
            Flaw::FoldsCase => renamed(str::to_lowercase),
            Flaw::TrimsNames => renamed(|name| name.trim().to_owned()),
            _ => stream.clone(),
        }
    }

    /// The record as it is kept.
    fn kept(&self, record: &JournalRecord) -> JournalRecord {
        let mut kept = record.clone();
        match self.flaw {
            Flaw::KeepsBodiesAsJson => {
                let body: serde_json::Value = serde_json::from_str(&kept.body).unwrap();
                kept.body = body.to_string();
            }
            Flaw::KeepsMilliseconds => kept.at = Timestamp::from_millisecond(kept.at.as_millisecond()).unwrap(),
            Flaw::LosesSignatures => kept.signature = None,
            _ => {}
        }
        kept
    }

    fn refusal(&self, record: &JournalRecord, streams: &[Kept]) -> Option<JournalError> {
        let stream = self.name(&record.stream);
        let kept = streams.iter().find(|kept| kept.stream == stream);
        let newest = if self.flaw == Flaw::FencesAllStreamsTogether {
            streams.iter().map(|kept| kept.token).max()
        } else {
            kept.map(|kept| kept.token)
        };
        if let Some(newest) = newest.filter(|newest| record.token < *newest)
            && self.flaw != Flaw::FencesNothing
        {
            return Some(JournalError::Fenced {
                token: record.token,
                newest,
            });
        }
        let next = kept.map_or(0, |kept| match self.flaw {
            Flaw::CountsFromWhatIsLeft => kept.records.len() as u64,
            _ => kept.next,
        });
        let refused = match self.flaw {
            Flaw::TakesRecordsOutOfSequence => record.sequence < next,
            _ => record.sequence != next,
        };
        refused.then(|| match self.flaw {
            Flaw::RefusesWithoutSayingWhy => JournalError::Host("constraint violated".into()),
            _ => JournalError::OutOfSequence {
                stream: record.stream.clone(),
                sequence: record.sequence,
                next,
            },
        })
    }

    fn write(&self, record: &JournalRecord, streams: &mut Vec<Kept>) {
        let stream = self.name(&record.stream);
        let kept = match streams.iter_mut().find(|kept| kept.stream == stream) {
            Some(kept) => kept,
            None => streams.push_mut(Kept {
                stream,
                records: BTreeMap::new(),
                next: 0,
                token: record.token,
            }),
        };
        kept.records.insert(record.sequence, self.kept(record));
        kept.next = record.sequence + 1;
        kept.token = record.token;
    }
}

impl Broken for Sketch {
    type Flaw = Flaw;

    fn fresh(flaw: Flaw, _: VirtualClock) -> Self {
        Self::with(flaw, Vec::new())
    }

    fn reopened(&self) -> Self {
        let mut streams = self.streams.lock().clone();
        for kept in &mut streams {
            match self.flaw {
                Flaw::LosesTheLastRecordOnRestart => {
                    kept.next -= 1;
                    kept.records.pop_last();
                }
                Flaw::ForgetsTheFenceOnRestart => kept.token = FencingToken::new(0),
                _ => {}
            }
        }
        Self::with(self.flaw, streams)
    }

    fn beside(&self) -> Self {
        match self.flaw {
            Flaw::SeesWhatWasThereWhenItOpened => Self::with(self.flaw, self.streams.lock().clone()),
            _ => Self {
                flaw: self.flaw,
                streams: Arc::clone(&self.streams),
                gap: Arc::clone(&self.gap),
            },
        }
    }
}

impl Journal for Sketch {
    fn append(&self, record: &JournalRecord) -> Result<(), JournalError> {
        let mut streams = match self.flaw {
            Flaw::IsBusy => {
                let streams = self.streams.try_lock();
                streams.ok_or_else(|| JournalError::Host("database is locked".into()))?
            }
            _ => self.streams.lock(),
        };
        if let Some(refusal) = self.refusal(record, &streams) {
            let stream = self.name(&record.stream);
            let kept = streams.iter_mut().find(|kept| kept.stream == stream);
            match (self.flaw, kept) {
                (Flaw::RemembersTokensOfRefusedRecords, Some(kept)) => kept.token = kept.token.max(record.token),
                (Flaw::ListsStreamsOfRefusedRecords, None) => {
                    let (next, token) = (0, FencingToken::new(0));
                    streams.push(Kept {
                        stream,
                        records: BTreeMap::new(),
                        next,
                        token,
                    });
                }
                _ => {}
            }
            return Err(refusal);
        }
        match self.flaw {
            Flaw::LooksBeforeItWrites => {
                drop(streams);
                self.gap.linger();
                self.write(record, &mut self.streams.lock());
            }
            _ => {
                if self.flaw == Flaw::IsBusy {
                    self.gap.linger();
                }
                self.write(record, &mut streams);
            }
        }
        Ok(())
    }

    fn read(&self, stream: &Stream, from: u64, limit: usize) -> Result<Vec<JournalRecord>, JournalError> {
        let stream = self.name(stream);
        let streams = self.streams.lock();
        let Some(kept) = streams.iter().find(|kept| kept.stream == stream) else {
            return Ok(Vec::new());
        };
        let from = match self.flaw {
            Flaw::BeginsAfterWhereItWasAsked if from > 0 => from.saturating_add(1),
            _ => from,
        };
        let mut records: Vec<_> = kept.records.range(from..).map(|(_, record)| record.clone()).collect();
        if self.flaw == Flaw::SortsNumbersAsText {
            records.sort_by_key(|record| record.sequence.to_string());
        }
        if self.flaw != Flaw::IgnoresTheLimit {
            records.truncate(limit);
        }
        Ok(records)
    }

    fn newest_checkpoint(&self, stream: &Stream) -> Result<Option<u64>, JournalError> {
        let stream = self.name(stream);
        let streams = self.streams.lock();
        let kept = streams.iter().find(|kept| kept.stream == stream);
        Ok(kept.and_then(|kept| match self.flaw {
            Flaw::FindsTheOldestCheckpoint => kept.checkpoints().next(),
            _ => kept.checkpoints().next_back(),
        }))
    }

    fn prune(&self, stream: &Stream) -> Result<(), JournalError> {
        let stream = self.name(stream);
        for kept in self.streams.lock().iter_mut() {
            if kept.stream != stream && self.flaw != Flaw::PrunesEveryStream {
                continue;
            }
            let from = match (self.flaw, kept.checkpoints().next_back()) {
                (Flaw::PrunesNothing, _) | (_, None) => continue,
                (Flaw::PrunesTheCheckpointToo, Some(checkpoint)) => checkpoint + 1,
                (_, Some(checkpoint)) => checkpoint,
            };
            kept.records = kept.records.split_off(&from);
        }
        Ok(())
    }

    fn streams(&self) -> Result<Vec<Stream>, JournalError> {
        let streams = self.streams.lock();
        let mut names: Vec<_> = streams.iter().map(|kept| kept.stream.clone()).collect();
        if self.flaw != Flaw::ListsAsItGoes {
            names.sort();
        }
        Ok(names)
    }
}
