//! The routes of reports.

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::csv;
use super::members::{self, Figure, FigureWord, RollForwardMember};
use super::question::{Filters, Known, Period};
use super::register::{self, Place, RegisterRow};
use super::report::{self, Cover, Report};
use super::restatement::{PreviousClosingRow, RestatementRow};
use super::roll_forward::{self, RollForwardRow, RollForwardTotals};
use crate::auth::policy::acts::ReadReports;
use crate::auth::{Acting, Permit};
use crate::countries::{self, Countries};
use crate::db::Conn;
use crate::http::pages::{self, Page, PageInfo, limit_or_default, read_cursor};
use crate::http::{Code, Error, Query, docs, download, private};
use crate::journal::moment::{self, KnownAt};
use crate::organisations::model::TypeWord;

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(get_register)
        .service(get_roll_forward)
        .service(list_roll_forward_members);
}

/// How the report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReportFormat {
    /// JSON: `data`, `cover` and, where it is a page, `page`.
    Json,
    /// CSV in UTF-8: the tables, and behind an empty line the cover.
    Csv,
}

/// A finished answer, before it is on the wire.
enum Made {
    Json(Value, Option<Page<()>>),
    Csv(&'static str, Vec<u8>),
}

impl Made {
    fn csv(conn: &mut Conn, acting: &Acting, report: &Report) -> Result<Self, Error> {
        let data = report.data();
        let cover = Cover::of(conn, acting, report, &data)?;
        Ok(Self::Csv(report.name, csv::write(report, &cover)?))
    }

    fn json(
        conn: &mut Conn,
        acting: &Acting,
        report: &Report,
        page: Option<Page<()>>,
    ) -> Result<Self, Error> {
        let data = report.data();
        let cover = Cover::of(conn, acting, report, &data)?;
        let body = report::body(data, &cover, page.as_ref().map(|p| &p.page))?;
        Ok(Self::Json(body, page))
    }

