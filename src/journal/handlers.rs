//! `GET /v1/journal`: the record of changes, for auditors.

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::facts::Class;
use super::{JournalEntry, queries};
use crate::auth::Permit;
use crate::auth::policy::acts::ReadJournal;
use crate::auth::reads::What;
use crate::http::pages::{Page, fetch_limit, limit_or_default, read_cursor};
use crate::http::{Code, Error, NoQuery, Path, Query, docs, private};
use crate::registry_number::RegistryNumber;

/// An auditor reads everything but personal data.
pub const FOR_AUDITORS: &[Class] = &[Class::Public, Class::Private];

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config.service(list_journal).service(get_journal_entry);
}

/// Which entries.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct JournalQuery {
    /// Only entries about this organisation, by registry number.
    #[param(min_length = 1, value_type = Option<String>, pattern = "^[Oo0][Tt][Ss]-?[0-9A-Za-z]{7}-?[0-9]{2}$", example = "OTS-7K3M9Q2-54")]
    organisation: Option<String>,
    /// Only entries about this subject.
    #[param(min_length = 1, example = "membership:3k7v0c5m2qxyz")]
    subject: Option<String>,
    /// Only entries by this actor.
    #[param(min_length = 1, example = "user:3k7v0c5m2qxyz")]
    actor: Option<String>,
    /// Only this kind of change.
    #[param(min_length = 1, example = "organisation.registered")]
    action: Option<String>,
    /// Only entries after this position.
    #[param(example = 0, minimum = 0)]
    #[validate(range(min = 0, message = "must not be negative"))]
    after: Option<i64>,
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists the journal's entries in their order.
///
/// Every change to organisations, memberships, imports, accounts, rights and keys is one entry; entries are never
/// changed or removed. Personal data is left out of an auditor's view; its hash is not.
#[utoipa::path(
    tag = "journal", operation_id = "list_journal", security(("bearer" = [])), params(JournalQuery),
    responses((status = 200, description = "A page of entries", body = Page<JournalEntry>), docs::OfficerList)
)]
#[get("/journal")]
async fn list_journal(
    request: HttpRequest,
    permit: Permit<ReadJournal>,
    query: Query<JournalQuery>,
) -> Result<HttpResponse, Error> {
    let limit = limit_or_default(query.query.limit)?;
    let cursor = read_cursor(query.query.cursor.as_deref(), &query.shape, 1)?;
    let from = crate::http::pages::position(cursor)?;
    let shape = query.shape;
    let mut query = query.query;
    // Entries name the organisation in the number's own form.
    let written = query.organisation.take();
    let organisation = written.map(|text| text.parse::<RegistryNumber>());
    query.organisation = organisation
        .transpose()
        .map_err(|e| Error::field("organisation", e.to_string()).coded(Code::BadParameter))?
        .map(String::from);
    let page = permit
        .snapshot(move |conn, acting| {
            let subject = query.organisation.clone().or(query.subject.clone());
            let wanted = queries::Wanted {
                after: from.or(query.after),
                organisation: query.organisation,
                subject: query.subject,
                actor: query.actor,
                action: query.action,
                ..queries::Wanted::default()
            };
            let rows = queries::page(conn, &wanted, fetch_limit(limit), FOR_AUDITORS)?;
            let key = |e: &JournalEntry| vec![e.seq.to_string()];
            let page = Page::of(rows, limit, &shape, key, |e| e);
            let subject = subject.unwrap_or_else(|| "journal".to_owned());
            acting.saw(What::Journal, queries::read_of(&subject), page.items.len());
            Ok(page)
        })
        .await?;
    let link = page.link(&request);
    let mut response = private(&request, None, &page)?;
    crate::http::pages::set_link(&mut response, link);
    Ok(response)
}

/// Reads one journal entry.
///
/// The hashes let a reader check the entry against the one before it.
#[utoipa::path(
    tag = "journal", operation_id = "get_journal_entry", security(("bearer" = [])),
    params(("seq" = i64, Path, description = "Position in the journal", example = 1, minimum = 1)),
    responses((status = 200, description = "The entry", body = JournalEntry), docs::OfficerRead)
)]
#[get("/journal/{seq}")]
async fn get_journal_entry(
    request: HttpRequest,
    permit: Permit<ReadJournal>,
    _query: NoQuery,
    seq: Path<i64>,
) -> Result<HttpResponse, Error> {
    let seq = seq.0;
    let found = permit
        .snapshot(move |conn, acting| {
            let before = seq.checked_add(1);
            let wanted = queries::Wanted {
                after: seq.checked_sub(1),
                before,
                ..queries::Wanted::default()
            };
            let found = queries::page(conn, &wanted, 1, FOR_AUDITORS)?.pop();
            if let Some(entry) = &found {
                acting.saw(What::Journal, queries::read_of(&entry.subject), 1);
            }
            Ok(found)
        })
        .await?;
    let entry = found.ok_or_else(|| Error::not_found("journal entry"))?;
    private(&request, None, &entry)
}
