//! Makes a store so that it is there whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use ::redb::Database;
use ::redb::backends::FileBackend;

use super::error::RedbError;
use super::tables;
use crate::host_call::contained;

/// Makes an empty store beside `path` and moves it there, unless something is there.
pub(super) fn create(path: &Path) -> Result<(), RedbError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(RedbError::AlreadyExists { path: path.to_owned() });
    }
    let draft = draft_of(path);
    let created = write(path, &draft).and_then(|()| publish(path, &draft).map_err(|error| failed(path, error)));
    // Published, it has two names, and one is enough; not published, it is of no use.
    let removed = fs::remove_file(&draft);
    created?;
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path, error)),
        _ => sync_directory(path).map_err(|error| failed(path, error)),
    }
}

/// A name beside `path` that nobody else uses, also not a process with the same number in another container.
fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(format!(".{:016x}.new", RandomState::new().hash_one(0)));
    path.with_file_name(name)
}

fn write(path: &Path, draft: &Path) -> Result<(), RedbError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(draft)
        .map_err(|error| failed(path, error))?;
    let made = contained(|| initialise(file)).map_err(|panicked| RedbError::Database {
        path: path.to_owned(),
        source: format!("it {panicked}").into(),
    })?;
    made.map_err(|error| RedbError::of(path, error))
}

fn initialise(file: File) -> Result<(), ::redb::Error> {
    let database = Database::builder().create_with_backend(FileBackend::new(file)?)?;
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    tables::make(&transaction)?;
    transaction.commit()?;
    Ok(())
}

/// Gives the draft its name, unless another file has it.
fn publish(path: &Path, draft: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Not every file system has links; renaming would replace what is there, so look first.
        Err(_) if fs::symlink_metadata(path).is_err() => fs::rename(draft, path),
        linked => linked,
    }
}

/// Makes the name as durable as the contents.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Here "not found" is the directory, so it is not for [`RedbError::of_io`] to say.
fn failed(path: &Path, source: io::Error) -> RedbError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::AlreadyExists => RedbError::AlreadyExists { path },
        _ => RedbError::Io { path, source },
    }
}
