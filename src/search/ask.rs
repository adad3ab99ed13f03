//! A query against the index: candidates from the rarest words first, then a score in words (design, section 8).

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::dictionary::{self, trigrams_of};
use super::fold::{self, Role};
use super::index::{Index, Kind, NameSlot, OrganisationSlot, Sight, at, role_worth};
use super::likeness::{self, Found, SPELLING, narrow};
use super::meanings;
use super::rules::{Rule, applies};
use super::within::{self, Beside};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The query as it was typed.
    pub text: &'a str,
    /// Only organisations of these countries; all where it is empty.
    pub countries: &'a [String],
    /// What the asker may find.
    pub sight: &'a Sight,
    /// The last word is still being typed: it counts as a beginning only.
    pub typing: bool,
    /// How many organisations at most.
    pub limit: usize,
}

/// How an organisation was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The whole name, letter by letter but for case and signs.
    Whole,
    /// The whole name in another script, romanisation or without its marks.
    Respelled,
    /// All words of the query stand in the name, some of them written otherwise.
    Words,
    /// With slips of the fingers.
    Typo,
    /// By initials or an abbreviation.
    Initials,
    /// By what common words mean in another language.
    Meaning,
    /// Only some words of the query.
    Part,
}

/// An organisation that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Internal id.
    pub id: i64,
    /// 0 to 1.
    pub score: f32,
    /// The item's number of the name that was found; 0 for a city or a description.
    pub item: i32,
    /// What was found.
    pub kind: Kind,
    /// How.
    pub how: How,
    /// The places of the found words among the words of the text.
    pub places: Vec<usize>,
}

/// Room that one search works in, kept between searches.
#[derive(Default)]
pub struct Scratch {
    words: dictionary::Scratch,
    /// What each name has gathered, by its number.
    gathered: Vec<f32>,
    /// The word of the query that was last counted for a name.
    last: Vec<u8>,
    touched: Vec<u32>,
}

/// Candidates that are scored in full.
const CANDIDATES: usize = 600;
/// Entries of postings that one query reads.
const BUDGET: usize = 400_000;
/// Words of a query; more are left out.
const MOST_WORDS: usize = 16;
/// Words of the dictionary that one word of a query stands for.
const MOST_TERMS: usize = 96;
/// Beginnings that are looked at.
const MOST_BEGINNINGS: usize = 4_000;
/// Names of one score that are looked at.
const MOST_EQUAL: usize = 60_000;
/// What is too weak to be shown.
const LEAST: f32 = 0.25;
/// What a beginning loses that is one in another folding alone: as much as a short name is before a long one, so that all names that
/// begin as it is written stand before it.
const OTHERWISE_BEGUN: f32 = 0.07;
/// What initials are worth that stand for words of a name.
const INITIALS_WITHIN: f32 = 0.85;
/// Words of fewer letters are compared with those at one edit alone.
const COMPARED: usize = 5;
/// Words that are less alike are other words, as where two names are compared.
const ALIKE: f32 = 0.7;
/// What is left of the weight of a word that no name is like which the asker may find.
const UNKNOWN: f32 = 0.4;

/// What comparing a word with another gave, if they are alike.
type Comparison = Option<(f32, Found)>;

/// One word of the query.
struct Asked<'a> {
    /// As it is folded.
    text: &'a fold::QueryWord,
    plain: Option<u32>,
    weight: f32,
    /// Terms it stands for, by number.
    terms: Vec<(u32, f32, Found)>,
    /// Plain words that begin like it or are nearly it, by number.
    plains: Vec<(u32, f32, Found)>,
    /// How alike words of names are that are neither; none where it is still being typed, short or a legal form.
    compared: Option<RefCell<HashMap<u32, Comparison>>>,
    /// What it says as initials.
    initials: Option<String>,
}

