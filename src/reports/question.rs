//! What the parameters of a report ask for, checked and resolved.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::auth::{Acting, Reach, Scope};
use crate::countries::Countries;
use crate::db::Conn;
use crate::http::{Code, Error};
use crate::journal::moment::{self, KnownAt};
use crate::memberships::model::MembershipType;
use crate::memberships::rows::IntervalRow;

/// The longest period of a roll-forward, in years.
pub const LONGEST_PERIOD: u32 = 100;

/// Countries and types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filters {
    /// The countries, sorted; never empty.
    pub countries: Vec<String>,
    /// The types, in the order of the list; never empty.
    pub types: Vec<&'static str>,
    /// True where not all countries are asked for.
    pub some_countries: bool,
    /// True where not all types are asked for.
    pub some_types: bool,
    /// Who asks, and on which day, where they do not reach all countries: what they may not know of an organisation of now is not said.
    pub reader: Option<(Reach, NaiveDate)>,
}

impl Filters {
    /// Checks what was asked for, and narrows it to what is reached.
    ///
    /// # Errors
    ///
    /// An unknown country or type, and a country that is not reached.
    pub fn resolve(
        countries: &Countries,
        acting: &Acting,
        asked: &[String],
        types: &[String],
    ) -> Result<Self, Error> {
        let known: Vec<&str> = countries.iter().map(|c| c.code.as_str()).collect();
        if asked.iter().any(|c| !known.contains(&c.as_str())) {
            return Err(one_of("country", &known));
        }
        if let Some(country) = asked.iter().find(|c| !acting.reach().covers(c)) {
            let text = format!("you may not read reports of {country}");
            return Err(Error::new(Code::Forbidden, text));
        }
        let reached = |c: &&&str| acting.reach().covers(c);
        let all = known.iter().filter(reached).map(|c| (*c).to_owned());
        let mut wanted: Vec<String> = if asked.is_empty() {
            all.collect()
        } else {
            asked.to_vec()
        };
        wanted.sort_unstable();
        wanted.dedup();
        let words = MembershipType::ALL.map(MembershipType::as_str);
        if types.iter().any(|t| !words.contains(&t.as_str())) {
            return Err(one_of("type", &words));
        }
        let asked_type = |t: &&str| types.is_empty() || types.iter().any(|a| a == t);
        let types_wanted: Vec<&'static str> = words.into_iter().filter(asked_type).collect();
        Ok(Self {
            some_countries: wanted.len() < known.len() || *acting.reach().scope() != Scope::All,
            some_types: types_wanted.len() < words.len(),
            reader: (*acting.reach().scope() != Scope::All)
                .then(|| (acting.reach().clone(), acting.now().day())),
            countries: wanted,
            types: types_wanted,
        })
    }

    /// All countries and types, for what is frozen: whoever closes a period reaches all.
    #[must_use]
    pub fn all(countries: &Countries) -> Self {
        let mut all: Vec<String> = countries.iter().map(|c| c.code.clone()).collect();
        all.sort_unstable();
        Self {
            countries: all,
            types: MembershipType::ALL.map(MembershipType::as_str).to_vec(),
            some_countries: false,
            some_types: false,
            reader: None,
        }
    }

    /// True where members can come from or go to what is not in the report.
    #[must_use]
    pub const fn narrowed(&self) -> bool {
        self.some_countries || self.some_types
    }

    /// True where this country and type are in the report.
    #[must_use]
    pub fn takes(&self, country: &str, membership_type: &str) -> bool {
        self.countries.iter().any(|c| c == country) && self.types.contains(&membership_type)
    }

