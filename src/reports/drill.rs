//! From a figure down to what stands behind it: the address of the list, for links in pages. Pure.

use serde_json::{Map, Value};

use super::exceptions::MACHINERY;
use super::report::Report;
use super::standing;
use super::table::{Cell, Column, Table};

/// Which list stands behind the figures of a table, and by which parameter a figure is named there.
enum Behind {
    /// The list's path and the parameter that names the column.
    Column(&'static str, &'static str),
    /// Exceptions, by the row's kind.
    Exceptions,
    /// Records, by the row's criterion; the column tells whether it is met.
    Records,
}

fn behind(report: &str, table: &str) -> Option<Behind> {
    Some(match (report, table) {
        ("roll-forward", "figures" | "totals")
        | ("standing", "figures" | "by_country" | "by_standing" | "totals")
        | ("renewals", "figures" | "by_country" | "totals") => Behind::Column("members", "column"),
        ("ageing", "figures" | "by_country" | "totals") => Behind::Column("applications", "column"),
        ("decisions", "figures" | "by_country" | "totals") => Behind::Column("proposals", "column"),
        ("decisions", "exceptions" | "exception_totals" | "machinery") => Behind::Exceptions,
        ("data-quality", "figures" | "totals") => Behind::Records,
        _ => return None,
    })
}

/// Figures that are no number of anything.
const NO_COUNT: [&str; 5] = [
    "longest",
    "hours_median",
    "hours_longest",
    "countries",
    "share_permille",
];

/// The moment that the links of a page keep: what was asked for, or the position that the report was made at. Machinery knows none.
#[must_use]
pub fn moment(report: &Report, known_at: Option<&str>) -> Option<String> {
    if let Some(asked) = known_at {
        return Some(asked.to_owned());
    }
    let kind = report.question.get("kind").and_then(Value::as_str);
    if kind.is_some_and(|kind| MACHINERY.contains(&kind)) {
        return None;
    }
    let position = report.question.get("known_seq").and_then(Value::as_i64);
    position.map(|position| format!("seq:{position}"))
}

/// The address of the list behind a figure, where `reports` are; `known_at` as [`moment`] says.
#[must_use]
pub fn link(
    reports: &str,
    report: &Report,
    table: &Table,
    row: &[Cell],
    column: &Column,
    known_at: Option<&str>,
) -> Option<String> {
    if NO_COUNT.contains(&column.code) {
        return None;
    }
    let cell = |code: &str| {
        let place = table.columns.iter().position(|c| c.code == code)?;
        match row.get(place) {
            Some(Cell::Text(text)) => Some(text.as_str()),
            _ => None,
        }
    };
    let is_machinery = table.code == "machinery";
    let mut address = Address::new(report, known_at.filter(|_| !is_machinery));
    let list = match behind(report.name, table.code)? {
        // The members of a country that lapse, and those that only are members: no list of these.
        Behind::Column("members", _) if report.name == "renewals" && column.code == "members" => {
            return None;
        }
        Behind::Column(list, name) => {
            address.add(name, column.code);
            for own in ["state", "act", "ots_standing"] {
                if let Some(word) = cell(own) {
                    address.add(own, word);
                }
            }
            // The rows of countries that had no standing yet.
            if table.code == "by_standing" && cell("ots_standing").is_none() {
                address.add("ots_standing", standing::NONE);
            }
            list
        }
        Behind::Exceptions => {
            if column.code != "count" {
                return None;
            }
            address.add("kind", cell("kind")?);
            "exceptions"
        }
        Behind::Records => {
            address.add("criterion", cell("criterion")?);
            match column.code {
                "met" => address.add("met", "true"),
                "unmet" => address.add("met", "false"),
                _ => return None,
            }
            "records"
        }
    };
    for name in ["country", "type"] {
        match cell(name) {
            Some(word) => address.add(name, word),
            None => address.all(name, &report.question),
        }
    }
    Some(format!(
        "{reports}/{}/{list}?{}&format=html",
        report.name,
        address.parts.join("&")
    ))
}

struct Address {
    parts: Vec<String>,
}

impl Address {
    fn new(report: &Report, known_at: Option<&str>) -> Self {
        let mut address = Self { parts: Vec::new() };
        for name in ["as_of", "from", "to"] {
            if let Some(day) = report.question.get(name).and_then(Value::as_str) {
                address.add(name, day);
            }
        }
        if let Some(moment) = known_at {
            address.parts.push(format!("known_at={moment}"));
        }
        address
    }

    /// Our own words need no encoding; what is none of them is left out.
    fn add(&mut self, name: &str, word: &str) {
        if word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        {
            self.parts.push(format!("{name}={word}"));
        }
    }

    fn all(&mut self, name: &str, question: &Map<String, Value>) {
        for word in question
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if let Some(word) = word.as_str() {
                self.add(name, word);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::Report;
    use super::super::table::{Cell, Table};
    use super::super::{ageing, roll_forward};
    use super::link;

    fn report(name: &'static str, question: &serde_json::Value) -> Report {
        Report {
            name,
            title: "",
            definition: 1,
            question: question.as_object().cloned().unwrap(),
            filters: String::new(),
            tables: Vec::new(),
            beside: Vec::new(),
            charts: Vec::new(),
        }
    }

    fn table(columns: &'static [super::Column]) -> Table {
        Table {
            code: "figures",
            title: "",
            columns,
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_figure_leads_to_its_list_with_days_filters_and_moment() {
        let question = serde_json::json!({"from": "2026-01-01", "to": "2026-12-31", "country": ["HU", "KZ"], "type": []});
        let found = report("roll-forward", &question);
        let row = [Cell::text("KZ"), Cell::text("full")];
        let table = table(roll_forward::COLUMNS);
        let joined = table.columns.iter().find(|c| c.code == "joined").unwrap();
        assert_eq!(
            link(
                "/v1/reports",
                &found,
                &table,
                &row,
                joined,
                Some("2026-02-01")
            )
            .unwrap(),
            "/v1/reports/roll-forward/members?from=2026-01-01&to=2026-12-31&known_at=2026-02-01&column=joined&country=KZ&type=full&format=html"
        );
        let totals = Table {
            code: "totals",
            columns: roll_forward::totals_columns(),
            ..table
        };
        assert_eq!(
            link("/v1/reports", &found, &totals, &[], joined, None).unwrap(),
            "/v1/reports/roll-forward/members?from=2026-01-01&to=2026-12-31&column=joined&country=HU&country=KZ&format=html"
        );
    }

    #[test]
    fn what_is_no_number_of_anything_leads_nowhere() {
        let found = report("ageing", &serde_json::json!({"as_of": "2026-01-01"}));
        let table = table(ageing::COLUMNS);
        let row = [
            Cell::text("KZ"),
            Cell::text("full"),
            Cell::text("submitted"),
        ];
        let of = |code: &str| {
            let column = table.columns.iter().find(|c| c.code == code).unwrap();
            link("/v1/reports", &found, &table, &row, column, None)
        };
        assert_eq!(of("longest"), None);
        assert_eq!(
            of("over_90").unwrap(),
            "/v1/reports/ageing/applications?as_of=2026-01-01&column=over_90&state=submitted&country=KZ&type=full&format=html"
        );
    }
}
