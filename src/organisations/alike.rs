//! Whether two organisations may be one: all names of both compared, with what else is known of them (design, section 9). Pure.
//!
//! The same for registrations, imports and the list of pairs. Across a border only what is public counts, so that no answer tells
//! of a field that its reader may not see.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::matching;
use super::rows::{IdentifierRow, NameRow, OrganisationRow};
use super::search_dto::rounded;
use super::view;
use crate::countries::Countries;
use crate::search::borders::Abroad;
use crate::search::compare::{Judged, OPEN, POSSIBLE, SAME, Verdict, same_place};
use crate::search::fold::Folded;
use crate::search::index::{Index, Sight};
use crate::search::near::{self, Wanted};
use crate::search::prepared::Prepared;
use crate::search::rules::{Rule, applies};
use crate::search::signs;

/// What the same host adds to a score.
const SAME_HOST: f32 = 0.15;
/// What the same telephone number adds.
const SAME_PHONE: f32 = 0.1;
/// What the same city adds.
const SAME_CITY: f32 = 0.03;
/// At most this where something that should agree does not: to be looked at, never the same.
pub(super) const DISAGREE: f32 = 0.8;
/// What a name of the past is worth.
pub(super) const FORMER: f32 = 0.97;
/// From this on a name reads the same.
const READS_THE_SAME: f32 = 0.97;
/// Organisations that are compared in full for one.
const COMPARED: usize = 30;

/// What is known of an organisation, whether it is registered or not.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The Platform's country code.
    pub country: String,
    /// Kinds and texts of names.
    pub names: Vec<(String, String)>,
    /// Places of names that are of another country, with its code: of organisations that were merged into it across a border.
    pub elsewhere: BTreeMap<usize, String>,
    /// City.
    pub city: Option<String>,
    /// Website as written.
    pub website: Option<String>,
    /// Websites of those that were merged into it.
    pub former_websites: Vec<String>,
    /// E-mail address as written, and whether it is public.
    pub email: Option<(String, bool)>,
    /// Telephone as written.
    pub phone: Option<String>,
    /// Schemes, values as written and as compared.
    pub identifiers: Vec<(String, String, String)>,
}

impl Facts {
    /// What the registry holds.
    #[must_use]
    pub fn of(row: &OrganisationRow, names: &[NameRow], identifiers: &[IdentifierRow]) -> Self {
        let named = |name: &NameRow| (name.kind.clone(), name.text.clone());
        Self {
            country: row.country.clone(),
            names: names.iter().map(named).collect(),
            elsewhere: BTreeMap::new(),
            city: row.city.clone(),
            website: row.website.clone(),
            former_websites: Vec::new(),
            email: row.email.clone().map(|email| (email, row.email_public)),
            phone: row.phone.clone(),
            identifiers: identifiers
                .iter()
                .map(|one| (one.scheme.clone(), one.value.clone(), one.canonical.clone()))
                .collect(),
        }
    }

    /// The country as which a name is read.
    #[must_use]
    pub fn country_of(&self, place: usize) -> &str {
        self.elsewhere.get(&place).unwrap_or(&self.country)
    }

    /// Its signs, as the index keeps them.
    #[must_use]
    pub fn signs(&self) -> Vec<String> {
        let email = self.email.as_ref().map(|(email, _)| email.as_str());
        signs::of(self.website.as_deref(), email, self.phone.as_deref())
    }
}

/// Facts with their names folded: what does not depend on a register, and is made once for many comparisons.
#[derive(Clone)]
pub struct FoldedFacts {
    /// The facts.
    pub facts: Facts,
    /// The names but initials, which many share, each with its place among the names.
    names: Vec<(usize, Arc<Folded>)>,
    signs: Vec<String>,
}

impl FoldedFacts {
    /// Folds the names.
    #[must_use]
    pub fn of(facts: Facts) -> Self {
        let names = facts.names.iter().enumerate();
        let folded = names.map(|(at, (_, text))| Folded::of(text, Some(facts.country_of(at))));
        let folded = folded.map(Arc::new).collect();
        Self::with(facts, folded)
    }

    /// Takes names that were folded before, in their order.
    #[must_use]
    pub fn with(facts: Facts, folded: Vec<Arc<Folded>>) -> Self {
        let names = facts.names.iter().zip(folded).enumerate();
        Self {
            names: names
                .filter(|(_, ((kind, _), _))| kind != "acronym")
                .map(|(at, (_, folded))| (at, folded))
                .collect(),
            signs: facts.signs(),
            facts,
        }
    }

