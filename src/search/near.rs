//! Who may be the same organisation: the few of a register that are worth comparing in full (design, section 9).
//!
//! Cheaper than a search, because imports ask for a hundred thousand: a name's words are looked up as they are, the rarest
//! first, until what is left could not make a name like it by itself; the usual words are only looked for in the names found
//! so far. What shares too little of their weight is left out. Across a border only names that say the same count ([`super::borders`]).
//!
//! What [`super::compare`] calls the same must be found by this. So as many words are also looked up with a slip, another ending or
//! as another spelling of a place as are needed: whichever two of the others are written otherwise, the rest is enough.

use std::collections::HashSet;

use super::borders::Border;
use super::endings;
use super::fold::{NameWord, Role};
use super::index::{Index, NameSlot, OrganisationSlot, Sight, at};
use super::likeness;
use super::meanings;
use super::prepared::{Prepared, Weight, role_worth};
use super::rules::{Rule, applies};

/// Entries of postings that are read for one name.
const BUDGET: usize = 20_000;
/// Shared weight from which two names are compared in full; a full comparison asks for 0.6, but also sees slips and meanings.
const WORTH_COMPARING: f32 = 0.4;
/// The same where a part of it is nearly a word of the other name: slips are seen already.
const WORTH_NEARLY: f32 = 0.6;
/// So many are told from beyond the border at most, beside those at home.
const MOST_ACROSS: usize = 10;
/// A sign that more hold tells nothing.
const MOST_HOLDERS: usize = 8;
/// Words from this length on are also looked up with a slip: a shorter one that is a letter off is another word.
const LONG: usize = 4;
/// What of a name's weight finds it, with something to spare for what the other name has besides.
const ENOUGH: f32 = WORTH_NEARLY + 0.02;
/// So many of a name's words may be written otherwise at once, beside those that are looked up with what is nearly they.
const OTHERWISE: usize = 2;
/// What is nearly the word counts a little less, so that it takes the place of nobody who has the word itself.
const NEARLY: f32 = 0.95;
/// So many names hold a word that is nearly another one which names have, too; a word of more is known and no slip.
const HOLDERS_NEARLY: u32 = 500;
/// Initials of fewer letters are everybody's.
const INITIALS: usize = 3;
/// Whom initials stand for or who has them as its name: so many are compared, behind those who share words.
const MOST_BY_INITIALS: usize = 5;
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
    for name in wanted.names {
        let by_initials = by_initials(index, name, wanted.country, sight);
        found.extend(by_initials.map(|id| (WORTH_COMPARING, id)));
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

/// Who at home has the initials of a name as its name, or a name with these initials.
fn by_initials<'a>(
    index: &'a Index,
    name: &'a Prepared,
    country: &'a str,
    sight: &'a Sight,
) -> impl Iterator<Item = i64> + 'a {
    let (short, initials) = (&name.keys().plain, &name.keys().initials);
    let is_short = short.len() >= INITIALS && !short.contains(' ') && applies(Rule::Initials);
    let long = is_short.then(|| index.with_initials(short));
    let long = long.into_iter().flatten();
    let initials = initials
        .iter()
        .filter(|one| one.len() >= INITIALS && applies(Rule::Initials));
    let terms = initials
        .filter_map(|one| index.plains.find(one.as_bytes()))
        .flat_map(|plain| index.terms_of(plain));
    let names = terms.flat_map(|&term| index.postings(term)).copied();
    let are_alone = names.filter(|&name| at(&index.lengths, name) == Some(&1));
    let slots = long
        .chain(are_alone)
        .filter_map(|name| at(&index.names, name));
    let slots = slots.filter(|slot| slot.kind.is_name());
    slots
        .filter_map(move |slot| seen_by(index, *slot, sight))
        .filter(move |organisation| index.code_of(organisation.country) == country)
        .map(|organisation| organisation.id)
        .take(MOST_BY_INITIALS)
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
    let mut gathered: Vec<(u32, (u16, bool), f32)> = Vec::new();
    let mut budget = BUDGET;
    let mut lists = (0..).zip(&all).peekable();
    while let Some((nth, word)) = lists.peek() {
        let size = word.size(index);
        // Names that hold none of the rarer words share too little with the rest alone.
        if open < least || (size > budget && !gathered.is_empty()) {
            break;
        }
        for (names, is_nearly) in word.postings(index) {
            let names = names.iter().take(budget);
            gathered.extend(names.map(|&name| (name, (*nth, is_nearly), word.weight)));
        }
        budget = budget.saturating_sub(size);
        open -= word.weight;
        lists.next();
    }
    let usual: Vec<&Looked> = lists.map(|(_, word)| word).collect();
    // By name; a word counts once for each, as itself before as nearly itself.
    gathered.sort_unstable_by_key(|&(name, word, _)| (name, word));
    gathered.dedup_by_key(|(name, (word, _), _)| (*name, *word));
    for of_one in gathered.chunk_by(|a, b| a.0 == b.0) {
        let Some((number, ..)) = of_one.first() else {
            continue;
        };
        let mut shared = Shared::default();
        for &(_, (_, is_nearly), weight) in of_one {
            shared.add(weight, is_nearly);
        }
        if shared.all + open < least {
            continue;
        }
        // Postings are sorted: names come in with growing numbers.
        for word in &usual {
            if let Some(is_nearly) = word.is_held_by(index, number) {
                shared.add(word.weight, is_nearly);
            }
        }
        if shared.all < least {
            continue;
        }
        let Some(&slot) = at(&index.names, *number) else {
            continue;
        };
        let organisation = seen_by(index, slot, sight);
        let Some(organisation) = organisation.filter(|_| slot.kind.is_name()) else {
            continue;
        };
        let Some(share) = shared.of(total + total_of(index, slot)) else {
            continue;
        };
        let theirs = index.code_of(slot.country);
        let at_home = index.code_of(organisation.country) == country;
        if at_home || name.country() == Some(theirs) {
            found.push((share, organisation.id));
        } else {
            let held = of_one.iter().map(|(_, (nth, _), _)| *nth);
            let rest = usual
                .iter()
                .filter(|word| word.is_held_by(index, number).is_some());
            let places = held.filter_map(|nth| all.get(usize::from(nth)));
            let places: Vec<usize> = places.chain(rest.copied()).map(|word| word.place).collect();
            if border.is_passed_by(&places, theirs) {
                across.push((share, organisation.id));
            }
        }
    }
}

