//! Many wrong log-ins at once: what they do to reads and to memory.
//!
//! ```text
//! cargo bench --bench logins -- [--attackers 200] [--seconds 5] [--rounds 3] [--database-url postgres://…]
//! ```
//!
//! The program serves its demo data in a process of its own. Two readers ask for one organisation, each a hundred times a second,
//! in turns without and with the attackers. An attacker tries a wrong password, half of them of accounts that exist, each time
//! from another network; told to come later, it waits for two seconds as the answer says. Client and server share the cores. The
//! load runs on this machine alone, is bounded in time and stops by itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant as Clock};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

struct Settings {
    attackers: usize,
    seconds: u64,
    rounds: usize,
    database: Option<String>,
}

impl Settings {
    fn read() -> Fallible<Self> {
        let mut settings = Self {
            attackers: 200,
            seconds: 5,
            rounds: 3,
            database: None,
        };
        let mut args = std::env::args().skip(1).filter(|a| a != "--bench");
        while let Some(name) = args.next() {
            let value = args.next().ok_or("each option needs a value")?;
            match name.as_str() {
                "--attackers" => settings.attackers = value.parse()?,
                "--seconds" => settings.seconds = value.parse()?,
                "--rounds" => settings.rounds = value.parse()?,
                "--database-url" => settings.database = Some(value),
                other => return Err(format!("unknown option {other}").into()),
            }
        }
        Ok(settings)
    }
}

/// The program, which ends with this.
struct Server {
    child: Child,
    address: SocketAddr,
    folder: std::path::PathBuf,
}

