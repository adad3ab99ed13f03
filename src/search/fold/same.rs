//! Whether two names are the same name: a conservative answer, for imports and for the time before
//! candidates are scored.

use super::{Counted, Keys, counted, forms_agree, other_letters};
use crate::search::rules::{Rule, applies};

/// Letters and digits a skeleton must have to prove equality: shorter ones merge too much
/// (`Koç` and `Köç`).
const ENOUGH: usize = 4;

/// True where two names are spellings of one name: equal plain keys, an equal skeleton in one of the
/// readings, or an equal name proper with the same legal form in other words
/// (`… Der.`/`… Derneği`). Never true where the legal forms are others
/// (`… Derneği`/`… Vakfı`, `… Kft.`/`… Zrt.`) or the numbers or single letters are others (`XII. …`/`XIII. …`, `Hepatit B`/`Hepatit C`), and never for names of two organisations that translate
/// each other.
///
/// Says nothing about countries: callers compare names of one country.
#[must_use]
pub fn same_name(a: &Keys, b: &Keys) -> bool {
    if a.plain.is_empty() || b.plain.is_empty() {
        return a.raw == b.raw && !a.raw.trim().is_empty();
    }
    let forms_known = !a.forms.is_empty() && !b.forms.is_empty();
    if forms_known && !forms_agree(&a.forms, &b.forms) {
        return false;
    }
    if counted(&a.numbers, &b.numbers) == Counted::Differently {
        return false;
    }
    if applies(Rule::SingleLetters) && other_letters(&a.letters, &b.letters) {
        return false;
    }
    a.plain == b.plain
        || skeletons(a).any(|own| proves(own) && skeletons(b).any(|other| own == other))
        || (forms_known && proves(&a.proper) && a.proper == b.proper)
}

fn skeletons(keys: &Keys) -> impl Iterator<Item = &str> {
    std::iter::once(keys.skeleton.as_str()).chain(keys.skeleton_alt.as_deref())
}

fn proves(skeleton: &str) -> bool {
    skeleton
        .bytes()
        .filter(|&b| b != b' ')
        .nth(ENOUGH - 1)
        .is_some()
}
