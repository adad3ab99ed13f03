//! Initials within a query: a word of it that stands for words of a name that follow each other (`Araz İK`, `Araz İdman Klubu`).

use super::fold::{self, QueryWord, Role};

/// Letters of such initials.
const LETTERS: std::ops::RangeInclusive<usize> = 2..=5;
/// Initials of so many words stand for them though none of these is a legal form.
const ENOUGH: usize = 3;

/// A word of a name.
pub(super) struct Beside<'a> {
    /// Its plain key.
    pub(super) text: &'a [u8],
    pub(super) role: Option<Role>,
    /// True where it answers no other word of the query.
    pub(super) is_free: bool,
}

/// What each word of a query says as initials, where it is short enough.
pub(super) fn of_query(text: &str) -> Vec<Option<String>> {
    let initials = |written: &str| {
        let keys = fold::query_keys(written);
        let initials = keys.first()?.initials.clone()?;
        let are_letters = initials.bytes().all(|letter| letter.is_ascii_lowercase());
        (are_letters && LETTERS.contains(&initials.len())).then_some(initials)
    };
    let spans = fold::word_spans(text).into_iter();
    spans.map(|span| initials(text.get(span.name)?)).collect()
}

/// The initials of a query with those of the legal forms that stand beside them.
pub(super) fn with_forms(initials: &str, words: &[QueryWord]) -> Option<String> {
    let is_form = |word: &QueryWord| matches!(word.role, Some(Role::Form(_)));
    let count = words.iter().filter(|word| is_form(word)).count();
    if count == 0 || count == words.len() {
        return None;
    }
    let mut all = String::new();
    for word in words {
        if is_form(word) {
            all.push(initial(word.plain.as_bytes())?);
        } else {
            all.push_str(initials);
        }
    }
    Some(all)
}

/// The first of the words that follow each other in a name and have these initials, none of them of use otherwise.
pub(super) fn find(initials: &str, words: &[Beside<'_>]) -> Option<usize> {
    words.windows(initials.len()).position(|run| {
        let mut both = run.iter().zip(initials.chars());
        let are_they =
            both.all(|(word, letter)| word.is_free && initial(word.text) == Some(letter));
        let has_form = run
            .iter()
            .any(|word| matches!(word.role, Some(Role::Form(_))));
        are_they && (has_form || run.len() >= ENOUGH)
    })
}

/// The initial of a folded word, as in the keys of names.
fn initial(word: &[u8]) -> Option<char> {
    fold::initial(std::str::from_utf8(word).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_words_of_a_query_are_initials_in_any_script() {
        let of = |text: &str| of_query(text);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of("Araz İK"), [some("araz"), some("ik")]);
        assert_eq!(of("ЖАКФ қоры"), [some("jakf"), some("kory")]);
        assert_eq!(of("A Federasiya 12"), [None, None, None]);
    }

    #[test]
    fn initials_stand_for_words_that_follow_each_other_and_answer_nothing_else() {
        let form = Some(Role::Form(fold::Form::Organisation));
        let words = |free: [bool; 4]| -> Vec<Beside<'static>> {
            let texts: [(&[u8], _); 4] = [
                (b"araz", None),
                (b"idman", None),
                (b"klubu", form),
                (b"naxchivan", None),
            ];
            let all = texts.into_iter().zip(free);
            all.map(|((text, role), is_free)| Beside {
                text,
                role,
                is_free,
            })
            .collect()
        };
        let open = words([false, true, true, true]);
        assert_eq!(find("ik", &open), Some(1));
        assert_eq!(find("ikn", &open), Some(1));
        assert_eq!(find("fk", &open), None);
        assert_eq!(find("aik", &open), None, "a word answers once");
        assert_eq!(find("ik", &words([false, false, true, true])), None);
        assert_eq!(find("ai", &words([true; 4])), None, "two words and no form");
    }
}