    fn respond(self, request: &HttpRequest) -> Result<HttpResponse, Error> {
        match self {
            Self::Csv(name, file) => Ok(download(
                "text/csv; charset=utf-8",
                &format!("{name}.csv"),
                file,
            )),
            Self::Json(body, page) => {
                let mut response = private(request, None, &body)?;
                pages::set_link(&mut response, page.and_then(|page| page.link(request)));
                Ok(response)
            }
        }
    }
}

fn page_info(limit: u32, shape: &[u8], next: Option<Vec<String>>) -> Page<()> {
    Page {
        items: Vec::new(),
        page: PageInfo {
            next: next.map(|key| pages::write_cursor(shape, &key)),
            limit,
            total: None,
        },
    }
}

/// The register of which day, and how.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RegisterQuery {
    /// The kind of answer; `json` when absent.
    #[param(inline, example = "json")]
    format: Option<ReportFormat>,
    /// The day; today when absent.
    #[serde(default, deserialize_with = "crate::http::day::optional")]
    #[param(value_type = Option<crate::http::day::Day>, example = "2026-06-30")]
    as_of: Option<NaiveDate>,
    /// What the registry knew by then: an instant, or a day for its end (UTC); not in the future.
    #[param(inline, value_type = Option<moment::KnownAtText>, example = "2026-07-15")]
    known_at: Option<KnownAt>,
    /// Country, by the Platform's code; repeat for any of several. A coordinator asks for the own country.
    #[serde(default)]
    #[param(value_type = Vec<countries::CountryCode>, example = json!(["KZ"]))]
    country: Vec<String>,
    /// Type of membership; repeat for any of several.
    #[serde(default, rename = "type")]
    #[param(value_type = Vec<TypeWord>, example = json!(["full"]))]
    membership_type: Vec<String>,
    /// Where the page before ended; not with `format=csv`.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Rows per page, 1 to 200; not with `format=csv`.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of the register in JSON.
#[derive(ToSchema)]
pub struct RegisterReport {
    /// What was asked and what is so.
    pub data: RegisterData,
    /// Who made it, when, and the hash of `data`.
    pub cover: Cover,
    /// Where the next page is.
    pub page: PageInfo,
}

/// The data part of the register.
#[derive(ToSchema)]
pub struct RegisterData {
    /// `register`.
    #[schema(example = "register")]
    pub report: String,
    /// The version of the report's definition.
    #[schema(example = 1)]
    pub definition: u32,
    /// The question, resolved: `as_of`, `known_seq`, `country`, `type` (empty for all), `after` and `limit` of the page.
    #[schema(value_type = Object)]
    pub question: Value,
    /// The members.
    pub members: Vec<RegisterRow>,
}

/// Reads the register: who is a member on a day.
///
/// Active members, those in grace and those suspended, by country, type and membership. Withheld organisations are among them.
/// Without `known_at` the newest position of the journal counts, and the pages behind a cursor keep it. The names are those
/// known at that position. With `format=csv` the whole register is one file.
#[utoipa::path(
    tag = "reports", operation_id = "get_register", security(("bearer" = [])), params(RegisterQuery),
    responses(
        (status = 200, description = "A page of the register; with `format=csv` all of it", content(
            (RegisterReport = "application/json"),
            (String = "text/csv", example = "country,type,registry_number,name\r\nKZ,full,OTS-7K3M9Q2-54,«Үлгі» қоғамдық қоры\r\n")
        )),
        docs::OfficerDays
    )
)]
#[get("/reports/register")]
async fn get_register(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<RegisterQuery>,
) -> Result<HttpResponse, Error> {
    let Query { query, shape } = query;
    let csv = wants_csv(query.format, query.cursor.as_deref(), query.limit)?;
    let limit = limit_or_default(query.limit)?;
    let key = read_cursor(query.cursor.as_deref(), &shape, 5)?;
    let made = permit
        .snapshot(move |conn, acting| {
            let filters =
                Filters::resolve(&countries, acting, &query.country, &query.membership_type)?;
            let known = Known::resolve(conn, query.known_at, acting)?;
            let day = query.as_of.unwrap_or_else(|| acting.now().day());
            let mut asked = register::Asked::all(day, known, filters);
            if csv {
                let rows = register::whole(conn, &asked)?;
                return Made::csv(conn, acting, &register::report(&asked, rows, None));
            }
            let mut after = None;
            if let Some(key) = key {
                let (day, seq, place) = register_place(&key).ok_or_else(pages::bad_cursor)?;
                asked.day = day;
                asked.known = Known::of_cursor(conn, seq)?;
                after = Some(place);
            }
            let mut found =
                register::walk(conn, &asked, after.as_ref(), pages::fetch_limit(limit))?;
            let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
            let more = found.len() > wanted;
            found.truncate(wanted);
            let rows = register::cells(conn, &asked, &found)?;
            let next = found.last().filter(|_| more).map(|row| {
                let (country, kind, id) = register::place(row);
                vec![
                    asked.day.to_string(),
                    asked.known.seq.to_string(),
                    country,
                    kind,
                    id.to_string(),
                ]
            });
            let report = register::report(&asked, rows, Some((after.as_ref(), limit)));
            Made::json(conn, acting, &report, Some(page_info(limit, &shape, next)))
        })
        .await?;
    made.respond(&request)
}

fn register_place(key: &[String]) -> Option<(NaiveDate, i64, Place)> {
    let [day, seq, country, kind, id] = key else {
        return None;
    };
    let place = (country.clone(), kind.clone(), id.parse().ok()?);
    Some((crate::http::day::parse(day)?, seq.parse().ok()?, place))
}

fn wants_csv(
    format: Option<ReportFormat>,
    cursor: Option<&str>,
    limit: Option<u32>,
) -> Result<bool, Error> {
    let csv = format == Some(ReportFormat::Csv);
    if csv && (cursor.is_some() || limit.is_some()) {
        let text = "format: a file has no pages; leave out cursor and limit";
        return Err(Error::new(Code::BadParameter, text).at_field("format"));
    }
    Ok(csv)
}

/// Which period, and how.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RollForwardQuery {
    /// The kind of answer; `json` when absent.
    #[param(inline, example = "json")]
    format: Option<ReportFormat>,
    /// The first day of the period.
    #[serde(deserialize_with = "crate::http::day::required")]
    #[param(value_type = crate::http::day::Day, example = "2026-01-01")]
    from: NaiveDate,
    /// The last day of the period; a period has at most 100 years.
    #[serde(deserialize_with = "crate::http::day::required")]
    #[param(value_type = crate::http::day::Day, example = "2026-12-31")]
    to: NaiveDate,
    /// What the registry knew by then: an instant, or a day for its end (UTC); not in the future.
    #[param(inline, value_type = Option<moment::KnownAtText>, example = "2026-07-15")]
    known_at: Option<KnownAt>,
    /// When the report was made whose closing is to be compared with this opening, in the same form; not after `known_at`.
    #[param(inline, value_type = Option<moment::KnownAtText>, example = "2026-01-15")]
    previous_known_at: Option<KnownAt>,
    /// Country, by the Platform's code; repeat for any of several. A coordinator asks for the own country.
    #[serde(default)]
    #[param(value_type = Vec<countries::CountryCode>, example = json!(["KZ"]))]
    country: Vec<String>,
    /// Type of membership; repeat for any of several.
    #[serde(default, rename = "type")]
    #[param(value_type = Vec<TypeWord>, example = json!(["full"]))]
    membership_type: Vec<String>,
}

