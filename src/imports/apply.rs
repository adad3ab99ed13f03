//! Storing a plan, and applying it in chunks.
//!
//! A chunk is one transaction of at most [`AT_MOST`] rows that holds the journal's head for at most [`HOLD`]: a crash repeats a
//! chunk, never half a row. Each row is planned again inside it. Where one of its rows cannot be written, the transaction is
//! rolled back and done once more with a savepoint per row, so that the others stay.

use std::time::{Duration, Instant as Clock};

use super::compare::{Changes, Held};
use super::cores;
use super::draft::{Draft, Frame, Looked, look};
use super::model::{Counts, Finding, FindingCode, Outcome, Reading, Resolution};
use super::plan::{self, Act, Known, Planned};
use super::queries;
use super::rows::{ImportRow, LineRow};
use super::upload::Plan;
use crate::auth::{Acting, Scope};
use crate::countries::Countries;
use crate::db::{Conn, Id, Tx, dialect};
use crate::http::{Code, Error};
use crate::journal::{self, Batch, Entry};
use crate::organisations::distinct::Way;
use crate::organisations::dto::{
    Candidate, ChangeOrganisation, NewContact, NewIdentifier, NewName, NewReference, Patch,
    RegisterOrganisation,
};
use crate::organisations::model::NameKind;
use crate::organisations::register::Checked;
use crate::organisations::rows::{OrganisationRow, ReferenceRow};
use crate::organisations::{change, items, register};
use crate::text::{Line, Reason};

/// The largest number of rows in one chunk.
pub const AT_MOST: usize = 500;
/// The longest time that a chunk holds the journal's head.
pub const HOLD: Duration = Duration::from_millis(100);

/// Stores a dry run.
pub fn store(tx: &mut Tx<'_>, acting: &Acting, plan: &Plan) -> Result<ImportRow, Error> {
    let id = Id::random().map_err(Error::internal)?;
    let json = |value: &Counts| serde_json::to_string(value).map_err(Error::internal);
    let mut row = ImportRow {
        id: id.0,
        created_by: acting.actor().to_string(),
        created_at: acting.now().0,
        country: match acting.reach().scope() {
            Scope::One(country) => Some(country.clone()),
            Scope::All | Scope::None => None,
        },
        default_country: plan.default_country.clone(),
        source: plan.source.clone(),
        file_name: plan.file_name.clone(),
        sha256: plan.sha256.clone(),
        reading: serde_json::to_string(&plan.reading).map_err(Error::internal)?,
        status: "planned".to_owned(),
        counts: json(&plan.counts)?,
        version: 1,
        seq: 0,
    };
    queries::insert_import(tx, &row)?;
    let lines: Vec<LineRow> = plan
        .rows
        .iter()
        .map(|r| r.stored(id.0))
        .collect::<Result<_, _>>()?;
    queries::insert_lines(tx, &lines)?;
    // The head comes last: nobody waits for it while the rows are written.
    journal::enter(
        tx,
        &acting.actor(),
        acting.now(),
        "import.planned",
        |tx, entry| {
            row.seq = entry.seq();
            row.created_at = entry.recorded_at().0;
            queries::update_import(tx, &row)?;
            about(entry, &row);
            entry.now(&row)?;
            Ok(())
        },
    )?;
    Ok(row)
}

/// Takes a new dry run of the same file for the rows of a stopped import that wait: the register may have changed since. What
/// somebody resolved stays resolved.
pub fn plan_anew(tx: &mut Tx<'_>, acting: &Acting, id: Id, plan: &Plan) -> Result<(), Error> {
    let import = lock(tx, acting, id)?;
    let waiting = queries::unresolved(tx, import.id)?;
    let lines: Vec<LineRow> = plan
        .rows
        .iter()
        .filter(|row| waiting.contains(&row.line))
        .map(|row| row.stored(import.id))
        .collect::<Result<_, _>>()?;
    queries::replace_lines(tx, import.id, &lines)
}