impl Asked<'_> {
    /// What a word of a name answers it with.
    fn of_word(&self, index: &Index, word: super::index::Word) -> Option<(f32, Found)> {
        let by_term = self
            .of_term(word.term)
            .or_else(|| self.of_term(word.alt))
            .map(|found| self.as_written(index, word, found));
        likeness::better(by_term, self.of_plain(word.plain))
    }

    /// A beginning that is one in another folding alone counts less where it is not even written alike but for a slip or a mark.
    fn as_written(
        &self,
        index: &Index,
        word: super::index::Word,
        (worth, found): (f32, Found),
    ) -> (f32, Found) {
        let begins = |term: u32| {
            let text = index.terms.text(term);
            let mut skeletons = self.text.skeletons.iter();
            skeletons.any(|skeleton| text.starts_with(skeleton.as_bytes()))
        };
        if found != Found::Beginning || !(begins(word.term) || begins(word.alt)) {
            return (worth, found);
        }
        let typed = self.text.plain.as_bytes();
        let other = index.plains.text(word.plain);
        let most = likeness::slips(typed.len());
        let alike = (typed.len().saturating_sub(1)..=typed.len() + 1).any(|len| {
            let begun = other.get(..len).unwrap_or(other);
            likeness::distance(typed, begun, most).is_some()
        });
        (
            if alike {
                worth
            } else {
                worth - OTHERWISE_BEGUN
            },
            found,
        )
    }

    /// How alike it and a word of a name are that it does not stand for, as [`super::compare`] sees it: what was found by its other
    /// words holds none of the words that the dictionary gives for this one.
    fn like(&self, index: &Index, word: super::index::Word) -> Option<(f32, Found)> {
        let mut known = self.compared.as_ref()?.try_borrow_mut().ok()?;
        *known.entry(word.plain).or_insert_with(|| {
            let (plain, skeleton) = (index.plains.text(word.plain), index.terms.text(word.term));
            let by_skeleton = self.text.skeletons.first();
            let by_skeleton = by_skeleton.and_then(|own| likeness::alike(own.as_bytes(), skeleton));
            let alike = likeness::alike(self.text.plain.as_bytes(), plain);
            likeness::better(alike, by_skeleton).filter(|&(worth, found)| {
                worth >= ALIKE && (found != Found::Typo || !self.means_another(skeleton))
            })
        })
    }

    /// True where both are known words and mean different things.
    fn means_another(&self, skeleton: &[u8]) -> bool {
        let Ok(skeleton) = std::str::from_utf8(skeleton) else {
            return false;
        };
        let theirs = meanings::of_itself(skeleton);
        let own = self.text.skeletons.first();
        let own = own.map_or(&[][..], |own| meanings::of_itself(own));
        let apart = !own.is_empty() && !theirs.is_empty();
        applies(Rule::OtherWords) && apart && !own.iter().any(|n| theirs.contains(n))
    }

    fn of_term(&self, term: u32) -> Option<(f32, Found)> {
        let place = self.terms.binary_search_by_key(&term, |found| found.0);
        let &(_, worth, found) = self.terms.get(place.ok()?)?;
        Some((worth, found))
    }

    fn of_plain(&self, plain: u32) -> Option<(f32, Found)> {
        if self.plain == Some(plain) {
            return Some((1.0, Found::Same));
        }
        let place = self.plains.binary_search_by_key(&plain, |found| found.0);
        let &(_, worth, found) = self.plains.get(place.ok()?)?;
        Some((worth, found))
    }
}

/// Words of the query that stand as one in a name, and words that stand as two.
struct Joined {
    /// From this word of the query on, two are one term.
    two_as_one: Vec<(usize, u32)>,
    /// This word of the query is two terms.
    one_as_two: Vec<(usize, u32, u32)>,
}

/// What a joined or parted word is worth.
const JOINED: f32 = 0.93;

/// Finds organisations, the best first.
pub fn ask(index: &Index, question: &Question<'_>, scratch: &mut Scratch) -> Vec<Hit> {
    let mut words = fold::query_words(question.text);
    words.truncate(MOST_WORDS);
    if words.is_empty() {
        return by_raw(index, question);
    }
    let mut within = within::of_query(question.text).into_iter();
    let asker = Asker {
        index,
        question,
        words: words
            .iter()
            .enumerate()
            .map(|(place, word)| {
                let last = place + 1 == words.len();
                let initials = within.next().flatten();
                Asked {
                    initials: initials.filter(|_| applies(Rule::Abbreviations)),
                    ..asked(
                        index,
                        word,
                        (last, question.typing && last),
                        question.sight,
                        &mut scratch.words,
                    )
                }
            })
            .collect(),
        joined: joined(index, &words),
        initials: initials(question.text, &words),
    };
    let candidates = asker.candidates(scratch);
    asker.best(candidates)
}