/// The roll-forward in JSON.
#[derive(ToSchema)]
pub struct RollForwardReport {
    /// What was asked and what is so.
    pub data: RollForwardData,
    /// Who made it, when, and the hash of `data`.
    pub cover: Cover,
}

/// The data part of the roll-forward.
#[derive(ToSchema)]
pub struct RollForwardData {
    /// `roll-forward`.
    #[schema(example = "roll-forward")]
    pub report: String,
    /// The version of the report's definition.
    #[schema(example = 1)]
    pub definition: u32,
    /// The question, resolved: `from`, `to`, `known_seq`, `previous_known_seq`, `country`, `type` (empty for all).
    #[schema(value_type = Object)]
    pub question: Value,
    /// Each country and type that has any figure.
    pub figures: Vec<RollForwardRow>,
    /// All of them together: one row.
    pub totals: Vec<RollForwardTotals>,
    /// How the earlier closing becomes the opening; only with `previous_known_at`.
    pub previous_closing: Option<Vec<PreviousClosingRow>>,
    /// The memberships that explain the difference; only with `previous_known_at`.
    pub restatement: Option<Vec<RestatementRow>>,
}

/// Reads the roll-forward of a period: how the number of members moved.
///
/// Opening, who came, who went, closing; per country and type, of which active, in grace and suspended. The closing follows
/// from the opening and the flows and is the number that is counted on the last day, or there is no report. Transfers and
/// changes of type net to zero over all countries and types. With `previous_known_at` the closing that a report of that moment
/// gave for the day before the period is compared with this opening, line by line.
#[utoipa::path(
    tag = "reports", operation_id = "get_roll_forward", security(("bearer" = [])), params(RollForwardQuery),
    responses(
        (status = 200, description = "The roll-forward", content(
            (RollForwardReport = "application/json"),
            (String = "text/csv", example = "country,type,opening,joined,closing\r\nKZ,full,3,1,4\r\n")
        )),
        docs::OfficerData
    )
)]
#[get("/reports/roll-forward")]
async fn get_roll_forward(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<RollForwardQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    let period = Period::new(query.from, query.to)?;
    let made = permit
        .snapshot(move |conn, acting| {
            let filters =
                Filters::resolve(&countries, acting, &query.country, &query.membership_type)?;
            let known = Known::resolve(conn, query.known_at, acting)?;
            let previous = match query.previous_known_at {
                None => None,
                Some(at) => Some(Known::resolve(conn, Some(at), acting)?.seq),
            };
            if previous.is_some_and(|seq| seq > known.seq) {
                return Err(Error::field(
                    "previous_known_at",
                    "must not be after known_at",
                ));
            }
            let asked = roll_forward::Asked {
                period,
                known,
                filters,
                previous,
            };
            let report = roll_forward::report(conn, &asked)?;
            match query.format {
                Some(ReportFormat::Csv) => Made::csv(conn, acting, &report),
                _ => Made::json(conn, acting, &report, None),
            }
        })
        .await?;
    made.respond(&request)
}

/// Behind which figure.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MembersQuery {
    /// The figure, by its name in the roll-forward.
    #[param(inline, value_type = FigureWord, example = "joined")]
    column: String,
    /// The kind of answer; `json` when absent.
    #[param(inline, example = "json")]
    format: Option<ReportFormat>,
    /// The first day of the period.
    #[serde(deserialize_with = "crate::http::day::required")]
    #[param(value_type = crate::http::day::Day, example = "2026-01-01")]
    from: NaiveDate,
    /// The last day of the period; a period has at most 100 years.
    #[serde(deserialize_with = "crate::http::day::required")]
    #[param(value_type = crate::http::day::Day, example = "2026-12-31")]
    to: NaiveDate,
    /// What the registry knew by then: an instant, or a day for its end (UTC); not in the future.
    #[param(inline, value_type = Option<moment::KnownAtText>, example = "2026-07-15")]
    known_at: Option<KnownAt>,
    /// Country, by the Platform's code; repeat for any of several. A coordinator asks for the own country.
    #[serde(default)]
    #[param(value_type = Vec<countries::CountryCode>, example = json!(["KZ"]))]
    country: Vec<String>,
    /// Type of membership; repeat for any of several.
    #[serde(default, rename = "type")]
    #[param(value_type = Vec<TypeWord>, example = json!(["full"]))]
    membership_type: Vec<String>,
    /// Where the page before ended; not with `format=csv`.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Rows per page, 1 to 200; not with `format=csv`.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of the memberships behind a figure in JSON.