fn about(entry: &mut Entry, row: &ImportRow) {
    entry.about(format!("import:{}", Id(row.id)));
}

/// Changes an import's own row inside a journal entry.
pub fn change_import(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &ImportRow,
    action: &str,
    change: impl FnOnce(&mut ImportRow, &mut Entry) -> Result<(), Error>,
) -> Result<ImportRow, Error> {
    journal::enter(tx, &acting.actor(), acting.now(), action, |tx, entry| {
        let mut row = before.clone();
        change(&mut row, entry)?;
        row.version += 1;
        row.seq = entry.seq();
        queries::update_import(tx, &row)?;
        about(entry, &row);
        entry.changed(before, &row)?;
        Ok(row)
    })
}

/// Locks an import that the caller may see.
pub fn lock(tx: &mut Tx<'_>, acting: &Acting, id: Id) -> Result<ImportRow, Error> {
    let row = queries::import(tx, acting, id)?;
    dialect::lock_row(tx, "imports", "id", row.id)?;
    queries::import(tx, acting, id)
}

/// What a chunk did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Rows looked at.
    pub rows: usize,
    /// The last line looked at.
    pub line: i32,
    /// True when no row waits behind it.
    pub done: bool,
}

/// Applies the next rows. What is wrong with a row is an error at first, which [`Pace::took`] takes.
pub fn chunk(
    tx: &mut Tx<'_>,
    acting: &Acting,
    countries: &Countries,
    id: Id,
    next: Next,
) -> Result<Chunk, Error> {
    let import = lock(tx, acting, id)?;
    let size = next.size.clamp(1, AT_MOST);
    let limit = i64::try_from(size).map_err(Error::internal)?;
    let mut lines = queries::waiting(tx, import.id, next.after, limit)?;
    if lines.is_empty() {
        return Ok(Chunk {
            rows: 0,
            line: next.after,
            done: true,
        });
    }
    let reading: Reading = serde_json::from_str(&import.reading).map_err(Error::internal)?;
    let today = acting.now().day();
    let frame = Frame::of(
        &reading,
        &import.source,
        import.default_country.clone(),
        countries,
        today,
    )?;
    let looked = cores::each(&mut lines, |line| look_at(&frame, countries, acting, line))?;
    let waiting = lines
        .into_iter()
        .zip(looked)
        .map(|(line, looked)| {
            let (looked, resolution) = looked?;
            Ok(Waiting {
                line,
                looked,
                resolution,
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    if import.status != "committing" {
        change_import(tx, acting, &import, "import.commit_started", |row, _| {
            row.status = "committing".to_owned();
            Ok(())
        })?;
    }
    let written = rows(tx, acting, countries, &waiting, next.alone)?;
    queries::replace_lines(tx, import.id, &written)?;
    Ok(Chunk {
        rows: written.len(),
        line: written.last().map_or(next.after, |line| line.line),
        done: false,
    })
}

/// Whether each row has a savepoint of its own. Savepoints are dear: SQLite copies every page that is touched behind one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alone {
    Yes,
    No,
}

/// The journal's entries of registrations that follow each other, written together; with savepoints each by itself.
struct Entries {
    alone: Alone,
    batch: Option<Batch>,
}

impl Entries {
    fn run<T>(
        &mut self,
        tx: &mut Tx<'_>,
        work: impl FnOnce(&mut Tx<'_>, &mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.alone == Alone::No {
            return work(tx, self);
        }
        // What is rolled back takes its entries with it: they live no longer than the savepoint.
        tx.savepoint(|tx| {
            let mut own = Self {
                alone: Alone::No,
                batch: None,
            };
            let done = work(tx, &mut own)?;
            own.write(tx)?;
            Ok(done)
        })
    }

    fn open(&mut self, tx: &mut Tx<'_>, acting: &Acting) -> Result<&mut Batch, Error> {
        match &mut self.batch {
            Some(batch) => Ok(batch),
            none => Ok(none.insert(Batch::begin(tx, acting.now())?)),
        }
    }

    /// To be called before anything else writes an entry.
    fn write(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        match self.batch.take() {
            Some(batch) => batch.write(tx),
            None => Ok(()),
        }
    }
}

/// Plans and writes rows one after the other until the time is up; gives back what became of those it got to. Without
/// savepoints of their own, what is wrong with a row is the error of all.
fn rows(
    tx: &mut Tx<'_>,
    acting: &Acting,
    countries: &Countries,
    waiting: &[Waiting],
    alone: Alone,
) -> Result<Vec<LineRow>, Error> {
    let drafts: Vec<(&Draft, Option<&Resolution>)> = waiting
        .iter()
        .filter_map(|w| Some((w.looked.draft.as_ref().ok()?, w.resolution.as_ref())))
        .collect();
    // On PostgreSQL the journal's head is taken first: whoever registers the same meanwhile waits, or is among what is known below.
    if tx.is_postgres() {
        Batch::begin(tx, acting.now())?.write(tx)?;
    }
    let mut known = queries::known(tx, &drafts)?;
    let started = Clock::now();
    let mut written = Vec::with_capacity(waiting.len());
    let mut entries = Entries { alone, batch: None };
    for one in waiting {
        let mut line = one.line.clone();
        let context = (&mut known, written.as_slice());
        one.apply(tx, acting, countries, context, &mut line, &mut entries)?;
        written.push(line);
        if started.elapsed() >= HOLD {
            break;
        }
    }
    entries.write(tx)?;
    Ok(written)
}

/// Ends a commit: notes in the journal what became of the rows. Does nothing where nothing was begun.
pub fn finish(tx: &mut Tx<'_>, acting: &Acting, id: Id) -> Result<ImportRow, Error> {
    let import = lock(tx, acting, id)?;
    let counts = queries::counts(tx, import.id)?;
    if import.status == "committed" {
        return Ok(import);
    }
    change_import(tx, acting, &import, "import.committed", |row, _| {
        row.status = "committed".to_owned();
        row.counts = serde_json::to_string(&counts).map_err(Error::internal)?;
        Ok(())
    })
}

/// Commits an import on a connection of the caller's (the command line).
pub fn commit(
    conn: &mut Conn,
    acting: &Acting,
    countries: &Countries,
    id: Id,
    progress: &mut dyn FnMut(usize),
) -> Result<ImportRow, Error> {
    let mut pace = Pace::default();
    let mut rows = 0;
    while !pace.done {
        let next = pace.next();
        let done = conn.transact(|tx| chunk(tx, acting, countries, id, next));
        rows += pace.took(done)?;
        progress(rows);
    }
    conn.transact(|tx| finish(tx, acting, id))
}

/// Sizes chunks by what the last one managed, so that little is planned in vain.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    next: Next,
    /// True when no row waits.
    pub done: bool,
}

/// Which rows a chunk takes, and how.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    /// The line behind which they begin.
    after: i32,
    /// How many there may be.
    size: usize,
    alone: Alone,
}

impl Next {
    /// So many rows behind a line.
    pub fn behind(after: i32, size: usize) -> Self {
        Self {
            after,
            size,
            alone: Alone::No,
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            next: Next::behind(0, AT_MOST),
            done: false,
        }
    }
}

impl Pace {
    /// What the next chunk is.
    pub fn next(&self) -> Next {
        self.next
    }

    /// Takes note of what a chunk did; gives how many rows it looked at. Where something is wrong with one of the rows, each gets
    /// a savepoint of its own in the next try, so that the others stay.
    pub fn took(&mut self, done: Result<Chunk, Error>) -> Result<usize, Error> {
        let chunk = match done {
            Ok(chunk) => chunk,
            Err(error) if self.next.alone == Alone::No && is_of_the_row(&error) => {
                self.next.alone = Alone::Yes;
                return Ok(0);
            }
            Err(error) => return Err(error),
        };
        let size = self.next.size;
        let size = if chunk.rows < size {
            chunk.rows.max(10)
        } else {
            (size + size / 8 + 1).min(AT_MOST)
        };
        self.next = Next::behind(chunk.line, size);
        self.done = chunk.done;
        Ok(chunk.rows)
    }
}

struct Waiting {
    line: LineRow,
    looked: Looked,
    resolution: Option<Resolution>,
}

/// What a stored row says, and how its question was resolved.
fn look_at(
    frame: &Frame,
    countries: &Countries,
    acting: &Acting,
    line: &LineRow,
) -> Result<(Looked, Option<Resolution>), Error> {
    let mut cells: Vec<String> = serde_json::from_str(&line.cells).map_err(Error::internal)?;
    let looked = look(frame, countries, acting.reach(), &mut cells);
    let resolution = line
        .resolution
        .as_deref()
        .map(serde_json::from_str)
        .transpose()
        .map_err(Error::internal)?;
    Ok((looked, resolution))
}

impl Waiting {
    fn apply(
        &self,
        tx: &mut Tx<'_>,
        acting: &Acting,
        countries: &Countries,
        (known, written): (&mut Known, &[LineRow]),
        line: &mut LineRow,
        entries: &mut Entries,
    ) -> Result<(), Error> {
        let resolution = self.resolution.as_ref();
        if resolution == Some(&Resolution::Skip) {
            line.applied = true;
            return Ok(());
        }
        let before: Vec<Finding> = serde_json::from_str(&line.findings).map_err(Error::internal)?;
        if before.iter().any(|f| f.code == FindingCode::SameAsRow) {
            // An earlier row of the file counts in its place, which a row alone cannot tell.
            line.applied = true;
            "[]".clone_into(&mut line.cells);
            return Ok(());
        }
        let planned = match &self.looked.draft {
            Ok(draft) => plan::plan(
                countries,
                known,
                acting.reach(),
                None,
                line.line,
                draft,
                resolution,
            )?,
            Err(finding) => Planned::refused(finding.clone()),
        };
        let done = match (&self.looked.draft, planned.act) {
            (Ok(draft), Act::Register(mut candidates)) => {
                if matches!(resolution, Some(Resolution::New { .. })) {
                    warned(tx, (line.import_id, written), &before, &mut candidates)?;
                }
                entries.run(tx, |tx, entries| {
                    add(tx, entries, acting, known, draft, resolution, candidates).map(Some)
                })
            }
            (Ok(draft), Act::Change(id, changes)) => {
                let held = known.held.get(&id).map(|h| h.row.number.clone());
                let number = held
                    .ok_or_else(|| Error::internal("a planned change without its organisation"))?;
                entries.run(tx, |tx, entries| {
                    entries.write(tx)?;
                    alter(tx, acting, countries, &number, &draft.country, &changes).map(Some)
                })
            }
            (_, _) => Ok(None),
        };
        line.outcome = planned.outcome.as_str().to_owned();
        line.number = planned.number;
        let mut findings = planned.findings;
        match done {
            Ok(held) => {
                line.applied = !matches!(
                    planned.outcome,
                    Outcome::Faulty | Outcome::PossibleDuplicate
                );
                if let Some(held) = held {
                    line.number = Some(held.row.number.clone());
                    known.learn(held);
                }
            }
            Err(error) if entries.alone == Alone::Yes && is_of_the_row(&error) => {
                line.outcome = Outcome::Faulty.as_str().to_owned();
                findings.push(Finding::new(
                    FindingCode::NotApplied,
                    error.detail().to_owned(),
                ));
            }
            Err(error) => return Err(error),
        }
        if line.applied {
            // What the registry holds needs no second copy.
            "[]".clone_into(&mut line.cells);
        }
        line.findings = serde_json::to_string(&findings).map_err(Error::internal)?;
        Ok(())
    }
}

/// True for what is wrong with one row; anything else ends the chunk, and nothing of it stays.
fn is_of_the_row(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::InvalidField
            | Code::Conflict
            | Code::DuplicateIdentifier
            | Code::PossibleDuplicate
            | Code::NaturalPersonNumber
            | Code::Forbidden
            | Code::NotFound
    )
}

