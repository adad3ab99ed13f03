//! What becomes of a row: matched in the order of `docs/imports.md`, else compared as a possible duplicate. Pure: what
//! the register knows is handed in as [`Known`], what the file's earlier rows said as [`Seen`].

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::compare::{self, Changes, Held, MatchedBy};
use super::draft::Draft;
use super::model::{Finding, FindingCode as Code, Outcome, Resolution};
use super::read::Field;
use crate::auth::Reach;
use crate::http::Error;
use crate::organisations::dto::Candidate;
use crate::organisations::register::name_key;
use crate::organisations::rows::NameRow;
use crate::search::fold;

/// The part of the register that a chunk of rows may touch.
#[derive(Default)]
pub struct Known {
    /// Organisations by their internal id.
    pub held: HashMap<i64, Held>,
    /// By registry number.
    pub by_number: HashMap<String, i64>,
    /// By country, source and reference.
    pub by_reference: HashMap<(String, String, String), i64>,
    /// By scheme and canonical value: the organisation, and whether no other may have the value.
    pub by_identifier: HashMap<(String, String), Vec<(i64, bool)>>,
    /// Names that are no acronyms, by country and folded key.
    pub by_name: HashMap<(String, String), Vec<NameRow>>,
}

impl Known {
    /// Adds an organisation that was registered a moment ago.
    pub fn learn(&mut self, held: Held) {
        let (id, country) = (held.row.id, held.row.country.clone());
        self.by_number.insert(held.row.number.clone(), id);
        for reference in &held.references {
            let key = (
                reference.country.clone(),
                reference.source.clone(),
                reference.reference.clone(),
            );
            self.by_reference.insert(key, id);
        }
        for identifier in &held.identifiers {
            let key = (identifier.scheme.clone(), identifier.canonical.clone());
            let holders = self.by_identifier.entry(key).or_default();
            holders.push((id, identifier.exclusive));
        }
        for name in held.names.iter().filter(|n| n.kind != "acronym") {
            let key = (country.clone(), name.key_skeleton.clone());
            self.by_name.entry(key).or_default().push(name.clone());
        }
        self.held.insert(id, held);
    }
}

/// What the file's earlier rows said.
#[derive(Default)]
pub struct Seen {
    names: Vec<SeenName>,
    by_key: HashMap<u64, Vec<usize>>,
    identifiers: HashMap<(String, String), i32>,
    references: HashMap<(String, String, String), i32>,
    organisations: HashMap<i64, i32>,
}

struct SeenName {
    line: i32,
    country: String,
    keys: fold::Keys,
}

/// So many names of one key are compared; more never differ in what matters.
const PER_KEY: usize = 50;

fn hashes(country: &str, keys: &fold::Keys) -> Vec<u64> {
    let hash = |kind: u8, key: &str| {
        let mut hasher = DefaultHasher::new();
        (kind, country, key).hash(&mut hasher);
        hasher.finish()
    };
    if keys.plain.is_empty() {
        return vec![hash(0, &keys.raw)];
    }
    let mut found = vec![
        hash(1, &keys.plain),
        hash(2, &keys.skeleton),
        hash(3, &keys.proper),
    ];
    found.extend(keys.skeleton_alt.as_deref().map(|alt| hash(2, alt)));
    found
}

impl Seen {
    fn note(&mut self, line: i32, draft: &Draft, organisation: Option<i64>) {
        for name in &draft.keyed {
            let at = self.names.len();
            for hash in hashes(&draft.country, &name.keys) {
                let same = self.by_key.entry(hash).or_default();
                if same.len() < PER_KEY {
                    same.push(at);
                }
            }
            self.names.push(SeenName {
                line,
                country: draft.country.clone(),
                // Initials and the core prove nothing here.
                keys: fold::Keys {
                    core: String::new(),
                    initials: Vec::new(),
                    ..name.keys.clone()
                },
            });
        }
        for (_, identifier) in &draft.identifiers {
            let key = (identifier.scheme.clone(), identifier.canonical.clone());
            self.identifiers.entry(key).or_insert(line);
        }
        self.references.entry(reference(draft)).or_insert(line);
        if let Some(id) = organisation {
            self.organisations.entry(id).or_insert(line);
        }
    }

