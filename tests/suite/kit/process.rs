//! The program itself as a process: for what one process cannot show.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use ots_registry::auth::checkpoint_keys::CheckpointKeys;
use ots_registry::auth::sealing::SealKeys;
use ots_registry::auth::tokens::TokenKeys;
use ots_registry::db::{DatabaseUrl, Instant};

use super::databases::scratch;

/// A service in a process of its own, which ends with it.
pub struct Service {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// The address of a database, as a flag has it.
pub fn flag_of(url: &DatabaseUrl) -> String {
    match url {
        DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(url) => url.clone(),
    }
}

/// The program with these words, ready to start.
pub fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ots-registry"));
    command
        .args(words)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What the program said at its end: its exit code and standard error.
pub fn said(words: &[&str]) -> (Option<i32>, String) {
    let output = program(words).output().expect("the program starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text)
}

/// Starts the program and waits for a line of its log or progress that holds this text; the rest is read and dropped.
pub fn started(words: &[&str], until: &str) -> Child {
    started_saying(words, until).0
}

/// The same with what it said before.
pub fn started_saying(words: &[&str], until: &str) -> (Child, String) {
    let mut child = program(words).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
    let mut told = String::new();
    loop {
        let Some(Ok(line)) = lines.next() else {
            panic!("the program ended: {told}");
        };
        if line.contains(until) {
            break;
        }
        told.push_str(&line);
    }
    std::thread::spawn(move || lines.for_each(drop));
    (child, told)
}

/// Ends a program that was started.
pub fn ended(mut child: Child) {
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

/// A folder with keys for the services of one test.
pub fn keys_of(name: &str) -> PathBuf {
    let folder = scratch(name);
    TokenKeys::create(&folder, Instant::now()).expect("a key is made");
    SealKeys::create(&folder, Instant::now()).expect("a key is made");
    CheckpointKeys::create(&folder, Instant::now()).expect("a key is made");
    folder
}

impl Service {
    /// Starts the program over a database; it serves when this returns.
    pub fn start(url: &DatabaseUrl, keys: &std::path::Path) -> Self {
        let url = flag_of(url);
        let mut child = Command::new(env!("CARGO_BIN_EXE_ots-registry"))
            .args(["serve", "--listen", "127.0.0.1:0", "--limit-anonymous", "0"])
            .args([
                "--limit-known",
                "0",
                "--log",
                "info",
                "--database-url",
                &url,
            ])
            .arg("--keys-dir")
            .arg(keys)
            // Where the file of checkpoints is on PostgreSQL.
            .arg("--data-dir")
            .arg(keys)
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let mut told = String::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("the program did not serve: {told}");
            };
            let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if entry.to_string().contains("\"serving\"") {
                let listen = entry["listen"]
                    .as_str()
                    .or(entry["fields"]["listen"].as_str());
                break listen
                    .and_then(|l| l.parse().ok())
                    .expect("where it listens");
            }
            told.push_str(&line);
        };
        // A log that nobody reads would stop the program when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept.
pub struct Wire(TcpStream);

impl Wire {
    /// Connects.
    pub fn to(service: &Service) -> Self {
        let stream = TcpStream::connect(service.address).expect("it listens");
        stream.set_nodelay(true).expect("a setting");
        Self(stream)
    }

    /// Posts JSON; gives the status and the body.
    pub fn post(&mut self, path: &str, body: &str) -> (u16, String) {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: registry\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.write_all(request.as_bytes()).expect("it is sent");
        let mut read = Vec::new();
        let head = loop {
            if let Some(at) = read.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            self.more(&mut read);
        };
        let text = String::from_utf8_lossy(&read[..head]).to_lowercase();
        let status = text[9..12].parse().expect("a status");
        let length: usize = text
            .lines()
            .find_map(|l| l.strip_prefix("content-length: "))
            .map_or(0, |l| l.parse().expect("a length"));
        while read.len() < head + length {
            self.more(&mut read);
        }
        let body = String::from_utf8_lossy(&read[head..]).into_owned();
        (status, body)
    }

    fn more(&mut self, read: &mut Vec<u8>) {
        let mut part = [0; 4096];
        let count = self.0.read(&mut part).expect("an answer");
        assert!(count > 0, "the connection broke off");
        read.extend_from_slice(&part[..count]);
    }
}
