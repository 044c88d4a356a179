//! A healer as a process of its own.

use std::fs;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use healing_core::engine::SharedHealer;
use healing_core::{HealingConfig, SystemClock};
use postgres_host::service::healer;
use postgres_host::{CommandDesk, Database, Limits};

use crate::arguments::Heal;
use crate::{Failure, complain};

/// Heals, and takes orders; prints what happens, one JSON object a line.
pub(crate) fn run(order: Heal) -> Result<(), Failure> {
    let config = match &order.config {
        None => HealingConfig::default(),
        Some(path) => {
            let unreadable = |why: String| Failure::Config {
                path: path.display().to_string(),
                why,
            };
            let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
            serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?
        }
    };
    let database = Database::new(order.target.database_url, Limits::default());
    let holder = order.holder.unwrap_or_else(name);
    let healer = healer(&database, Arc::new(SystemClock), order.collections, &holder, config)?;
    let healer = SharedHealer::new(healer);
    let desk = CommandDesk::new(database, healer.clone(), holder);
    thread::scope(|scope| {
        scope.spawn(|| desk.run(|error| complain(&error)));
        let mut written = Ok(());
        healer.run(|event| {
            let told = serde_json::to_string(&event).map_err(io::Error::from);
            written = told.and_then(|event| writeln!(io::stdout(), "{event}"));
            if written.is_err() {
                healer.stop();
            }
        });
        desk.stop();
        Ok(written?)
    })
}

/// The machine's name and the process's number.
fn name() -> String {
    let machine = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "healer".to_owned());
    format!("{}-{}", machine.trim(), std::process::id())
}
