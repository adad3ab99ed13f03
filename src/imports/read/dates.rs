//! Founding and registration dates as people write them.

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use super::values::{FaultCode, Parsed, is_missing_word};

/// A day, or only its year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DateValue {
    /// A day.
    Day(NaiveDate),
    /// A year; day and month are not known.
    Year(i32),
}

/// In which order dates with slashes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SlashOrder {
    /// Nothing proves one order: only dates that can be read in one way are read.
    #[default]
    Unknown,
    /// Month first, as in the United States.
    MonthFirst,
    /// Day first.
    DayFirst,
}

/// The years that can be meant; earlier ones are typing errors.
const EARLIEST: i32 = 1800;

/// The order that the cells of one column prove: one cell with a number above 12 in second place
/// proves month first, in first place day first. Both in one column prove nothing.
#[must_use]
pub fn slash_order<'a>(cells: impl IntoIterator<Item = &'a str>) -> SlashOrder {
    let (mut month_first, mut day_first) = (false, false);
    for cell in cells {
        if let Some((first, second, _)) = numbers(cell, '/') {
            month_first |= second.value > 12 && first.value <= 12;
            day_first |= first.value > 12 && first.digits <= 2 && second.value <= 12;
        }
    }
    match (month_first, day_first) {
        (true, false) => SlashOrder::MonthFirst,
        (false, true) => SlashOrder::DayFirst,
        _ => SlashOrder::Unknown,
    }
}

/// Reads a date. Forms: `1996-10-27` (also with `.` or `/`, and a time behind), `15.04.1995`,
/// `09,09,2016`, `15-04-1995`, `9/19/95` by `order`, the month as a word (`15 апреля 2005 г.`), a year alone, and a spreadsheet's serial number
/// (`40767` is 2011-08-12; days since 1899-12-30).
///
/// Two digits of a year mean the latest such year that is not after `today`. Days after `today` and
/// before 1800 are faults.
#[must_use]
pub fn parse_date(text: &str, order: SlashOrder, today: NaiveDate) -> Parsed<DateValue> {
    if let Some(absence) = is_missing_word(text) {
        return absence.parsed();
    }
    let text = text.trim();
    let plain = without_year_word(text);
    if let Some(only) = number(plain).filter(|n| n.digits == 4) {
        return year(i32::try_from(only.value).unwrap_or(0), today);
    }
    if let Some((year, month, day)) = with_month_word(plain) {
        return self::day(year, month, day, today);
    }
    if let Some(parsed) = plain_number(text, today) {
        return parsed;
    }
    let text = without_time(text);
    for separator in ['-', '.', ',', '/'] {
        if let Some((first, second, third)) = numbers(text, separator) {
            return three(first, second, third, separator, order, today);
        }
    }
    unreadable()
}

#[derive(Debug, Clone, Copy)]
struct Number {
    value: u32,
    digits: usize,
}

fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    if text.is_empty() || text.len() > 4 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Number {
        value: text.parse().ok()?,
        digits: text.len(),
    })
}

fn numbers(text: &str, separator: char) -> Option<(Number, Number, Number)> {
    let text = text.trim().trim_end_matches(separator);
    let mut parts = text.split(separator).map(number);
    let three = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(three)
}

/// Cuts a time of day and the Russian and Hungarian words for year.
fn without_time(text: &str) -> &str {
    let day = match text.split_once(['T', ' ']) {
        Some((day, time)) if time.contains(':') => day,
        _ => text,
    };
    without_year_word(day)
}

/// Cuts a word for year behind a date.
fn without_year_word(text: &str) -> &str {
    let text = text.trim();
    YEAR_WORDS
        .iter()
        .find_map(|word| text.strip_suffix(word))
        .unwrap_or(text)
        .trim()
}

/// A day with the month as a word: `15 апреля 2005`, `1998. március 1.`, `2004-yil 12-may`.
fn with_month_word(text: &str) -> Option<(Number, Number, Number)> {
    if !text.chars().any(char::is_alphabetic) {
        return None;
    }
    let folded = super::headers::fold(text);
    let words: Vec<&str> = folded
        .split(' ')
        .filter(|word| !YEARS_WITHIN.contains(word))
        .collect();
    let month = |word: &str| {
        let of = MONTHS.iter().position(|month| {
            month
                .iter()
                .any(|stem| word.strip_prefix(stem).is_some_and(is_ending))
        })?;
        let value = u32::try_from(of).ok()?.checked_add(1)?;
        Some(Number { value, digits: 2 })
    };
    let [first, second, third] = words.as_slice() else {
        return None;
    };
    let of_month = |n: Number| n.digits <= 2;
    if let (Some(day), Some(month), Some(year)) = (number(first), month(second), number(third)) {
        // In Hungarian the year comes first.
        return match (day.digits, year.digits) {
            (1 | 2, 4) => Some((year, month, day)),
            (4, 1 | 2) => Some((day, month, year)),
            _ => None,
        };
    }
    let (year, day, month) = (number(first)?, number(second)?, month(third)?);
    (year.digits == 4 && of_month(day)).then_some((year, month, day))
}

