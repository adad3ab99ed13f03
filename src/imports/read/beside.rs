//! Lines of a table that are no rows of it: sums, who made or signs the list, numbers of the columns.

use super::headers::{self, Field};

/// Words that make a line a sum, folded as headers are. A sum line holds nothing else but numbers and what is counted.
const SUM_WORDS: [&str; 25] = [
    "cemi",
    "yekun",
    "toplam",
    "yekunu",
    "итого",
    "всего",
    "итог",
    "jami",
    "hammasi",
    "жами",
    "barlygy",
    "jemi",
    "osszesen",
    "osszes",
    "mindosszesen",
    "жиынтыгы",
    "жиыны",
    "барлыгы",
    "жыиынтыгы",
    "жалпы",
    "баары",
    "бардыгы",
    "total",
    "sum",
    "subtotal",
];

/// Words beside them that say what kind of sum it is.
const KIND_WORDS: [&str; 10] = [
    "genel",
    "grand",
    "ara",
    "general",
    "общии",
    "общее",
    "umumi",
    "umumiy",
    "умумии",
    "mind",
];

/// Words for what is counted, where it is told how many there are.
const COUNTED: [&str; 56] = [
    "нко",
    "по",
    "списку",
    "странице",
    "uzre",
    "sayisi",
    "kayit",
    "sany",
    "болуп",
    "бирлестик",
    "бирлестиктер",
    "nodavlat",
    "civil",
    "number",
    "of",
    "list",
    "page",
    "teskilat",
    "qht",
    "tashkilot",
    "nnt",
    "ташкилот",
    "ннт",
    "ta",
    "та",
    "dona",
    "дона",
    "dernek",
    "vakif",
    "kurulus",
    "kurum",
    "stk",
    "adet",
    "организация",
    "организации",
    "нпо",
    "ед",
    "единиц",
    "шт",
    "записеи",
    "уиым",
    "уеу",
    "дана",
    "уюм",
    "даана",
    "gurama",
    "szervezet",
    "egyesulet",
    "db",
    "organisations",
    "organizations",
    "organisation",
    "organization",
    "ngos",
    "ngo",
    "records",
];

/// Words that begin a line below the table, in front of a colon or a line to sign on: who made the list, who signs.
const NOTE_WORDS: [&str; 43] = [
    "menbe",
    "kaynak",
    "manba",
    "cesme",
    "forras",
    "дереккоз",
    "булак",
    "source",
    "колы",
    "колу",
    "gol",
    "tertib etdi",
    "keszitette",
    "даиындаган",
    "tayyorladi",
    "tayyarlan",
    "тузду",
    "м п",
    "rehber",
    "mudur",
    "quelle",
    "imza",
    "imzo",
    "подпись",
    "исполнитель",
    "составил",
    "составила",
    "подготовил",
    "подготовила",
    "утверждаю",
    "согласовано",
    "примечание",
    "источник",
    "дата",
    "tarix",
    "tarih",
    "hazirladi",
    "hazirlayan",
    "duzenleyen",
    "alairas",
    "datum",
    "signature",
    "prepared by",
];

/// A line of a sum's words, numbers and what is counted. An organisation of such a name (Total, Total NGO) is none where it has a number
/// of its own, and none where nothing is counted.
pub(super) fn is_sum(cells: &[String], fields: &[Option<Field>]) -> bool {
    let (mut sums, mut counted, mut numbers) = (0_usize, 0_usize, 0_usize);
    for (at, cell) in cells.iter().enumerate() {
        let field = fields.get(at).and_then(Option::as_ref);
        let folded = headers::fold(cell);
        let digits = folded.chars().filter(char::is_ascii_digit).count();
        match field {
            Some(
                Field::Identifier(_)
                | Field::Phone
                | Field::RegistryNumber
                | Field::Reference
                | Field::FoundedOn,
            ) if digits > 0 => return false,
            Some(Field::RowNumber) => {}
            _ => numbers += digits,
        }
        for word in folded.split(' ').filter(|word| !word.is_empty()) {
            if SUM_WORDS.contains(&word) {
                sums += 1;
            } else if COUNTED.contains(&word) {
                counted += 1;
            } else if !KIND_WORDS.contains(&word) && !word.chars().all(|c| c.is_ascii_digit()) {
                return false;
            }
        }
    }
    sums > 0 && (counted == 0 || numbers > 0)
}

/// A line with one cell, that says who made the list or where to sign it.
pub(super) fn is_note(cells: &[String]) -> bool {
    let mut filled = cells.iter().filter(|cell| !cell.trim().is_empty());
    let (Some(cell), None) = (filled.next(), filled.next()) else {
        return false;
    };
    let begins = cell.split([':', '_']).next().unwrap_or("");
    begins.len() < cell.len() && NOTE_WORDS.contains(&headers::fold(begins).as_str())
        || cell.contains("____")
}

/// The line below the header in which official tables number their columns: 1, 2, 3 and so on, one for each.
pub(super) fn numbers_columns(cells: &[String], written: usize) -> bool {
    let numbered = |(cell, n): (&String, usize)| {
        cell.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '.'))
            == n.to_string()
    };
    let most = cells.len() > 2 || cells.len() == written;
    cells.len() > 1 && most && cells.iter().zip(1..).all(numbered)
}