/// Adds the organisations of which the dry run warned, and the earlier rows that have become one: those of this chunk are not
/// stored yet.
fn warned(
    tx: &mut Tx<'_>,
    (import, written): (i64, &[LineRow]),
    findings: &[Finding],
    candidates: &mut Vec<Candidate>,
) -> Result<(), Error> {
    for finding in findings {
        let number = match (&finding.number, finding.line) {
            (Some(number), _) => Some(number.clone()),
            (None, Some(line)) => match written.iter().find(|row| row.line == line) {
                Some(row) => row.number.clone(),
                None => queries::line(tx, import, line)?.number,
            },
            (None, None) => None,
        };
        let (Some(number), Some(score), Some(verdict)) =
            (number, finding.score, finding.verdict.as_deref())
        else {
            continue;
        };
        if candidates.iter().any(|one| one.number == number) {
            continue;
        }
        if let Some(row) = queries::with_number(tx, &number)? {
            candidates.push(Candidate {
                id: row.id,
                number,
                name: row.name,
                country: row.country,
                city: row.city,
                score,
                verdict: if verdict == "same" {
                    "same"
                } else {
                    "possible"
                },
                reasons: vec![finding.text.clone()],
                side_by_side: Vec::new(),
            });
        }
    }
    Ok(())
}

