//! What becomes of a row: matched in the order of `docs/imports.md`, else compared as a possible duplicate. Pure: what
//! the register knows is handed in as [`Known`], what the file's earlier rows said as [`Seen`].

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use super::compare::{self, Changes, Held, MatchedBy};
use super::draft::Draft;
use super::model::{Finding, FindingCode as Code, Outcome, Resolution};
use super::near::{self, File, Near};
use super::read::Field;
use crate::auth::Reach;
use crate::countries::Countries;
use crate::http::Error;
use crate::organisations::alike::{self, Facts, FoldedFacts, Ready};
use crate::organisations::candidates;
use crate::organisations::dto::Candidate;
use crate::organisations::model::NameKind;
use crate::organisations::register::name_key;
use crate::organisations::rows::NameRow;
use crate::search::compare::Verdict;
use crate::search::{self, fold};

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
pub struct Seen {
    /// Their names and signs.
    pub file: File,
    /// Rows that are not faulty.
    lines: HashSet<i32>,
    identifiers: HashMap<(String, String), i32>,
    references: HashMap<(String, String, String), i32>,
    organisations: HashMap<i64, i32>,
}

/// So many names of one key are compared; more never differ in what matters.
const PER_KEY: usize = 50;

impl Seen {
    /// No row yet.
    pub fn new(today: NaiveDate) -> Self {
        Self {
            file: File::new(today),
            lines: HashSet::new(),
            identifiers: HashMap::new(),
            references: HashMap::new(),
            organisations: HashMap::new(),
        }
    }

