//! The same checks over an export: the chain, the tree, the checkpoints, and every fact that is in it. There are no tables to compare.

use std::io::BufRead;

use super::chunk::{self, Chunk, EntryRow, ItemRow, Place};
use super::judge::{self, Stored, Tree};
use super::{Against, BATCH, Finding, Report, Run, spread};
use crate::http::Error;
use crate::journal::export::{CheckpointLine, EntryLine, FORMAT, Facts, Header};
use crate::journal::note::SignedNote;

/// A line longer than this is none of ours.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Verifies an export; `tables` are the names of the tables that entries may speak of.
///
/// # Errors
///
/// The file cannot be read, or is no export.
pub fn verify_export(
    input: &mut dyn BufRead,
    tables: &[&'static str],
    against: &Against,
    mut progress: impl FnMut(i64),
) -> Result<Report, String> {
    let first = next_line(input)?.ok_or("the file is empty")?;
    let header: Header<'_> = serde_json::from_str(&first)
        .ok()
        .filter(|header: &Header<'_>| header.format == FORMAT)
        .ok_or("the first line is not that of a journal's export")?;
    let partial = header.facts == Facts::Public;
    let (stored, mut begun) = checkpoints(input)?;
    let mut report = Report::default();
    let mut run = Run::new(Tree::new(judge::sizes(against, &stored)));
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let workers = (0..cores)
        .map(|_| |lines: Vec<String>| read(&lines, tables, partial))
        .collect();
    // The last line of the chunk before comes with each chunk: what the first entry continues.
    let mut before = String::new();
    let next = || {
        let mut lines = vec![before.clone()];
        for _ in 0..BATCH {
            let line = match begun.take() {
                Some(line) => Some(line),
                None => next_line(input).map_err(Error::internal)?,
            };
            let Some(line) = line else { break };
            lines.push(line);
        }
        if let Some(last) = lines.last() {
            before.clone_from(last);
        }
        Ok((lines.len() > 1).then_some(lines))
    };
    let taken = spread::in_order(workers, next, |chunk| {
        run.take(&mut report, chunk);
        progress(run.last.seq);
        Ok(())
    });
    taken.map_err(|e| {
        e.inside()
            .0
            .unwrap_or("the export cannot be read")
            .to_owned()
    })?;
    if run.last.seq < header.entries {
        let text = format!(
            "the export ends at {}, but its first line says {} entries: the tail was cut",
            run.last.seq, header.entries
        );
        report.find(Some(run.last.seq + 1), text);
    }
    if !partial {
        run.replay.check_erasures(&mut report);
    }
    judge::judge(
        &mut report,
        against,
        Some(&stored),
        &run.tree,
        &run.restores,
    );
    report.close(&run.last, &run.tree);
    Ok(report)
}

/// The checkpoints at the beginning, and the first line of another kind.
fn checkpoints(input: &mut dyn BufRead) -> Result<(Vec<Stored>, Option<String>), String> {
    let mut stored = Vec::new();
    loop {
        let line = next_line(input)?;
        let Some(text) = line.as_deref().filter(|l| l.starts_with("{\"checkpoint\"")) else {
            return Ok((stored, line));
        };
        let line: CheckpointLine =
            serde_json::from_str(text).map_err(|_| "the line of a checkpoint cannot be read")?;
        let note =
            SignedNote::parse(&line.checkpoint).ok_or("the line of a checkpoint cannot be read")?;
        stored.push(Stored {
            size: i64::try_from(note.checkpoint.size).unwrap_or(i64::MAX),
            root: note.checkpoint.root.to_vec(),
            note: line.checkpoint,
        });
    }
}

fn next_line(input: &mut dyn BufRead) -> Result<Option<String>, String> {
    let mut line = String::new();
    let mut bounded = std::io::Read::take(&mut *input, LONGEST);
    match bounded.read_line(&mut line) {
        Ok(0) => Ok(None),
        Ok(_) if line.ends_with('\n') => {
            line.pop();
            Ok(Some(line))
        }
        Ok(_) => Err("the last line is not whole, or too long".to_owned()),
        Err(e) => Err(e.to_string()),
    }
}

/// Reads lines and checks them; the first is the one before them, or empty.
fn read(lines: &[String], tables: &[&'static str], partial: bool) -> Chunk {
    let mut broken = Vec::new();
    let (mut entries, mut items) = (Vec::new(), Vec::new());
    let (before, lines) = lines
        .split_first()
        .map_or(("", lines), |(b, l)| (b.as_str(), l));
    let before = rows(before, &mut Vec::new()).map_or_else(Place::default, |e| Place {
        seq: e.seq,
        recorded_at: e.recorded_at,
        hash: e.hash,
    });
    let mut last = before.seq;
    for line in lines {
        match rows(line, &mut items) {
            Some(entry) => {
                last = entry.seq;
                entries.push(entry);
            }
            None => broken.push(Finding {
                seq: last.checked_add(1),
                text: "the entry's line cannot be read".to_owned(),
            }),
        }
    }
    let mut chunk = chunk::check(before, &entries, &items, tables, partial);
    chunk.findings.splice(0..0, broken);
    chunk
}

fn rows(line: &str, items: &mut Vec<ItemRow>) -> Option<EntryRow> {
    let bytes = |hex: &str| data_encoding::HEXLOWER.decode(hex.as_bytes()).ok();
    let line: EntryLine = serde_json::from_str(line).ok()?;
    for item in line.items {
        items.push(ItemRow {
            seq: line.seq,
            item: item.item,
            class: item.class,
            hash: bytes(&item.hash)?,
            salt: match item.salt {
                Some(salt) => Some(bytes(&salt)?),
                None => None,
            },
            body: item.body,
        });
    }
    Some(EntryRow {
        seq: line.seq,
        recorded_at: line.recorded_at,
        actor: line.actor,
        action: line.action,
        subject: line.subject,
        organisation: line.organisation,
        facts_hash: bytes(&line.facts_hash)?,
        hash: bytes(&line.hash)?,
    })
}