fn add(
    tx: &mut Tx<'_>,
    entries: &mut Entries,
    acting: &Acting,
    known: &Known,
    draft: &Draft,
    resolution: Option<&Resolution>,
    candidates: Vec<Candidate>,
) -> Result<Held, Error> {
    let reason = match resolution {
        Some(Resolution::New { reason }) => Some(reason),
        _ => None,
    };
    let body = registration(known, draft, reason, &candidates)?;
    let mut identifiers = Vec::new();
    for (_, identifier) in &draft.identifiers {
        let mut identifier = identifier.clone();
        let key = (identifier.scheme.clone(), identifier.canonical.clone());
        let taken = known.by_identifier.get(&key);
        if taken.is_some_and(|holders| holders.iter().any(|(_, exclusive)| *exclusive)) {
            identifier.shared_reason = reason.map(|r| r.as_str().to_owned());
        }
        identifiers.push(identifier);
    }
    let folded = draft.folded.iter();
    let checked = Checked {
        country: &draft.country,
        keys: folded.map(|folded| folded.keys.clone()).collect(),
        identifiers,
        candidates,
        way: Way::Import,
    };
    let late = |_: &mut Tx<'_>, _| Ok(Vec::new());
    let batch = entries.open(tx, acting)?;
    let added = register::enter(tx, batch, acting, &body, checked, late)?;
    let mut row = added.row;
    if !draft.contacts.is_empty() {
        entries.write(tx)?;
    }
    for name in &draft.contacts {
        row = items::add_contact(tx, acting, &row, &contact(name))?.1;
    }
    Ok(Held {
        row,
        names: added.names,
        identifiers: added.identifiers,
        contacts: Vec::new(),
        references: added.references,
    })
}

