//! A store that is broken and heals: real vectors, real clients, a real server.

mod clients;
mod scenery;

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use healing_core::engine::{EventKind, HealingEvent, RemediationState, SharedHealer};
use healing_core::monitor::{HysteresisConfig, IntegrityState, MonitorConfig};
use healing_core::{CollectionId, HealingConfig, SystemClock};
use postgres_host::server::ThrowawayServer;
use postgres_host::service::healer;
use postgres_host::{CommandDesk, Database, Limits, PostgresError};

use crate::demo::clients::Clients;
use crate::demo::scenery::{BLOATED, HOT, Scenery};
use crate::story::Story;
use crate::{Failure, complain};

/// Nothing of the story takes longer.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where the story is told from: a server of its own, or somebody's database.
struct Stage {
    config: postgres::Config,
    /// How to get there with psql.
    psql: String,
    /// Ends with the story.
    server: Option<ThrowawayServer>,
}

impl Stage {
    fn set(given: Option<postgres::Config>) -> Result<Self, Failure> {
        if let Some(config) = given {
            let psql = "psql '<the --database-url>'".to_owned();
            return Ok(Self {
                config,
                psql,
                server: None,
            });
        }
        let server = ThrowawayServer::start()?;
        let config = server.config("postgres");
        take_pgvector_where_it_is(&config)?;
        Ok(Self {
            config,
            psql: format!("psql -h {} -U postgres", server.folder().display()),
            server: Some(server),
        })
    }
}

/// On a server of one's own, vectors are kept as pgvector does where the machine has it. Somebody's database is left as it is.
fn take_pgvector_where_it_is(config: &postgres::Config) -> Result<(), PostgresError> {
    let mut client = config.connect(postgres::NoTls)?;
    let available = client.query_opt("SELECT FROM pg_available_extensions WHERE name = 'vector'", &[])?;
    if available.is_some() {
        client.batch_execute("CREATE EXTENSION vector")?;
    }
    Ok(())
}

/// Tells the whole story.
pub(crate) fn run(given: Option<postgres::Config>) -> Result<(), Failure> {
    let begun = Instant::now();
    let stage = Stage::set(given)?;
    let database = Database::new(stage.config.clone(), Limits::default());
    database.migrate()?;
    database.install_sql_interface()?;
    let scenery = Scenery::build(&database)?;
    let collection = scenery.collection();
    let mut out = io::stdout();
    writeln!(
        out,
        "{} vectors in {} partitions of the collection {collection}, loaded in {:.1} s",
        scenery.vectors(),
        scenery.partitions(),
        begun.elapsed().as_secs_f64()
    )?;

    let clients = Clients::start(&stage.config, &scenery)?;
    let healer = healer(&database, Arc::new(SystemClock), [collection.clone()], "demo", config())?;
    let healer = SharedHealer::new(healer);
    let desk = CommandDesk::new(database.clone(), healer.clone(), "demo");
    let plot = Plot::default();
    let told = thread::scope(|scope| {
        scope.spawn(|| desk.run(|error| complain(&error)));
        scope.spawn(|| {
            let mut story = Story::new(begun);
            healer.run(|event| {
                // Who cannot be told goes on all the same.
                let _ = story.tell(&event, &mut io::stdout());
                plot.follow(&event);
            });
        });
        let told = tell(&scenery, &clients, &healer, &plot, begun);
        healer.stop();
        desk.stop();
        told
    });
    drop(clients);
    told?;
    end(&stage, &collection)
}

/// Fast enough to be watched.
fn config() -> HealingConfig {
    let hysteresis = HysteresisConfig {
        // As many as fill the window that loads are taken over.
        stress_samples: 4,
        critical_samples: 4,
        recovery_hold: Duration::from_secs(2),
        cool_down: Duration::ZERO,
        ..HysteresisConfig::default()
    };
    HealingConfig {
        sample_interval: Duration::from_secs(1),
        // Longer than the window that loads are taken over, so that what is measured is of after the step.
        step_settle: Duration::from_millis(4200),
        stabilisation: Duration::from_secs(4),
        min_healing_interval: Duration::from_secs(2),
        max_attempts_per_window: 20,
        monitor: MonitorConfig {
            hysteresis,
            ..MonitorConfig::default()
        },
        ..HealingConfig::default()
    }
}

