//! Are these two names of one organisation? A score, a verdict and the reasons (design, section 9).
//!
//! Words are paired, each with how telling it is in the country; what stands in one name alone counts against it, and most when
//! both names have such words. Another place, another number or another legal form stand against it whatever the rest says.

use super::endings;
use super::fold::{self, Counted, NameWord, Role};
use super::index::Index;
use super::joined::Joined;
use super::likeness::{self, Found};
use super::opposites::{self, Opposed};
use super::prepared::{Prepared, Weight};
use super::rules::{Rule, applies};
use super::{abbreviations, meanings, places};

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
    /// Another place, branch, ordinal or number stands in them: different, unless a number of the register says otherwise.
    pub blocked: bool,
}

/// Names of different places are at most this much alike; so are names with different branches, ordinals or numbers.
const OTHER_PLACE: f32 = 0.35;
/// Names with different legal forms are at most this much alike: possible, never the same.
const OTHER_FORM: f32 = 0.8;
/// Names of which one has a number, or says north, new or national, and the other nothing of it are at most this much alike.
const SAID_ALONE: f32 = 0.8;
/// At most this where it is left open whether two are one: to be looked at, whatever else speaks for it.
pub const OPEN: f32 = SAME - 0.001;
/// A slip of so many letters in a telling word may be another word.
const MANY_EDITS: usize = 2;
/// What initials alone make two names, and at most what they make where other words may have the same.
const INITIALS: f32 = 0.72;
/// What a word is worth that is the other one in the Turkish way of reading: by a guess at who wrote it.
const TURKISH: f32 = 0.93;
/// Up to so many letters a word that is read in another way may be another word.
const SHORT: usize = 5;
/// At least this where all of one name but its form is what stands in quotes in the other.
const QUOTED: f32 = 0.65;
/// What stands in quotes says who it is where its words tell as much.
const QUOTED_TELLS: f32 = 0.4;
/// What is taken off for words on both sides that have no like.
const CONFLICT: f32 = 0.55;

/// Compares two names. `country` decides how letters are read and how telling words are; without an index all words tell
/// as much as their length and role say.
#[must_use]
pub fn compare(a: &str, b: &str, country: Option<&str>, index: Option<&Index>) -> Comparison {
    let prepared = |name: &str| Prepared::of(name, country, index);
    let (a, b) = (prepared(a), prepared(b));
    Judged::of(&a, &b).told(&a, &b)
}

/// Two names judged, before it is told why: of many judged ones few are told.
pub struct Judged {
    /// 0 to 1.
    pub score: f32,
    /// As in [`Comparison`].
    pub blocked: bool,
    /// What stands before the words in the reasons.
    before: Vec<&'static str>,
    /// The words of the first name that have their like, and of the second; none where they need not be told.
    pairs: Option<[Vec<Option<Pair>>; 2]>,
    /// What stands behind them.
    behind: Vec<&'static str>,
    /// The names as they were compared, where one of them has words together that stand apart in the other.
    joined: Option<Joined>,
}

/// The place of a word's like in the other name, how alike they are, and how that was found.
type Pair = (usize, f32, Found);