fn contact(name: &Line) -> NewContact {
    NewContact {
        name: name.clone(),
        position: None,
        email: None,
        phone: None,
    }
}

fn set<T>(patch: &Patch<T>) -> Option<T>
where
    T: Clone,
{
    match patch {
        Patch::Set(value) => Some(value.clone()),
        Patch::Keep | Patch::Clear => None,
    }
}

fn registration(
    known: &Known,
    draft: &Draft,
    reason: Option<&Reason>,
    candidates: &[Candidate],
) -> Result<RegisterOrganisation, Error> {
    let legal = draft
        .legal
        .clone()
        .ok_or_else(|| Error::internal("a planned registration without a name"))?;
    let mut names = vec![NewName {
        kind: NameKind::Legal,
        text: legal,
        language: set(&draft.language),
    }];
    names.extend(draft.names.iter().map(|(_, n)| n.clone()));
    let key = (
        draft.country.clone(),
        draft.source.as_str().to_owned(),
        draft.reference.as_str().to_owned(),
    );
    // A row that was called another organisation than the one with its reference goes in without one.
    let references = if known.by_reference.contains_key(&key) {
        Vec::new()
    } else {
        vec![NewReference {
            source: draft.source.clone(),
            reference: draft.reference.clone(),
        }]
    };
    let numbers = candidates
        .iter()
        .map(|c| c.number.parse().map_err(Error::internal));
    let ChangeOrganisation {
        legal_form,
        city,
        region,
        website,
        themes,
        sdgs,
        descriptions,
        founded,
        address,
        email,
        phone,
        notes,
        ..
    } = &draft.patch;
    Ok(RegisterOrganisation {
        country: draft.country.clone(),
        names,
        legal_form: set(legal_form),
        city: set(city),
        region: set(region),
        website: set(website),
        themes: set(themes).unwrap_or_default(),
        sdgs: set(sdgs).unwrap_or_default(),
        descriptions: set(descriptions).unwrap_or_default(),
        founded: set(founded),
        address: set(address),
        email: set(email),
        email_public: false,
        phone: set(phone),
        notes: set(notes),
        identifiers: Vec::new(),
        references,
        distinct_from: numbers.collect::<Result<_, Error>>()?,
        distinct_reason: reason.cloned(),
    })
}

