//! From a figure down to what stands behind it: the address of the list, for links in pages. Pure.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::exceptions::MACHINERY;
use super::report::Report;
use super::standing;
use super::table::{Cell, Column, Table};

/// Which list stands behind the figures of a table, and by which parameter a figure is named there.
enum Behind {
    /// The list, whose parameter `column` names the figure.
    Column(&'static str),
    /// The members of each day, in the report of the standing.
    Days,
    /// The members of the day before, as known then and as known now.
    Before,
    /// Proposals, by the row's account.
    Officers,
    /// Exceptions, by the row's kind.
    Exceptions,
    /// Records, by the row's criterion; the parameter `column` names the figure.
    Records,
}

fn behind(report: &str, table: &str) -> Option<Behind> {
    Some(match (report, table) {
        ("roll-forward", "figures" | "by_country" | "totals")
        | ("standing", "figures" | "by_country" | "by_standing" | "totals")
        | ("renewals", "figures" | "by_country" | "totals") => Behind::Column("members"),
        ("ageing", "figures" | "by_country" | "totals") => Behind::Column("applications"),
        ("decisions", "figures" | "by_country" | "totals") => Behind::Column("proposals"),
        ("standing", "over_time") => Behind::Days,
        ("roll-forward", "previous_closing") => Behind::Before,
        ("decisions", "officers") => Behind::Officers,
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
    let at = |code: &str| row.get(table.columns.iter().position(|c| c.code == code)?);
    let cell = |code: &str| match at(code) {
        Some(Cell::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let day = |code: &str| match at(code) {
        Some(Cell::Day(day)) => Some(*day),
        _ => None,
    };
    let is_machinery = table.code == "machinery";
    let mut address = Address::new(report, known_at.filter(|_| !is_machinery));
    let mut of = report.name;
    let list = match behind(report.name, table.code)? {
        // The members of a country, of which some lapse.
        Behind::Column("members") if report.name == "renewals" && column.code == "members" => {
            of = "standing";
            address.add("column", "members");
            "members"
        }
        Behind::Days => {
            address = Address::on(day("day")?, known_at);
            address.add("column", column.code);
            "members"
        }
        Behind::Before => match column.code {
            "opening" => {
                address.add("column", "opening");
                "members"
            }
            "closing" => {
                let from = report.question.get("from").and_then(Value::as_str)?;
                let before = from.parse::<NaiveDate>().ok()?.pred_opt()?;
                let then = report.question.get("previous_known_seq")?.as_i64()?;
                of = "standing";
                address = Address::on(before, Some(&format!("seq:{then}")));
                address.add("column", "members");
                "members"
            }
            // These are the lines of the restatement.
            _ => return None,
        },
        Behind::Officers => {
            let (figure, who) = match column.code {
                "proposed" => ("closed", "proposer"),
                "decided" => ("decided", "decider"),
                _ => return None,
            };
            address.add("column", figure);
            address.add(who, cell("officer")?);
            "proposals"
        }
        Behind::Column(list) => {
            address.add("column", column.code);
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
            address.add("column", column.code);
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
        "{reports}/{of}/{list}?{}&format=html",
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

    fn on(day: NaiveDate, known_at: Option<&str>) -> Self {
        let mut parts = vec![format!("as_of={day}")];
        parts.extend(known_at.map(|moment| format!("known_at={moment}")));
        Self { parts }
    }

    /// Our own words need no encoding; what is none of them is left out.
    fn add(&mut self, name: &str, word: &str) {
        if word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':'))
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