/// What may stand behind a month's name: an ending of case or possession.
fn is_ending(rest: &str) -> bool {
    const ENDINGS: [&str; 22] = [
        "", "а", "я", "ь", "е", "и", "ы", "у", "да", "де", "та", "те", "a", "e", "i", "da", "de",
        "ta", "te", "an", "en", "in",
    ];
    ENDINGS.contains(&rest)
}

/// Words for year, as they stand behind a date; of two that end alike the longer one first.
const YEAR_WORDS: [&str; 25] = [
    "года",
    "году",
    "год",
    "г.",
    "г",
    "y.",
    "ý.",
    "-жылы",
    "-жыл",
    "жылы",
    "жыл",
    "-ж.",
    "ж.",
    "-yil",
    "yil",
    "-йил",
    "йил",
    "-ci il",
    "-cı il",
    "-cu il",
    "-cü il",
    "yılı",
    "yıl",
    "й.",
    ".",
];
/// Those that stand in the middle, folded.
const YEARS_WITHIN: [&str; 13] = [
    "г", "ж", "жыл", "жылы", "yil", "yili", "иил", "иили", "il", "ci", "cu", "y", "года",
];

/// The months by their names without endings, folded, in English and the languages of the eight countries.
const MONTHS: [&[&str]; 12] = [
    &[
        "january",
        "jan",
        "januar",
        "yanvar",
        "yanwar",
        "январ",
        "янв",
        "ocak",
        "кантар",
    ],
    &[
        "february",
        "feb",
        "februar",
        "fevral",
        "fewral",
        "феврал",
        "фев",
        "subat",
        "акпан",
    ],
    &["march", "mar", "marcius", "mart", "март", "наурыз"],
    &[
        "april",
        "apr",
        "aprilis",
        "aprel",
        "апрел",
        "апр",
        "nisan",
        "сауир",
    ],
    &["may", "majus", "mayis", "маи", "мая", "мае", "мамыр"],
    &["june", "jun", "junius", "iyun", "июн", "haziran", "маусым"],
    &["july", "jul", "julius", "iyul", "июл", "temmuz", "шилде"],
    &[
        "august",
        "aug",
        "augusztus",
        "avqust",
        "avgust",
        "awgust",
        "agustos",
        "август",
        "авг",
        "тамыз",
    ],
    &[
        "september",
        "sep",
        "sept",
        "szeptember",
        "sentyabr",
        "сентябр",
        "сент",
        "eylul",
        "кыркуиек",
    ],
    &[
        "october",
        "oct",
        "oktober",
        "oktyabr",
        "октябр",
        "окт",
        "ekim",
        "казан",
    ],
    &[
        "november",
        "nov",
        "noyabr",
        "ноябр",
        "нояб",
        "kasim",
        "караша",
    ],
    &[
        "december",
        "dec",
        "dekabr",
        "декабр",
        "дек",
        "aralik",
        "желтоксан",
    ],
];

fn plain_number(text: &str, today: NaiveDate) -> Option<Parsed<DateValue>> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || fraction.is_some_and(|part| !digits(part)) {
        return None;
    }
    Some(match (whole.len(), fraction) {
        (4, None) => year(whole.parse().unwrap_or_default(), today),
        // A year that a spreadsheet kept as a number with a fraction.
        (4, Some("0" | "00")) => year(whole.parse().unwrap_or_default(), today),
        (5, _) => match serial(whole.parse().unwrap_or_default()) {
            Some(day) => checked(day, today),
            None => unreadable(),
        },
        _ => unreadable(),
    })
}

fn serial(days: u64) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(chrono::Days::new(days))
}

fn year(year: i32, today: NaiveDate) -> Parsed<DateValue> {
    if year > today.year() {
        future()
    } else if year < EARLIEST {
        too_early()
    } else {
        Parsed::Value(DateValue::Year(year))
    }
}