fn alter(
    tx: &mut Tx<'_>,
    acting: &Acting,
    countries: &Countries,
    number: &str,
    country: &str,
    changes: &Changes,
) -> Result<Held, Error> {
    let number = number.parse().map_err(Error::internal)?;
    let mut row = change::lock(tx, acting, &number, None)?;
    if let Some(patch) = &changes.patch {
        row = change::change_plain(tx, acting, &row, patch.clone())?;
    }
    for item in &changes.removed_names {
        row = items::remove_name(tx, acting, &row, *item)?.1;
    }
    if let Some((item, language)) = &changes.language {
        row = items::change_name(tx, acting, &row, *item, language.clone())?.1;
    }
    for name in changes.legal.iter().chain(&changes.names) {
        row = items::add_name(tx, acting, &row, name)?.1;
    }
    for item in &changes.removed_identifiers {
        row = items::remove_identifier(tx, acting, &row, *item)?.1;
    }
    for checked in &changes.identifiers {
        let reason = |text: &Option<String>| text.as_deref().map(Reason::parse).transpose();
        let new = NewIdentifier {
            scheme: checked.scheme.clone(),
            value: checked.value.clone(),
            override_reason: reason(&checked.override_reason).map_err(Error::internal)?,
            shared_reason: None,
        };
        row = items::add_identifier(tx, acting, countries, &row, &new)?.1;
    }
    for item in &changes.removed_contacts {
        row = items::remove_contact(tx, acting, &row, *item)?.1;
    }
    for name in &changes.contacts {
        row = items::add_contact(tx, acting, &row, &contact(name))?.1;
    }
    if let Some((source, reference)) = &changes.reference {
        row = refer(tx, acting, &row, source, reference, country)?;
    }
    let mut held = queries::with_lists(tx, vec![row])?;
    held.pop()
        .ok_or_else(|| Error::internal("a changed organisation is gone"))
}

fn refer(
    tx: &mut Tx<'_>,
    acting: &Acting,
    before: &OrganisationRow,
    source: &Line,
    reference: &Line,
    country: &str,
) -> Result<OrganisationRow, Error> {
    let ((), row) = change::apply(
        tx,
        acting,
        before,
        "organisation.reference_added",
        |tx, entry, row| {
            let reference = ReferenceRow {
                source: source.as_str().to_owned(),
                reference: reference.as_str().to_owned(),
                country: country.to_owned(),
                organisation_id: row.id,
                seq: entry.seq(),
            };
            register::insert_reference(tx, entry, &reference)
        },
    )?;
    Ok(row)
}