/// The terms and plain words that a word of the query stands for.
fn asked<'a>(
    index: &Index,
    word: &'a fold::QueryWord,
    (last, typing): (bool, bool),
    sight: &Sight,
    scratch: &mut dictionary::Scratch,
) -> Asked<'a> {
    let mut terms: HashMap<u32, (f32, Found)> = HashMap::new();
    let mut put = |term: u32, worth: f32, found: Found| {
        let known = terms.entry(term).or_insert((worth, found));
        if known.0 < worth {
            *known = (worth, found);
        }
    };
    let is_form = matches!(word.role, Some(Role::Form(_)));
    let beginning = if last { 0.9 } else { 0.84 };
    for (reading, skeleton) in word.skeletons.iter().enumerate() {
        let skeleton = skeleton.as_bytes();
        let exact = index.terms.find(skeleton);
        // The first reading is the likeliest.
        let off = if reading == 0 { 0.0 } else { 0.02 };
        // A letter that is typed is the beginning of words sooner than the `C` of `T.C.`, which may be read like it.
        if let Some(term) = exact
            && !(typing && skeleton.len() == 1)
        {
            put(term, SPELLING - off, Found::Spelling);
        }
        if applies(Rule::Beginnings) && (skeleton.len() >= 3 || (last && !skeleton.is_empty())) {
            for term in index.terms.beginning(skeleton).take(MOST_BEGINNINGS) {
                let rest = index.terms.text(term).len() - skeleton.len();
                if rest > 0 {
                    // Letter by letter the same beginning is the better one.
                    let worth = beginning - 0.03 - off - narrow(rest.min(10)) * 0.006;
                    put(term, worth, Found::Beginning);
                }
            }
        }
        if typing && exact.is_some() {
            continue;
        }
        let mut near = |term: u32| {
            if let Some((worth, found)) = likeness::alike(skeleton, index.terms.text(term)) {
                put(term, worth - off, found);
            }
        };
        if skeleton.len() > 3 && !is_form {
            index.terms.at_one_edit(skeleton, &mut near);
        }
        if skeleton.len() >= 6 && applies(Rule::Trigrams) {
            let least =
                trigrams_of(skeleton.len()).saturating_sub(3 * likeness::slips(skeleton.len()));
            let least = u8::try_from(least.max(2)).unwrap_or(u8::MAX);
            for (term, _) in index.terms.alike(skeleton, least, 300, scratch) {
                near(term);
            }
        }
    }
    let ended = !typing && !is_form && applies(Rule::Endings);
    for skeleton in word.skeletons.iter().filter(|_| ended) {
        let skeleton = skeleton.as_bytes();
        index.terms.with_other_ending(skeleton, |term, _| {
            let other = index.terms.text(term);
            if let Some((worth, found)) = likeness::alike(skeleton, other) {
                put(term, worth, found);
            }
        });
    }
    for (term, worth) in meanings::of(index, word) {
        put(term, worth, Found::Meaning);
    }
    let mut plains: Vec<(u32, f32, Found)> = Vec::new();
    if applies(Rule::Beginnings) && word.plain.len() >= 2 && (last || word.plain.len() >= 4) {
        for plain in index
            .plains
            .beginning(word.plain.as_bytes())
            .take(MOST_BEGINNINGS)
        {
            let rest = index.plains.text(plain).len() - word.plain.len();
            if rest > 0 {
                let worth = beginning - narrow(rest.min(10)) * 0.003;
                plains.push((plain, worth, Found::Beginning));
            }
        }
    }
    if word.plain.len() > 3 && !is_form && !typing && applies(Rule::PlainSlips) {
        // A slip may change what a skeleton merges (`mgayar`), so that the plain words are looked at, too.
        index.plains.at_one_edit(word.plain.as_bytes(), |plain| {
            let other = index.plains.text(plain);
            if let Some((worth, found @ Found::Typo)) =
                likeness::alike(word.plain.as_bytes(), other)
            {
                plains.push((plain, worth, found));
            }
        });
    }
    if ended {
        // An ending may change what a skeleton merges, too (`шашек`, `шашка`).
        let plain = word.plain.as_bytes();
        index.plains.with_other_ending(plain, |other, _| {
            let alike = likeness::alike(plain, index.plains.text(other));
            plains.extend(alike.map(|(worth, found)| (other, worth, found)));
        });
    }
    plains.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    plains.dedup_by_key(|found| found.0);
    let plain = index.plains.find(word.plain.as_bytes());
    let mut terms: Vec<(u32, f32, Found)> =
        terms.into_iter().map(|(t, (w, f))| (t, w, f)).collect();
    // The likeliest first; among equals those that many names hold.
    let held = |term: u32| index.held(term);
    terms.sort_by(|a, b| {
        b.1.total_cmp(&a.1)
            .then_with(|| held(b.0).cmp(&held(a.0)))
            // By the text: numbers depend on the order in which the index was filled.
            .then_with(|| index.terms.text(a.0).cmp(index.terms.text(b.0)))
    });
    terms.truncate(MOST_TERMS);
    if plains.len() > MOST_TERMS {
        plains.sort_by_cached_key(|&(plain, ..)| {
            let held: u32 = index.terms_of(plain).iter().map(|&term| held(term)).sum();
            (std::cmp::Reverse(held), index.plains.text(plain).to_vec())
        });
        plains.truncate(MOST_TERMS);
    }
    // What others' private names hold counts for nobody; the own ones count for whoever may find them.
    let is_known = |term: u32| index.is_known(term, sight);
    let telling = word
        .skeletons
        .iter()
        .filter_map(|skeleton| index.terms.find(skeleton.as_bytes()))
        .chain(terms.iter().map(|found| found.0))
        .find(|&term| is_known(term));
    // A word that nothing is like says little of what is meant: it may be of a name that the registry does not know.
    let of_plains = plains.iter().flat_map(|found| index.terms_of(found.0));
    let known = if telling.is_some() || of_plains.into_iter().any(|&term| is_known(term)) {
        1.0
    } else if applies(Rule::Unknown) {
        UNKNOWN
    } else {
        1.0
    };
    terms.sort_unstable_by_key(|found| found.0);
    plains.sort_unstable_by_key(|found| found.0);
    Asked {
        text: word,
        plain,
        weight: index.telling(telling, None).max(0.02) * role_worth(word.role) * known,
        terms,
        plains,
        compared: (!typing && !is_form && word.plain.len() >= COMPARED).then(RefCell::default),
        initials: None,
    }
}

