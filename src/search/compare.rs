//! Are these two names of one organisation? A score, a verdict and the reasons (design, section 9).
//!
//! Words are paired, each with how telling it is in the country; what stands in one name alone counts against it, and most when
//! both names have such words. Another place, another number or another legal form stand against it whatever the rest says.

use super::fold::{self, NameWord, Role};
use super::index::{Index, telling};
use super::likeness::{self, Found};
use super::rules::{Rule, applies};
use super::{meanings, places};

/// From this score on two names are the same: chosen so that at most two of a hundred such pairs of the example set are not.
pub const SAME: f32 = 0.86;
/// From this score on a person should look.
pub const POSSIBLE: f32 = 0.6;

/// What is said of two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same organisation.
    Same,
    /// Perhaps: a person should look.
    Possible,
    /// Different ones.
    Different,
}

/// Two names compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// 0 to 1.
    pub score: f32,
    /// What the score means.
    pub verdict: Verdict,
    /// Why, in words, the weightiest first.
    pub reasons: Vec<String>,
    /// Another place or another number stands in them: different, unless a number of the register says otherwise.
    pub blocked: bool,
}

/// Names of different places are at most this much alike; so are names with different numbers.
const OTHER_PLACE: f32 = 0.35;
/// Names with different legal forms are at most this much alike: possible, never the same.
const OTHER_FORM: f32 = 0.8;
/// What initials alone make two names.
const INITIALS: f32 = 0.72;
/// What is taken off for words on both sides that have no like.
const CONFLICT: f32 = 0.55;

#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) words: Vec<Weighed>,
    pub(super) total: f32,
}

#[derive(Clone, Debug)]
pub(super) struct Weighed {
    pub(super) word: NameWord,
    pub(super) weight: f32,
    place: Option<u16>,
    pair: Option<(usize, f32, Found)>,
}

/// Compares two names. `country` decides how letters are read and how telling words are; without an index all words tell
/// as much as their length and role say.
#[must_use]
pub fn compare(a: &str, b: &str, country: Option<&str>, index: Option<&Index>) -> Comparison {
    let prepared = |name: &str| Prepared::of(name, country, index);
    compare_prepared(&prepared(a), &prepared(b))
}

/// A name made ready to be compared with many.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) keys: fold::Keys,
    pub(super) side: Side,
    initials: Vec<String>,
}

impl Prepared {
    /// Makes a name ready; the country and the index are those of [`compare`].
    #[must_use]
    pub fn of(name: &str, country: Option<&str>, index: Option<&Index>) -> Self {
        Self {
            keys: fold::keys(name, country),
            side: side(name, country, index),
            initials: fold::initials(name, country),
        }
    }

    /// True where both say the same beside legal forms, in more than one word: what tells names of two countries apart from
    /// names that are usual in both.
    #[must_use]
    pub fn has_core_of(&self, other: &Self) -> bool {
        self.keys.core.contains(' ') && self.keys.core == other.keys.core
    }
}

/// Compares two names that are ready.
#[must_use]
pub fn compare_prepared(a: &Prepared, b: &Prepared) -> Comparison {
    let (keys, others) = (&a.keys, &b.keys);
    let mut reasons = Vec::new();
    if keys.plain.is_empty() || others.plain.is_empty() {
        let same = !keys.raw.trim().is_empty() && keys.raw == others.raw;
        reasons.push(
            if same {
                "the same text"
            } else {
                "no letters that can be compared"
            }
            .to_owned(),
        );
        return verdict(if same { 1.0 } else { 0.0 }, reasons);
    }
    if keys.plain == others.plain {
        reasons.push("the same words".to_owned());
        return verdict(1.0, reasons);
    }
    let (mut left, mut right) = (a.side.clone(), b.side.clone());
    pair(&mut left, &mut right);
    let mut score = alike(&left, &right);
    let same = applies(Rule::SameName) && fold::same_name(keys, others);
    if same {
        score = score.max(0.97);
        reasons.push("the same name in another spelling".to_owned());
    } else {
        explain(&left, &right, &mut reasons);
    }
    let forms_differ =
        !keys.forms.is_empty() && !others.forms.is_empty() && keys.forms != others.forms;
    if forms_differ && applies(Rule::OtherForms) {
        score = score.min(OTHER_FORM);
        reasons.push("different legal forms".to_owned());
    }
    let (other_place, other_number) = (
        !same && places_differ(&left, &right),
        !same && applies(Rule::Numbers) && numbers_differ(&left, &right),
    );
    if other_place {
        score = score.min(OTHER_PLACE);
        reasons.insert(0, "different places".to_owned());
    }
    if other_number {
        score = score.min(OTHER_PLACE);
        reasons.insert(0, "different numbers".to_owned());
    }
    if score < INITIALS && applies(Rule::Initials) && are_initials(a, b) {
        score = INITIALS;
        reasons.insert(0, "one is the other's initials".to_owned());
    }
    Comparison {
        blocked: other_place || other_number,
        ..verdict(score, reasons)
    }
}