    /// The names but initials, folded.
    pub fn names(&self) -> impl Iterator<Item = &Arc<Folded>> {
        self.names.iter().map(|(_, folded)| folded)
    }

    /// Its signs, as the index keeps them.
    #[must_use]
    pub fn signs(&self) -> &[String] {
        &self.signs
    }

    /// The names but initials, folded, each with its text and its country.
    pub fn told_names(&self) -> impl Iterator<Item = (&Arc<Folded>, &str, &str)> {
        self.names.iter().filter_map(|(at, folded)| {
            let (_, text) = self.facts.names.get(*at)?;
            Some((folded, text.as_str(), self.facts.country_of(*at)))
        })
    }

    /// Kind and text of a name.
    fn name(&self, place: usize) -> Option<&(String, String)> {
        self.facts.names.get(self.names.get(place)?.0)
    }
}

/// Facts with their names made ready to be compared.
pub struct Ready<'a> {
    known: &'a FoldedFacts,
    names: Vec<Prepared>,
    index: Option<&'a Index>,
}

impl<'a> Ready<'a> {
    /// Weighs the names' words, by an index where there is one.
    #[must_use]
    pub fn of(known: &'a FoldedFacts, index: Option<&'a Index>) -> Self {
        let names = known.told_names();
        Self {
            names: names
                .map(|(folded, _, country)| Prepared::weighed(folded.clone(), Some(country), index))
                .collect(),
            known,
            index,
        }
    }

    /// The countries of its names, each once.
    fn countries(&self) -> BTreeSet<&str> {
        let names = self.known.told_names();
        names.map(|(.., country)| country).collect()
    }

    /// The places of its names of a country.
    fn names_of(&self, country: &str) -> Vec<usize> {
        let names = self.known.told_names().enumerate();
        let names = names.filter(|(_, (.., of))| *of == country);
        names.map(|(at, _)| at).collect()
    }

    /// Its names of a country, with their places, made ready to be compared with those of another one.
    fn abroad(&self, country: &str, both: [&str; 2]) -> Vec<(usize, Abroad)> {
        let names = self.known.told_names().enumerate();
        let names = names.filter(|(_, (.., of))| *of == country);
        names
            .map(|(at, (_, text, own))| (at, Abroad::of(text, own, both, self.index)))
            .collect()
    }

    /// Internal ids of registered organisations that are worth comparing with it.
    #[must_use]
    pub fn near(&self, index: &Index, sight: &Sight) -> Vec<i64> {
        let wanted = Wanted {
            country: &self.known.facts.country,
            names: &self.names,
            signs: &self.known.signs,
        };
        near::near(index, &wanted, sight, COMPARED)
    }
}

/// How much two organisations are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    /// 0 to 1.
    pub score: f32,
    /// What the score means.
    pub verdict: Verdict,
    /// Why, in words, the weightiest first.
    pub reasons: Vec<String>,
}

impl Likeness {
    /// The score with three digits.
    #[must_use]
    pub fn rounded(&self) -> f64 {
        rounded(self.score)
    }

    /// The verdict's word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        matching::word(self.verdict)
    }
}

/// Compares two organisations; none where they are different. `first` is told of as “it”'s counterpart: the reasons speak of
/// `second`.
#[must_use]
pub fn compare(countries: &Countries, first: &Ready<'_>, second: &Ready<'_>) -> Option<Likeness> {
    let (a, b) = (&first.known.facts, &second.known.facts);
    let at_home = a.country == b.country;
    let Weighing {
        mut score,
        mut reasons,
        blocked,
    } = by_name(first, second, at_home);
    if !blocked {
        if let Some(host) = same_host(a, b, at_home) {
            score = lifted(score, SAME_HOST, DISAGREE).max(POSSIBLE);
            reasons.insert(
                0,
                format!("its website or mail is at the same host: {host}"),
            );
        }
        if at_home && same_phone(a, b) {
            score = lifted(score, SAME_PHONE, DISAGREE).max(POSSIBLE);
            reasons.insert(0, "it has the same telephone number".to_owned());
        }
    }
    if score < POSSIBLE / 2.0 {
        score = 0.0;
    }
    if let (true, Some(x), Some(y)) = (at_home, &a.city, &b.city) {
        if same_place(x, y, Some(&a.country)) {
            score = lifted(score, SAME_CITY, OPEN);
            reasons.push("it is in the same city".to_owned());
        } else {
            score = score.min(DISAGREE);
            reasons.push("it is in another city".to_owned());
        }
    }
    if !at_home {
        score = score.min(DISAGREE);
        reasons.push("it is in another country".to_owned());
    }
    let own = a.identifiers.iter();
    let own = own.map(|(scheme, _, canonical)| (scheme.as_str(), canonical.as_str()));
    let Numbers { same, other } = numbers(own, b, |scheme| {
        at_home || view::is_public_scheme(countries, scheme)
    });
    if !other.is_empty() {
        score = score.min(DISAGREE);
        reasons.push(format!("it has another {}", other.join(", ")));
    }
    // Names alone are never proof enough for 1.
    score = score.clamp(0.0, 0.999);
    if !same.is_empty() {
        score = 1.0;
        reasons.insert(0, format!("it has the same {}", same.join(", ")));
    }
    let verdict = match score {
        _ if score >= SAME => Verdict::Same,
        _ if score >= POSSIBLE => Verdict::Possible,
        _ => return None,
    };
    Some(Likeness {
        score,
        verdict,
        reasons,
    })
}