impl Judged {
    /// Judges two names.
    #[must_use]
    pub fn of(a: &Prepared, b: &Prepared) -> Self {
        let (keys, others) = (a.keys(), b.keys());
        if keys.plain.is_empty() || others.plain.is_empty() {
            return if !keys.raw.trim().is_empty() && keys.raw == others.raw {
                Self::plainly(1.0, "the same text")
            } else {
                Self::plainly(0.0, "no letters that can be compared")
            };
        }
        if keys.plain == others.plain {
            return Self::plainly(1.0, "the same words");
        }
        let counted = if applies(Rule::Numbers) {
            fold::counted(&keys.numbers, &others.numbers)
        } else {
            Counted::Alike
        };
        let joined = Joined::of(a, b);
        let (a, b) = Joined::or(joined.as_ref(), a, b);
        let pairs = pair(a, b);
        let mut judged = Self {
            score: alike(a, b, &pairs),
            blocked: false,
            before: Vec::new(),
            pairs: None,
            behind: Vec::new(),
            joined: None,
        };
        let same = applies(Rule::SameName) && fold::same_name(keys, others);
        if same {
            judged.score = judged.score.max(0.97);
            judged.before.push("the same name in another spelling");
        } else {
            judged.pairs = Some(pairs);
        }
        let forms_differ = !keys.forms.is_empty()
            && !others.forms.is_empty()
            && !fold::forms_agree(&keys.forms, &others.forms);
        let slipped = judged.pairs.as_ref();
        let slipped = slipped.is_some_and(|pairs| are_forms_with_a_slip(a, b, pairs));
        let forms_differ = forms_differ && !slipped;
        if forms_differ && applies(Rule::OtherForms) {
            judged.score = judged.score.min(OTHER_FORM);
            judged.behind.push("different legal forms");
        }
        if counted == Counted::Open {
            judged.score = judged.score.min(SAID_ALONE);
            judged
                .behind
                .push("a number or an initial that the other name has not");
        }
        let letters_differ = fold::other_letters(&keys.letters, &others.letters);
        if letters_differ && applies(Rule::SingleLetters) {
            judged.score = judged.score.min(SAID_ALONE);
            judged.behind.push("different single letters");
        }
        // Places count though the skeletons are one (`Vasi`, `Váci`).
        let other_place = differ(a, b, |word| word.place);
        let other_land = !same && differ(a, b, |word| word.land);
        let other_branch = !same && differ(a, b, |word| word.branch);
        let opposed = match &judged.pairs {
            None => Opposed::No,
            Some([of_a, of_b]) => opposites::opposed(
                a.weights.iter().zip(of_a.iter().map(Option::is_none)),
                b.weights.iter().zip(of_b.iter().map(Option::is_none)),
            ),
        };
        if opposed == Opposed::Open {
            judged.score = judged.score.min(SAID_ALONE);
            judged
                .behind
                .push("one says more: on a side, an age, an ordinal or a reach");
        }
        let initials_open = joined.as_ref().is_some_and(|Joined { told, .. }| {
            let bare = !told.shorts.is_empty() && !same;
            told.open || (bare && !is_one_by_letters(a, b, &judged.pairs, &told.shorts))
        });
        let words_open = judged
            .pairs
            .as_ref()
            .is_some_and(|pairs| leaves_open(a, b, pairs));
        if initials_open {
            judged.score = judged.score.min(INITIALS);
        }
        if words_open {
            judged.score = judged.score.min(OPEN);
        }
        let opposite = opposed == Opposed::Yes;
        let other_number = counted == Counted::Differently;
        judged.blocked = other_place || other_land || other_branch || opposite || other_number;
        let first = [
            (other_place, "different places"),
            (other_land, "different countries"),
            (other_branch, "different branches"),
            (opposite, "opposites, or different ordinals"),
            (other_number, "different numbers"),
        ];
        for (_, why) in first.into_iter().filter(|(is, _)| *is) {
            judged.score = judged.score.min(OTHER_PLACE);
            judged.before.insert(0, why);
        }
        if judged.score < INITIALS && applies(Rule::Initials) && are_initials(a, b) {
            judged.score = INITIALS;
            judged.before.insert(0, "one is the other's initials");
        }
        let quoted = judged.score < QUOTED
            && !judged.blocked
            && !forms_differ
            && judged
                .pairs
                .as_ref()
                .is_some_and(|pairs| is_quoted_in(a, b, pairs));
        if quoted {
            judged.score = QUOTED;
            judged
                .before
                .insert(0, "one is what stands in quotes in the other");
        }
        judged.score = judged.score.clamp(0.0, 1.0);
        judged.joined = joined;
        judged
    }

    fn plainly(score: f32, why: &'static str) -> Self {
        Self {
            score,
            blocked: false,
            before: vec![why],
            pairs: None,
            behind: Vec::new(),
            joined: None,
        }
    }