impl Server {
    fn start(database: Option<&str>) -> Fallible<Self> {
        let folder =
            std::env::temp_dir().join(format!("ots-registry-logins-{}", std::process::id()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_ots-registry"));
        command
            .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
            .args(["--limit-anonymous", "0", "--trusted-proxies", "127.0.0.1"])
            .args(["--log", "warn,ots_registry::cli=info"])
            .arg("--data-dir")
            .arg(&folder)
            .env_remove("DATABASE_URL")
            .env("MALLOC_ARENA_MAX", "2");
        if let Some(url) = database {
            command.args(["--database-url", url]);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("no log")?).lines();
        let address = loop {
            let line = lines.next().ok_or("the program did not serve")??;
            let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            let fields = entry.get("fields").unwrap_or(&entry);
            if let Some(listen) = fields.get("listen").and_then(|l| l.as_str()) {
                break listen.parse()?;
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            child,
            address,
            folder,
        })
    }

    /// Resident memory now, in KiB.
    fn resident(&self) -> Fallible<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
        let kib = line.and_then(|l| l.split_whitespace().next());
        Ok(kib.ok_or("no resident memory in /proc")?.parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Sends a request on a kept connection and gives the status and the body.
fn ask(stream: &mut TcpStream, request: &str) -> Fallible<(u16, String)> {
    stream.write_all(request.as_bytes())?;
    let mut read = Vec::new();
    let mut part = [0; 8192];
    loop {
        if let Some(at) = read.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(read.get(..at).unwrap_or_default()).to_lowercase();
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "));
            let length: usize = length.ok_or("an answer without a length")?.parse()?;
            if read.len() >= at + 4 + length {
                let status = head.get(9..12).ok_or("no status")?.parse()?;
                let body =
                    String::from_utf8_lossy(read.get(at + 4..).unwrap_or_default()).into_owned();
                return Ok((status, body));
            }
        }
        let count = stream.read(&mut part)?;
        if count == 0 {
            return Err("the connection broke off".into());
        }
        read.extend_from_slice(part.get(..count).unwrap_or_default());
    }
}

fn connect(address: SocketAddr) -> Fallible<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// How long each read took, in µs, of two readers that ask a hundred times a second each.
fn reads(address: SocketAddr, path: &str, seconds: u64) -> Fallible<Vec<u64>> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: registry\r\n\r\n");
    let readers: Vec<_> = (0..2u64)
        .map(|n| {
            let request = request.clone();
            std::thread::spawn(move || -> Result<Vec<u64>, String> {
                let text = |e: Box<dyn std::error::Error>| e.to_string();
                let mut stream = connect(address).map_err(text)?;
                let started = Clock::now() + Duration::from_millis(5 * n);
                let mut took = Vec::new();
                for turn in 0..seconds * 100 {
                    let due = started
                        + Duration::from_millis(10 * u32::try_from(turn).map_or(0, u64::from));
                    std::thread::sleep(due.saturating_duration_since(Clock::now()));
                    // Waiting behind a late answer counts: the next one was due already.
                    let (status, _) = ask(&mut stream, &request).map_err(text)?;
                    if status != 200 {
                        return Err(format!("a read was answered {status}"));
                    }
                    took.push(u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX));
                }
                Ok(took)
            })
        })
        .collect();
    let mut all = Vec::new();
    for reader in readers {
        all.extend(reader.join().map_err(|_| "a reader stopped")??);
    }
    all.sort_unstable();
    Ok(all)
}

/// What the attackers were answered.
#[derive(Default)]
struct Told {
    wrong: AtomicUsize,
    later: AtomicUsize,
    other: AtomicUsize,
}

fn attack(
    address: SocketAddr,
    count: usize,
    stop: &Arc<AtomicBool>,
    told: &Arc<Told>,
) -> Vec<std::thread::JoinHandle<()>> {
    let one = move |number: usize, stop: &AtomicBool, told: &Told| -> Fallible<()> {
        let mut stream = connect(address)?;
        let mut tries = 0usize;
        while !stop.load(Ordering::Relaxed) {
            tries += 1;
            let account = if number.is_multiple_of(2) {
                "kz1".to_owned()
            } else {
                format!("nobody{number}")
            };
            let body = format!(
                "{{\"email\":\"{account}@demo.example\",\"password\":\"wrong words {number} {tries}\"}}"
            );
            let network = format!("10.{}.{}.{}", number % 250, tries / 250 % 250, tries % 250);
            let request = format!(
                "POST /v1/auth/login HTTP/1.1\r\nHost: registry\r\nX-Forwarded-For: {network}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let (status, _) = ask(&mut stream, &request)?;
            let counted = match status {
                401 => &told.wrong,
                429 => &told.later,
                _ => &told.other,
            };
            counted.fetch_add(1, Ordering::Relaxed);
            if status == 429 {
                let until = Clock::now() + Duration::from_secs(2);
                while Clock::now() < until && !stop.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
        Ok(())
    };
    (0..count)
        .map(|number| {
            let (stop, told) = (stop.clone(), told.clone());
            std::thread::spawn(move || {
                if one(number, &stop, &told).is_err() {
                    told.other.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect()
}

fn at(sorted: &[u64], hundredth: usize) -> u64 {
    let place = sorted.len() * hundredth / 100;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0)
}

fn main() -> Fallible<()> {
    let settings = Settings::read()?;
    let server = Server::start(settings.database.as_deref())?;
    let list = "GET /v1/organisations?limit=1 HTTP/1.1\r\nHost: registry\r\n\r\n";
    let (_, list) = ask(&mut connect(server.address)?, list)?;
    let list: serde_json::Value = serde_json::from_str(&list)?;
    let number = list.pointer("/items/0/number").and_then(|n| n.as_str());
    let path = format!("/v1/organisations/{}", number.ok_or("no organisation")?);
    reads(server.address, &path, 2)?;
    let base = server.resident()?;
    let mut ratios = Vec::new();
    let mut most = base;
    for round in 1..=settings.rounds {
        let idle = reads(server.address, &path, settings.seconds)?;
        let (stop, told) = (Arc::new(AtomicBool::new(false)), Arc::new(Told::default()));
        let attackers = attack(server.address, settings.attackers, &stop, &told);
        let reading = {
            let (address, path) = (server.address, path.clone());
            std::thread::spawn(move || {
                reads(address, &path, settings.seconds).map_err(|e| e.to_string())
            })
        };
        while !reading.is_finished() {
            most = most.max(server.resident()?);
            std::thread::sleep(Duration::from_millis(20));
        }
        let busy = reading.join().map_err(|_| "the readers stopped")??;
        stop.store(true, Ordering::Relaxed);
        for attacker in attackers {
            attacker.join().map_err(|_| "an attacker stopped")?;
        }
        println!(
            "round {round}: reads idle p50 {} p99 {} µs, beside {} attackers p50 {} p99 {} µs; {} refused as wrong, {} told to come later, {} else",
            at(&idle, 50),
            at(&idle, 99),
            settings.attackers,
            at(&busy, 50),
            at(&busy, 99),
            told.wrong.load(Ordering::Relaxed),
            told.later.load(Ordering::Relaxed),
            told.other.load(Ordering::Relaxed),
        );
        let ratio = |part: u64, whole: u64| {
            u32::try_from(part).map_or(f64::MAX, f64::from)
                / u32::try_from(whole.max(1)).map_or(1.0, f64::from)
        };
        ratios.push(ratio(at(&busy, 99), at(&idle, 99)));
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
    println!(
        "p99 of reads beside the log-ins: {median:.2} times that of idle (median of {} rounds)",
        settings.rounds
    );
    println!(
        "resident memory: {} MB before, {} MB at most",
        base / 1024,
        most / 1024
    );
    Ok(())
}