    /// The earlier line that may be the same organisation, and why.
    fn like(&self, draft: &Draft) -> Option<(i32, String)> {
        let mut found: Option<(i32, String)> = None;
        let mut take = |line: i32, why: String| {
            if found.as_ref().is_none_or(|(first, _)| line < *first) {
                found = Some((line, why));
            }
        };
        if let Some(line) = self.references.get(&reference(draft)) {
            let what = if draft.has_reference {
                "has the same reference"
            } else {
                "says the same"
            };
            take(*line, what.to_owned());
        }
        for (_, identifier) in &draft.identifiers {
            let key = (identifier.scheme.clone(), identifier.canonical.clone());
            if let Some(line) = self.identifiers.get(&key) {
                take(*line, format!("has the same {}", identifier.scheme));
            }
        }
        for name in &draft.keyed {
            for at in hashes(&draft.country, &name.keys)
                .iter()
                .flat_map(|h| self.by_key.get(h).into_iter().flatten())
            {
                let Some(other) = self.names.get(*at) else {
                    continue;
                };
                if other.country == draft.country && fold::same_name(&name.keys, &other.keys) {
                    take(
                        other.line,
                        format!("has a name that reads the same as “{}”", name.text),
                    );
                    break;
                }
            }
        }
        found
    }
}

fn reference(draft: &Draft) -> (String, String, String) {
    (
        draft.country.clone(),
        draft.source.as_str().to_owned(),
        draft.reference.as_str().to_owned(),
    )
}

/// What is to be done for a row.
pub enum Act {
    /// Nothing.
    Nothing,
    /// Register it; it is none of these organisations.
    Register(Vec<Candidate>),
    /// Change this organisation.
    Change(i64, Box<Changes>),
}

/// What becomes of a row.
pub struct Planned {
    /// In a word.
    pub outcome: Outcome,
    /// Why.
    pub findings: Vec<Finding>,
    /// The organisation's number, where it has one already.
    pub number: Option<String>,
    /// What is to be done.
    pub act: Act,
}

impl Planned {
    fn faulty(findings: Vec<Finding>) -> Self {
        Self {
            outcome: Outcome::Faulty,
            findings,
            number: None,
            act: Act::Nothing,
        }
    }

    /// A row that says nothing that could be looked up.
    pub fn refused(finding: Finding) -> Self {
        Self::faulty(vec![finding])
    }
}

/// Plans one row. `seen` is asked and told in a dry run; a commit has asked it before.
pub fn plan(
    known: &Known,
    reach: &Reach,
    seen: Option<&mut Seen>,
    line: i32,
    draft: &Draft,
    resolution: Option<&Resolution>,
) -> Result<Planned, Error> {
    let matched = match matched(known, draft, resolution) {
        Ok(matched) => matched,
        Err(finding) => return Ok(Planned::faulty(vec![finding])),
    };
    let mut planned = match matched {
        Some((held, by)) => {
            let mut planned = known_organisation(known, reach, draft, held, by)?;
            if let Some(seen) = &seen {
                told_before(seen, held.row.id, draft, by, &mut planned);
            }
            planned
        }
        None => new_organisation(known, reach, seen.as_deref(), draft, resolution),
    };
    if let Some(seen) = seen
        && planned.outcome != Outcome::Faulty
    {
        seen.note(line, draft, matched.map(|(held, _)| held.row.id));
    }
    planned.findings.extend(match matched {
        Some(_) => Vec::new(),
        None => left_out(draft),
    });
    Ok(planned)
}

fn left_out(draft: &Draft) -> Vec<Finding> {
    let left_out = draft.remarks.iter().filter(|r| !r.fatal);
    left_out.map(|r| r.finding.clone()).collect()
}

type Matched<'a> = Option<(&'a Held, MatchedBy)>;