    /// Tells the verdict and why; the names are those that were judged.
    #[must_use]
    pub fn told(self, a: &Prepared, b: &Prepared) -> Comparison {
        let mut reasons: Vec<String> = self.before.into_iter().map(str::to_owned).collect();
        let (a, b) = Joined::or(self.joined.as_ref(), a, b);
        if let Some(Joined { told, .. }) = &self.joined {
            for (what, words) in [
                ("written together or apart", &told.words),
                ("initials", &told.initials),
            ] {
                if !words.is_empty() {
                    reasons.push(format!("{what}: {}", words.join(", ")));
                }
            }
        }
        if let Some([of_a, of_b]) = &self.pairs {
            explain(a, b, of_a, of_b, &mut reasons);
        }
        reasons.extend(self.behind.into_iter().map(str::to_owned));
        Comparison {
            score: self.score,
            verdict: match self.score {
                score if score >= SAME => Verdict::Same,
                score if score >= POSSIBLE => Verdict::Possible,
                _ => Verdict::Different,
            },
            reasons,
            blocked: self.blocked,
        }
    }
}

/// Pairs the words, the most alike and most telling first.
fn pair(a: &Prepared, b: &Prepared) -> [Vec<Option<Pair>>; 2] {
    let mut pairs: Vec<(f32, usize, usize, Found)> = Vec::new();
    for (at, own) in a.weighed_words().enumerate() {
        for (other, theirs) in b.weighed_words().enumerate() {
            if let Some((worth, found)) = words_alike(own, theirs) {
                pairs.push((worth, at, other, found));
            }
        }
    }
    pairs.sort_by(|x, y| {
        y.0.total_cmp(&x.0)
            .then_with(|| x.1.abs_diff(x.2).cmp(&y.1.abs_diff(y.2)))
    });
    let mut left = vec![None; a.weights.len()];
    let mut right = vec![None; b.weights.len()];
    for (worth, at, other, found) in pairs {
        if let (Some(own @ None), Some(theirs @ None)) = (left.get_mut(at), right.get_mut(other)) {
            *own = Some((other, worth, found));
            *theirs = Some((at, worth, found));
        }
    }
    [left, right]
}

fn words_alike(
    (own, weight): (&NameWord, &Weight),
    (theirs, other_weight): (&NameWord, &Weight),
) -> Option<(f32, Found)> {
    if own.plain == theirs.plain {
        return Some((1.0, Found::Same));
    }
    if let (Some(x), Some(y)) = (own.number, theirs.number) {
        return (x.value() == y.value()).then_some((0.97, Found::Spelling));
    }
    fn forms(word: &NameWord) -> [Option<&str>; 2] {
        [Some(&word.skeleton), word.alt.as_deref()]
    }
    let (a, b) = (forms(own), forms(theirs));
    let mut both = a
        .iter()
        .flatten()
        .flat_map(|x| b.iter().flatten().map(move |y| (*x, *y)));
    if both.clone().any(|(x, y)| x == y) {
        return Some((0.97, Found::Spelling));
    }
    if are_one_in_turkish(own, theirs) {
        return Some((TURKISH, Found::Spelling));
    }
    if let (Some(x), Some(y)) = (weight.place, other_weight.place) {
        if x != y {
            return None;
        }
        // Two words that are made of one place are other words (`Bursaspor`, `Bursalılar`): their letters say how much.
        if weight.place_alone && other_weight.place_alone {
            return Some((0.95, Found::Spelling));
        }
    }
    if let (Some(x), Some(y)) = (weight.land, other_weight.land) {
        return (x == y).then_some((0.95, Found::Meaning));
    }
    if let (Some(x), Some(y)) = (weight.branch, other_weight.branch) {
        return (x == y).then_some((0.95, Found::Meaning));
    }
    if let (Some(x), Some(y)) = (weight.opposite, other_weight.opposite)
        && let Some(agrees) = x.agrees(y)
    {
        return agrees.then_some((0.95, Found::Meaning));
    }
    let mut best = likeness::alike(own.plain.as_bytes(), theirs.plain.as_bytes());
    for (x, y) in both.by_ref() {
        let found = likeness::alike(x.as_bytes(), y.as_bytes());
        // The plain words count where they are as alike.
        if found.is_some_and(|(worth, _)| best.is_none_or(|(known, _)| worth > known)) {
            best = found;
        }
    }
    // Two words that are known and mean different things are no slip of one another.
    let others = || {
        let (own, theirs) = (
            meanings::of_itself(&own.skeleton),
            meanings::of_itself(&theirs.skeleton),
        );
        let apart = !own.is_empty() && !theirs.is_empty();
        applies(Rule::OtherWords) && apart && !own.iter().any(|n| theirs.contains(n))
    };
    if let Some((worth, found)) = best
        && worth >= 0.7
        && (found != Found::Typo || !others())
    {
        return Some((worth, found));
    }
    let theirs_mean = meanings::numbers(&theirs.skeleton);
    let means = !theirs_mean.is_empty()
        && meanings::numbers(&own.skeleton)
            .iter()
            .any(|n| theirs_mean.contains(n));
    if means {
        return Some((0.9, Found::Meaning));
    }
    if abbreviations::is_short_for(own, theirs) || abbreviations::is_short_for(theirs, own) {
        return Some((0.9, Found::Beginning));
    }
    // An initial stands for its word.
    let stands =
        is_initial_of(&own.plain, &theirs.plain) || is_initial_of(&theirs.plain, &own.plain);
    stands.then_some((0.8, Found::Beginning))
}

