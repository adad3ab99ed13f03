//! `GET /v1/private-reads`: who read private data of whom, for auditors.

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, get};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::auth::Permit;
use crate::auth::policy::acts::ReadPrivateReads;
use crate::auth::reads::Row;
use crate::db::schema::private_reads;
use crate::db::{Conn, Instant, MultiBackend};
use crate::http::pages::{self, Page, bad_cursor, fetch_limit, limit_or_default, read_cursor};
use crate::http::words::schema_words;
use crate::http::{Error, Query, docs, private};

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config.service(list_private_reads);
}

schema_words!(
    /// What was read.
    WhatWord as "PrivateReadKind", [
        "organisation.private", "organisation.contacts", "organisation.history", "export", "import", "account", "membership",
        "journal", "person"
    ]
);

/// Which readings.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReadsQuery {
    /// Only of this: a registry number, `user:…`, `country:…`, `import:…`, `membership:…`, `contact:…`.
    #[param(min_length = 1, example = "OTS-7K3M9Q2-54")]
    subject: Option<String>,
    /// Only by this actor.
    #[param(min_length = 1, example = "user:3k7v0c5m2qxyz")]
    actor: Option<String>,
    /// Only from this instant on.
    #[param(example = "2026-01-01T00:00:00Z")]
    from: Option<Instant>,
    /// Only before this instant.
    #[param(example = "2027-01-01T00:00:00Z")]
    to: Option<Instant>,
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A reading of private data.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrivateRead {
    /// Id.
    pub id: crate::db::Id,
    /// When.
    pub read_at: Instant,
    /// Who.
    #[schema(example = "user:3k7v0c5m2qxyz")]
    pub actor: String,
    /// What was read.
    #[schema(value_type = WhatWord, example = "organisation.contacts")]
    pub what: String,
    /// Of whom.
    #[schema(example = "OTS-7K3M9Q2-54")]
    pub subject: String,
    /// How many rows.
    #[schema(example = 1)]
    pub rows: i64,
    /// The request, by its `X-Request-Id`; null on the command line.
    #[schema(example = "0r5m1zqk7v2ex")]
    pub request_id: Option<String>,
}

impl From<Row> for PrivateRead {
    fn from(row: Row) -> Self {
        Self {
            id: crate::db::Id(row.id),
            read_at: Instant(row.read_at),
            actor: row.actor,
            what: row.what,
            subject: row.subject,
            rows: row.row_count,
            request_id: row.request_id,
        }
    }
}

/// Lists who read private data of whom, the newest first.
///
/// A row for each reading or export of what is not public: organisations' private facts and contact persons, registers as files,
/// rows of imports, accounts, memberships, the journal, a person's data. What was read is not repeated here.
#[utoipa::path(
    tag = "people", operation_id = "list_private_reads", security(("bearer" = [])), params(ReadsQuery),
    responses((status = 200, description = "A page of readings", body = Page<PrivateRead>), docs::OfficerList)
)]
#[get("/private-reads")]
async fn list_private_reads(
    request: HttpRequest,
    permit: Permit<ReadPrivateReads>,
    query: Query<ReadsQuery>,
) -> Result<HttpResponse, Error> {
    let limit = limit_or_default(query.query.limit)?;
    let key = read_cursor(query.query.cursor.as_deref(), &query.shape, 2)?;
    let after = key.as_deref().map(place).transpose()?;
    let (shape, query) = (query.shape, query.query);
    let page = permit
        .read(move |conn, _| {
            let rows = page(conn, &query, after, fetch_limit(limit))?;
            let key = |r: &Row| vec![r.read_at.to_string(), r.id.to_string()];
            Ok(Page::of(rows, limit, &shape, key, PrivateRead::from))
        })
        .await?;
    let link = page.link(&request);
    let mut response = private(&request, None, &page)?;
    pages::set_link(&mut response, link);
    Ok(response)
}

fn place(key: &[String]) -> Result<(i64, i64), Error> {
    let number = |n: usize| key.get(n).and_then(|text| text.parse().ok());
    number(0).zip(number(1)).ok_or_else(bad_cursor)
}

fn page(
    conn: &mut Conn,
    wanted: &ReadsQuery,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Row>, Error> {
    let mut query = private_reads::table.into_boxed::<MultiBackend>();
    if let Some(subject) = &wanted.subject {
        query = query.filter(private_reads::subject.eq(subject));
    }
    if let Some(actor) = &wanted.actor {
        query = query.filter(private_reads::actor.eq(actor));
    }
    if let Some(from) = wanted.from {
        query = query.filter(private_reads::read_at.ge(from.0));
    }
    if let Some(to) = wanted.to {
        query = query.filter(private_reads::read_at.lt(to.0));
    }
    if let Some((at, id)) = after {
        let behind = private_reads::read_at
            .lt(at)
            .or(private_reads::read_at.eq(at).and(private_reads::id.lt(id)));
        query = query.filter(behind);
    }
    Ok(query
        .order((private_reads::read_at.desc(), private_reads::id.desc()))
        .limit(limit)
        .load(conn)?)
}
