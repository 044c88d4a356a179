//! Tells whether a journal is what was written: `audit-verify FILE PUBLIC_KEY [HEADS]`.
//!
//! FILE is a store of `RedbStorage`, or records as JSON, one a line, those of the global stream first. PUBLIC_KEY is the
//! key that the journal was begun with, as 64 hexadecimal digits. HEADS holds signed heads as JSON, one a line, that were
//! kept elsewhere. Ends with 0 when the journal is sound, 1 when it is not, and 2 when that could not be found out.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program's answer")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::process::ExitCode;
use std::sync::Arc;

use healing_core::SystemClock;
use healing_core::audit::{AuditError, PublicKey, SignedHead, verify, verify_lines};
use healing_core::storage::{RedbStorage, Stream, StreamHead};

const USAGE: &str = "usage: audit-verify FILE PUBLIC_KEY [HEADS]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match audit(&arguments) {
        Ok(Ok(ends)) => {
            for (stream, head) in ends {
                println!(
                    "{stream}: sound up to record {}, digest {}",
                    head.next.saturating_sub(1),
                    head.digest
                );
            }
            ExitCode::SUCCESS
        }
        Ok(Err(error @ (AuditError::Journal(_) | AuditError::Io(_)))) => {
            eprintln!("not verified: {error}");
            ExitCode::from(2)
        }
        Ok(Err(error)) => {
            eprintln!("NOT SOUND: {error}");
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("not verified: {error}");
            ExitCode::from(2)
        }
    }
}

type Verified = Result<BTreeMap<Stream, StreamHead>, AuditError>;

fn audit(arguments: &[String]) -> Result<Verified, Box<dyn Error>> {
    let (file, key, heads) = match arguments {
        [file, key] => (file, key, None),
        [file, key, heads] => (file, key, Some(heads)),
        _ => return Err(USAGE.into()),
    };
    let key: PublicKey = key.parse().map_err(|error| format!("PUBLIC_KEY {key:?}: {error}"))?;
    let known = match heads {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| format!("{path}: {error}"))?
            .lines()
            .map(|line| serde_json::from_str(line).map_err(|error| format!("{path}: {error}")))
            .collect::<Result<Vec<SignedHead>, _>>()?,
        None => Vec::new(),
    };
    let mut first = [0];
    let mut opened = File::open(file).map_err(|error| format!("{file}: {error}"))?;
    let read = opened.read(&mut first)?;
    if read == 1 && first == *b"{" {
        return Ok(verify_lines(BufReader::new(File::open(file)?), key, &known));
    }
    drop(opened);
    let store = RedbStorage::open(file, Arc::new(SystemClock)).map_err(|error| format!("{file}: {error}"))?;
    Ok(verify(&store, key, &known))
}