fn joined(index: &Index, words: &[fold::QueryWord]) -> Joined {
    let mut two_as_one = Vec::new();
    let words = if applies(Rule::Joined) { words } else { &[] };
    for (place, pair) in words.windows(2).enumerate() {
        let [first, second] = pair else { continue };
        for (a, b) in first.skeletons.iter().zip(&second.skeletons) {
            if let Some(term) = index.terms.find(format!("{a}{b}").as_bytes()) {
                two_as_one.push((place, term));
            }
        }
    }
    let mut one_as_two = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let known = word
            .skeletons
            .iter()
            .filter_map(|s| index.terms.find(s.as_bytes()))
            .any(|term| index.held(term) > 0);
        if known {
            continue;
        }
        // A skeleton loses letters where two words meet (`Refah Partisi`, `Atyrau Universiteti`), the plain word does not.
        for cut in 3..word.plain.len().saturating_sub(2) {
            let (head, tail) = word.plain.as_bytes().split_at(cut);
            let halves = index.plains.find(head).zip(index.plains.find(tail));
            let Some((head, tail)) = halves else { continue };
            for &a in index.terms_of(head) {
                one_as_two.extend(index.terms_of(tail).iter().map(|&b| (place, a, b)));
            }
        }
        for skeleton in &word.skeletons {
            for cut in 3..skeleton.len().saturating_sub(2) {
                let (head, tail) = skeleton.as_bytes().split_at(cut);
                if let (Some(a), Some(b)) = (index.terms.find(head), index.terms.find(tail)) {
                    one_as_two.push((place, a, b));
                }
            }
        }
    }
    Joined {
        two_as_one,
        one_as_two,
    }
}

/// What the query's initials are, and how sure that is: capitals are meant as such. With a legal form beside them (`PKBK Egyesület`)
/// they may be of all words of a name, the form among them.
fn initials(text: &str, words: &[fold::QueryWord]) -> Option<(Vec<String>, f32)> {
    if !applies(Rule::Initials) {
        return None;
    }
    let keys = fold::query_keys(text);
    let initials = keys.first()?.initials.clone()?;
    let capitals = text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase);
    let mut all = vec![initials];
    all.extend(within::with_forms(all.first()?, words));
    Some((all, if capitals { 0.93 } else { 0.86 }))
}