    fn note(&mut self, line: i32, draft: &Draft, organisation: Option<i64>) {
        self.lines.insert(line);
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
    fn like(&self, draft: &Draft, near: &Near) -> Option<Finding> {
        let told = |line: i32, why: &str| {
            let text = format!("may be the same as line {line}: {why}");
            Finding::new(Code::MayBeRow, text).like_line(line)
        };
        let mut sure: Vec<(i32, &str)> = Vec::new();
        if let Some(line) = self.references.get(&reference(draft)) {
            let what = if draft.has_reference {
                "it has the same reference"
            } else {
                "it says the same"
            };
            sure.push((*line, what));
        }
        let by_number = draft.identifiers.iter().filter_map(|(_, identifier)| {
            let key = (identifier.scheme.clone(), identifier.canonical.clone());
            self.identifiers.get(&key).copied()
        });
        sure.extend(by_number.map(|line| (line, "it has the same number")));
        let alike = near.lines.iter().find(|one| self.lines.contains(&one.line));
        let first = sure.iter().min_by_key(|(line, _)| *line);
        match (first, alike) {
            (Some((line, why)), alike)
                if alike.is_none_or(|one| {
                    one.likeness.verdict != Verdict::Same || one.line > *line
                }) =>
            {
                Some(told(*line, why).scored(1.0, "same"))
            }
            (_, Some(one)) => {
                let why = one.likeness.reasons.join("; ");
                let score = one.likeness.rounded();
                Some(told(one.line, &why).scored(score, one.likeness.word()))
            }
            (_, None) => None,
        }
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

/// True where a row finds no organisation by its number, reference, or identifier and name.
pub fn is_new(known: &Known, draft: &Draft) -> bool {
    matches!(matched(known, draft, None), Ok(None))
}

/// Plans one row. `seen` is asked and told in a dry run, with whom the row may be; a commit has asked before, and looks again
/// only at numbers and names that read the same.
pub fn plan(
    countries: &Countries,
    known: &Known,
    reach: &Reach,
    seen: Option<(&mut Seen, Near)>,
    line: i32,
    draft: &Draft,
    resolution: Option<&Resolution>,
) -> Result<Planned, Error> {
    let matched = match matched(known, draft, resolution) {
        Ok(matched) => matched,
        Err(finding) => return Ok(Planned::faulty(vec![finding])),
    };
    let (mut seen, near) = match seen {
        Some((seen, near)) => (Some(seen), near),
        None => (None, Near::default()),
    };
    let sight = Sight {
        reach,
        dry: seen.is_some(),
    };
    let mut planned = match matched {
        Some((held, by)) => {
            let mut planned = known_organisation(known, sight, draft, held, by)?;
            if by == MatchedBy::Reference && resolution.is_none() && is_renamed(draft, held) {
                wait_for_a_name(draft, held, &mut planned);
            }
            if let Some(seen) = seen.as_deref() {
                told_before(seen, held.row.id, draft, by, &mut planned);
            }
            planned
        }
        None => {
            let row = New {
                countries,
                known,
                sight,
                draft,
            };
            row.plan(seen.as_deref(), &near, resolution)
        }
    };
    if let Some(seen) = seen.as_mut()
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

/// True where a row has a legal name that is unlike every name of the organisation, and no number of it either: a list whose
/// rows are counted anew, or another list of the same name, would make one organisation of another.
fn is_renamed(draft: &Draft, held: &Held) -> bool {
    let Some(legal) = &draft.legal else {
        return false;
    };
    let has_number = draft.identifiers.iter().any(|(_, own)| {
        held.identifiers
            .iter()
            .any(|one| one.scheme == own.scheme && one.canonical == own.canonical)
    });
    let acronym = NameKind::Acronym.as_str();
    let mut names = held.names.iter().filter(|name| name.kind != acronym);
    !has_number
        && names.all(|name| {
            let country = Some(draft.country.as_str());
            let alike = search::compare::compare(&name.text, legal.as_str(), country, None);
            alike.verdict == Verdict::Different
        })
}

/// Leaves a row that would rename an organisation to a person.
fn wait_for_a_name(draft: &Draft, held: &Held, planned: &mut Planned) {
    if planned.outcome != Outcome::Changed {
        return;
    }
    let new = draft.legal.as_ref().map_or("", |name| name.as_str());
    let text = format!(
        "its reference is that of {} “{}”, and the row's name “{new}” is not like that: another organisation, or a new name? `same_as` renames it",
        held.row.number, held.row.name
    );
    planned.outcome = Outcome::PossibleDuplicate;
    planned.findings =
        vec![Finding::new(Code::MayBeRegistered, text).about(held.row.number.clone())];
    planned.number = None;
    planned.act = Act::Nothing;
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
    let by_reference = known.by_reference.get(&reference(draft)).and_then(held);
    match resolution {
        Some(Resolution::SameAs { number }) => {
            let found = by_number(number.as_str()).ok_or_else(|| unknown(number.as_str()))?;
            // Somebody confirmed that the organisation of this reference has quite another name now.
            let renamed = by_reference.is_some_and(|own| own.row.id == found.row.id)
                && is_renamed(draft, found);
            let by = if renamed {
                MatchedBy::Reference
            } else {
                MatchedBy::Resolution
            };
            return merged(found).map(|held| Some((held, by)));
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
    if let Some(held) = by_reference {
        return merged(held).map(|held| Some((held, MatchedBy::Reference)));
    }
    let Some(key) = draft.legal_keys().map(name_key) else {
        return Ok(None);
    };
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
    sight: Sight<'_>,
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
            let other = known.held.get(id);
            if *exclusive && *id != held.row.id && sight.tells_of(other) {
                planned
                    .findings
                    .push(taken(sight.reach, &identifier.scheme, other));
                planned.outcome = Outcome::Faulty;
            }
        }
    }
    if planned.outcome == Outcome::Unchanged && !changes.is_empty() {
        planned.outcome = Outcome::Changed;
        let words = changes.words().join(", ");
        let renamed = changes.legal.as_ref().map_or_else(String::new, |legal| {
            format!("; “{}” becomes “{}”", held.row.name, legal.text.as_str())
        });
        let text = format!("changes: {words}{renamed}");
        planned.findings.push(Finding::new(Code::Changes, text));
        planned.act = Act::Change(held.row.id, Box::new(changes));
    }
    Ok(planned)
}

/// Whom a row is told of.
#[derive(Clone, Copy)]
struct Sight<'a> {
    reach: &'a Reach,
    dry: bool,
}

impl Sight<'_> {
    /// Whether a row is told that this organisation has its number. A dry run leaves no trace, so it says nothing of records that are not
    /// reached: whoever would try out numbers has to commit them.
    fn tells_of(self, holder: Option<&Held>) -> bool {
        !self.dry || holder.is_some_and(|held| self.reach.covers(&held.row.country))
    }
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

/// A row that finds no organisation.
struct New<'a> {
    countries: &'a Countries,
    known: &'a Known,
    sight: Sight<'a>,
    draft: &'a Draft,
}

impl New<'_> {
    fn plan(&self, seen: Option<&Seen>, near: &Near, resolution: Option<&Resolution>) -> Planned {
        let faults = self.faults();
        if !faults.is_empty() {
            return Planned::faulty(faults);
        }
        let candidates = self.candidates(near);
        if matches!(resolution, Some(Resolution::New { .. })) {
            return Planned {
                outcome: Outcome::New,
                findings: Vec::new(),
                number: None,
                act: Act::Register(candidates),
            };
        }
        let mut findings: Vec<Finding> = candidates.iter().map(may_be_registered).collect();
        findings.extend(seen.and_then(|seen| seen.like(self.draft, near)));
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

    fn faults(&self) -> Vec<Finding> {
        let fatal = self.draft.remarks.iter().filter(|r| r.fatal);
        let mut faults: Vec<Finding> = fatal.clone().map(|r| r.finding.clone()).collect();
        if self.draft.legal.is_none() && !fatal.clone().any(|r| r.field == Field::Name) {
            faults.push(Finding::new(Code::NoName, "the row has no name"));
        }
        for (_, identifier) in &self.draft.identifiers {
            for (id, exclusive) in self.holders(&identifier.scheme, &identifier.canonical) {
                let other = self.known.held.get(id);
                let at_home = other.is_some_and(|held| held.row.country == self.draft.country);
                if *exclusive && !at_home && self.sight.tells_of(other) {
                    faults.push(taken(self.sight.reach, &identifier.scheme, other));
                }
            }
        }
        faults
    }

    fn holders(&self, scheme: &str, canonical: &str) -> impl Iterator<Item = &(i64, bool)> {
        let key = (scheme.to_owned(), canonical.to_owned());
        self.known.by_identifier.get(&key).into_iter().flatten()
    }

    /// Whom the row may be: what the index found, and who has an equal number or a name that reads the same.
    fn candidates(&self, near: &Near) -> Vec<Candidate> {
        let mut found = near.registered.clone();
        let equal = self.equal();
        if equal.is_empty() {
            return found;
        }
        let own = near::facts(self.draft);
        let own = Ready::of(&own, None);
        for (id, facts) in equal {
            let Some(held) = self.known.held.get(&id) else {
                continue;
            };
            if found.iter().any(|one| one.number == held.row.number) {
                continue;
            }
            let other = FoldedFacts::of(facts);
            let other = Ready::of(&other, None);
            if let Some(likeness) = alike::compare(self.countries, &own, &other) {
                found.push(candidates::candidate(&held.row, &likeness));
            }
        }
        found.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then_with(|| a.number.cmp(&b.number))
        });
        found
    }

