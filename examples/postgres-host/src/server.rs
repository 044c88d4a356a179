//! A PostgreSQL server for a demonstration or a test: made from the machine's own binaries in a temporary folder, reached
//! over a Unix socket in it, gone with its owner.

use std::ffi::OsStr;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::{env, fs, io};

use tempfile::TempDir;
use thiserror::Error;

/// A running server. It ends, and its folder with it, when this is dropped or its process ends in whatever way.
///
/// What it stores is not synced to the disk: it survives its own crash, but not that of the machine.
#[derive(Debug)]
pub struct ThrowawayServer {
    binaries: PathBuf,
    folder: PathBuf,
    account: Option<Account>,
    caretaker: Child,
}

/// A server that could not be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServerError {
    /// There is none on this machine.
    #[error("no PostgreSQL server is installed here: on Debian, `apt-get install postgresql` (15 or later)")]
    NotInstalled,
    /// Only root is there to run it, which it refuses.
    #[error("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody to run it as")]
    NoAccount,
    /// A program did not do what was asked.
    #[error("{program} failed: {said}")]
    Failed {
        /// The program.
        program: String,
        /// What it said.
        said: String,
    },
    /// The folder, or a program, could not be used.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// How a server is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Sessions are ended first.
    Fast,
    /// As by a power cut, but for what the operating system had still to write.
    Crash,
}

/// Whom the server runs as when root starts it.
#[derive(Debug, Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

/// Waits until its input ends, which it does with its owner, and tidies up. What ends its owner must not end it first.
const CARETAKER: &str = r#"trap '' HUP INT TERM; read -r _
for data in "$2"/data*; do "$1/pg_ctl" stop -D "$data" -m immediate -s -w; done
rm -rf "$2""#;

/// Both listen in a folder of their own, so that nobody else's server is in the way.
const PORT: u16 = 5432;
const STANDBY_PORT: u16 = 5433;

/// The superuser of every throwaway server.
pub const SUPERUSER: &str = "postgres";