/// True where a `c` that is read the Turkish way makes one word the other, which the country's way of reading does not.
fn are_one_in_turkish(own: &NameWord, theirs: &NameWord) -> bool {
    let reads = |one: &NameWord, other: &NameWord| {
        one.turkish.is_some() && one.turkish.as_ref() == Some(&other.skeleton)
    };
    own.skeleton != theirs.skeleton && (reads(own, theirs) || reads(theirs, own))
}

/// True where words may be others: a telling one is many letters from its like, and not by an ending, a place is like a word that
/// other names have, or no telling word is alike by its letters as the country reads them.
fn leaves_open(a: &Prepared, b: &Prepared, [of_a, _]: &[Vec<Option<Pair>>; 2]) -> bool {
    if !applies(Rule::OtherWords) {
        return false;
    }
    let (mut by_guess, mut by_letters) = (false, false);
    for ((own, weight), pair) in a.weighed_words().zip(of_a) {
        let Some((at, _, found)) = *pair else {
            continue;
        };
        let other = b.folded.words.get(at).zip(b.weights.get(at));
        let Some((theirs, other)) = other.filter(|_| own.role.is_none()) else {
            continue;
        };
        let is_short = own.skeleton.len() <= SHORT;
        let guessed = found == Found::Meaning || (is_short && are_one_in_turkish(own, theirs));
        by_guess |= guessed;
        by_letters |= !guessed;
        let other_word = match (weight.place, other.place) {
            (Some(_), None) => other.is_word,
            (None, Some(_)) => weight.is_word,
            _ => false,
        };
        if found == Found::Typo && (other_word || edits(own, theirs) >= MANY_EDITS) {
            return true;
        }
        let other_ending = found == Found::Beginning && endings::make_others(own, theirs);
        if other_ending && edits(own, theirs) >= MANY_EDITS {
            return true;
        }
    }
    by_guess && !by_letters
}