fn by_raw(index: &Index, question: &Question<'_>) -> Vec<Hit> {
    let Some(raw) = fold::query_keys(question.text)
        .into_iter()
        .next()
        .map(|keys| keys.raw)
    else {
        return Vec::new();
    };
    let names = index
        .with_raw(&raw)
        .iter()
        .filter_map(|&name| at(&index.names, name));
    let mut hits: Vec<Hit> = names
        .filter_map(|name| {
            let slot = index.organisation(name.organisation)?;
            let wanted = is_wanted(index, (*name, slot), question);
            wanted.then(|| Hit {
                id: slot.id,
                score: name.kind.worth(),
                item: name.item,
                kind: name.kind,
                how: How::Whole,
                places: Vec::new(),
            })
        })
        .collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    hits.dedup_by_key(|hit| hit.id);
    hits.truncate(question.limit);
    hits
}

fn is_wanted(
    index: &Index,
    (name, slot): (NameSlot, &OrganisationSlot),
    question: &Question<'_>,
) -> bool {
    let country = || {
        question.countries.is_empty()
            || question
                .countries
                .iter()
                .any(|code| index.place_of(code) == Some(slot.country))
    };
    country() && index.may_find_by(name, slot, question.sight)
}

struct Asker<'a> {
    index: &'a Index,
    question: &'a Question<'a>,
    words: Vec<Asked<'a>>,
    joined: Joined,
    initials: Option<(Vec<String>, f32)>,
}

/// A word of a name that answers a word of the query.
#[derive(Clone, Copy)]
struct Answer {
    place: usize,
    worth: f32,
    found: Found,
}

