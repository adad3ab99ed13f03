//! The queries of reports: what all have, with the days of a report and the page of a list.

/// Makes the type of a query. `day` has `as_of`, `period` has `from` and `to`; `page` adds `cursor` and `limit`; own parameters
/// stand between the braces.
macro_rules! report_query {
    ($(#[$about:meta])* $name:ident, day, { $($own:tt)* }) => {
        report_query!(@days [$(#[$about])*] $name [] { $($own)* });
    };
    ($(#[$about:meta])* $name:ident, day page, { $($own:tt)* }) => {
        report_query!(@days [$(#[$about])*] $name [page] { $($own)* });
    };
    ($(#[$about:meta])* $name:ident, period, { $($own:tt)* }) => {
        report_query!(@period [$(#[$about])*] $name [] { $($own)* });
    };
    ($(#[$about:meta])* $name:ident, period page, { $($own:tt)* }) => {
        report_query!(@period [$(#[$about])*] $name [page] { $($own)* });
    };
    (@days [$($about:tt)*] $name:ident [$($page:tt)*] { $($own:tt)* }) => {
        report_query!(@page [$($about)*] $name [$($page)*] {
            $($own)*
            /// The day; today when absent.
            #[serde(default, deserialize_with = "crate::http::day::optional")]
            #[param(value_type = Option<crate::http::day::Day>, example = "2026-06-30")]
            as_of: Option<chrono::NaiveDate>,
        });
        impl $name {
            /// The day: that of the page before, or the one asked for, or today.
            fn day(&self, held: Option<$crate::reports::list::Held>, acting: &$crate::auth::Acting) -> chrono::NaiveDate {
                let asked = || self.as_of.unwrap_or_else(|| acting.now().day());
                held.map_or_else(asked, |held| held.day)
            }
        }
    };
    (@period [$($about:tt)*] $name:ident [$($page:tt)*] { $($own:tt)* }) => {
        report_query!(@page [$($about)*] $name [$($page)*] {
            $($own)*
            /// The first day of the period.
            #[serde(deserialize_with = "crate::http::day::required")]
            #[param(value_type = crate::http::day::Day, example = "2026-01-01")]
            from: chrono::NaiveDate,
            /// The last day of the period; a period has at most 100 years.
            #[serde(deserialize_with = "crate::http::day::required")]
            #[param(value_type = crate::http::day::Day, example = "2026-12-31")]
            to: chrono::NaiveDate,
        });
        impl $name {
            /// The period.
            fn period(&self) -> Result<$crate::reports::question::Period, $crate::http::Error> {
                $crate::reports::question::Period::new(self.from, self.to)
            }
        }
    };
    (@page [$($about:tt)*] $name:ident [] { $($fields:tt)* }) => {
        report_query!(@whole [$($about)*] $name { $($fields)* });
        impl $name {
            /// How it is answered.
            fn how(&self) -> $crate::reports::answer::How {
                $crate::reports::answer::How {
                    format: self.format.unwrap_or_default(),
                    bom: self.bom.unwrap_or_default(),
                    cursor: None,
                    limit: None,
                    shape: Vec::new(),
                }
            }
        }
    };
    (@page [$($about:tt)*] $name:ident [page] { $($fields:tt)* }) => {
        report_query!(@whole [$($about)*] $name {
            $($fields)*
            /// Where the page before ended; only with `format=json` or `html`.
            #[param(min_length = 1, example = "WyJ0eXBlIl0")]
            cursor: Option<String>,
            /// Rows per page, 1 to 200; only with `format=json` or `html`, a file is whole.
            #[param(example = 50, minimum = 1, maximum = 200)]
            limit: Option<u32>,
        });
        impl $name {
            /// How it is answered.
            fn how(&self, shape: Vec<u8>) -> $crate::reports::answer::How {
                $crate::reports::answer::How {
                    format: self.format.unwrap_or_default(),
                    bom: self.bom.unwrap_or_default(),
                    cursor: self.cursor.clone(),
                    limit: self.limit,
                    shape,
                }
            }
        }
    };
    (@whole [$($about:tt)*] $name:ident { $($fields:tt)* }) => {
        $($about)*
        #[derive(Debug, serde::Deserialize, validator::Validate, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        struct $name {
            $($fields)*
            /// The kind of answer; `json` when absent.
            #[param(inline, example = "json")]
            format: Option<$crate::reports::answer::ReportFormat>,
            /// True for a byte order mark, by which spreadsheet programs know UTF-8; only with `format=csv`.
            #[param(example = false)]
            bom: Option<bool>,
            /// What the registry knew by then: an instant, or a day for its end (UTC); not in the future.
            #[param(inline, value_type = Option<$crate::journal::moment::KnownAtText>, example = "2026-07-15")]
            known_at: Option<$crate::journal::moment::KnownAt>,
            /// Country, by the Platform's code; repeat for any of several. A coordinator asks for the own country.
            #[serde(default)]
            #[param(value_type = Vec<$crate::countries::CountryCode>, example = json!(["KZ"]))]
            country: Vec<String>,
            /// Type of membership; repeat for any of several.
            #[serde(default, rename = "type")]
            #[param(value_type = Vec<$crate::organisations::model::TypeWord>, example = json!(["full"]))]
            membership_type: Vec<String>,
        }

        impl $name {
            /// Countries and types.
            fn filters(
                &self,
                countries: &$crate::countries::Countries,
                acting: &$crate::auth::Acting,
            ) -> Result<$crate::reports::question::Filters, $crate::http::Error> {
                $crate::reports::question::Filters::resolve(countries, acting, &self.country, &self.membership_type)
            }

            /// What was known: what the page before kept, or what is asked for.
            fn known(
                &self,
                conn: &mut $crate::db::Conn,
                held: Option<$crate::reports::list::Held>,
                acting: &$crate::auth::Acting,
            ) -> Result<$crate::reports::question::Known, $crate::http::Error> {
                match held {
                    Some(held) => $crate::reports::question::Known::of_cursor(conn, held.seq),
                    None => $crate::reports::question::Known::resolve(conn, self.known_at, acting),
                }
            }
        }
    };
}
pub(super) use report_query;

/// Makes the types that stand in the contract for an answer and its data part.
macro_rules! report_answer {
    ($(#[$about:meta])* $answer:ident, $data:ident, $word:literal, { $($tables:tt)* }) => {
        report_answer!(@data $data, $word, { $($tables)* });
        $(#[$about])*
        #[derive(utoipa::ToSchema)]
        pub struct $answer {
            /// What was asked and what is so.
            pub data: $data,
            /// Who made it, when, and the hash of `data`.
            pub cover: $crate::reports::report::Cover,
        }
    };
    ($(#[$about:meta])* $answer:ident, $data:ident, $word:literal, page { $($tables:tt)* }) => {
        report_answer!(@data $data, $word, { $($tables)* });
        $(#[$about])*
        #[derive(utoipa::ToSchema)]
        pub struct $answer {
            /// What was asked and what is so.
            pub data: $data,
            /// Who made it, when, and the hash of `data`.
            pub cover: $crate::reports::report::Cover,
            /// Where the next page is.
            pub page: $crate::http::pages::PageInfo,
        }
    };
    (@data $data:ident, $word:literal, { $($tables:tt)* }) => {
        /// The data part.
        #[derive(utoipa::ToSchema)]
        pub struct $data {
            /// The report's name.
            #[schema(example = $word)]
            pub report: String,
            /// The version of the report's definition.
            #[schema(example = 1)]
            pub definition: u32,
            /// The question, resolved: the parameters, `known_seq`, and for a page `after` and `limit`; an empty list stands for
            /// all.
            #[schema(value_type = Object)]
            pub question: serde_json::Value,
            $($tables)*
        }
    };
}
pub(super) use report_answer;

/// Makes the page of the auditors' desk beside a route: its address, its name in the contract, the query, what it asks for, and
/// what answers.
macro_rules! desk_page {
    ($(#[doc = $doc:literal])+ $name:ident $path:tt $id:tt, $query:ident, $needs:ident, $answer:ident) => {
        $(#[doc = $doc])+
        #[utoipa::path(
            tag = "desk", operation_id = $id, security(("desk" = [])), params($query),
            responses((status = 200, description = "A page; a file where `format` names one", body = String, content_type = "text/html", example = "<!doctype html>…"), docs::Desk)
        )]
        #[get($path)]
        pub(super) async fn $name(
            request: HttpRequest,
            desk: crate::accounts::desk::Desk<ReadReports>,
            countries: web::Data<Countries>,
        ) -> Result<HttpResponse, Error> {
            crate::reports::desk::report::show(request, desk, countries, crate::reports::desk::Needs::$needs, $answer).await
        }
    };
}
pub(super) use desk_page;

use crate::http::{Code, Error};

/// One of the words of a closed list.
pub(super) fn one_of(
    name: &str,
    word: &str,
    words: &'static [&'static str],
) -> Result<&'static str, Error> {
    words.iter().find(|w| **w == word).copied().ok_or_else(|| {
        let text = format!("{name}: must be one of {}", words.join(", "));
        Error::new(Code::BadParameter, text).at_field(name)
    })
}
