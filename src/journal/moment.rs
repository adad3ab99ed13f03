//! The two times of a question: the day that it asks about (`as_of`), and the position of the journal up to which what was
//! recorded counts (`known_at`).

use chrono::{DateTime, NaiveDate};
use diesel::prelude::*;
use serde::Deserialize;

use crate::db::schema::journal;
use crate::db::{Conn, Instant};
use crate::http::Error;

/// Until this position something is known that still is: the value of `known_to` while a row stands.
pub const STILL: i64 = i64::MAX;

/// A day, and what was known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The day that is asked about.
    pub day: NaiveDate,
    /// What was recorded up to this position counts; none for everything.
    pub known: Option<i64>,
}

impl Moment {
    /// A day, as it is known now.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self { day, known: None }
    }

    /// The condition on the rows of `table` that were known, with `known_from` and `known_to` as its columns. The text for
    /// "now" is that of the partial indexes.
    #[must_use]
    pub fn is_known(&self, table: &str) -> String {
        match self.known {
            None => format!("{table}.known_to = {STILL}"),
            Some(seq) => format!("({table}.known_from <= {seq} AND {table}.known_to > {seq})"),
        }
    }
}

/// `known_at` as it comes in a query: an instant, a day for the end of that UTC day, or a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum KnownAt {
    /// The end of a UTC day.
    Day(NaiveDate),
    /// An instant.
    Instant(Instant),
    /// A position of the journal: what was recorded up to it, for ever the same.
    Position(i64),
    /// Written like one, but there is no such day or time: 31 February.
    Nowhere,
}

const WRONG: &str = "must be a day like 2026-01-31, an instant like 2026-01-31T12:00:00Z, or a position of the journal like seq:42";

/// `known_at` in the contract.
pub struct KnownAtText;

impl utoipa::PartialSchema for KnownAtText {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("A day, for its end (UTC), or an instant, not in the future; or a position of the journal, `seq:` and its number."))
            .pattern(Some(
                "^([1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?Z)?|seq:(0|[1-9][0-9]{0,17}))$",
            ))
            .examples(["2026-07-15", "2026-07-15T12:00:00Z", "seq:42"])
            .into()
    }
}
impl utoipa::ToSchema for KnownAtText {}

impl TryFrom<String> for KnownAt {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if let Some(day) = crate::http::day::parse(&text) {
            return Ok(Self::Day(day));
        }
        if let Some(number) = text.strip_prefix("seq:") {
            let plain = number == "0" || !number.starts_with('0');
            let digits =
                (1..=18).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
            return match number.parse() {
                Ok(seq) if plain && digits => Ok(Self::Position(seq)),
                _ => Err(WRONG),
            };
        }
        // The year has four digits here too, as everywhere on the wire.
        let plain = text.len() <= 40 && text.ends_with('Z');
        let instant = DateTime::parse_from_rfc3339(&text)
            .ok()
            .filter(|_| plain)
            .map(|at| Self::Instant(Instant(at.timestamp_micros())));
        match instant {
            Some(instant) => Ok(instant),
            None if is_written_well(&text) => Ok(Self::Nowhere),
            None => Err(WRONG),
        }
    }
}

/// `2026-02-31` and `2026-01-31T24:61:61Z`: digits where digits belong.
fn is_written_well(text: &str) -> bool {
    let form = |text: &str, like: &str| {
        text.len() == like.len()
            && text
                .bytes()
                .zip(like.bytes())
                .all(|(b, l)| (l == b'0' && b.is_ascii_digit()) || (l != b'0' && b == l))
    };
    let Some((day, time)) = text.split_once('T') else {
        return form(text, "0000-00-00");
    };
    let Some(time) = time.strip_suffix('Z') else {
        return false;
    };
    let (seconds, part) = time.split_once('.').unwrap_or((time, "0"));
    let part_is_well = (1..=9).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    form(day, "0000-00-00") && form(seconds, "00:00:00") && part_is_well
}

impl KnownAt {
    /// The position of the last entry that counts; a moment in the future and one that does not exist are refused, and so is a day
    /// that is not over. `name` is the parameter that says it.
    ///
    /// # Errors
    ///
    /// Those moments.
    pub fn position(self, conn: &mut Conn, name: &str, now: Instant) -> Result<i64, Error> {
        if let Self::Position(seq) = self {
            let head = head(conn)?;
            if seq > head {
                let text = format!("there is no such position yet; the newest is seq:{head}");
                return Err(Error::field(name, text));
            }
            return Ok(seq);
        }
        position(conn, self.last_instant(name, now)?)
    }

    fn last_instant(self, name: &str, now: Instant) -> Result<Instant, Error> {
        let future = || Error::field(name, "must not lie in the future");
        match self {
            // A position that is taken for an instant is none.
            Self::Nowhere | Self::Position(_) => Err(Error::field(
                name,
                format!("there is no such moment; it {WRONG}"),
            )),
            Self::Instant(at) if at > now => Err(future()),
            Self::Instant(at) => Ok(at),
            Self::Day(day) if day > now.day() => Err(future()),
            // The same day would mean something else an hour later.
            Self::Day(day) if day == now.day() => Err(Error::field(
                name,
                "is a day that is not over (UTC); leave it out for what is known now, or give an instant",
            )),
            Self::Day(day) => day
                .succ_opt()
                .and_then(|next| next.and_hms_opt(0, 0, 0))
                .map(|end| Instant(end.and_utc().timestamp_micros() - 1))
                .ok_or_else(future),
        }
    }
}

/// The moment that a question asks about: today and now where it says nothing else.
///
/// # Errors
///
/// `known_at` in the future.
pub fn resolve(
    conn: &mut Conn,
    as_of: Option<NaiveDate>,
    known_at: Option<KnownAt>,
    now: Instant,
) -> Result<Moment, Error> {
    let day = as_of.unwrap_or_else(|| now.day());
    let Some(known_at) = known_at else {
        return Ok(Moment::of(day));
    };
    Ok(Moment {
        day,
        known: Some(known_at.position(conn, "known_at", now)?),
    })
}

/// The position of the last entry recorded by this instant; 0 before the first.
pub fn position(conn: &mut Conn, at: Instant) -> Result<i64, Error> {
    let found: Option<i64> = journal::table
        .filter(journal::recorded_at.le(at.0))
        .order((journal::recorded_at.desc(), journal::seq.desc()))
        .select(journal::seq)
        .first(conn)
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// The position of the newest entry.
pub fn head(conn: &mut Conn) -> Result<i64, Error> {
    Ok(crate::db::schema::journal_head::table
        .find(1)
        .select(crate::db::schema::journal_head::seq)
        .first(conn)?)
}