/// What a name shares.
#[derive(Clone, Copy, Default)]
struct Shared {
    /// The weight of its words.
    itself: f32,
    /// That of the words and of what is nearly they.
    all: f32,
}

impl Shared {
    fn add(&mut self, weight: f32, is_nearly: bool) {
        if is_nearly {
            self.all += weight * NEARLY;
        } else {
            self.all += weight;
            self.itself += weight;
        }
    }

    /// Which share of two names that is, where it is worth a comparison.
    fn of(self, both: f32) -> Option<f32> {
        let share = |shared: f32| 2.0 * shared / both.max(f32::EPSILON);
        let is_worth = share(self.itself) >= WORTH_COMPARING || share(self.all) >= WORTH_NEARLY;
        is_worth.then(|| share(self.all))
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
    /// Names that hold what is nearly it, sorted: a slip away, with another ending, another spelling of the place.
    nearly: Vec<u32>,
}

impl Looked {
    /// The names that hold it, for each term, then those that hold what is nearly it; sorted.
    fn postings<'a>(&'a self, index: &'a Index) -> impl Iterator<Item = (&'a [u32], bool)> {
        let of_terms = self.terms.iter().map(|&term| index.postings(term));
        let itself = of_terms.chain(std::iter::once(self.names.as_slice()));
        itself
            .map(|names| (names, false))
            .chain(std::iter::once((self.nearly.as_slice(), true)))
    }

    fn size(&self, index: &Index) -> usize {
        self.postings(index).map(|(names, _)| names.len()).sum()
    }

    /// Whether a name holds only what is nearly it; nothing where the name has nothing like it.
    fn is_held_by(&self, index: &Index, name: &u32) -> Option<bool> {
        let mut postings = self.postings(index);
        let held = postings.find(|(names, _)| names.binary_search(name).is_ok());
        held.map(|(_, is_nearly)| is_nearly)
    }
}

/// Each telling word, those that fewest names hold first.
fn lists(index: &Index, name: &Prepared) -> Vec<Looked> {
    let words: Vec<(&NameWord, &Weight)> = name.weighed_words().collect();
    let needed = needed(&words, name.total);
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
            let is_needed = needed.contains(&at);
            lists.push(look(index, (at, word, weight), together, is_needed));
        }
    }
    lists.sort_by_key(|word| word.size(index));
    lists
}

fn tells(word: &NameWord) -> bool {
    !matches!(word.role, Some(Role::Form(_) | Role::Small))
}