fn matched<'a>(
    known: &'a Known,
    draft: &Draft,
    resolution: Option<&Resolution>,
) -> Result<Matched<'a>, Finding> {
    let held = |id: &i64| {
        known
            .held
            .get(id)
            .filter(|h| h.row.country == draft.country)
    };
    let by_number = |number: &str| known.by_number.get(number).and_then(held);
    let unknown = |number: &str| {
        Finding::new(
            Code::UnknownNumber,
            format!(
                "no organisation of {} has the registry number {number}",
                draft.country
            ),
        )
    };
    match resolution {
        Some(Resolution::SameAs { number }) => {
            return match by_number(number.as_str()) {
                Some(held) => merged(held).map(|held| Some((held, MatchedBy::Resolution))),
                None => Err(unknown(number.as_str())),
            };
        }
        Some(Resolution::New { .. }) => return Ok(None),
        Some(Resolution::Skip) | None => {}
    }
    if let Some(number) = &draft.number {
        return match by_number(number.as_str()) {
            Some(held) => merged(held).map(|held| Some((held, MatchedBy::Number))),
            None => Err(unknown(number.as_str())),
        };
    }
    if let Some(held) = known.by_reference.get(&reference(draft)).and_then(held) {
        return merged(held).map(|held| Some((held, MatchedBy::Reference)));
    }
    let Some(legal) = draft.legal.as_ref().and_then(|_| draft.keyed.first()) else {
        return Ok(None);
    };
    let key = name_key(&legal.keys);
    for (_, identifier) in &draft.identifiers {
        let place = (identifier.scheme.clone(), identifier.canonical.clone());
        let holders = known.by_identifier.get(&place).into_iter().flatten();
        for held in holders.filter_map(|(id, _)| held(id)) {
            let same = name_key(&fold::keys(&held.row.name, Some(&draft.country))) == key;
            if same && held.row.merged_into.is_none() {
                return Ok(Some((held, MatchedBy::IdentifierAndName)));
            }
        }
    }
    Ok(None)
}

fn merged(held: &Held) -> Result<&Held, Finding> {
    if held.row.merged_into.is_none() {
        return Ok(held);
    }
    Err(Finding::new(
        Code::Merged,
        "the organisation was merged into another; change its successor",
    )
    .about(held.row.number.clone()))
}

fn known_organisation(
    known: &Known,
    reach: &Reach,
    draft: &Draft,
    held: &Held,
    by: MatchedBy,
) -> Result<Planned, Error> {
    // What the registry holds already is not judged again.
    let mut remarks = Vec::new();
    for remark in &draft.remarks {
        let cell = draft.given.iter().find(|(f, _)| *f == remark.field);
        let same = match cell {
            Some((field, cell)) => held.says(field, cell)?,
            None => false,
        };
        if !same {
            remarks.push(remark);
        }
    }
    let findings: Vec<Finding> = remarks.iter().map(|r| r.finding.clone()).collect();
    let fatal = remarks.iter().any(|r| r.fatal);
    let number = Some(held.row.number.clone());
    if fatal {
        return Ok(Planned {
            number,
            ..Planned::faulty(findings)
        });
    }
    let mut changes = compare::compare(draft, held, by)?;
    let other = known.by_reference.get(&reference(draft));
    let is_other_s =
        other.is_some_and(|id| *id != held.row.id) && changes.reference.take().is_some();
    let mut planned = Planned {
        outcome: Outcome::Unchanged,
        findings,
        number,
        act: Act::Nothing,
    };
    if is_other_s {
        let text = "left out: another organisation has this source and reference";
        planned.findings.push(Finding::new(Code::LeftOut, text));
    }
    for identifier in &changes.identifiers {
        let key = (identifier.scheme.clone(), identifier.canonical.clone());
        let holders = known.by_identifier.get(&key).into_iter().flatten();
        for (id, exclusive) in holders {
            if *exclusive && *id != held.row.id {
                let other = known.held.get(id);
                planned
                    .findings
                    .push(taken(reach, &identifier.scheme, other));
                planned.outcome = Outcome::Faulty;
            }
        }
    }
    if planned.outcome == Outcome::Unchanged && !changes.is_empty() {
        planned.outcome = Outcome::Changed;
        let words = changes.words().join(", ");
        planned
            .findings
            .push(Finding::new(Code::Changes, format!("changes: {words}")));
        planned.act = Act::Change(held.row.id, Box::new(changes));
    }
    Ok(planned)
}

fn taken(reach: &Reach, scheme: &str, holder: Option<&Held>) -> Finding {
    let finding = Finding::new(
        Code::IdentifierTaken,
        format!("another organisation has this {scheme}"),
    )
    .in_column(Field::Identifier(scheme.to_owned()).to_string());
    match holder.filter(|h| reach.covers(&h.row.country)) {
        Some(holder) => finding.about(holder.row.number.clone()),
        None => finding,
    }
}