impl Asker<'_> {
    /// Names that gather most of the query's weight.
    fn candidates(&self, scratch: &mut Scratch) -> Vec<u32> {
        scratch.gathered.resize(self.index.names.len(), 0.0);
        scratch.last.resize(self.index.names.len(), 0);
        let lists: Vec<Vec<(u32, f32)>> = self.words.iter().map(|word| self.lists(word)).collect();
        let size = |list: &[(u32, f32)]| -> usize {
            list.iter()
                .map(|&(term, _)| self.index.postings(term).len())
                .sum()
        };
        let mut order: Vec<usize> = (0..self.words.len()).collect();
        order.sort_by_key(|&place| lists.get(place).map_or(0, |list| size(list)));
        let mut budget = BUDGET;
        for (turn, place) in order.into_iter().enumerate() {
            let (Some(word), Some(list)) = (self.words.get(place), lists.get(place)) else {
                continue;
            };
            if size(list) > budget && !scratch.touched.is_empty() {
                // What is left are the most common words: they are looked at in the candidates alone.
                break;
            }
            let mark = u8::try_from(turn + 1).unwrap_or(u8::MAX);
            self.gather(list, (word.weight, mark), &mut budget, scratch);
        }
        for &(place, term) in &self.joined.two_as_one {
            let weight: f32 = self
                .words
                .iter()
                .skip(place)
                .take(2)
                .map(|word| word.weight)
                .sum();
            let mark = u8::try_from(100 + place).unwrap_or(u8::MAX);
            self.gather(&[(term, JOINED)], (weight, mark), &mut budget, scratch);
        }
        for (turn, &(place, a, b)) in self.joined.one_as_two.iter().enumerate() {
            let weight = self.words.get(place).map_or(0.0, |word| word.weight) / 2.0;
            for (half, term) in [a, b].into_iter().enumerate() {
                let mark = u8::try_from(130 + (2 * turn + half) % 120).unwrap_or(u8::MAX);
                self.gather(&[(term, JOINED)], (weight, mark), &mut budget, scratch);
            }
        }
        self.most(scratch)
    }

    /// The terms whose postings a word reads, the likeliest first.
    fn lists(&self, word: &Asked<'_>) -> Vec<(u32, f32)> {
        let mut best: HashMap<u32, f32> = HashMap::new();
        let of_plains = word.plains.iter().flat_map(|&(plain, worth, _)| {
            self.index
                .terms_of(plain)
                .iter()
                .map(move |&term| (term, worth))
        });
        for (term, worth) in word
            .terms
            .iter()
            .map(|&(term, worth, _)| (term, worth))
            .chain(of_plains)
        {
            let known = best.entry(term).or_insert(worth);
            *known = known.max(worth);
        }
        let mut list: Vec<(u32, f32)> = best.into_iter().collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        list
    }

    fn gather(
        &self,
        list: &[(u32, f32)],
        (weight, mark): (f32, u8),
        budget: &mut usize,
        scratch: &mut Scratch,
    ) {
        for &(term, worth) in list {
            for &name in self.index.postings(term).iter().take(*budget) {
                let place = usize::try_from(name).unwrap_or(usize::MAX);
                let (Some(gathered), Some(last)) =
                    (scratch.gathered.get_mut(place), scratch.last.get_mut(place))
                else {
                    continue;
                };
                if *last == mark {
                    continue;
                }
                if *last == 0 {
                    scratch.touched.push(name);
                }
                *last = mark;
                *gathered += weight * worth;
            }
            *budget = budget.saturating_sub(self.index.postings(term).len());
        }
    }

    /// Takes the names that gathered most, those of few words first, until there are enough that may be found.
    fn most(&self, scratch: &mut Scratch) -> Vec<u32> {
        const STEPS: usize = 512;
        let all: f32 = self
            .words
            .iter()
            .map(|word| word.weight)
            .sum::<f32>()
            .max(f32::EPSILON);
        let mut steps: Vec<Vec<u32>> = vec![Vec::new(); STEPS + 1];
        for name in scratch.touched.drain(..) {
            let place = usize::try_from(name).unwrap_or(usize::MAX);
            let (Some(gathered), Some(last)) =
                (scratch.gathered.get_mut(place), scratch.last.get_mut(place))
            else {
                continue;
            };
            let share = (*gathered / all).clamp(0.0, 1.0);
            (*gathered, *last) = (0.0, 0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and 512"
            )]
            let step = (share * 512.0) as usize;
            if let Some(names) = steps.get_mut(step) {
                names.push(name);
            }
        }
        let mut taken: Vec<u32> = Vec::with_capacity(CANDIDATES);
        let enough = self.question.limit.max(CANDIDATES);
        for names in steps.iter_mut().rev() {
            if taken.len() >= enough {
                break;
            }
            names.truncate(MOST_EQUAL);
            names.sort_by_key(|&name| (at(&self.index.lengths, name).copied(), name));
            let len = |name: &u32| at(&self.index.lengths, *name).copied();
            for alike in names.chunk_by(|a, b| len(a) == len(b)) {
                let left = enough.saturating_sub(taken.len());
                if left == 0 {
                    break;
                }
                let seen = |&name: &u32| {
                    let (text, slot) = self.organisation_of(name)?;
                    Some((slot.id, text.item, name))
                };
                let mut seen: Vec<(i64, i32, u32)> = alike.iter().filter_map(seen).collect();
                if seen.len() > left {
                    // The older organisations, whatever the order in which the index was filled.
                    seen.select_nth_unstable(left);
                    seen.truncate(left);
                }
                taken.extend(seen.into_iter().map(|(.., name)| name));
            }
        }
        for initials in self.initials.iter().flat_map(|(all, _)| all) {
            let more = self.index.with_initials(initials).take(MOST_EQUAL);
            taken.extend(
                more.filter(|&name| self.organisation_of(name).is_some())
                    .take(enough),
            );
        }
        taken
    }

    fn organisation_of(&self, name: u32) -> Option<(NameSlot, &OrganisationSlot)> {
        let &name = at(&self.index.names, name)?;
        let slot = self.index.organisation(name.organisation)?;
        is_wanted(self.index, (name, slot), self.question).then_some((name, slot))
    }

    /// The best name of each organisation, the best organisations first.
    fn best(&self, names: Vec<u32>) -> Vec<Hit> {
        let by_initials: HashSet<u32> = match &self.initials {
            Some((all, _)) => {
                let names = all.iter().map(|one| self.index.with_initials(one));
                names.flatten().collect()
            }
            None => HashSet::new(),
        };
        let mut best: HashMap<u32, (Hit, u8)> = HashMap::new();
        for number in names {
            let Some((name, slot)) = self.organisation_of(number) else {
                continue;
            };
            let initials = by_initials.contains(&number);
            let Some(hit) = self.score(name, slot, initials) else {
                continue;
            };
            let len = at(&self.index.lengths, number).copied().unwrap_or(u8::MAX);
            match best.entry(name.organisation) {
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert((hit, len));
                }
                std::collections::hash_map::Entry::Occupied(mut entry) => {
                    if better(&(hit.clone(), len), entry.get()).is_lt() {
                        entry.insert((hit, len));
                    }
                }
            }
        }
        let mut hits: Vec<(Hit, u8)> = best.into_values().collect();
        hits.sort_by(better);
        hits.truncate(self.question.limit);
        hits.into_iter().map(|(hit, _)| hit).collect()
    }

    fn score(&self, name: NameSlot, slot: &OrganisationSlot, initials: bool) -> Option<Hit> {
        let words: Vec<_> = self.index.words(name).collect();
        let answers = self.answers(&words);
        let mut asked = 0.0;
        let mut answered = 0.0;
        let mut worst = Found::Same;
        let mut all = true;
        for (word, answer) in self.words.iter().zip(&answers) {
            asked += word.weight;
            match answer {
                Some(answer) => {
                    answered += word.weight * answer.worth;
                    worst = worst.max(answer.found);
                }
                None => all = false,
            }
        }
        if name.kind.is_name() && !all && applies(Rule::City) {
            answered += self.by_city(slot, &answers);
        }
        let (mut held, mut matched) = (0.0, 0.0);
        for (place, (word, role)) in words.iter().enumerate() {
            let weight = self.index.telling(Some(word.term), None).max(0.02) * role_worth(*role);
            held += weight;
            let answer = answers
                .iter()
                .flatten()
                .find(|answer| answer.place == place);
            matched += weight * answer.map_or(0.0, |answer| answer.worth);
        }
        let share = answered / asked.max(f32::EPSILON);
        let whole = if applies(Rule::NameLength) {
            matched / held.max(f32::EPSILON)
        } else {
            0.0
        };
        let ordered = if applies(Rule::Order) {
            self.ordered(&answers)
        } else {
            0.0
        };
        let places: Vec<usize> = answers
            .iter()
            .flatten()
            .map(|answer| answer.place)
            .collect();
        let is_whole = all && places.len() == words.len() && self.words.len() == words.len();
        let mut score = share * (0.86 + 0.1 * whole + 0.02 * ordered);
        let mut how = match (all, worst) {
            (false, _) => How::Part,
            (true, Found::Same) if is_whole => How::Whole,
            (true, Found::Spelling) if is_whole => How::Respelled,
            (true, Found::Same | Found::Spelling | Found::Beginning) => How::Words,
            (true, Found::Typo) => How::Typo,
            (true, Found::Meaning) => How::Meaning,
        };
        if is_whole && ordered > 0.99 {
            score += 0.02;
        }
        if let (true, Some((_, worth))) = (initials, &self.initials)
            && score < *worth
        {
            // Names of few words are the likelier owners of initials.
            score = worth - 0.001 * narrow(words.len());
            how = How::Initials;
        }
        score = (score * name.kind.worth()).clamp(0.0, 1.0);
        (score >= LEAST).then_some(Hit {
            id: slot.id,
            score,
            item: name.item,
            kind: name.kind,
            how,
            places,
        })
    }

    /// For each word of the query the word of the name that answers it best; a word of the name answers once.
    fn answers(&self, words: &[(super::index::Word, Option<Role>)]) -> Vec<Option<Answer>> {
        let mut pairs: Vec<(usize, Answer)> = Vec::new();
        for (asking, asked) in self.words.iter().enumerate() {
            for (place, (word, _)) in words.iter().enumerate() {
                if let Some((worth, found)) = asked.of_word(self.index, *word) {
                    pairs.push((
                        asking,
                        Answer {
                            place,
                            worth,
                            found,
                        },
                    ));
                }
            }
        }
        pairs.sort_by(|a, b| {
            b.1.worth
                .total_cmp(&a.1.worth)
                .then_with(|| a.0.abs_diff(a.1.place).cmp(&b.0.abs_diff(b.1.place)))
        });
        let mut answers: Vec<Option<Answer>> = vec![None; self.words.len()];
        let mut taken = vec![false; words.len()];
        for (asking, answer) in pairs {
            if let (Some(slot @ None), Some(taken @ false)) =
                (answers.get_mut(asking), taken.get_mut(answer.place))
            {
                *slot = Some(answer);
                *taken = true;
            }
        }
        self.joined_answers(words, &mut answers);
        self.further_answers(words, &mut answers);
        answers
    }

    /// For what nothing answers yet a word of the name that is as alike as [`super::compare`] asks for, or words that it stands for
    /// by their initials.
    fn further_answers(
        &self,
        words: &[(super::index::Word, Option<Role>)],
        answers: &mut [Option<Answer>],
    ) {
        if answers.iter().all(Option::is_some) {
            return;
        }
        let mut free = vec![true; words.len()];
        for answer in answers.iter().flatten() {
            if let Some(free) = free.get_mut(answer.place) {
                *free = false;
            }
        }
        let unanswered = answers.iter_mut().zip(&self.words);
        for (answer, asked) in unanswered.filter(|(answer, _)| answer.is_none()) {
            let open = words.iter().zip(&free).enumerate();
            let open = open.filter(|(_, (_, free))| **free);
            let alike = open.filter_map(|(place, ((word, _), _))| {
                let (worth, found) = asked.like(self.index, *word)?;
                Some(Answer {
                    place,
                    worth,
                    found,
                })
            });
            *answer = alike
                .max_by(|a, b| a.worth.total_cmp(&b.worth))
                .or_else(|| {
                    let initials = asked.initials.as_deref()?;
                    let all = words.iter().zip(&free);
                    let beside: Vec<Beside<'_>> = all
                        .map(|((word, role), free)| Beside {
                            text: self.index.plains.text(word.plain),
                            role: *role,
                            is_free: *free,
                        })
                        .collect();
                    let place = within::find(initials, &beside)?;
                    Some(Answer {
                        place,
                        worth: INITIALS_WITHIN,
                        found: Found::Beginning,
                    })
                });
            if let Some(free) = answer.and_then(|answer| free.get_mut(answer.place)) {
                *free = false;
            }
        }
    }

    fn joined_answers(
        &self,
        words: &[(super::index::Word, Option<Role>)],
        answers: &mut [Option<Answer>],
    ) {
        let better = |slot: &mut Option<Answer>, place: usize| {
            if slot.is_none_or(|answer| answer.worth < JOINED) {
                *slot = Some(Answer {
                    place,
                    worth: JOINED,
                    found: Found::Spelling,
                });
            }
        };
        for &(asking, term) in &self.joined.two_as_one {
            if let Some(place) = words
                .iter()
                .position(|(w, _)| w.term == term || w.alt == term)
            {
                for slot in answers.iter_mut().skip(asking).take(2) {
                    better(slot, place);
                }
            }
        }
        for &(asking, a, b) in &self.joined.one_as_two {
            let holds = |pair: &[(super::index::Word, Option<Role>)]| match pair {
                [(x, _), (y, _)] => x.term == a && y.term == b,
                _ => false,
            };
            if let Some(place) = words.windows(2).position(holds)
                && let Some(slot) = answers.get_mut(asking)
            {
                better(slot, place);
            }
        }
    }

    /// What the organisation's city answers of the words that its name does not.
    fn by_city(&self, slot: &OrganisationSlot, answers: &[Option<Answer>]) -> f32 {
        let Some(city) = self
            .index
            .texts_of(slot)
            .iter()
            .find(|text| text.kind == Kind::City)
        else {
            return 0.0;
        };
        let open = self
            .words
            .iter()
            .zip(answers)
            .filter(|(_, answer)| answer.is_none());
        open.map(|(asked, _)| {
            let held = self.index.words(*city).any(|(word, _)| {
                asked
                    .of_term(word.term)
                    .or_else(|| asked.of_plain(word.plain))
                    .is_some()
            });
            if held { asked.weight * 0.6 } else { 0.0 }
        })
        .sum()
    }

    /// The share of neighbours in the query that are neighbours in the name, in the same order.
    fn ordered(&self, answers: &[Option<Answer>]) -> f32 {
        let pairs = answers.windows(2);
        let count = pairs.len();
        if count == 0 {
            return 1.0;
        }
        let kept = pairs
            .filter(|pair| match pair {
                [Some(a), Some(b)] => a.place + 1 == b.place || a.place == b.place,
                _ => false,
            })
            .count();
        narrow(kept) / narrow(count)
    }
}

/// Better scores first; among equals shorter names, then older organisations, so that pages are stable.
fn better(a: &(Hit, u8), b: &(Hit, u8)) -> std::cmp::Ordering {
    b.0.score
        .total_cmp(&a.0.score)
        .then(a.1.cmp(&b.1))
        .then(a.0.id.cmp(&b.0.id))
}
