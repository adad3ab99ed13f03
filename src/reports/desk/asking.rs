//! Who looks at a page of the desk, what was asked, and the form that asks again.

use actix_web::{HttpRequest, HttpResponse, web};

use super::frame::{Part, Sheet};
use crate::auth::policy::{self, Action};
use crate::auth::{Acting, Principal, Role};
use crate::countries::Countries;
use crate::http::Language;
use crate::http::html::escape;
use crate::memberships::model::MembershipType;
use crate::organisations::pages::country;
use crate::reports::exceptions::MACHINERY;
use crate::reports::html::{Links, Setting, Written};

/// Whoever looks, once the database has confirmed it.
#[derive(Clone, Debug)]
pub struct Viewer {
    role: Option<Role>,
    country: Option<String>,
    /// Whether they may read the journal.
    pub journal: bool,
}

impl Viewer {
    /// Of whoever acts.
    pub fn of(acting: &Acting) -> Self {
        let principal = acting.principal();
        let country = match principal {
            Principal::User { country, .. } => country.clone(),
            _ => None,
        };
        Self {
            role: principal.role(),
            country,
            journal: policy::reach(principal, Action::ReadJournal).is_some(),
        }
    }

    /// Who it is, for the head of a page.
    pub fn words(&self, language: Language) -> String {
        let role = self.role.map_or("", Role::as_str);
        let role = language.word("role", role).unwrap_or(role);
        match &self.country {
            Some(country) => format!("{role} ({country})"),
            None => role.to_owned(),
        }
    }
}

/// What a report asks for, beside countries and types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// One day.
    Day,
    /// The days from one to another.
    Period,
    /// One day and a seed.
    Sample,
}

/// What was asked, as far as a page needs it to show its form and its links.
#[derive(Clone)]
pub struct Asking {
    language: Language,
    form: String,
    path: String,
    pairs: Vec<(String, String)>,
    needs: Needs,
    countries: web::Data<Countries>,
}

/// Parameters that have a field of their own, or are of no question.
const KNOWN: [&str; 15] = [
    "as_of",
    "from",
    "to",
    "known_at",
    "previous_known_at",
    "country",
    "type",
    "seed",
    "size",
    "format",
    "cursor",
    "limit",
    "bom",
    "",
    "form",
];

/// What the parts of an answer have in common with the page of the whole report.
const SHARED: [&str; 7] = ["as_of", "from", "to", "known_at", "country", "type", "seed"];

impl Asking {
    pub(super) fn of(
        request: &HttpRequest,
        form: String,
        needs: Needs,
        pairs: Vec<(String, String)>,
        countries: web::Data<Countries>,
    ) -> Self {
        Self {
            language: Language::of(request.headers()),
            form,
            path: request.path().to_owned(),
            pairs,
            needs,
            countries,
        }
    }

    /// What was asked, as a query.
    pub fn query(&self) -> String {
        serde_html_form::to_string(&self.pairs).unwrap_or_default()
    }

    /// What a report's page stands in.
    pub fn setting(&self, viewer: &Viewer, acting: &Acting) -> Setting {
        Setting {
            links: Links {
                reports: "/reports",
                journal: viewer.journal.then_some("/reports/journal"),
                ids: true,
            },
            eyebrow: String::new(),
            ask: Some(format!("{}{}", self.crumbs(), self.again(acting))),
        }
    }

    /// The page as an answer.
    pub fn respond(&self, viewer: &Viewer, written: &Written) -> HttpResponse {
        Sheet {
            language: self.language,
            form: &self.form,
            viewer,
            part: Part::Reports,
            title: &written.title,
            body: &written.body,
        }
        .respond()
    }

    fn value(&self, name: &str) -> &str {
        let found = self.pairs.iter().find(|(given, _)| given == name);
        found.map_or("", |(_, value)| value)
    }

    /// The report's name, and whether this is a list behind one of its figures.
    fn report(&self) -> (&str, bool) {
        let path = self.path.trim_start_matches("/reports/");
        match path.split_once('/') {
            Some((report, _)) => (report, true),
            None => (path, false),
        }
    }

