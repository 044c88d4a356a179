//! Healers: as processes of their own, or in this one, on a store that is broken by too many jobs at once.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use healing_core::engine::SharedHealer;
use healing_core::{HealingConfig, SystemClock};
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::{Client, NoTls};
use postgres_host::server::ThrowawayServer;
use postgres_host::{CommandDesk, Database, Limits, service};
use serde_json::json;

use crate::world::{self, embeddings, new_collection};

/// A small collection, in a database with the operators' functions.
pub(crate) struct Ward<'a> {
    pub(crate) server: &'a ThrowawayServer,
    pub(crate) name: String,
    pub(crate) database: Database,
}

impl<'a> Ward<'a> {
    pub(crate) fn new(server: &'a ThrowawayServer) -> Self {
        let name = world::new_database(server);
        let database = Database::new(server.config(&name), Limits::default());
        Self::of(server, name, database)
    }

    /// The same in a database that is there.
    pub(crate) fn of(server: &'a ThrowawayServer, name: String, database: Database) -> Self {
        database.install_sql_interface().unwrap();
        let new = new_collection();
        database.create_collection(&new).unwrap();
        database.load_vectors(&new, &world::vectors(&new, 20)).unwrap();
        Self { server, name, database }
    }

    /// A plain SQL client: the superuser.
    pub(crate) fn client(&self) -> Client {
        self.server.config(&self.name).connect(NoTls).unwrap()
    }

    /// Too many jobs at once: what depends on maintenance is cut off, until enough of them are paused. Those of low priority go
    /// first, and are not enough.
    pub(crate) fn flood(&self, jobs: i32) {
        let sql = "INSERT INTO ruvector.maintenance_jobs (collection_id, job_type, partition_id, priority)
                   SELECT collections.id, 'verify', 1, CASE number % 3 WHEN 0 THEN 'low' ELSE 'normal' END
                   FROM ruvector.collections, generate_series(1, $1) AS number";
        self.client().execute(sql, &[&jobs]).unwrap();
    }

    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.client().query_one(sql, &[]).unwrap().get(0)
    }

    /// Who has, or had last, the lease.
    fn holder(&self) -> String {
        self.client()
            .query_one("SELECT holder FROM ruvector.healing_leases", &[])
            .unwrap()
            .get(0)
    }

    /// The URL by which a process gets here.
    fn url(&self) -> String {
        format!(
            "host={} user=postgres dbname={}",
            self.server.folder().display(),
            self.name
        )
    }

    /// Watches what remediations do from here on.
    pub(crate) fn watch(&self) -> Watch {
        let mut client = self.client();
        client.batch_execute("LISTEN ruvector_healing_actions").unwrap();
        Watch(client)
    }
}

/// Hears of every state that a remediation enters.
pub(crate) struct Watch(Client);

impl Watch {
    /// The next state, as `embeddings#1 executing`.
    pub(crate) fn next(&mut self) -> String {
        let mut heard = self.0.notifications();
        let mut heard = heard.timeout_iter(std::time::Duration::from_secs(60));
        let told = heard.next().unwrap().expect("nothing happened for a minute");
        let told: serde_json::Value = serde_json::from_str(told.payload()).unwrap();
        format!(
            "{} {}",
            told["remediation"].as_str().unwrap(),
            told["state"].as_str().unwrap()
        )
    }

    /// Waits until this happens.
    pub(crate) fn until(&mut self, wanted: &str) {
        while self.next() != wanted {}
    }

    /// Waits until some remediation is at its second step, and says which.
    pub(crate) fn until_in_the_middle(&mut self) -> String {
        let mut at_its_first = String::new();
        loop {
            let told = self.next();
            let Some(remediation) = told.strip_suffix(" executing") else {
                continue;
            };
            if remediation == at_its_first {
                return at_its_first;
            }
            at_its_first = remediation.to_owned();
        }
    }

    /// Waits until a remediation has helped.
    fn until_healed(&mut self) {
        while !self.next().ends_with(" completed") {}
    }
}

/// Quick, so that a test need not wait.
pub(crate) fn config() -> serde_json::Value {
    json!({
        "sample_interval_seconds": 0.1, "step_settle_seconds": 0.05, "stabilisation_seconds": 0.1,
        "min_healing_interval_seconds": 0, "lease_seconds": 10, "max_attempts_per_window": 100,
        "max_node_share": 1, "storm_share": 1, "undo_attempts": 20,
        "monitor": {
            "baseline_samples": 2,
            "hysteresis": {
                "stress_samples": 1, "critical_samples": 1, "recovery_hold_seconds": 0, "cool_down_seconds": 0,
            },
        },
    })
}

/// A healer in a process of its own. It is killed when this is dropped.
struct Process(Child);

impl Process {
    fn start(ward: &Ward<'_>, holder: &str) -> Self {
        let mut config = config();
        // So slow that there is a middle to be disturbed in, also where the machine is busy.
        config["step_settle_seconds"] = json!(0.5);
        config["lease_seconds"] = json!(4);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(config.to_string().as_bytes()).unwrap();
        let (_, path) = file.keep().unwrap();
        let process = Self::start_with(ward, holder, &path);
        world::eventually("the healer knows how a healthy store looks", || {
            let knows = "SELECT count(*) FROM ruvector.running_healers
                         WHERE holder = $1 AND status #> '{collections,0,baseline}' <> 'null'";
            ward.client().query_one(knows, &[&holder]).unwrap().get::<_, i64>(0) == 1
        });
        std::fs::remove_file(path).unwrap();
        process
    }

