//! Arbitrary bytes as a journal, one record or what one says a line. What is read never brings a reader down; what was sealed
//! verifies, and does not once a bit of it is another; and a healer goes on from whatever a journal says.

#![no_main]

mod contained;
#[path = "../../healing-core/tests/engine/world/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the engine's tests use all of it")]
mod world;

use healing_core::Clock;
use healing_core::audit::{Ed25519Signer, Signer, verify, verify_lines, write_records};
use healing_core::identity::FencingToken;
use healing_core::storage::{Journal, JournalBody, JournalRecord, Stream, StreamHead};
use libfuzzer_sys::fuzz_target;
use world::{Valves, World, collection};

/// So often the healer is called.
const TICKS: usize = 30;

fuzz_target!(init: contained::listen(), |data: &[u8]| contained::run(|| {
    read_records(data);
    let (lines, flip) = data.split_at(data.len().saturating_sub(3));
    let bodies: Vec<JournalBody> = lines
        .split(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .filter(|body| !vouches(body))
        .collect();
    if bodies.is_empty() {
        return;
    }
    let world = World::new();
    // Signatures are most of what a run costs.
    match flip {
        &[low, high, bit] if bit % 16 >= 8 => {
            seal(&bodies, &world, Some(&signer()));
            verify_sealed(&world, usize::from(u16::from_le_bytes([low, high])), bit % 8);
        }
        _ => {
            seal(&bodies, &world, None);
            go_on(&world);
        }
    }
}));

fn signer() -> Ed25519Signer {
    Ed25519Signer::new(&[7; 32])
}

/// Whether it names a new key: what follows would have to be signed with that.
fn vouches(body: &JournalBody) -> bool {
    match body {
        JournalBody::KeyRotated { .. } => true,
        JournalBody::OrdersCheckpoint(orders) => !orders.rotations.is_empty(),
        _ => false,
    }
}

fn read_records(data: &[u8]) {
    if let Ok(heads) = verify_lines(data, signer().public_key(), &[]) {
        assert!(heads.values().all(|head| head.next > 0));
    }
    for line in data.split(|&byte| byte == b'\n') {
        if let Ok(record) = serde_json::from_slice::<JournalRecord>(line) {
            let written = serde_json::to_vec(&record).expect("every record can be written");
            let back: JournalRecord = serde_json::from_slice(&written).expect("and read");
            assert_eq!((back.digest(), &back), (record.digest(), &record));
            if let Err(error) = record.open() {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

/// Writes the bodies down as a healer would, each in its stream.
fn seal(bodies: &[JournalBody], world: &World, signer: Option<&dyn Signer>) {
    for body in bodies {
        let (stream, token) = match body {
            JournalBody::Remediation(_) | JournalBody::Entered { .. } | JournalBody::Checkpoint(_) => {
                (Stream::Collection(collection()), 1)
            }
            JournalBody::Healthy { .. } => (Stream::Health(collection()), 0),
            _ => (Stream::Global, 0),
        };
        let head = head(world, &stream);
        let (token, now) = (FencingToken::new(token), world.clock.now());
        let record = JournalRecord::seal(stream, head, token, now, body, signer).expect("a record");
        assert_eq!(record.open().expect("what was sealed"), *body);
        world.storage.append(&record).expect("the next record");
    }
}

fn head(world: &World, stream: &Stream) -> StreamHead {
    let records = world.storage.read(stream, 0, usize::MAX).expect("a stream");
    records.last().map(JournalRecord::head).unwrap_or_default()
}

/// What was sealed verifies, and does not once this bit of it is another.
fn verify_sealed(world: &World, at: usize, bit: u8) {
    let key = signer().public_key();
    let heads = verify(&world.storage, key, &[]).expect("what was sealed");
    let mut lines = Vec::new();
    write_records(&world.storage, &mut lines).expect("records");
    let at = at % lines.len();
    lines[at] ^= 1 << bit;
    assert!(
        verify_lines(&*lines, key, &[]).is_err(),
        "bit {bit} of byte {at} was changed"
    );
    lines[at] ^= 1 << bit;
    assert_eq!(verify_lines(&*lines, key, &[]).expect("the same records"), heads);
}

/// The healer that comes next reads it, finishes what it can, and is not stuck.
fn go_on(world: &World) {
    let mut healer = world.healer([Valves::working(world)]).build().expect("a healer");
    world.sicken(0.3);
    for _ in 0..TICKS {
        let wake_at = healer.tick().wake_at;
        assert!(wake_at > world.clock.now(), "it wants to be called again at once");
        world.clock.set(wake_at);
    }
    drop(healer.status());
}