fn tell(
    scenery: &Scenery<'_>,
    clients: &Clients,
    healer: &SharedHealer,
    plot: &Plot,
    begun: Instant,
) -> Result<(), Failure> {
    let say = |text: &str| writeln!(io::stdout(), "{} {text}", Story::clock(begun));
    let collection = scenery.collection();
    let well = || {
        healer.with(|healer| {
            let report = healer.report(&collection);
            let normal = report.is_some_and(|it| it.baseline.is_some() && it.state == IntegrityState::Normal);
            normal && healer.active(&collection).is_none()
        })
    };
    plot.wait("the healer to know how a healthy store looks", well)?;
    say(&format!(
        "the store is well; clients ask {:.0} requests a second",
        clients.rate()
    ))?;

    say(&format!(
        "HOTSPOT: clients want a few vectors of partition {HOT} all of a sudden, far beyond the {:.0} requests a second it is provisioned for",
        scenery.partition_rate()
    ))?;
    clients.rush(true);
    let healed_before = plot.healed();
    let mut refused = 0.0_f64;
    plot.wait("the hotspot to be healed", || {
        refused = refused.max(clients.refused_share());
        plot.healed() > healed_before && well() && clients.refused_share() < 0.1
    })?;
    say(&format!(
        "of the clients' requests {:.0} % were refused at worst, {:.1} % are now, and they ask as much as before",
        refused * 100.0,
        clients.refused_share() * 100.0
    ))?;

    say(&format!(
        "BLOAT: 150,000 short-lived vectors come into partition {BLOATED}, and most of them go again"
    ))?;
    let healed_before = plot.healed();
    scenery.bloat()?;
    plot.wait("the index to be healed", || plot.healed() > healed_before && well())?;
    say(&format!(
        "of the pages of its index {:.0} % are waste now",
        scenery.waste()?
    ))?;
    Ok(())
}

/// How far the story is, for whoever waits for it.
#[derive(Default)]
struct Plot {
    healed: Mutex<u32>,
    went_on: Condvar,
}

impl Plot {
    fn follow(&self, event: &HealingEvent) {
        if let EventKind::Remediation(remediation) = &event.kind
            && let RemediationState::Completed { verification, .. } = &remediation.state
            && verification.is_verified()
        {
            *self.healed.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        self.went_on.notify_all();
    }

    fn healed(&self) -> u32 {
        *self.healed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is so, looking whenever something happened and twice a second.
    fn wait(&self, what: &str, mut is_so: impl FnMut() -> bool) -> Result<(), Failure> {
        let begun = Instant::now();
        while !is_so() {
            if begun.elapsed() > PATIENCE {
                return Err(Failure::Demo(format!(
                    "waited {} s in vain for {what}",
                    PATIENCE.as_secs()
                )));
            }
            let healed = self.healed.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self.went_on.wait_timeout(healed, Duration::from_millis(500));
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
        Ok(())
    }
}

/// Shows where to look, and lets the reader do so.
fn end(stage: &Stage, collection: &CollectionId) -> Result<(), Failure> {
    let mut out = io::stdout();
    writeln!(out, "\nlook at it with: {}", stage.psql)?;
    for call in [
        "SELECT jsonb_pretty(ruvector_healing_status());".to_owned(),
        "SELECT * FROM ruvector_healing_history(since := now() - INTERVAL '1 hour', limit_ := 20);".to_owned(),
        "SELECT * FROM ruvector_healing_effectiveness();".to_owned(),
        format!(
            "SELECT partition_id, vectors, index_pages, index_pages_needed FROM ruvector.partition_facts; -- {collection}"
        ),
        format!(
            "SELECT * FROM ruvector.search('{collection}', (SELECT embedding FROM ruvector.fetch_vector('{collection}', 1)));"
        ),
    ] {
        writeln!(out, "  {call}")?;
    }
    let mut client = stage.config.connect(postgres::NoTls).map_err(PostgresError::from)?;
    let rows = client
        .query(
            "SELECT action_id, problem_class, strategy_name, verified, duration_ms, initial_lambda, final_lambda
             FROM ruvector_healing_history() WHERE collection = $1 ORDER BY action_id",
            &[&collection.as_str()],
        )
        .map_err(PostgresError::from)?;
    writeln!(out, "\nthe history as SQL has it:")?;
    for row in rows {
        let (action, problem, strategy): (i64, &str, &str) = (row.get(0), row.get(1), row.get(2));
        let (verified, took): (Option<bool>, i32) = (row.get(3), row.get(4));
        let (before, after): (f32, Option<f32>) = (row.get(5), row.get(6));
        let verdict = if verified == Some(true) {
            "verified"
        } else {
            "not verified"
        };
        let after = after.map_or_else(|| "?".to_owned(), |after| format!("{after:.1}"));
        let seconds = f64::from(took) / 1000.0;
        writeln!(
            out,
            "  {action}: {strategy} for {problem}, {verdict}, {seconds:.1} s, lambda {before:.1} -> {after}"
        )?;
    }
    if stage.server.is_some() && io::stdin().is_terminal() {
        writeln!(out, "\nthe server ends with this program: press Enter")?;
        io::stdin().read_line(&mut String::new())?;
    }
    Ok(())
}