fn verdict(score: f32, reasons: Vec<String>) -> Comparison {
    let score = score.clamp(0.0, 1.0);
    Comparison {
        score,
        verdict: match score {
            _ if score >= SAME => Verdict::Same,
            _ if score >= POSSIBLE => Verdict::Possible,
            _ => Verdict::Different,
        },
        reasons,
        blocked: false,
    }
}

fn side(name: &str, country: Option<&str>, index: Option<&Index>) -> Side {
    let place = index
        .zip(country)
        .and_then(|(index, code)| index.place_of(code));
    let words: Vec<Weighed> = fold::name_words(name, country)
        .into_iter()
        .map(|word| {
            let rare = match index {
                Some(index) => index.telling(index.terms.find(word.skeleton.as_bytes()), place),
                None => telling(0, 0),
            };
            let letters = word.skeleton.len();
            let short = if letters < 2 { 0.1 } else { 1.0 };
            Weighed {
                weight: rare.max(0.05) * role_worth(word.role) * short,
                place: places::of(&word),
                pair: None,
                word,
            }
        })
        .collect();
    let total = words.iter().map(|word| word.weight).sum();
    Side { words, total }
}

/// Forms weigh little here: they are compared apart.
pub(super) fn role_worth(role: Option<Role>) -> f32 {
    match role {
        Some(Role::Form(_)) if applies(Rule::LegalForms) => 0.08,
        Some(Role::Generic) if applies(Rule::GenericWords) => 0.35,
        Some(Role::Named | Role::Small) if applies(Rule::GenericWords) => 0.05,
        _ => 1.0,
    }
}

/// Pairs the words, the most alike and most telling first.
fn pair(left: &mut Side, right: &mut Side) {
    let mut pairs: Vec<(f32, usize, usize, Found)> = Vec::new();
    for (at, a) in left.words.iter().enumerate() {
        for (other, b) in right.words.iter().enumerate() {
            if let Some((worth, found)) = words_alike(a, b) {
                pairs.push((worth, at, other, found));
            }
        }
    }
    pairs.sort_by(|x, y| {
        y.0.total_cmp(&x.0)
            .then_with(|| x.1.abs_diff(x.2).cmp(&y.1.abs_diff(y.2)))
    });
    for (worth, at, other, found) in pairs {
        if let (Some(a), Some(b)) = (left.words.get_mut(at), right.words.get_mut(other))
            && a.pair.is_none()
            && b.pair.is_none()
        {
            a.pair = Some((other, worth, found));
            b.pair = Some((at, worth, found));
        }
    }
}

fn words_alike(a: &Weighed, b: &Weighed) -> Option<(f32, Found)> {
    if a.word.plain == b.word.plain {
        return Some((1.0, Found::Same));
    }
    let forms = |word: &Weighed| [Some(word.word.skeleton.clone()), word.word.alt.clone()];
    let (own, others) = (forms(a), forms(b));
    let equal = own
        .iter()
        .flatten()
        .any(|x| others.iter().flatten().any(|y| x == y));
    if equal {
        return Some((0.97, Found::Spelling));
    }
    if let (Some(x), Some(y)) = (a.place, b.place) {
        return (x == y).then_some((0.95, Found::Spelling));
    }
    let (x, y) = (a.word.skeleton.as_str(), b.word.skeleton.as_str());
    let means = meanings::numbers(x)
        .iter()
        .any(|n| meanings::numbers(y).contains(n));
    let plain = likeness::alike(a.word.plain.as_bytes(), b.word.plain.as_bytes());
    let letters = own
        .iter()
        .flatten()
        .flat_map(|x| others.iter().flatten().map(move |y| (x, y)))
        .filter_map(|(x, y)| likeness::alike(x.as_bytes(), y.as_bytes()))
        .chain(plain)
        .max_by(|x, y| x.0.total_cmp(&y.0));
    match letters {
        Some((worth, found)) if worth >= 0.7 => Some((worth, found)),
        _ if means => Some((0.9, Found::Meaning)),
        // An initial stands for its word.
        _ if is_initial_of(&a.word.plain, &b.word.plain)
            || is_initial_of(&b.word.plain, &a.word.plain) =>
        {
            Some((0.8, Found::Beginning))
        }
        _ => None,
    }
}