/// Adds what speaks for a pair beside its names, up to a bound: institutes of one house share its host, and two clubs of one town
/// the town. What names alone say is not taken off.
pub(super) fn lifted(score: f32, by: f32, most: f32) -> f32 {
    if score >= SAME {
        score + by
    } else {
        (score + by).min(most).max(score)
    }
}

struct Weighing {
    score: f32,
    reasons: Vec<String>,
    blocked: bool,
}

/// Two names that were judged, by their places.
struct Pair {
    own: usize,
    other: usize,
    score: f32,
    /// The names count: both are of one country or of one organisation's, or they say the same across the border.
    counts: bool,
    judged: Judged,
    /// As they were read, where they are of two countries.
    read: Option<Box<(Prepared, Prepared)>>,
}

/// The two names that are most alike of those that count.
fn by_name(first: &Ready<'_>, second: &Ready<'_>, at_home: bool) -> Weighing {
    let mut best: Option<Pair> = None;
    let is_former = |ready: &Ready<'_>, place| {
        let name = ready.known.name(place);
        name.is_some_and(|(kind, _)| kind == "former")
    };
    let mut take = |mut pair: Pair| {
        if is_former(first, pair.own) || is_former(second, pair.other) {
            pair.score *= FORMER;
        }
        let worth = |pair: &Pair| (pair.counts, pair.score);
        if best
            .as_ref()
            .is_none_or(|known| worth(&pair) > worth(known))
        {
            best = Some(pair);
        }
    };
    for one in first.countries() {
        for another in second.countries() {
            if one == another {
                at_one_place(first, second, one, &mut take);
            } else {
                across(first, second, ([one, another], at_home), &mut take);
            }
        }
    }
    best.and_then(|pair| told(first, second, pair))
        .unwrap_or(Weighing {
            score: 0.0,
            reasons: Vec::new(),
            blocked: false,
        })
}

/// Names of one country.
fn at_one_place(first: &Ready<'_>, second: &Ready<'_>, country: &str, take: &mut impl FnMut(Pair)) {
    for own in first.names_of(country) {
        for other in second.names_of(country) {
            let names = first.names.get(own).zip(second.names.get(other));
            let Some((one, another)) = names else {
                continue;
            };
            let judged = Judged::of(one, another);
            take(Pair {
                own,
                other,
                score: judged.score,
                counts: true,
                judged,
                read: None,
            });
        }
    }
}

/// Names of two countries.
fn across(
    first: &Ready<'_>,
    second: &Ready<'_>,
    (both, at_home): ([&str; 2], bool),
    take: &mut impl FnMut(Pair),
) {
    let [one, another] = both;
    let theirs = second.abroad(another, both);
    for (own, one) in first.abroad(one, both) {
        for (other, another) in &theirs {
            let Some(across) = one.judge(another) else {
                continue;
            };
            let read = one.read(across.reading).zip(another.read(across.reading));
            take(Pair {
                own,
                other: *other,
                score: across.judged.score,
                counts: at_home || across.core,
                judged: across.judged,
                read: read.map(|(one, another)| Box::new((one.clone(), another.clone()))),
            });
        }
    }
}

