//! Who may be the same organisation: the few of a register that are worth comparing in full (design, section 9).
//!
//! Cheaper than a search, because imports ask for a hundred thousand: a name's words are looked up as they are, the rarest
//! first, until what is left could not make a name like it by itself; the usual words are only looked for in the names found
//! so far. What shares too little of their weight is left out. Across a border only names that say the same count.

use super::compare::{Prepared, role_worth};
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
        if name.keys().plain.is_empty() {
            let same = index.with_raw(&name.keys().raw).iter();
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
    let total = name.total.max(f32::EPSILON);
    // What the other name has besides can only take off.
    let least = total * WORTH_COMPARING / 2.0;
    let lists = lists(index, name);
    let mut open: f32 = lists.iter().map(|(weight, _)| weight).sum();
    let mut gathered: Vec<(u32, u16, f32)> = Vec::new();
    let mut budget = BUDGET;
    let mut lists = (0..).zip(&lists).peekable();
    while let Some((nth, (weight, terms))) = lists.peek() {
        let size: usize = terms.iter().map(|&term| index.postings(term).len()).sum();
        // Names that hold none of the rarer words share too little with the rest alone.
        if open < least || (size > budget && !gathered.is_empty()) {
            break;
        }
        for &term in terms {
            let names = index.postings(term).iter().take(budget);
            gathered.extend(names.map(|&name| (name, *nth, *weight)));
        }
        budget = budget.saturating_sub(size);
        open -= weight;
        lists.next();
    }
    let usual: Vec<(f32, &[u32])> = lists
        .map(|(_, (weight, terms))| (*weight, terms.as_slice()))
        .collect();
    // By name; a word counts once for each.
    gathered.sort_unstable_by_key(|&(name, word, _)| (name, word));
    gathered.dedup_by_key(|(name, word, _)| (*name, *word));
    for of_one in gathered.chunk_by(|a, b| a.0 == b.0) {
        let Some((number, ..)) = of_one.first() else {
            continue;
        };
        let rare: f32 = of_one.iter().map(|(.., weight)| weight).sum();
        if rare + open < least {
            continue;
        }
        // Postings are sorted: names come in with growing numbers.
        let holds = |terms: &[u32]| {
            let mut postings = terms.iter().map(|&term| index.postings(term));
            postings.any(|names| names.binary_search(number).is_ok())
        };
        let with_usual = usual.iter().filter(|(_, terms)| holds(terms));
        let shared = rare + with_usual.map(|(weight, _)| weight).sum::<f32>();
        if shared < least {
            continue;
        }
        let Some(&slot) = at(&index.names, *number) else {
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
fn lists(index: &Index, name: &Prepared) -> Vec<(f32, Vec<u32>)> {
    let tells = |role: Option<Role>| !matches!(role, Some(Role::Form(_) | Role::Small));
    let words = name.words().filter(|(word, _)| tells(word.role));
    let few = words.clone().count() < MANY_WORDS;
    let mut lists: Vec<(f32, Vec<u32>)> = words
        .map(|(word, weight)| {
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
            (weight, terms)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::super::fold::Folded;
    use super::super::index::{Document, Kind};
    use super::*;

    /// Names of some usual words and a few rare ones, all public.
    fn filled(count: i64) -> (Index, Vec<String>) {
        let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default();
        let mut index = Index::new(today);
        let usual = ["Imported", "Sample", "Bakery", "Harbour"];
        let mut names = Vec::new();
        for n in 0..count {
            let place = |by: i64| usize::try_from((n / by) % 4).unwrap_or(0);
            let text = format!(
                "{} {} {} Grove{}",
                usual[place(1)],
                usual[place(3)],
                n % 97,
                n % 31
            );
            index.put(&Document {
                id: n,
                country: "KZ".to_owned(),
                public_from: Some(today),
                withheld: false,
                names: vec![(1, Kind::Legal, text.clone())],
                city: None,
                descriptions: Vec::new(),
                signs: Vec::new(),
            });
            names.push(text);
        }
        (index, names)
    }

    /// What the rule says, without any short cut: every name of the index is looked at.
    fn by_the_rule(index: &Index, name: &Prepared) -> BTreeSet<i64> {
        let lists = lists(index, name);
        (0..)
            .zip(&index.names)
            .filter_map(|(number, &slot)| {
                let shared: f32 = lists
                    .iter()
                    .filter(|(_, terms)| {
                        let mut all = terms.iter();
                        all.any(|&term| index.postings(term).contains(&number))
                    })
                    .map(|(weight, _)| weight)
                    .sum();
                let share = 2.0 * shared / (name.total + total_of(index, slot, "KZ"));
                let close = (share - WORTH_COMPARING).abs() < 1e-4;
                assert!(!close, "too close to tell");
                (share >= WORTH_COMPARING)
                    .then(|| index.organisation(slot.organisation).map(|slot| slot.id))?
            })
            .collect()
    }

    #[test]
    fn leaving_usual_words_for_the_end_leaves_out_no_name_that_shares_enough() {
        let (index, names) = filled(900);
        let sight = Sight {
            all: true,
            own: None,
            today: chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default(),
        };
        let mut several = 0;
        for text in names.iter().step_by(7) {
            let folded = Arc::new(Folded::of(text, Some("KZ")));
            let name = [Prepared::weighed(folded, Some("KZ"), Some(&index))];
            let wanted = Wanted {
                country: "KZ",
                names: &name,
                signs: &[],
            };
            let found: BTreeSet<i64> = near(&index, &wanted, &sight, 900).into_iter().collect();
            let [name] = &name;
            let expected = by_the_rule(&index, name);
            assert_eq!(found, expected, "{text}");
            several += usize::from(expected.len() > 1);
        }
        assert!(several > 20, "only {several} names have any near them");
    }
}
