//! Who may be the same organisation: the few of a register that are worth comparing in full (design, section 9).
//!
//! Cheaper than a search, because imports ask for a hundred thousand: a name's words are looked up as they are, the rarest
//! first, until what is left could not make a name like it by itself; the usual words are only looked for in the names found
//! so far. What shares too little of their weight is left out. Across a border only names that say the same count ([`super::borders`]).

use std::collections::HashSet;

use super::borders::Border;
use super::fold::{NameWord, Role};
use super::index::{Index, NameSlot, OrganisationSlot, Sight, at};
use super::meanings;
use super::prepared::{Prepared, role_worth};
use super::rules::{Rule, applies};

/// Entries of postings that are read for one name.
const BUDGET: usize = 20_000;
/// Shared weight from which two names are compared in full; a full comparison asks for 0.6, but also sees slips and meanings.
const WORTH_COMPARING: f32 = 0.4;
/// So many are told from beyond the border at most, beside those at home.
const MOST_ACROSS: usize = 10;
/// A sign that more hold tells nothing.
const MOST_HOLDERS: usize = 8;
/// Words from this length on are also looked up with a slip, where a name has few words or hardly anybody has this one.
const LONG: usize = 5;
/// So many words tell a name apart though one has a slip.
const MANY_WORDS: usize = 3;
/// A word that hardly anybody has may be two: each has so many letters at least.
const PART: usize = 3;

/// Who is looked for.
pub struct Wanted<'a> {
    /// The Platform's country code.
    pub country: &'a str,
    /// Its names.
    pub names: &'a [Prepared],
    /// Its signs ([`super::signs`]).
    pub signs: &'a [String],
}

/// Internal ids of organisations that are worth comparing, those that share most first; at most `most`, and some more from beyond
/// the border, which take nobody's place.
#[must_use]
pub fn near(index: &Index, wanted: &Wanted<'_>, sight: &Sight, most: usize) -> Vec<i64> {
    let (mut found, mut across) = (Vec::new(), Vec::new());
    for name in wanted.names {
        by_words(
            index,
            name,
            wanted.country,
            sight,
            (&mut found, &mut across),
        );
        if name.keys().plain.is_empty() {
            let same = index.with_raw(&name.keys().raw).iter();
            let slots = same.filter_map(|&name| at(&index.names, name));
            let seen = slots.filter_map(|slot| seen_by(index, *slot, sight));
            found.extend(seen.take(most).map(|slot| (1.0, slot.id)));
        }
    }
    for sign in wanted.signs {
        found.extend(holders(index, sign, sight).into_iter().map(|id| (1.0, id)));
    }
    let mut ids = best(found, most);
    let others = best(across, MOST_ACROSS);
    ids.extend(others);
    let mut known = HashSet::new();
    ids.retain(|id| known.insert(*id));
    ids
}

/// The best of them, each once.
fn best(mut found: Found, most: usize) -> Vec<i64> {
    found.sort_by(|a, b| a.1.cmp(&b.1).then(b.0.total_cmp(&a.0)));
    found.dedup_by_key(|(_, id)| *id);
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    found.truncate(most);
    found.into_iter().map(|(_, id)| id).collect()
}

/// Internal ids of organisations that hold a sign; none where so many do that it tells nothing.
#[must_use]
pub fn holders(index: &Index, sign: &str, sight: &Sight) -> Vec<i64> {
    let mut holders: Vec<i64> = index
        .with_sign(sign)
        .filter_map(|number| seen(index, number, sight))
        .map(|slot| slot.id)
        .take(MOST_HOLDERS + 1)
        .collect();
    if holders.len() > MOST_HOLDERS {
        holders.clear();
    }
    holders
}

fn seen<'a>(index: &'a Index, number: u32, sight: &Sight) -> Option<&'a OrganisationSlot> {
    let slot = index.organisation(number)?;
    index.may_find(slot, sight).then_some(slot)
}

/// The organisation of a name, where it may be found by this name.
fn seen_by<'a>(index: &'a Index, name: NameSlot, sight: &Sight) -> Option<&'a OrganisationSlot> {
    let slot = index.organisation(name.organisation)?;
    index.may_find_by(name, slot, sight).then_some(slot)
}

