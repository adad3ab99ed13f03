//! Words that stand for others: for what they begin with where a full stop says so (`Hak.`, `Bld.`), and for the initials of
//! several that follow each other (`FK`, `SE`).

use super::fold::{NameWord, Role};
use super::rules::{Rule, applies};

/// Letters of an abbreviation.
const SHORT: std::ops::RangeInclusive<usize> = 2..=5;
/// Letters that it leaves out at least.
const LEFT_OUT: usize = 2;
/// Initials of so many words stand for them though none of these is a legal form.
const ENOUGH: usize = 3;

/// What initials say of the words that they stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Initials {
    /// One of the words is a legal form, as in `SK`, `JG`: what everybody writes behind a name.
    Usual,
    /// Other words may have the same initials.
    Open,
}

/// True where one word is written short for the other, with a full stop.
pub(super) fn is_short_for(short: &NameWord, long: &NameWord) -> bool {
    if !applies(Rule::Abbreviations) || !short.dotted || !SHORT.contains(&short.plain.len()) {
        return false;
    }
    let begins =
        |short: &str, long: &str| long.len() >= short.len() + LEFT_OUT && long.starts_with(short);
    begins(&short.plain, &long.plain)
        || begins(&short.skeleton, &long.skeleton)
        || is_consonants_of(&short.plain, &long.plain)
}

/// `bld` for `belediyesi`: its first letter and further consonants in their order.
fn is_consonants_of(short: &str, long: &str) -> bool {
    let vowel = |b: u8| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    if long.len() < short.len() + LEFT_OUT
        || short.bytes().any(vowel)
        || short.as_bytes().first() != long.as_bytes().first()
    {
        return false;
    }
    let mut letters = long.bytes();
    short
        .bytes()
        .all(|wanted| letters.any(|letter| letter == wanted))
}

/// Whether a word stands for words by their initials.
pub(super) fn are_initials(short: &NameWord, words: &[&NameWord]) -> Option<Initials> {
    if !applies(Rule::Abbreviations)
        || words.len() < 2
        || short.role == Some(Role::Small)
        || !short.plain.bytes().all(|b| b.is_ascii_lowercase())
    {
        return None;
    }
    let mut rest = short.plain.as_str();
    for word in words {
        rest = without_initial(rest, &word.plain)?;
    }
    if !rest.is_empty() {
        return None;
    }
    let is_form = |word: &NameWord| matches!(word.role, Some(Role::Form(_)));
    if is_form(short) || words.iter().any(|word| is_form(word)) {
        Some(Initials::Usual)
    } else {
        (words.len() >= ENOUGH).then_some(Initials::Open)
    }
}

/// What is left of an abbreviation without the initial of a word: one letter as it was written, so `sh` and `ch` count once.
fn without_initial<'a>(rest: &'a str, word: &str) -> Option<&'a str> {
    const TWO: [&str; 8] = ["sh", "ch", "zh", "ts", "yu", "ya", "yo", "kh"];
    let both = TWO
        .into_iter()
        .find(|two| word.starts_with(two) && rest.starts_with(two));
    if let Some(two) = both {
        return rest.strip_prefix(two);
    }
    let one = |letter: char| match letter {
        'q' => 'k',
        'x' => 'h',
        'w' => 'v',
        other => other,
    };
    let mut letters = rest.chars();
    (one(letters.next()?) == one(word.chars().next()?)).then_some(letters.as_str())
}