/// The places of the words that are looked up with what is nearly they: the heaviest, so many that the name is found by the rest
/// whichever [`OTHERWISE`] of the others are written otherwise. A number is never nearly another one.
fn needed(words: &[(&NameWord, &Weight)], total: f32) -> Vec<usize> {
    let telling = || {
        words
            .iter()
            .enumerate()
            .filter(|(_, (word, _))| tells(word))
    };
    let all: f32 = telling().map(|(_, (_, of))| of.weight).sum();
    let may_slip = telling().filter(|(_, (word, _))| !likeness::has_digit(word.plain.as_bytes()));
    let mut heaviest: Vec<(usize, f32)> = may_slip.map(|(at, (_, of))| (at, of.weight)).collect();
    heaviest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let is_enough = |from: usize| {
        let others = heaviest.iter().skip(from).take(OTHERWISE);
        all - others.map(|(_, weight)| weight).sum::<f32>() >= ENOUGH * total
    };
    let count = (0..heaviest.len()).find(|&from| is_enough(from));
    heaviest.truncate(count.unwrap_or(heaviest.len()));
    heaviest.into_iter().map(|(at, _)| at).collect()
}

fn look(
    index: &Index,
    (place, word, weight): (usize, &NameWord, &Weight),
    together: impl Iterator<Item = u32>,
    is_needed: bool,
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
    // Counted over public names: whom somebody is told of must not depend on names that they may not know of.
    let held: u32 = terms.iter().map(|&term| index.held(term)).sum();
    let (mut nearly, mut names) = (Vec::new(), Vec::new());
    if is_needed {
        nearly = what_is_nearly(index, word, weight, held);
    }
    if (is_needed || held <= 1) && word.skeleton.len() > LONG {
        as_two(index, word, &mut names);
    }
    let meant = meanings::of_skeletons(index, &skeletons);
    terms.extend(meant.into_iter().map(|(term, _)| term));
    terms.extend(together);
    terms.sort_unstable();
    terms.dedup();
    nearly.retain(|term| terms.binary_search(term).is_err());
    let nearly = nearly.iter().flat_map(|&term| index.postings(term));
    let mut nearly: Vec<u32> = nearly.copied().take(BUDGET).collect();
    nearly.sort_unstable();
    nearly.dedup();
    Looked {
        place,
        weight: weight.weight,
        terms,
        names,
        nearly,
    }
}

/// The terms that are nearly a word, each once.
fn what_is_nearly(index: &Index, word: &NameWord, weight: &Weight, held: u32) -> Vec<u32> {
    let (skeleton, plain) = (word.skeleton.as_bytes(), word.plain.as_bytes());
    let mut nearly = Vec::new();
    // A slip may change what a skeleton merges, so that the plain words are looked at, too.
    let mut plains = Vec::new();
    if skeleton.len() >= LONG && applies(Rule::Slips) {
        index.terms.at_one_edit(skeleton, |term| nearly.push(term));
    }
    if plain.len() >= LONG && applies(Rule::PlainSlips) {
        index.plains.at_one_edit(plain, |other| plains.push(other));
    }
    if applies(Rule::Endings) {
        let is_form = |own: &str, other: &[u8]| {
            std::str::from_utf8(other).is_ok_and(|other| endings::are_of_one_word(own, other))
        };
        index.terms.with_other_ending(skeleton, |term, _| {
            if is_form(&word.skeleton, index.terms.text(term)) {
                nearly.push(term);
            }
        });
        index.plains.with_other_ending(plain, |other, _| {
            if is_form(&word.plain, index.plains.text(other)) {
                plains.push(other);
            }
        });
    }
    nearly.extend(plains.iter().flat_map(|&other| index.terms_of(other)));
    nearly.sort_unstable();
    nearly.dedup();
    if let Some(place) = weight.place {
        nearly.extend(index.of_place(place));
        nearly.sort_unstable();
        nearly.dedup();
    }
    // Of two words that many names have none is a slip of the other, and long lists are not read for it.
    nearly.retain(|&term| held <= 1 || index.held(term) <= HOLDERS_NEARLY);
    nearly
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
                let mut shared = Shared::default();
                for word in &lists {
                    let mut postings = word.postings(index);
                    let held = postings.find(|(names, _)| names.contains(&number));
                    if let Some((_, is_nearly)) = held {
                        shared.add(word.weight, is_nearly);
                    }
                }
                let both = name.total + total_of(index, slot);
                for (part, least) in [(shared.itself, WORTH_COMPARING), (shared.all, WORTH_NEARLY)]
                {
                    let close = (2.0 * part / both - least).abs() < 1e-4;
                    assert!(!close, "too close to tell");
                }
                shared.of(both)?;
                index.organisation(slot.organisation).map(|slot| slot.id)
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