/// Organisations with how much of the name they share.
type Found = Vec<(f32, i64)>;

/// Names that share enough of a name's weight.
fn by_words(
    index: &Index,
    name: &Prepared,
    country: &str,
    sight: &Sight,
    (found, across): (&mut Found, &mut Found),
) {
    let mut border = Border::of(name);
    let total = name.total.max(f32::EPSILON);
    // What the other name has besides can only take off.
    let least = total * WORTH_COMPARING / 2.0;
    let all = lists(index, name);
    let mut open: f32 = all.iter().map(|word| word.weight).sum();
    let mut gathered: Vec<(u32, u16, f32)> = Vec::new();
    let mut budget = BUDGET;
    let mut lists = (0..).zip(&all).peekable();
    while let Some((nth, word)) = lists.peek() {
        let size = word.size(index);
        // Names that hold none of the rarer words share too little with the rest alone.
        if open < least || (size > budget && !gathered.is_empty()) {
            break;
        }
        for names in word.postings(index) {
            let names = names.iter().take(budget);
            gathered.extend(names.map(|&name| (name, *nth, word.weight)));
        }
        budget = budget.saturating_sub(size);
        open -= word.weight;
        lists.next();
    }
    let usual: Vec<&Looked> = lists.map(|(_, word)| word).collect();
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
        let with_usual = usual.iter().filter(|word| word.is_held_by(index, number));
        let shared = rare + with_usual.map(|word| word.weight).sum::<f32>();
        if shared < least {
            continue;
        }
        let Some(&slot) = at(&index.names, *number) else {
            continue;
        };
        let organisation = seen_by(index, slot, sight);
        let Some(organisation) = organisation.filter(|_| slot.kind.is_name()) else {
            continue;
        };
        let share = 2.0 * shared / (total + total_of(index, slot)).max(f32::EPSILON);
        if share < WORTH_COMPARING {
            continue;
        }
        let theirs = index.code_of(slot.country);
        let at_home = index.code_of(organisation.country) == country;
        if at_home || name.country() == Some(theirs) {
            found.push((share, organisation.id));
        } else {
            let held = of_one.iter().map(|(_, nth, _)| *nth);
            let rest = usual.iter().filter(|word| word.is_held_by(index, number));
            let places = held.filter_map(|nth| all.get(usize::from(nth)));
            let places: Vec<usize> = places.chain(rest.copied()).map(|word| word.place).collect();
            if border.is_passed_by(&places, theirs) {
                across.push((share, organisation.id));
            }
        }
    }
}

/// A word that is looked up.
struct Looked {
    /// Its place in the name.
    place: usize,
    weight: f32,
    /// What it stands for.
    terms: Vec<u32>,
    /// Names that hold it as two words, sorted.
    names: Vec<u32>,
}

impl Looked {
    /// The names that hold it, for each term; sorted.
    fn postings<'a>(&'a self, index: &'a Index) -> impl Iterator<Item = &'a [u32]> {
        let of_terms = self.terms.iter().map(|&term| index.postings(term));
        of_terms.chain(std::iter::once(self.names.as_slice()))
    }

    fn size(&self, index: &Index) -> usize {
        self.postings(index).map(<[u32]>::len).sum()
    }

    fn is_held_by(&self, index: &Index, name: &u32) -> bool {
        let mut postings = self.postings(index);
        postings.any(|names| names.binary_search(name).is_ok())
    }
}

/// Each telling word, those that fewest names hold first.
fn lists(index: &Index, name: &Prepared) -> Vec<Looked> {
    let tells = |word: &NameWord| !matches!(word.role, Some(Role::Form(_) | Role::Small));
    let few = name.words().filter(|(word, _)| tells(word)).count() < MANY_WORDS;
    let words: Vec<(&NameWord, f32)> = name.words().collect();
    let mut before = None;
    let mut lists = Vec::with_capacity(words.len());
    for (at, (word, weight)) in words.iter().enumerate() {
        // With the next word, and with the one before: names that write both as one hold both.
        let next = words
            .get(at + 1)
            .and_then(|(next, _)| as_one(index, word, next));
        let together = [before, next].into_iter().flatten();
        before = next;
        if tells(word) {
            lists.push(look(index, (at, word, *weight), together, few));
        }
    }
    lists.sort_by_key(|word| word.size(index));
    lists
}