    /// From a list back to its report.
    fn crumbs(&self) -> String {
        let (report, is_list) = self.report();
        let Some(name) = self.language.word("report", report).filter(|_| is_list) else {
            return String::new();
        };
        let shared = self
            .pairs
            .iter()
            .filter(|(name, _)| SHARED.contains(&name.as_str()));
        let query = serde_html_form::to_string(shared.collect::<Vec<_>>()).unwrap_or_default();
        format!(
            "<p class=\"crumbs\"><a href=\"/reports/{report}?{}\">← {}</a></p>",
            escape(&query),
            escape(name)
        )
    }

    /// The form that asks the same of other days, countries and types.
    fn again(&self, acting: &Acting) -> String {
        let label = |key| self.language.label(key);
        let field = |name: &str, word: &str, kind: &str, more: &str| {
            format!(
                "<div><label for=\"{name}\">{word}</label><input id=\"{name}\" name=\"{name}\" type=\"{kind}\" value=\"{}\"{more}></div>",
                escape(self.value(name))
            )
        };
        let mut fields = match self.needs {
            Needs::Day | Needs::Sample => field("as_of", label("desk.as_of"), "date", ""),
            Needs::Period => {
                field("from", label("desk.from"), "date", " required")
                    + &field("to", label("desk.to"), "date", " required")
            }
        };
        // What is kept beside the journal is of no country and knows no position.
        let is_recorded = !MACHINERY.contains(&self.value("kind"));
        if is_recorded {
            fields.push_str(&self.choice("country", label("country"), &self.reached(acting)));
            let types = MembershipType::ALL.map(|kind| {
                let word = kind.as_str();
                let shown = self.language.word("type", word).unwrap_or(word);
                (word.to_owned(), shown.to_owned())
            });
            fields.push_str(&self.choice("type", label("type"), &types));
        }
        let (report, is_list) = self.report();
        if self.needs == Needs::Sample {
            fields.push_str(&field(
                "seed",
                label("desk.seed"),
                "text",
                " maxlength=\"100\" required",
            ));
            fields.push_str(&field(
                "size",
                label("desk.size"),
                "number",
                " min=\"1\" max=\"1000\" placeholder=\"25\"",
            ));
        }
        let plain = " autocomplete=\"off\" spellcheck=\"false\" aria-describedby=\"known\"";
        if is_recorded {
            fields.push_str(&field("known_at", label("desk.known_at"), "text", plain));
        }
        if report == "roll-forward" && !is_list {
            fields.push_str(&field(
                "previous_known_at",
                label("desk.previous"),
                "text",
                plain,
            ));
        }
        let hidden: String = self
            .pairs
            .iter()
            .filter(|(name, _)| !KNOWN.contains(&name.as_str()))
            .map(|(name, value)| {
                format!(
                    "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                    escape(name),
                    escape(value)
                )
            })
            .collect();
        let hint = match is_recorded {
            true => format!(
                "<p id=\"known\" class=\"note\">{}</p>",
                label("desk.known_at.hint")
            ),
            false => String::new(),
        };
        format!(
            "<form class=\"again\" method=\"get\" action=\"{}\">{fields}{hidden}<div class=\"do\"><button>{}</button></div>{hint}</form>",
            escape(&self.path),
            label("desk.show"),
        )
    }

    /// The countries that may be asked for.
    fn reached(&self, acting: &Acting) -> Vec<(String, String)> {
        let reached = self
            .countries
            .iter()
            .filter(|one| acting.reach().covers(&one.code));
        reached
            .map(|one| {
                let name = country(self.language, &self.countries, &one.code);
                (one.code.clone(), name.to_owned())
            })
            .collect()
    }

    fn choice(&self, name: &str, word: &str, all: &[(String, String)]) -> String {
        let given = self.pairs.iter().filter(|(given, _)| given == name);
        let chosen: Vec<&str> = given.map(|(_, value)| value.as_str()).collect();
        let options: String = all
            .iter()
            .map(|(value, shown)| {
                let is_chosen = chosen.contains(&value.as_str());
                let selected = if is_chosen { " selected" } else { "" };
                format!(
                    "<option value=\"{}\"{selected}>{}</option>",
                    escape(value),
                    escape(shown)
                )
            })
            .collect();
        // Where several are asked for, the next question keeps them.
        let several = if chosen.len() > 1 { " multiple" } else { "" };
        format!(
            "<div><label for=\"{name}\">{word}</label><select id=\"{name}\" name=\"{name}\"{several}><option value=\"\">{}</option>{options}</select></div>",
            self.language.label("desk.all")
        )
    }
}