impl ThrowawayServer {
    /// Makes and starts one: a second, where the machine is idle.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn start() -> Result<Self, ServerError> {
        let binaries = binaries().ok_or(ServerError::NotInstalled)?;
        let folder = TempDir::with_prefix("ruvector-").map_err(io_error("a temporary folder could not be made"))?;
        let account = account(folder.path())?;
        let folder = folder.keep();
        let caretaker = run_as(account, Path::new("/bin/sh"))
            .args([OsStr::new("-c"), OsStr::new(CARETAKER), OsStr::new("caretaker")])
            .args([binaries.as_os_str(), folder.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(io_error("the shell could not be started"))?;
        // From here on the caretaker tidies up, whatever fails.
        let server = Self {
            binaries,
            folder,
            account,
            caretaker,
        };
        server.create()?;
        server.launch(&server.data(), PORT)?;
        Ok(server)
    }

    /// How to connect to one of its databases.
    #[must_use]
    pub fn config(&self, database: &str) -> postgres::Config {
        let mut config = postgres::Config::new();
        config.host_path(&self.folder).user(SUPERUSER).dbname(database);
        config
    }

    /// The folder that its socket is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// An empty folder that the server may use, for a tablespace.
    ///
    /// # Errors
    /// [`ServerError::Io`].
    pub fn make_folder(&self, name: &str) -> Result<PathBuf, ServerError> {
        let path = self.folder.join(name);
        fs::create_dir(&path).map_err(io_error("a folder for the server could not be made"))?;
        if let Some(Account { user, group }) = self.account {
            chown(&path, Some(user), Some(group)).map_err(io_error("a folder could not be given to the server"))?;
        }
        Ok(path)
    }

    /// Ends it and starts it again, on the same data.
    ///
    /// # Errors
    /// [`ServerError::Failed`].
    pub fn restart(&self, ending: Ending) -> Result<(), ServerError> {
        let mode = match ending {
            Ending::Fast => "fast",
            Ending::Crash => "immediate",
        };
        self.run("pg_ctl", ["stop", "-D", &self.data(), "-m", mode, "-s", "-w"])?;
        self.launch(&self.data(), PORT)
    }

    /// Makes a standby that follows it, and starts it: how to connect to one of the databases there.
    ///
    /// # Errors
    /// [`ServerError::Failed`].
    pub fn start_standby(&self, name: &str, database: &str) -> Result<postgres::Config, ServerError> {
        let (data, folder) = (format!("{}-{name}", self.data()), self.folder.display().to_string());
        let primary = format!("host={folder} user={SUPERUSER} application_name={name}");
        let copy = [
            "-d",
            &primary,
            "-D",
            &data,
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
        ];
        self.run("pg_basebackup", copy)?;
        self.launch(&data, STANDBY_PORT)?;
        let mut config = self.config(database);
        config.port(STANDBY_PORT);
        Ok(config)
    }

    fn create(&self) -> Result<(), ServerError> {
        let options = ["-A", "trust", "-U", SUPERUSER, "-E", "UTF8", "--locale=C", "--no-sync"];
        self.run("initdb", options.into_iter().chain(["-D", &self.data()]))?;
        let rules = [
            // The SQL interface's own connection back to the server must show its password.
            "local all +ruvector_courier scram-sha-256",
            "local all all trust",
            "local replication all trust",
        ];
        let path = self.folder.join("data/pg_hba.conf");
        fs::write(path, rules.join("\n")).map_err(io_error("the server's access rules could not be written"))
    }

    fn launch(&self, data: &str, port: u16) -> Result<(), ServerError> {
        let (folder, port) = (self.folder.display().to_string(), port.to_string());
        let settings = [
            ("port", port.as_str()),
            ("unix_socket_directories", folder.as_str()),
            ("listen_addresses", ""),
            ("fsync", "off"),
            ("max_connections", "200"),
            ("max_wal_senders", "4"),
            ("log_min_messages", "warning"),
        ];
        let settings: String = settings
            .iter()
            .map(|(name, value)| format!(" -c {name}='{value}'"))
            .collect();
        let log = format!("{folder}/log");
        self.run("pg_ctl", ["start", "-D", data, "-l", &log, "-o", &settings, "-s", "-w"])
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    /// Runs one of the server's programs.
    fn run<'a>(&self, program: &str, arguments: impl IntoIterator<Item = &'a str>) -> Result<(), ServerError> {
        let mut command = run_as(self.account, &self.binaries.join(program));
        // A server that is started must not keep the pipe.
        let log = tempfile::tempfile().map_err(io_error("a temporary file could not be made"))?;
        let copy = log
            .try_clone()
            .map_err(io_error("a temporary file could not be used"))?;
        let Output { status, .. } = command
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(
                copy.try_clone()
                    .map_err(io_error("a temporary file could not be used"))?,
            )
            .stderr(copy)
            .output()
            .map_err(io_error("one of the server's programs could not be started"))?;
        if status.success() {
            return Ok(());
        }
        Err(ServerError::Failed {
            program: program.to_owned(),
            said: read_back(log),
        })
    }
}

impl Drop for ThrowawayServer {
    fn drop(&mut self) {
        drop(self.caretaker.stdin.take());
        // Where it cannot be waited for it tidies up all the same.
        let _ = self.caretaker.wait();
    }
}

/// Where the server's programs are: on the path, or where Debian puts them, the newest version first.
fn binaries() -> Option<PathBuf> {
    let on_path: Vec<PathBuf> = env::var_os("PATH").map_or_else(Vec::new, |path| env::split_paths(&path).collect());
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut packaged: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .collect();
    packaged.sort_unstable_by(|one, other| other.cmp(one));
    first_complete(&on_path, packaged.into_iter().map(|(_, folder)| folder))
}

/// The first folder that has every program: of those on the path, and then of the others.
fn first_complete(on_path: &[PathBuf], packaged: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let has_all = |folder: &PathBuf| PROGRAMS.iter().all(|it| folder.join(it).is_file());
    // On the path may be links to some of them only.
    let own = on_path
        .iter()
        .filter_map(|folder| Some(fs::canonicalize(folder.join("pg_ctl")).ok()?.parent()?.to_owned()));
    own.chain(packaged).find(has_all)
}

/// What a server needs.
const PROGRAMS: [&str; 4] = ["initdb", "pg_ctl", "postgres", "pg_basebackup"];

/// Whom the server runs as, and gives `folder` to them: `None` where that is who runs this.
fn account(folder: &Path) -> Result<Option<Account>, ServerError> {
    let owner = fs::metadata(folder).map_err(io_error("the temporary folder could not be looked at"))?;
    if owner.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").map_err(io_error("the users of this machine could not be read"))?;
    let found = ["postgres", "nobody"].iter().find_map(|name| {
        let mut fields = users
            .lines()
            .map(|line| line.split(':'))
            .find(|it| it.clone().next() == Some(name))?;
        Some(Account {
            user: fields.nth(2)?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
        })
    });
    let account = found.ok_or(ServerError::NoAccount)?;
    chown(folder, Some(account.user), Some(account.group))
        .map_err(io_error("the temporary folder could not be given to the server"))?;
    // Root's programs find the socket in it.
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder, open).map_err(io_error("the temporary folder could not be opened"))?;
    Ok(Some(account))
}

fn run_as(account: Option<Account>, program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some(Account { user, group }) = account {
        command.uid(user).gid(group);
    }
    command
}

fn read_back(mut file: fs::File) -> String {
    use std::io::{Read, Seek};

    let mut said = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut said));
    read.map_or_else(|error| error.to_string(), |_| said.trim().to_owned())
}

fn io_error(what: &'static str) -> impl FnOnce(io::Error) -> ServerError {
    move |source| ServerError::Io { what, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder(programs: &[&str]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for program in programs {
            fs::write(folder.path().join(program), "").unwrap();
        }
        folder
    }

    #[test]
    fn the_path_comes_first_links_are_followed_and_what_is_incomplete_is_passed_over() {
        let (own, packaged, incomplete) = (folder(&PROGRAMS), folder(&PROGRAMS), folder(&PROGRAMS[..2]));
        let linked = folder(&[]);
        symlink(own.path().join("pg_ctl"), linked.path().join("pg_ctl")).unwrap();
        let path = |folder: &TempDir| fs::canonicalize(folder.path()).unwrap();
        let found = |on_path: &[&TempDir], packaged: &[&TempDir]| {
            let on_path: Vec<PathBuf> = on_path.iter().map(|it| path(it)).collect();
            first_complete(&on_path, packaged.iter().map(|it| path(it)))
        };
        assert_eq!(found(&[&incomplete, &linked], &[&packaged]), Some(path(&own)));
        assert_eq!(found(&[&incomplete], &[&incomplete, &packaged]), Some(path(&packaged)));
        assert_eq!(found(&[&incomplete], &[]), None);
    }

    #[test]
    fn without_a_server_one_line_says_what_to_install() {
        let said = ServerError::NotInstalled.to_string();
        assert!(
            !said.contains('\n') && said.contains("apt-get install postgresql"),
            "{said}"
        );
    }
}
