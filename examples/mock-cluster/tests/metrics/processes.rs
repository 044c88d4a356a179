//! The program and a Prometheus as processes of their own, and talking to them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// So long a machine under load may take; nothing that is right takes it.
const AT_MOST: Duration = Duration::from_secs(120);

/// A process that ends with the test.
pub struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// An address on which nobody listens now.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

/// The program, serving at `address`, in which an hour takes ten seconds.
pub fn serving(scenario: &str, address: &str) -> Process {
    let child = Command::new(env!("CARGO_BIN_EXE_mock-cluster"))
        .args(["--scenario", scenario, "--serve", address, "--speed", "360"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let process = Process(child);
    eventually("metrics being served", || get(address, "/metrics").map(|_| ()));
    process
}

/// A Prometheus that scrapes `targets`, with the project's rules run as fast as the program; `None` where there is none.
pub fn prometheus(directory: &TempDir, targets: &[&str]) -> Option<(Process, String)> {
    if Command::new("prometheus").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI=true needs Prometheus");
        eprintln!("SKIPPED: no prometheus on this machine, so no alert was seen firing");
        return None;
    }
    let rules = directory.path().join("alerts.yml");
    std::fs::write(
        &rules,
        hurried(&std::fs::read_to_string(observability("alerts.yml")).unwrap()),
    )
    .unwrap();
    let config = directory.path().join("prometheus.yml");
    let text = format!(
        "global: {{ scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms }}\n\
         rule_files: [{}]\n\
         scrape_configs: [{{ job_name: healing, static_configs: [{{ targets: {targets:?} }}] }}]\n",
        rules.display()
    );
    std::fs::write(&config, text).unwrap();
    let address = free_address();
    let child = Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            directory.path().join("data").display()
        ))
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process = Process(child);
    eventually("Prometheus being ready", || {
        get(&address, "/-/ready")
            .filter(|answer| answer.contains("eady"))
            .map(|_| ())
    });
    Some((process, address))
}

/// A file beside the program's.
pub fn observability(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../observability")
        .join(name)
}

/// The rules with every duration a 360th of what it was, a second at least.
fn hurried(rules: &str) -> String {
    let mut text = String::new();
    let mut number = String::new();
    for c in rules.chars() {
        match (c, number.parse::<u64>()) {
            (digit, _) if digit.is_ascii_digit() => number.push(digit),
            ('m' | 'h', Ok(count)) => {
                let seconds = count * if c == 'h' { 3600 } else { 60 };
                text.push_str(&format!("{}ms", (seconds * 1000 / 360).max(1000)));
                number.clear();
            }
            _ => {
                text.push_str(&number);
                number.clear();
                text.push(c);
            }
        }
    }
    text + &number
}

/// The value of `query`'s only result.
pub fn query(prometheus: &str, query: &str) -> Option<f64> {
    let answer = get(prometheus, &format!("/api/v1/query?query={}", encoded(query)))?;
    let answer: Value = serde_json::from_str(&answer).ok()?;
    answer["data"]["result"].as_array()?.first()?["value"][1]
        .as_str()?
        .parse()
        .ok()
}

/// The names and instances of the alerts that fire.
pub fn firing(prometheus: &str) -> Vec<(String, String)> {
    let answer = get(prometheus, "/api/v1/alerts").unwrap_or_default();
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    let alerts = answer["data"]["alerts"].as_array().cloned().unwrap_or_default();
    let firing = alerts.iter().filter(|alert| alert["state"] == "firing");
    let label = |alert: &Value, name: &str| alert["labels"][name].as_str().unwrap_or_default().to_owned();
    firing
        .map(|alert| (label(alert, "alertname"), label(alert, "instance")))
        .collect()
}

/// The body of an answer; `None` where nobody answers.
pub fn get(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (_, body) = answer.split_once("\r\n\r\n")?;
    Some(body.to_owned())
}

fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Waits until `answer` has one.
pub fn eventually<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(began.elapsed() < AT_MOST, "{what} did not happen");
        thread::yield_now();
    }
}
