//! In which country an organisation was on which day: its registration and its transfers, as far as they stand.

use chrono::NaiveDate;

use super::past;
use super::rows::OrganisationRow;
use crate::db::Conn;
use crate::http::Error;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The day from which it holds; for the registration the first of all days.
    pub day: NaiveDate,
    /// The entry of the journal that recorded it.
    pub seq: i64,
    /// The country from then on.
    pub country: String,
}

/// All of them, in the order of recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moves(Vec<Move>);

impl Moves {
    /// The moves of an organisation, as they are known now.
    pub fn of(conn: &mut Conn, now: &OrganisationRow) -> Result<Self, Error> {
        Ok(Self(past::moves(conn, now, None)?))
    }

    /// The same if the entry of one of them held from another day, or not at all.
    pub fn with(
        conn: &mut Conn,
        now: &OrganisationRow,
        (entry, day): (i64, Option<NaiveDate>),
    ) -> Result<Self, Error> {
        Ok(Self(past::moves(conn, now, Some((entry, day)))?))
    }

    /// The country on a day.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> Option<&str> {
        let held = self.0.iter().filter(|one| one.day <= day);
        let last = held.max_by_key(|one| (one.day, one.seq))?;
        Some(last.country.as_str())
    }

    /// The days of the transfers.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let days = self.0.iter().map(|one| one.day);
        days.filter(|day| *day > NaiveDate::MIN)
    }

    /// The first day of a stretch, and those of the transfers inside it: on each the country may be another.
    pub fn days_within(
        &self,
        from: NaiveDate,
        to: Option<NaiveDate>,
    ) -> impl Iterator<Item = NaiveDate> {
        let inside = move |day: &NaiveDate| *day > from && to.is_none_or(|to| *day < to);
        std::iter::once(from).chain(self.days().filter(inside))
    }

    /// Says whether each transfer holds from the day of the one before it or from a later one.
    #[must_use]
    pub fn are_in_order(&self) -> bool {
        self.0.is_sorted_by_key(|one| one.day)
    }
}

/// The country of an organisation on a day, as it is known now.
pub fn country_on(conn: &mut Conn, now: &OrganisationRow, day: NaiveDate) -> Result<String, Error> {
    let moves = Moves::of(conn, now)?;
    Ok(moves.on(day).unwrap_or(&now.country).to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Move, Moves};
    use chrono::NaiveDate;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    fn moves(days: &[(NaiveDate, &str)]) -> Moves {
        let one = |(n, (day, country)): (usize, &(NaiveDate, &str))| Move {
            day: *day,
            seq: i64::try_from(n).unwrap(),
            country: (*country).to_owned(),
        };
        Moves(days.iter().enumerate().map(one).collect())
    }

    #[test]
    fn the_last_move_by_day_counts_and_within_a_day_the_last_recorded() {
        let first = (NaiveDate::MIN, "AZ");
        let all = moves(&[first, (day(10), "HU"), (day(10), "KZ"), (day(5), "UZ")]);
        let on = |n| all.on(day(n)).unwrap();
        assert_eq!([on(4), on(5), on(9), on(10)], ["AZ", "UZ", "UZ", "KZ"]);
        assert!(!all.are_in_order());
        let days: Vec<NaiveDate> = all.days().collect();
        assert_eq!(days, [day(10), day(10), day(5)]);
        assert!(moves(&[first, (day(10), "HU"), (day(10), "KZ")]).are_in_order());
    }
}