    /// Organisations of the country with a name that reads the same, or with an identifier of the row.
    fn equal(&self) -> BTreeMap<i64, Facts> {
        let mut found: BTreeMap<i64, Facts> = BTreeMap::new();
        let mut take = |held: &Held, name: Option<&NameRow>, number: Option<[&String; 3]>| {
            let facts = found
                .entry(held.row.id)
                .or_insert_with(|| Facts::of(&held.row, &held.names, &held.identifiers));
            facts
                .names
                .extend(name.map(|name| (name.kind.clone(), name.text.clone())));
            // Its own, or one that it took over by a merge.
            let number = number.map(|[a, b, c]| (a.clone(), b.clone(), c.clone()));
            facts.identifiers.extend(number);
        };
        for own in self.draft.keys() {
            let skeleton = name_key(own);
            let alt = own.skeleton_alt.clone().filter(|alt| *alt != skeleton);
            for key in std::iter::once(skeleton).chain(alt) {
                let key = (self.draft.country.clone(), key);
                let names = self.known.by_name.get(&key);
                for name in names.into_iter().flatten().take(PER_KEY) {
                    let theirs = fold::keys(&name.text, Some(&self.draft.country));
                    let held = self.known.held.get(&name.organisation_id);
                    if let Some(held) = held.filter(|_| fold::same_name(own, &theirs)) {
                        take(held, Some(name), None);
                    }
                }
            }
        }
        for (_, identifier) in &self.draft.identifiers {
            for (id, _) in self.holders(&identifier.scheme, &identifier.canonical) {
                let held = self.known.held.get(id);
                // A merged one stands for nothing any more.
                let at_home = |held: &&Held| {
                    held.row.country == self.draft.country && held.row.merged_into.is_none()
                };
                if let Some(held) = held.filter(at_home) {
                    let number = [&identifier.scheme, &identifier.value, &identifier.canonical];
                    take(held, None, Some(number));
                }
            }
        }
        found
    }
}

fn may_be_registered(candidate: &Candidate) -> Finding {
    let text = format!(
        "may be registered as {} “{}”: {}",
        candidate.number,
        candidate.name,
        candidate.reasons.join("; ")
    );
    Finding::new(Code::MayBeRegistered, text)
        .about(candidate.number.clone())
        .scored(candidate.score, candidate.verdict)
}