#[derive(ToSchema)]
pub struct RollForwardMembersReport {
    /// What was asked and what is so.
    pub data: RollForwardMembersData,
    /// Who made it, when, and the hash of `data`.
    pub cover: Cover,
    /// Where the next page is.
    pub page: PageInfo,
}

/// The data part of the memberships behind a figure.
#[derive(ToSchema)]
pub struct RollForwardMembersData {
    /// `roll-forward-members`.
    #[schema(example = "roll-forward-members")]
    pub report: String,
    /// The version of the report's definition.
    #[schema(example = 1)]
    pub definition: u32,
    /// The question, resolved: `column`, `from`, `to`, `known_seq`, `country`, `type` (empty for all), `after` and `limit`.
    #[schema(value_type = Object)]
    pub question: Value,
    /// The memberships.
    pub members: Vec<RollForwardMember>,
}

/// Lists the memberships behind a figure of the roll-forward.
///
/// As many rows as the figure says, each with the event behind it and its position in the journal; what the calendar turned has
/// none. Those who came or went are ordered by day, members by country and type. Without `known_at` the newest position of
/// the journal counts, and the pages behind a cursor keep it.
#[utoipa::path(
    tag = "reports", operation_id = "list_roll_forward_members", security(("bearer" = [])), params(MembersQuery),
    responses(
        (status = 200, description = "A page of memberships; with `format=csv` all of them", content(
            (RollForwardMembersReport = "application/json"),
            (String = "text/csv", example = "country,type,on,registry_number\r\nKZ,full,2026-03-01,OTS-7K3M9Q2-54\r\n")
        )),
        docs::OfficerDays
    )
)]
#[get("/reports/roll-forward/members")]
async fn list_roll_forward_members(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<MembersQuery>,
) -> Result<HttpResponse, Error> {
    let Query { query, shape } = query;
    let csv = wants_csv(query.format, query.cursor.as_deref(), query.limit)?;
    let limit = limit_or_default(query.limit)?;
    let period = Period::new(query.from, query.to)?;
    let figure = Figure::from_code(&query.column).ok_or_else(|| {
        let text = format!("column: must be one of {}", members::FIGURES.join(", "));
        Error::new(Code::BadParameter, text).at_field("column")
    })?;
    let key = read_cursor(query.cursor.as_deref(), &shape, 4)?;
    let made = permit
        .snapshot(move |conn, acting| {
            let filters =
                Filters::resolve(&countries, acting, &query.country, &query.membership_type)?;
            let mut known = Known::resolve(conn, query.known_at, acting)?;
            let mut after = None;
            if let Some(key) = key {
                let (seq, place) = members_place(figure, &key).ok_or_else(pages::bad_cursor)?;
                known = Known::of_cursor(conn, seq)?;
                after = Some(place);
            }
            let asked = members::Asked {
                figure,
                word: query.column.clone(),
                period,
                known,
                filters,
            };
            if csv {
                let report = members::whole(conn, &asked)?;
                return Made::csv(conn, acting, &report);
            }
            let (report, next) = members::page(conn, &asked, after.as_ref(), limit)?;
            let next = next.map(|place| members_key(known.seq, place));
            Made::json(conn, acting, &report, Some(page_info(limit, &shape, next)))
        })
        .await?;
    made.respond(&request)
}

fn members_key(seq: i64, place: members::From) -> Vec<String> {
    let seq = seq.to_string();
    match place {
        members::From::Flow((day, id, no)) => {
            vec![seq, day.to_string(), id.to_string(), no.to_string()]
        }
        members::From::Member((country, kind, id)) => vec![seq, country, kind, id.to_string()],
    }
}

fn members_place(figure: Figure, key: &[String]) -> Option<(i64, members::From)> {
    let [seq, one, two, three] = key else {
        return None;
    };
    let place = if matches!(figure, Figure::Flow(_)) {
        let day = crate::http::day::parse(one)?;
        members::From::Flow((day, two.parse().ok()?, three.parse().ok()?))
    } else {
        members::From::Member((one.clone(), two.clone(), three.parse().ok()?))
    };
    Some((seq.parse().ok()?, place))
}
