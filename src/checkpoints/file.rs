//! The append-only file of checkpoints: JSON Lines, one a checkpoint, `made_at` and `checkpoint`.
//!
//! It is the operator's own memory of what was signed, apart from the database: whoever can write the database alone cannot make the
//! registry sign another past.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::db::Instant;
use crate::journal::note::SignedNote;

/// So much of the end is read to find the last line.
const END: u64 = 64 * 1024;

#[derive(Serialize, Deserialize)]
struct Line {
    made_at: Instant,
    checkpoint: String,
}

/// The last checkpoint in the file; none when there is no file or it is empty.
///
/// # Errors
///
/// The file cannot be read, or its last line is no checkpoint.
pub fn last(path: &Path) -> Result<Option<SignedNote>, String> {
    let say = |e: std::io::Error| format!("checkpoint_file: {}: {e}", path.display());
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(say(e)),
    };
    let length = file.metadata().map_err(say)?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END)))
        .map_err(say)?;
    let mut end = Vec::new();
    file.take(END).read_to_end(&mut end).map_err(say)?;
    let end = String::from_utf8_lossy(&end);
    // A line that a crash cut short has no end; it was never acknowledged.
    let whole = end.rfind('\n').and_then(|at| end.get(..at)).unwrap_or("");
    let Some(line) = whole.lines().rfind(|line| !line.trim().is_empty()) else {
        return Ok(None);
    };
    let broken = || {
        format!(
            "checkpoint_file: the last line of {} is no checkpoint",
            path.display()
        )
    };
    let line: Line = serde_json::from_str(line).map_err(|_| broken())?;
    SignedNote::parse(&line.checkpoint)
        .map(Some)
        .ok_or_else(broken)
}

/// Makes sure that checkpoints can be appended, with an empty file where there is none: at the start, not when the first one was
/// signed.
///
/// # Errors
///
/// The file cannot be opened for writing.
pub fn can_append(path: &Path) -> Result<(), String> {
    options()
        .open(path)
        .map(|_| ())
        .map_err(|e| format!("checkpoint_file: {}: {e}", path.display()))
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    options
}

/// Appends a checkpoint and waits until the disk has it.
pub fn append(path: &Path, made_at: Instant, note: &str) -> Result<(), String> {
    let say = |e: std::io::Error| format!("checkpoint_file: {}: {e}", path.display());
    let line = Line {
        made_at,
        checkpoint: note.to_owned(),
    };
    let mut text = serde_json::to_string(&line).map_err(|e| e.to_string())?;
    text.push('\n');
    let mut file = options().open(path).map_err(say)?;
    if ends_within_a_line(&mut file).map_err(say)? {
        text.insert(0, '\n');
    }
    file.write_all(text.as_bytes()).map_err(say)?;
    file.sync_data().map_err(say)
}

fn ends_within_a_line(file: &mut std::fs::File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != [b'\n'])
}

#[cfg(test)]
mod tests {
    use super::{append, last};
    use crate::db::Instant;
    use crate::journal::note::{Checkpoint, parse_all};

    #[test]
    fn the_last_whole_line_counts_and_a_torn_one_does_not() {
        let folder = std::env::temp_dir().join(format!("ots-checkpoints-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("file.jsonl");
        assert_eq!(last(&path), Ok(None));
        let note = |size| {
            let text = Checkpoint {
                origin: "log.example".to_owned(),
                size,
                root: [1; 32],
            }
            .text();
            format!("{text}\n— log.example AAAAAAAA\n")
        };
        for size in [1, 2] {
            append(&path, Instant(0), &note(size)).unwrap();
        }
        assert_eq!(last(&path).unwrap().unwrap().checkpoint.size, 2);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"made_at\":\"2026")).unwrap();
        assert_eq!(last(&path).unwrap().unwrap().checkpoint.size, 2);
        append(&path, Instant(0), &note(3)).unwrap();
        assert_eq!(last(&path).unwrap().unwrap().checkpoint.size, 3);
        std::fs::write(&path, format!("{whole}rubbish\n")).unwrap();
        assert!(last(&path).is_err());
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(parse_all(&whole).unwrap().len(), 2);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