fn three(
    first: Number,
    second: Number,
    third: Number,
    separator: char,
    order: SlashOrder,
    today: NaiveDate,
) -> Parsed<DateValue> {
    if first.digits == 4 {
        return day(first, second, third, today);
    }
    if first.digits > 2 || second.digits > 2 || !matches!(third.digits, 2 | 4) {
        return unreadable();
    }
    if separator != '/' {
        return day(third, second, first, today);
    }
    let (day_first, month_first) = (second.value <= 12, first.value <= 12);
    match (month_first, day_first) {
        (true, false) => day(third, first, second, today),
        (false, true) => day(third, second, first, today),
        (false, false) => no_such_day(),
        (true, true) if first.value == second.value => day(third, first, second, today),
        (true, true) => match order {
            SlashOrder::MonthFirst => day(third, first, second, today),
            SlashOrder::DayFirst => day(third, second, first, today),
            SlashOrder::Unknown => Parsed::fault(
                FaultCode::AmbiguousDate,
                format!(
                    "The date can be read month first or day first (month {} or {}). Write it as YYYY-MM-DD.",
                    first.value, second.value
                ),
            ),
        },
    }
}

fn day(year: Number, month: Number, of_month: Number, today: NaiveDate) -> Parsed<DateValue> {
    let full = if year.digits == 2 {
        full_year(year.value, today)
    } else {
        i32::try_from(year.value).unwrap_or(0)
    };
    match NaiveDate::from_ymd_opt(full, month.value, of_month.value) {
        Some(day) => checked(day, today),
        None => no_such_day(),
    }
}

fn full_year(two_digits: u32, today: NaiveDate) -> i32 {
    let this_century = today.year().saturating_sub(today.year().rem_euclid(100));
    let year = this_century.saturating_add(i32::try_from(two_digits).unwrap_or(0));
    if year > today.year() {
        year.saturating_sub(100)
    } else {
        year
    }
}

fn checked(day: NaiveDate, today: NaiveDate) -> Parsed<DateValue> {
    if day > today {
        future()
    } else if day.year() < EARLIEST {
        too_early()
    } else {
        Parsed::Value(DateValue::Day(day))
    }
}

fn future() -> Parsed<DateValue> {
    Parsed::fault(
        FaultCode::FutureDate,
        "The date lies in the future. Correct it.",
    )
}

fn too_early() -> Parsed<DateValue> {
    Parsed::fault(
        FaultCode::DateTooEarly,
        format!("The date lies before {EARLIEST}. Correct it."),
    )
}

fn no_such_day() -> Parsed<DateValue> {
    Parsed::fault(
        FaultCode::NoSuchDay,
        "The calendar has no such day. Write the date as YYYY-MM-DD.",
    )
}

