//! The live view, in a terminal and off one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mock-cluster");

/// So long a machine under load may take; nothing that is right takes it.
const AT_MOST: Duration = Duration::from_secs(120);

/// The program in a terminal of its own.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    fn run(arguments: &[&str]) -> Self {
        let size = PtySize {
            rows: 30,
            cols: 110,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keyboard = pair.master.take_writer().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keyboard,
            output,
            screen: vt100::Parser::new(NonZero::new(30).unwrap(), NonZero::new(110).unwrap(), 0),
            _master: pair.master,
        }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until the screen shows what is looked for.
    fn shows(&mut self, what: &str, is_there: impl Fn(&str) -> bool) {
        let began = Instant::now();
        loop {
            let screen = self.screen.screen().contents();
            if is_there(&screen) {
                return;
            }
            assert!(began.elapsed() < AT_MOST, "{what} is not on\n{screen}");
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(100)) {
                self.screen.process(&bytes);
            }
        }
    }

    /// Waits for the program's end.
    fn ends(mut self) -> u32 {
        // What it still writes must be read, or it would wait.
        while self.output.recv().is_ok() {}
        self.child.wait().unwrap().exit_code()
    }
}

#[test]
fn a_fault_is_healed_before_the_users_eyes() {
    let mut terminal = Terminal::run(&["--watch", "--speed", "300"]);
    terminal.shows("every cluster", |screen| {
        ["embeddings", "images", "documents", "q quit"]
            .iter()
            .all(|part| screen.contains(part))
    });
    terminal.shows("the state", |screen| screen.contains("critical"));
    terminal.shows("the treatment", |screen| {
        screen.contains("rebalance_partitions: verified")
    });
    terminal.press("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn the_user_steps_in() {
    let mut terminal = Terminal::run(&["--watch", "--scenario", "quiet", "--speed", "60"]);
    terminal.shows("a learned baseline", |screen| screen.matches(" of 20").count() == 3);
    terminal.press("a");
    terminal.shows("that there is nothing to approve", |screen| {
        screen.contains("nothing is at work in embeddings")
    });
    terminal.press("z");
    terminal.shows("the freeze", |screen| screen.contains("embeddings was frozen"));
    terminal.press("z");
    terminal.shows("the thaw", |screen| screen.contains("embeddings was thawed"));
    // The next cluster, by an arrow key, and a fault for it.
    terminal.press("\x1b[B");
    terminal.shows("the selection", |screen| screen.contains("▶ images"));
    terminal.press("f");
    terminal.shows("the fault", |screen| {
        screen.contains("images: clients turn to partition")
    });
    terminal.shows("that something is done", |screen| screen.contains("images#1"));
    terminal.press("\x03");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn what_waits_is_approved_or_aborted() {
    let mut terminal = Terminal::run(&["--watch", "--scenario", "stuck-replica", "--speed", "120"]);
    terminal.shows("a plan that waits", |screen| screen.contains("awaits approval"));
    terminal.press("a");
    terminal.shows("the approval", |screen| screen.contains("was approved"));
    terminal.press("x");
    terminal.shows("the abort", |screen| {
        screen.contains("was aborted") || screen.contains("nothing is at work")
    });
    terminal.press("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn off_a_terminal_it_tells_the_story_in_lines() {
    let output = Command::new(PROGRAM).args(["--watch", "--seed", "2"]).output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    for part in [
        "state normal -> critical",
        "diagnosis: hotspot_congestion",
        "step 1/",
        "verified",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    assert!(!told.contains('\x1b'));
}