    /// Every pair of country and type, in the report's order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.countries
            .iter()
            .flat_map(|country| self.types.iter().map(|kind| (country.as_str(), *kind)))
    }

    /// Adds itself to a question: an empty list stands for all.
    pub fn tell(&self, question: &mut Map<String, Value>) {
        let countries = if self.some_countries {
            self.countries.clone()
        } else {
            Vec::new()
        };
        let types = if self.some_types {
            self.types.clone()
        } else {
            Vec::new()
        };
        question.insert("country".to_owned(), Value::from(countries));
        question.insert("type".to_owned(), Value::from(types));
    }

    /// Itself in words.
    #[must_use]
    pub fn words(&self) -> String {
        let list = |some: bool, words: String| if some { words } else { "all".to_owned() };
        format!(
            "country: {}; type: {}",
            list(self.some_countries, self.countries.join(", ")),
            list(self.some_types, self.types.join(", "))
        )
    }
}

fn one_of(name: &str, known: &[&str]) -> Error {
    let text = format!("{name}: must be one of {}", known.join(", "));
    Error::new(Code::BadParameter, text).at_field(name)
}

/// Up to which position of the journal what was recorded counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// That position.
    pub seq: i64,
    /// The newest position.
    pub head: i64,
}

impl Known {
    /// The position of a parameter; the newest one without it.
    ///
    /// # Errors
    ///
    /// A moment in the future.
    pub fn resolve(
        conn: &mut Conn,
        known_at: Option<KnownAt>,
        acting: &Acting,
    ) -> Result<Self, Error> {
        let head = moment::head(conn)?;
        let found = moment::resolve(conn, None, known_at, acting.now())?;
        let seq = found.known.unwrap_or(head);
        Ok(Self { seq, head })
    }

    /// All that is recorded.
    pub fn newest(conn: &mut Conn) -> Result<Self, Error> {
        let head = moment::head(conn)?;
        Ok(Self { seq: head, head })
    }

    /// A position that a cursor names; a later one than the newest is of no use.
    ///
    /// # Errors
    ///
    /// A position that does not exist.
    pub fn of_cursor(conn: &mut Conn, seq: i64) -> Result<Self, Error> {
        let head = moment::head(conn)?;
        if (0..=head).contains(&seq) {
            Ok(Self { seq, head })
        } else {
            Err(crate::http::pages::bad_cursor())
        }
    }

    /// True where all that is recorded counts.
    #[must_use]
    pub const fn is_newest(&self) -> bool {
        self.seq >= self.head
    }

    /// True of a row that was known.
    #[must_use]
    pub const fn knows(&self, row: &IntervalRow) -> bool {
        row.known_from <= self.seq && row.known_to > self.seq
    }

    /// The condition on the rows of `table` that were known. It never is that of the partial indexes, so the planners keep to
    /// the indexes that hold both times.
    #[must_use]
    pub fn condition(&self, table: &str) -> String {
        crate::journal::Moment {
            day: NaiveDate::MIN,
            known: Some(self.seq),
        }
        .is_known(table)
    }
}

/// A period of whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day.
    pub to: NaiveDate,
    /// The day before its first.
    pub before: NaiveDate,
}

impl Period {
    /// Checks a period.
    ///
    /// # Errors
    ///
    /// One that ends before it begins, or is longer than [`LONGEST_PERIOD`].
    pub fn new(from: NaiveDate, to: NaiveDate) -> Result<Self, Error> {
        let bad = |text: &str| Error::field("to", text);
        if to < from {
            return Err(bad("must not be before from"));
        }
        if to
            .years_since(from)
            .is_none_or(|years| years >= LONGEST_PERIOD)
        {
            return Err(bad("a period has at most 100 years"));
        }
        let before = from
            .pred_opt()
            .ok_or_else(|| Error::field("from", "there is no day before it"))?;
        Ok(Self { from, to, before })
    }

    /// One day.
    ///
    /// # Errors
    ///
    /// The first day of the calendar.
    pub fn day(day: NaiveDate) -> Result<Self, Error> {
        Self::new(day, day)
    }

    /// Adds itself to a question.
    pub fn tell(&self, question: &mut Map<String, Value>) {
        question.insert("from".to_owned(), Value::from(self.from.to_string()));
        question.insert("to".to_owned(), Value::from(self.to.to_string()));
    }
}