    fn start_with(ward: &Ward<'_>, holder: &str, config: &Path) -> Self {
        let program = Command::new(env!("CARGO_BIN_EXE_postgres-host"))
            .args([
                "heal",
                "--database-url",
                &ward.url(),
                "--collection",
                "embeddings",
                "--holder",
                holder,
                "--config",
            ])
            .arg(config)
            .stdout(Stdio::null())
            .spawn();
        Self(program.unwrap())
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A healer in this process. It ends when this is dropped.
pub(crate) struct Healing {
    healer: SharedHealer,
    desk: CommandDesk,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Healing {
    pub(crate) fn start(ward: &Ward<'_>, config: serde_json::Value) -> Self {
        Self::start_as(ward, config, "here")
    }

    pub(crate) fn start_as(ward: &Ward<'_>, config: serde_json::Value, holder: &str) -> Self {
        let config: HealingConfig = serde_json::from_value(config).unwrap();
        let healer = service::healer(&ward.database, Arc::new(SystemClock), [embeddings()], holder, config).unwrap();
        let healer = SharedHealer::new(healer);
        let desk = CommandDesk::new(ward.database.clone(), healer.clone(), holder);
        let (running, taking) = (healer.clone(), desk.clone());
        let threads = vec![
            thread::spawn(move || running.run(|_| {})),
            thread::spawn(move || taking.run(|_| {})),
        ];
        world::eventually("the healer knows how a healthy store looks", || {
            healer.with(|healer| {
                healer
                    .report(&embeddings())
                    .is_some_and(|report| report.baseline.is_some())
            }) && ward.count(&format!(
                "SELECT count(*) FROM ruvector.running_healers WHERE holder = '{holder}'"
            )) == 1
        });
        Self { healer, desk, threads }
    }
}

impl Drop for Healing {
    fn drop(&mut self) {
        self.healer.stop();
        self.desk.stop();
        for thread in self.threads.drain(..) {
            // A panic of it would have been noticed.
            let _ = thread.join();
        }
    }
}

const PAUSED: &str = "SELECT count(*) FROM ruvector.maintenance_jobs WHERE state = 'paused'";

#[test]
fn a_store_with_too_many_jobs_is_healed_and_sql_tells_how() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let _healing = Healing::start(&ward, config());
    let mut watch = ward.watch();
    ward.flood(12);
    watch.until("embeddings#1 completed");
    assert!(ward.count(PAUSED) >= 5);
    let mut client = ward.client();
    let row = client
        .query_one(
            "SELECT problem_class, strategy_name, verified, state FROM ruvector_healing_history(
                 since := NOW() - INTERVAL '24 hours', limit_ := 20)",
            &[],
        )
        .unwrap();
    let text = |column: usize| row.get::<_, String>(column);
    assert_eq!(
        (text(0), text(1), text(3)),
        (
            "maintenance_contention".into(),
            "pause_maintenance".into(),
            "completed".into()
        )
    );
    assert!(row.get::<_, bool>(2));
}

/// Two healers on a broken store, in the middle of a remediation: the one at it, the other, what is heard of it, and its name.
fn in_the_middle<'a>(ward: &Ward<'a>) -> (Process, Process, Watch, String) {
    let (first, second) = (Process::start(ward, "first"), Process::start(ward, "second"));
    let mut watch = ward.watch();
    ward.flood(9);
    let remediation = watch.until_in_the_middle();
    // Whichever of the two was faster.
    if ward.holder() == "first" {
        (first, second, watch, remediation)
    } else {
        (second, first, watch, remediation)
    }
}

#[test]
fn when_a_healer_is_killed_another_brings_its_remediation_to_an_end() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let (at_it, _other, mut watch, remediation) = in_the_middle(&ward);
    at_it.signal("-KILL");
    let (killed, token) = (ward.holder(), ward.count("SELECT token FROM ruvector.healing_leases"));
    watch.until(&format!("{remediation} rolled_back"));
    assert!(ward.count("SELECT token FROM ruvector.healing_leases") > token);
    let left = "SELECT count(*) FROM ruvector.maintenance_jobs WHERE paused_by";
    let left = ward.count(&format!("{left} = '{remediation}'"));
    assert_eq!(left, 0, "what the killed one had done is taken back");
    watch.until_healed();
    assert_ne!(
        ward.holder(),
        killed,
        "the problem, which is still there, is treated by the other"
    );
    let interrupted = "SELECT error_message FROM ruvector.healing_outcomes WHERE remediation = $1";
    let interrupted: String = ward.client().query_one(interrupted, &[&remediation]).unwrap().get(0);
    assert!(interrupted.contains("interrupted"), "{interrupted}");
}

#[test]
fn a_healer_that_wakes_up_too_late_is_fenced_out() {
    let Some(server) = world::server() else { return };
    let ward = Ward::new(server);
    let (asleep, _other, mut watch, remediation) = in_the_middle(&ward);
    asleep.signal("-STOP");
    watch.until(&format!("{remediation} rolled_back"));
    let token = ward.count("SELECT token FROM ruvector.healing_leases");
    asleep.signal("-CONT");
    watch.until_healed();
    let late = ward.count(&format!(
        "SELECT count(*) FROM ruvector.healing_journal WHERE token < {token} AND sequence > (
             SELECT min(sequence) FROM ruvector.healing_journal AS earlier
             WHERE earlier.stream_id = healing_journal.stream_id AND earlier.token >= {token})"
    ));
    assert_eq!(
        late, 0,
        "nothing was written under the old token after the new one's first record"
    );
    let touched = "SELECT count(*) FROM ruvector.maintenance_jobs WHERE paused_by";
    let touched = ward.count(&format!("{touched} = '{remediation}'"));
    assert_eq!(touched, 0, "nothing was paused in the name of what was taken back");
}