fn look(
    index: &Index,
    (place, word, weight): (usize, &NameWord, f32),
    together: impl Iterator<Item = u32>,
    few: bool,
) -> Looked {
    let skeletons: Vec<String> = std::iter::once(&word.skeleton)
        .chain(&word.alt)
        .cloned()
        .collect();
    let mut terms: Vec<u32> = skeletons
        .iter()
        .filter_map(|skeleton| index.terms.find(skeleton.as_bytes()))
        .collect();
    let turkish = word.turkish.as_ref();
    terms.extend(turkish.and_then(|read| index.terms.find(read.as_bytes())));
    // Other countries read the same letters in other ways.
    if let Some(plain) = index.plains.find(word.plain.as_bytes())
        && applies(Rule::Borders)
    {
        terms.extend(index.terms_of(plain));
        terms.sort_unstable();
        terms.dedup();
    }
    let held: usize = terms.iter().map(|&term| index.postings(term).len()).sum();
    let mut names = Vec::new();
    if word.skeleton.len() >= LONG && (few || held <= 1) {
        index
            .terms
            .at_one_edit(word.skeleton.as_bytes(), |term| terms.push(term));
        as_two(index, word, &mut names);
    }
    let meant = meanings::of_skeletons(index, &skeletons);
    terms.extend(meant.into_iter().map(|(term, _)| term));
    terms.extend(together);
    terms.sort_unstable();
    terms.dedup();
    Looked {
        place,
        weight,
        terms,
        names,
    }
}

/// The term of two words written as one.
fn as_one(index: &Index, first: &NameWord, second: &NameWord) -> Option<u32> {
    if !applies(Rule::Joined) {
        return None;
    }
    let joined = format!("{}{}", first.skeleton, second.skeleton);
    index.terms.find(joined.as_bytes()).or_else(|| {
        // A skeleton loses letters where two words meet, the plain word does not.
        let plain = format!("{}{}", first.plain, second.plain);
        let plain = index.plains.find(plain.as_bytes())?;
        index.terms_of(plain).first().copied()
    })
}

/// Names that hold a word's two parts.
fn as_two(index: &Index, word: &NameWord, names: &mut Vec<u32>) {
    if !applies(Rule::Joined) {
        return;
    }
    let mut hold_both = |a: u32, b: u32| {
        let (a, b) = (index.postings(a), index.postings(b));
        let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        let both = few.iter().filter(|name| many.binary_search(name).is_ok());
        names.extend(both.take(BUDGET));
    };
    for read in std::iter::once(&word.skeleton).chain(&word.turkish) {
        for (head, tail) in halves(read) {
            if let Some((a, b)) = index.terms.find(head).zip(index.terms.find(tail)) {
                hold_both(a, b);
            }
        }
    }
    for (head, tail) in halves(&word.plain) {
        if let Some((a, b)) = index.plains.find(head).zip(index.plains.find(tail)) {
            for &a in index.terms_of(a) {
                index.terms_of(b).iter().for_each(|&b| hold_both(a, b));
            }
        }
    }
    names.sort_unstable();
    names.dedup();
}

/// A folded word cut in two, in each way.
fn halves(word: &str) -> impl Iterator<Item = (&[u8], &[u8])> {
    let cuts = PART..(word.len() + 1).saturating_sub(PART);
    cuts.filter_map(|cut| word.as_bytes().split_at_checked(cut))
}

/// The weight of all words of a name of the index, as [`super::compare`] weighs them.
fn total_of(index: &Index, name: NameSlot) -> f32 {
    let place = Some(name.country);
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
                elsewhere: Vec::new(),
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
                    .filter(|word| word.postings(index).any(|names| names.contains(&number)))
                    .map(|word| word.weight)
                    .sum();
                let share = 2.0 * shared / (name.total + total_of(index, slot));
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