fn is_initial_of(letter: &str, word: &str) -> bool {
    letter.len() == 1
        && word.len() > 2
        && word.starts_with(letter)
        && !letter.bytes().all(|b| b.is_ascii_digit())
}

fn alike(left: &Side, right: &Side) -> f32 {
    let total = (left.total + right.total).max(f32::EPSILON);
    let paired = |side: &Side| -> f32 {
        side.words
            .iter()
            .filter_map(|word| Some(word.weight * word.pair?.1))
            .sum()
    };
    let alone = |side: &Side| -> f32 {
        let open = side.words.iter().filter(|word| word.pair.is_none());
        open.map(|word| word.weight).sum()
    };
    let base = (paired(left) + paired(right)) / total;
    // Words on one side alone may have been left out; words on both sides are other words.
    let conflict = 2.0 * alone(left).min(alone(right)) / total;
    if applies(Rule::Conflict) {
        base - CONFLICT * conflict
    } else {
        base
    }
}

fn explain(left: &Side, right: &Side, reasons: &mut Vec<String>) {
    let said = |found: &[Found]| -> Vec<String> {
        left.words
            .iter()
            .filter_map(|word| {
                let (other, _, how) = word.pair?;
                let other = right.words.get(other)?;
                if !found.contains(&how) {
                    return None;
                }
                Some(if how == Found::Same {
                    word.word.plain.clone()
                } else {
                    format!("{} ~ {}", word.word.plain, other.word.plain)
                })
            })
            .collect()
    };
    let alone = |side: &Side| -> Vec<String> {
        let open = side.words.iter().filter(|word| word.pair.is_none());
        open.map(|word| word.word.plain.clone()).collect()
    };
    for (what, words) in [
        ("same words", said(&[Found::Same])),
        ("other spelling", said(&[Found::Spelling])),
        ("nearly the same", said(&[Found::Typo, Found::Beginning])),
        ("same meaning", said(&[Found::Meaning])),
        ("only in the first", alone(left)),
        ("only in the second", alone(right)),
    ] {
        if !words.is_empty() {
            reasons.push(format!("{what}: {}", words.join(", ")));
        }
    }
}

fn places_differ(left: &Side, right: &Side) -> bool {
    let of =
        |side: &Side| -> Vec<u16> { side.words.iter().filter_map(|word| word.place).collect() };
    let (a, b) = (of(left), of(right));
    !a.is_empty() && !b.is_empty() && !a.iter().any(|place| b.contains(place))
}

fn numbers_differ(left: &Side, right: &Side) -> bool {
    let of = |side: &Side| -> Vec<String> {
        let numbers = side
            .words
            .iter()
            .filter(|word| word.word.plain.bytes().all(|b| b.is_ascii_digit()));
        let mut numbers: Vec<String> = numbers.map(|word| word.word.plain.clone()).collect();
        numbers.sort();
        numbers
    };
    let (a, b) = (of(left), of(right));
    !a.is_empty() && !b.is_empty() && a != b
}

/// True where one name is an abbreviation of the other.
fn are_initials(a: &Prepared, b: &Prepared) -> bool {
    let one_word = |keys: &fold::Keys| !keys.plain.contains(' ');
    let stands_for = |short: &fold::Keys, long: &fold::Keys| {
        one_word(short) && !one_word(long) && long.initials.contains(&short.plain)
    };
    let (keys, others) = (&a.keys, &b.keys);
    stands_for(keys, others)
        || stands_for(others, keys)
        || (one_word(keys) && a.initials.iter().any(|own| others.initials.contains(own)))
}

/// True where both towns are one, in whatever spelling.
#[must_use]
pub fn same_place(a: &str, b: &str, country: Option<&str>) -> bool {
    let words = |text: &str| fold::name_words(text, country);
    let (left, right) = (words(a), words(b));
    let skeletons = |words: &[NameWord]| -> Vec<String> {
        words.iter().map(|word| word.skeleton.clone()).collect()
    };
    let place = |words: &[NameWord]| words.iter().find_map(places::of);
    (!left.is_empty() && skeletons(&left) == skeletons(&right))
        || (place(&left).is_some() && place(&left) == place(&right))
}
