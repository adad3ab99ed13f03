//! Who may be the same organisation: the few of a register that are worth comparing in full (design, section 9).
//!
//! Cheaper than a search, because imports ask for a hundred thousand: a name's words are looked up as they are, the rarest
//! first, and what shares too little of their weight is left out. Across a border only names that say the same count.

use super::compare::{Prepared, Side, role_worth};
use super::fold::Role;
use super::index::{Index, NameSlot, OrganisationSlot, Sight, at};
use super::meanings;

/// Entries of postings that are read for one name.
const BUDGET: usize = 20_000;
/// Shared weight from which two names are compared in full; a full comparison asks for 0.6, but also sees slips and meanings.
const WORTH_COMPARING: f32 = 0.4;
/// The same across a border, where everything has to be shared.
const ACROSS: f32 = 0.8;
/// A sign that more hold tells nothing.
const MOST_HOLDERS: usize = 8;
/// Words from this length on are also looked up with a slip, where a name has few words or hardly anybody has this one.
const LONG: usize = 5;
/// So many words tell a name apart though one has a slip.
const MANY_WORDS: usize = 3;

/// Who is looked for.
pub struct Wanted<'a> {
    /// The Platform's country code.
    pub country: &'a str,
    /// Its names.
    pub names: &'a [Prepared],
    /// Its signs ([`super::signs`]).
    pub signs: &'a [String],
}

/// Internal ids of organisations that are worth comparing, those that share most first; at most `most`.
#[must_use]
pub fn near(index: &Index, wanted: &Wanted<'_>, sight: &Sight, most: usize) -> Vec<i64> {
    let mut found: Vec<(f32, i64)> = Vec::new();
    for name in wanted.names {
        by_words(index, name, wanted.country, sight, &mut found);
        if name.keys.plain.is_empty() {
            let same = index.with_raw(&name.keys.raw).iter();
            let slots = same.filter_map(|&name| at(&index.names, name));
            let seen = slots.filter_map(|slot| seen(index, slot.organisation, sight));
            found.extend(seen.take(most).map(|slot| (1.0, slot.id)));
        }
    }
    for sign in wanted.signs {
        let holders: Vec<i64> = index
            .with_sign(sign)
            .filter_map(|number| seen(index, number, sight))
            .map(|slot| slot.id)
            .take(MOST_HOLDERS + 1)
            .collect();
        if holders.len() <= MOST_HOLDERS {
            found.extend(holders.into_iter().map(|id| (1.0, id)));
        }
    }
    found.sort_by(|a, b| a.1.cmp(&b.1).then(b.0.total_cmp(&a.0)));
    found.dedup_by_key(|(_, id)| *id);
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    found.truncate(most);
    found.into_iter().map(|(_, id)| id).collect()
}

fn seen<'a>(index: &'a Index, number: u32, sight: &Sight) -> Option<&'a OrganisationSlot> {
    let slot = index.organisation(number)?;
    index.may_find(slot, sight).then_some(slot)
}

/// Names that share enough of a name's weight.
fn by_words(
    index: &Index,
    name: &Prepared,
    country: &str,
    sight: &Sight,
    found: &mut Vec<(f32, i64)>,
) {
    let mut gathered: Vec<(u32, u16, f32)> = Vec::new();
    let mut budget = BUDGET;
    for (nth, (weight, terms)) in (0..).zip(lists(index, &name.side)) {
        let size: usize = terms.iter().map(|&term| index.postings(term).len()).sum();
        if size > budget && !gathered.is_empty() {
            break;
        }
        for term in terms {
            let names = index.postings(term).iter().take(budget);
            gathered.extend(names.map(|&name| (name, nth, weight)));
        }
        budget = budget.saturating_sub(size);
    }
    // By name; a word counts once for each.
    gathered.sort_unstable_by_key(|&(name, word, _)| (name, word));
    gathered.dedup_by_key(|(name, word, _)| (*name, *word));
    let total = name.side.total.max(f32::EPSILON);
    for of_one in gathered.chunk_by(|a, b| a.0 == b.0) {
        let shared: f32 = of_one.iter().map(|(.., weight)| weight).sum();
        // What the other name has besides can only take off.
        if shared / total < WORTH_COMPARING / 2.0 {
            continue;
        }
        let Some(&slot) = of_one.first().and_then(|first| at(&index.names, first.0)) else {
            continue;
        };
        let organisation = seen(index, slot.organisation, sight);
        let Some(organisation) = organisation.filter(|_| slot.kind.is_name()) else {
            continue;
        };
        let theirs = index.country_of(organisation);
        let share = 2.0 * shared / (total + total_of(index, slot, theirs)).max(f32::EPSILON);
        let enough = if theirs == country {
            WORTH_COMPARING
        } else {
            ACROSS
        };
        if share >= enough {
            found.push((share, organisation.id));
        }
    }
}

/// The terms of each telling word with its weight, those that fewest names hold first.
fn lists(index: &Index, side: &Side) -> Vec<(f32, Vec<u32>)> {
    let tells = |role: Option<Role>| !matches!(role, Some(Role::Form(_) | Role::Small));
    let words = side.words.iter().filter(|word| tells(word.word.role));
    let few = words.clone().count() < MANY_WORDS;
    let mut lists: Vec<(f32, Vec<u32>)> = words
        .map(|weighed| {
            let word = &weighed.word;
            let skeletons: Vec<String> = std::iter::once(&word.skeleton)
                .chain(&word.alt)
                .cloned()
                .collect();
            let mut terms: Vec<u32> = skeletons
                .iter()
                .filter_map(|skeleton| index.terms.find(skeleton.as_bytes()))
                .collect();
            let held: usize = terms.iter().map(|&term| index.postings(term).len()).sum();
            if word.skeleton.len() >= LONG && (few || held <= 1) {
                index
                    .terms
                    .at_one_edit(word.skeleton.as_bytes(), |term| terms.push(term));
            }
            let meant = meanings::of_skeletons(index, &skeletons);
            terms.extend(meant.into_iter().map(|(term, _)| term));
            terms.sort_unstable();
            terms.dedup();
            (weighed.weight, terms)
        })
        .collect();
    lists.sort_by_key(|(_, terms)| -> usize {
        terms.iter().map(|&term| index.postings(term).len()).sum()
    });
    lists
}

/// The weight of all words of a name of the index, as [`super::compare`] weighs them.
fn total_of(index: &Index, name: NameSlot, country: &str) -> f32 {
    let place = index.place_of(country);
    index
        .words(name)
        .map(|(word, role)| {
            let short = if index.terms.text(word.term).len() < 2 {
                0.1
            } else {
                1.0
            };
            index.telling(Some(word.term), place).max(0.05) * role_worth(role) * short
        })
        .sum()
}