fn unreadable() -> Parsed<DateValue> {
    Parsed::fault(
        FaultCode::Unreadable,
        "The cell is not a date in a form that is read. Write it as YYYY-MM-DD, or only the year.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn parsed(text: &str, order: SlashOrder) -> Parsed<DateValue> {
        parse_date(text, order, on(2026, 3, 15))
    }

    #[test]
    fn a_month_as_a_word_and_words_for_year_are_read() {
        for (text, y, m, d) in [
            ("15 апреля 2005 г.", 2005, 4, 15),
            ("15 апреля 2005 года", 2005, 4, 15),
            ("1 mart 2001", 2001, 3, 1),
            ("1998. március 1.", 1998, 3, 1),
            ("2004-yil 12-may", 2004, 5, 12),
            ("2004 жылғы 12 мамыр", 0, 0, 0),
            ("12 Ağustos 1999", 1999, 8, 12),
            ("3 қыркүйек 2011 ж.", 2011, 9, 3),
            ("7 iyul 2010-cu il", 2010, 7, 7),
            ("7 iyun 2010", 2010, 6, 7),
            ("31 December 2012", 2012, 12, 31),
            ("5 aralık 1997", 1997, 12, 5),
            ("2 ýanwar 1996 ý.", 1996, 1, 2),
            ("2004 йил 5 сентябр", 2004, 9, 5),
            ("2004-йил 5-апрель", 2004, 4, 5),
            ("2004-cü il 5 may", 2004, 5, 5),
            ("2004 г. 5 мая", 2004, 5, 5),
            ("15 мая 2005", 2005, 5, 15),
        ] {
            let read = parsed(text, SlashOrder::Unknown);
            if y == 0 {
                assert!(matches!(read, Parsed::Faulty(_)), "{text}");
            } else {
                assert_eq!(read, Parsed::Value(DateValue::Day(on(y, m, d))), "{text}");
            }
        }
        for text in [
            "2005 г.",
            "2005 год",
            "2005г",
            "2005.0",
            "2005.",
            "2005-yil",
            "2005 ж.",
            "2005 yılı",
        ] {
            assert_eq!(
                parsed(text, SlashOrder::Unknown),
                Parsed::Value(DateValue::Year(2005)),
                "{text}"
            );
        }
        for text in [
            "31 апреля 2005",
            "апреля 2005",
            "15 апреля 05",
            "15 2005 апреля",
            "15 фонд 2005",
            "5 Nowruz 2003",
            "12 Mariya 2004",
            "5 Maydan 2004",
            "5 Маяк 2004",
            "5 Senat 2004",
            "5 Decree 2004",
        ] {
            assert!(
                matches!(parsed(text, SlashOrder::Unknown), Parsed::Faulty(_)),
                "{text}"
            );
        }
    }

    fn code(text: &str) -> Option<FaultCode> {
        match parsed(text, SlashOrder::Unknown) {
            Parsed::Faulty(fault) => Some(fault.code),
            _ => None,
        }
    }

    #[test]
    fn the_forms_that_can_be_read_in_one_way_are_read() {
        for (text, day) in [
            ("1996-10-27", on(1996, 10, 27)),
            ("1996-10-27 00:00:00", on(1996, 10, 27)),
            ("1996-10-27T10:00:00Z", on(1996, 10, 27)),
            ("1996/10/27", on(1996, 10, 27)),
            ("1996. 10. 27.", on(1996, 10, 27)),
            ("15.04.1995", on(1995, 4, 15)),
            ("5.4.1995 г.", on(1995, 4, 5)),
            ("09,09,2016", on(2016, 9, 9)),
            ("15-04-1995", on(1995, 4, 15)),
            ("9/19/95", on(1995, 9, 19)),
            ("19/9/1995", on(1995, 9, 19)),
            ("3/3/03", on(2003, 3, 3)),
            ("40767", on(2011, 8, 12)),
            ("33807.5", on(1992, 7, 22)),
            ("29.02.2024", on(2024, 2, 29)),
            ("2026-03-15", on(2026, 3, 15)),
        ] {
            assert_eq!(
                parsed(text, SlashOrder::Unknown),
                Parsed::Value(DateValue::Day(day)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_year_alone_stays_a_year() {
        assert_eq!(
            parsed("2004", SlashOrder::Unknown),
            Parsed::Value(DateValue::Year(2004))
        );
        assert_eq!(
            (code("2027"), code("1799")),
            (Some(FaultCode::FutureDate), Some(FaultCode::DateTooEarly))
        );
    }

    #[test]
    fn slashes_that_can_be_exchanged_need_a_proof_from_the_column() {
        assert_eq!(code("6/3/03"), Some(FaultCode::AmbiguousDate));
        assert_eq!(
            parsed("6/3/03", SlashOrder::MonthFirst),
            Parsed::Value(DateValue::Day(on(2003, 6, 3)))
        );
        assert_eq!(
            parsed("6/3/03", SlashOrder::DayFirst),
            Parsed::Value(DateValue::Day(on(2003, 3, 6)))
        );
        assert_eq!(
            slash_order(["6/3/03", "2004", "9/19/95"]),
            SlashOrder::MonthFirst
        );
        assert_eq!(slash_order(["6/3/03", "19/9/95"]), SlashOrder::DayFirst);
        assert_eq!(slash_order(["9/19/95", "19/9/95"]), SlashOrder::Unknown);
        assert_eq!(
            slash_order(["6/3/03", "1996/10/27", "15.04.1995"]),
            SlashOrder::Unknown
        );
    }

    #[test]
    fn two_digits_mean_the_latest_year_that_is_not_ahead() {
        assert_eq!(
            parsed("1/31/26", SlashOrder::Unknown),
            Parsed::Value(DateValue::Day(on(2026, 1, 31)))
        );
        assert_eq!(
            parsed("1/31/27", SlashOrder::Unknown),
            Parsed::Value(DateValue::Day(on(1927, 1, 31)))
        );
    }

    #[test]
    fn future_absurd_and_impossible_dates_have_a_reason() {
        assert_eq!(code("2026-03-16"), Some(FaultCode::FutureDate));
        assert_eq!(code("99999"), Some(FaultCode::FutureDate));
        assert_eq!(code("01.01.1017"), Some(FaultCode::DateTooEarly));
        assert_eq!(code("31.02.2001"), Some(FaultCode::NoSuchDay));
        assert_eq!(code("13/13/2001"), Some(FaultCode::NoSuchDay));
        for text in [
            "abc",
            "1234567",
            "12.2001",
            "1.2.3.4",
            "1.2.345",
            "３.４.２００１",
            "-5",
            "12",
        ] {
            assert_eq!(code(text), Some(FaultCode::Unreadable), "{text}");
        }
    }

    #[test]
    fn nothing_is_missing_and_a_hyphen_clears() {
        assert_eq!(parsed("", SlashOrder::Unknown), Parsed::Missing);
        assert_eq!(parsed("нет", SlashOrder::Unknown), Parsed::Missing);
        assert_eq!(parsed("-", SlashOrder::Unknown), Parsed::Clear);
    }
}