/// True where the words of both forms are the same words, one with a slip that hides what it is (`fubol kluby`).
fn are_forms_with_a_slip(
    a: &Prepared,
    b: &Prepared,
    [of_a, of_b]: &[Vec<Option<Pair>>; 2],
) -> bool {
    let is_form = |word: &NameWord| matches!(word.role, Some(Role::Form(_)));
    let all_in = |own: &Prepared, pairs: &[Option<Pair>], theirs: &Prepared| {
        let words = own.folded.words.iter().zip(pairs);
        words.filter(|(word, _)| is_form(word)).all(|(word, pair)| {
            let (at, _, found) = match pair {
                Some(pair) => *pair,
                None => return false,
            };
            let Some(like) = theirs.folded.words.get(at) else {
                return false;
            };
            word.plain == like.plain || (found == Found::Typo && !is_form(like))
        })
    };
    all_in(a, of_a, b) && all_in(b, of_b, a)
}

/// True where a telling word is alike by its own letters, and not as the initials of others.
fn is_one_by_letters(
    a: &Prepared,
    b: &Prepared,
    pairs: &Option<[Vec<Option<Pair>>; 2]>,
    shorts: &[String],
) -> bool {
    let Some([of_a, _]) = pairs else {
        return true;
    };
    let tells = |word: &NameWord| {
        word.role.is_none() && !fold::is_single_letter(&word.plain) && !shorts.contains(&word.plain)
    };
    a.folded.words.iter().zip(of_a).any(|(own, pair)| {
        let other = pair.filter(|(_, _, found)| *found != Found::Meaning);
        let theirs = other.and_then(|(at, ..)| b.folded.words.get(at));
        tells(own) && theirs.is_some_and(tells)
    })
}

/// True where all of one name but its legal form is what stands in quotes in the other: «Акбота» beside «Ақбота» with what it does.
fn is_quoted_in(a: &Prepared, b: &Prepared, [of_a, of_b]: &[Vec<Option<Pair>>; 2]) -> bool {
    fn is_part(word: &NameWord) -> bool {
        !matches!(word.role, Some(Role::Form(_)))
    }
    let is_all = |own: &Prepared, pairs: &[Option<Pair>], theirs: &Prepared| {
        let quoted: Vec<usize> = (0..)
            .zip(&theirs.folded.words)
            .filter(|(_, word)| word.quoted && is_part(word))
            .map(|(at, _)| at)
            .collect();
        let mut tells = 0.0;
        let mut met = 0;
        for ((word, weight), pair) in own.weighed_words().zip(pairs) {
            if !is_part(word) {
                continue;
            }
            let spelled = |found: Found| matches!(found, Found::Same | Found::Spelling);
            if !pair.is_some_and(|(at, _, found)| spelled(found) && quoted.contains(&at)) {
                return false;
            }
            met += 1;
            tells += weight.weight;
        }
        met > 0 && met == quoted.len() && tells >= QUOTED_TELLS
    };
    is_all(a, of_a, b) || is_all(b, of_b, a)
}

/// How many letters two words are apart, in the reading that is nearest.
fn edits(own: &NameWord, theirs: &NameWord) -> usize {
    let forms = |word: &NameWord| -> Vec<String> {
        let both = std::iter::once(&word.skeleton).chain(&word.alt);
        both.cloned().collect()
    };
    let apart = |x: &str, y: &str| {
        likeness::distance(x.as_bytes(), y.as_bytes(), MANY_EDITS).unwrap_or(MANY_EDITS + 1)
    };
    let (own_forms, their_forms) = (forms(own), forms(theirs));
    let read = own_forms
        .iter()
        .flat_map(|x| their_forms.iter().map(move |y| (x, y)));
    let read = read.map(|(x, y)| apart(x, y)).min();
    read.unwrap_or(MANY_EDITS + 1)
        .min(apart(&own.plain, &theirs.plain))
}

fn is_initial_of(letter: &str, word: &str) -> bool {
    letter.len() == 1
        && word.len() > 2
        && word.starts_with(letter)
        && !letter.bytes().all(|b| b.is_ascii_digit())
}