/// What is told of the two names that are most alike.
fn told(first: &Ready<'_>, second: &Ready<'_>, pair: Pair) -> Option<Weighing> {
    let blocked = pair.judged.blocked;
    if !pair.counts {
        return Some(Weighing {
            score: 0.0,
            reasons: Vec::new(),
            blocked,
        });
    }
    let (_, own) = first.known.name(pair.own)?;
    let (kind, other) = second.known.name(pair.other)?;
    let one = match &pair.read {
        Some(read) => pair.judged.told(&read.0, &read.1),
        None => {
            let names = (first.names.get(pair.own)?, second.names.get(pair.other)?);
            pair.judged.told(names.0, names.1)
        }
    };
    let how = if one.score >= READS_THE_SAME {
        "reads the same as"
    } else if one.score >= POSSIBLE / 2.0 {
        "is like"
    } else {
        // What speaks for it is a number or an address.
        "differs from"
    };
    let mut reasons = vec![format!("its {kind} name “{other}” {how} “{own}”")];
    reasons.extend(one.reasons);
    Some(Weighing {
        score: pair.score,
        reasons,
        blocked,
    })
}

fn hosts(facts: &Facts, at_home: bool) -> Vec<String> {
    let email = facts
        .email
        .as_ref()
        .filter(|(_, public)| at_home || *public);
    let site = facts.website.as_deref().and_then(signs::host);
    let former = facts.former_websites.iter();
    let former = former.filter_map(|website| signs::host(website));
    let mail = email.and_then(|(email, _)| signs::domain(email));
    site.into_iter().chain(former).chain(mail).collect()
}

fn same_host(a: &Facts, b: &Facts, at_home: bool) -> Option<String> {
    let others = hosts(b, at_home);
    hosts(a, at_home)
        .into_iter()
        .find(|host| others.contains(host))
}

fn same_phone(a: &Facts, b: &Facts) -> bool {
    let digits = |facts: &Facts| facts.phone.as_deref().and_then(signs::phone);
    digits(a).is_some() && digits(a) == digits(b)
}

/// Schemes in which two organisations have the same number, and schemes in which they have only others.
pub(super) struct Numbers {
    pub(super) same: Vec<String>,
    pub(super) other: Vec<String>,
}

/// Compares numbers, schemes and canonical values, with those of another organisation; only schemes that count. The reference data
/// knows no scheme that gives an organisation several, but a record may hold some: then one that is the same is enough.
pub(super) fn numbers<'a>(
    own: impl Iterator<Item = (&'a str, &'a str)>,
    theirs: &Facts,
    counts: impl Fn(&str) -> bool,
) -> Numbers {
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for (scheme, canonical) in own.filter(|(scheme, _)| counts(scheme)) {
        let mut known = theirs.identifiers.iter().filter(|(of, ..)| of == scheme);
        if known.clone().any(|(.., known)| known == canonical) {
            same.push(scheme.to_owned());
        } else if known.next().is_some() && applies(Rule::OtherNumbers) {
            other.push(scheme.to_owned());
        }
    }
    same.dedup();
    other.dedup();
    other.retain(|scheme| !same.contains(scheme));
    Numbers { same, other }
}

/// One field of two organisations beside each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Beside {
    /// `names`, `city`, `website` or `identifiers`.
    #[schema(example = "city")]
    pub field: String,
    /// What the first says: in a registration, what was written.
    #[schema(example = json!(["Astana"]))]
    pub first: Vec<String>,
    /// What the second says: in a registration, what the record says.
    #[schema(example = json!(["Астана"]))]
    pub second: Vec<String>,
}

/// Both beside each other. Identifiers of schemes that `told` does not tell are left out, each side by itself.
pub fn side_by_side(
    first: &Facts,
    second: &Facts,
    told: impl Fn(&str, &str) -> bool,
) -> Vec<Beside> {
    let one = |text: &Option<String>| text.clone().into_iter().collect::<Vec<_>>();
    let names = |facts: &Facts| facts.names.iter().map(|(_, text)| text.clone()).collect();
    let identifiers = |facts: &Facts| {
        let told = facts
            .identifiers
            .iter()
            .filter(|(scheme, ..)| told(&facts.country, scheme));
        told.map(|(scheme, value, _)| format!("{scheme}: {value}"))
            .collect()
    };
    let rows = [
        ("names", names(first), names(second)),
        ("city", one(&first.city), one(&second.city)),
        ("website", one(&first.website), one(&second.website)),
        ("identifiers", identifiers(first), identifiers(second)),
    ];
    rows.into_iter()
        .filter(|(_, a, b): &(&str, Vec<String>, Vec<String>)| !a.is_empty() || !b.is_empty())
        .map(|(field, first, second)| Beside {
            field: field.to_owned(),
            first,
            second,
        })
        .collect()
}