/// An earlier row found the same organisation.
fn told_before(seen: &Seen, id: i64, draft: &Draft, by: MatchedBy, planned: &mut Planned) {
    let Some(line) = seen.organisations.get(&id).copied() else {
        return;
    };
    if planned.outcome == Outcome::Faulty {
        return;
    }
    planned.act = Act::Nothing;
    // Two references that lead to one organisation were confirmed before; anything else is for a person.
    if by == MatchedBy::Reference && !seen.references.contains_key(&reference(draft)) {
        planned.outcome = Outcome::Unchanged;
        planned.findings = vec![
            Finding::new(
                Code::SameAsRow,
                format!("is the same organisation as line {line}, which counts"),
            )
            .like_line(line),
        ];
    } else {
        planned.outcome = Outcome::PossibleDuplicate;
        planned.findings = vec![
            Finding::new(
                Code::MayBeRow,
                format!("line {line} is the same organisation; keep one of the two"),
            )
            .like_line(line),
        ];
    }
}

fn new_organisation(
    known: &Known,
    reach: &Reach,
    seen: Option<&Seen>,
    draft: &Draft,
    resolution: Option<&Resolution>,
) -> Planned {
    let mut faults: Vec<Finding> = draft
        .remarks
        .iter()
        .filter(|r| r.fatal)
        .map(|r| r.finding.clone())
        .collect();
    if draft.legal.is_none()
        && !draft
            .remarks
            .iter()
            .any(|r| r.fatal && r.field == Field::Name)
    {
        faults.push(Finding::new(Code::NoName, "the row has no name"));
    }
    let resolved = matches!(resolution, Some(Resolution::New { .. }));
    let mut candidates = names_like(known, draft);
    for (_, identifier) in &draft.identifiers {
        let key = (identifier.scheme.clone(), identifier.canonical.clone());
        for (id, exclusive) in known.by_identifier.get(&key).into_iter().flatten() {
            match known.held.get(id) {
                // A merged one stands for nothing any more.
                Some(held)
                    if held.row.country == draft.country && held.row.merged_into.is_some() => {}
                Some(held) if held.row.country == draft.country => note(
                    &mut candidates,
                    held,
                    format!("it has the same {}", identifier.scheme),
                ),
                other if *exclusive => faults.push(taken(reach, &identifier.scheme, other)),
                _ => {}
            }
        }
    }
    if !faults.is_empty() {
        return Planned::faulty(faults);
    }
    if resolved {
        return Planned {
            outcome: Outcome::New,
            findings: Vec::new(),
            number: None,
            act: Act::Register(candidates),
        };
    }
    let mut findings: Vec<Finding> = candidates
        .iter()
        .map(|c| {
            let text = format!(
                "may be registered as {} “{}”: {}",
                c.number,
                c.name,
                c.reasons.join("; ")
            );
            Finding::new(Code::MayBeRegistered, text).about(c.number.clone())
        })
        .collect();
    if let Some((line, why)) = seen.and_then(|s| s.like(draft)) {
        findings.push(
            Finding::new(
                Code::MayBeRow,
                format!("may be the same as line {line}, which {why}"),
            )
            .like_line(line),
        );
    }
    if findings.is_empty() {
        return Planned {
            outcome: Outcome::New,
            findings,
            number: None,
            act: Act::Register(Vec::new()),
        };
    }
    Planned {
        outcome: Outcome::PossibleDuplicate,
        findings,
        number: None,
        act: Act::Nothing,
    }
}

/// Organisations of the country with a name that reads the same.
fn names_like(known: &Known, draft: &Draft) -> Vec<Candidate> {
    let mut found = Vec::new();
    for own in &draft.keyed {
        let skeleton = name_key(&own.keys);
        let alt = own.keys.skeleton_alt.clone().filter(|alt| *alt != skeleton);
        for key in std::iter::once(skeleton).chain(alt) {
            let names = known.by_name.get(&(draft.country.clone(), key));
            for name in names.into_iter().flatten().take(PER_KEY) {
                let theirs = fold::keys(&name.text, Some(&draft.country));
                let held = known.held.get(&name.organisation_id);
                if let Some(held) = held.filter(|_| fold::same_name(&own.keys, &theirs)) {
                    let reason = format!(
                        "its {} name “{}” reads the same as “{}”",
                        name.kind, name.text, own.text
                    );
                    note(&mut found, held, reason);
                }
            }
        }
    }
    found
}

fn note(found: &mut Vec<Candidate>, held: &Held, reason: String) {
    let row = &held.row;
    match found.iter_mut().find(|c| c.number == row.number) {
        Some(candidate) if candidate.reasons.contains(&reason) => {}
        Some(candidate) => candidate.reasons.push(reason),
        None => found.push(Candidate {
            number: row.number.clone(),
            name: row.name.clone(),
            country: row.country.clone(),
            city: row.city.clone(),
            reasons: vec![reason],
        }),
    }
}