fn alike(a: &Prepared, b: &Prepared, [of_a, of_b]: &[Vec<Option<Pair>>; 2]) -> f32 {
    let total = (a.total + b.total).max(f32::EPSILON);
    let paired = |side: &Prepared, pairs: &[Option<Pair>]| -> f32 {
        let words = side.weights.iter().zip(pairs);
        words
            .filter_map(|(word, pair)| Some(word.weight * (*pair)?.1))
            .sum()
    };
    let alone = |side: &Prepared, pairs: &[Option<Pair>]| -> f32 {
        let words = side.weights.iter().zip(pairs);
        let open = words.filter(|(_, pair)| pair.is_none());
        open.map(|(word, _)| word.weight).sum()
    };
    let base = (paired(a, of_a) + paired(b, of_b)) / total;
    // Words on one side alone may have been left out; words on both sides are other words.
    let conflict = 2.0 * alone(a, of_a).min(alone(b, of_b)) / total;
    if applies(Rule::Conflict) {
        base - CONFLICT * conflict
    } else {
        base
    }
}

fn explain(
    a: &Prepared,
    b: &Prepared,
    of_a: &[Option<Pair>],
    of_b: &[Option<Pair>],
    reasons: &mut Vec<String>,
) {
    let said = |found: &[Found]| -> Vec<String> {
        a.folded
            .words
            .iter()
            .zip(of_a)
            .filter_map(|(word, pair)| {
                let (other, _, how) = (*pair)?;
                let other = b.folded.words.get(other)?;
                if !found.contains(&how) {
                    return None;
                }
                Some(if how == Found::Same {
                    word.plain.clone()
                } else {
                    format!("{} ~ {}", word.plain, other.plain)
                })
            })
            .collect()
    };
    let alone = |side: &Prepared, pairs: &[Option<Pair>]| -> Vec<String> {
        let words = side.folded.words.iter().zip(pairs);
        let open = words.filter(|(_, pair)| pair.is_none());
        open.map(|(word, _)| word.plain.clone()).collect()
    };
    for (what, words) in [
        ("same words", said(&[Found::Same])),
        ("other spelling", said(&[Found::Spelling])),
        ("nearly the same", said(&[Found::Typo, Found::Beginning])),
        ("same meaning", said(&[Found::Meaning])),
        ("only in the first", alone(a, of_a)),
        ("only in the second", alone(b, of_b)),
    ] {
        if !words.is_empty() {
            reasons.push(format!("{what}: {}", words.join(", ")));
        }
    }
}

/// True where both names have things of a kind and no one in common.
fn differ(a: &Prepared, b: &Prepared, thing: impl Fn(&Weight) -> Option<u16>) -> bool {
    let own: Vec<u16> = a.weights.iter().filter_map(&thing).collect();
    if own.is_empty() {
        return false;
    }
    let mut theirs = b.weights.iter().filter_map(&thing).peekable();
    theirs.peek().is_some() && !theirs.any(|one| own.contains(&one))
}

/// True where one name is an abbreviation of the other.
fn are_initials(a: &Prepared, b: &Prepared) -> bool {
    let one_word = |keys: &fold::Keys| !keys.plain.contains(' ');
    let stands_for = |short: &fold::Keys, long: &fold::Keys| {
        one_word(short) && !one_word(long) && long.initials.contains(&short.plain)
    };
    let (keys, others) = (a.keys(), b.keys());
    stands_for(keys, others)
        || stands_for(others, keys)
        || (one_word(keys)
            && keys
                .initials
                .iter()
                .any(|own| others.initials.contains(own)))
}

/// True where both towns are one, in whatever spelling.
#[must_use]
pub fn same_place(a: &str, b: &str, country: Option<&str>) -> bool {
    let words = |text: &str| fold::name_words(text, country);
    let (left, right) = (words(a), words(b));
    let skeletons = |words: &[NameWord]| -> Vec<String> {
        words.iter().map(|word| word.skeleton.clone()).collect()
    };
    let place = |words: &[NameWord]| places::of(words);
    (!left.is_empty() && skeletons(&left) == skeletons(&right))
        || (place(&left).is_some() && place(&left) == place(&right))
}

#[cfg(test)]
mod tests;
