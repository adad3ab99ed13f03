//! Entries of the journal at the desk: what stands behind a figure in the end.

use actix_web::{HttpRequest, HttpResponse, get};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use validator::Validate;

use super::asking::Viewer;
use super::frame::{Part, Sheet, answered};
use crate::accounts::desk::Desk;
use crate::auth::policy::acts::ReadJournal;
use crate::auth::reads::What;
use crate::http::html::escape;
use crate::http::pages::{Page, fetch_limit, position, read_cursor};
use crate::http::{Error, Language, NoQuery, Path, docs, page_query};
use crate::journal::handlers::FOR_AUDITORS;
use crate::journal::{JournalEntry, JournalFacts, queries};

/// Entries on a page.
const LIMIT: u32 = 50;

/// Which entries.
#[derive(Clone, Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct JournalForm {
    /// Only entries about this organisation, by registry number.
    #[param(inline, value_type = Option<String>, example = "OTS-7K3M9Q2-54")]
    organisation: Option<String>,
    /// Only entries about this subject.
    #[param(inline, value_type = Option<String>, example = "membership:3k7v0c5m2qxyz")]
    subject: Option<String>,
    /// Only entries by this actor.
    #[param(inline, value_type = Option<String>, example = "user:3k7v0c5m2qxyz")]
    actor: Option<String>,
    /// Only this kind of change.
    #[param(inline, value_type = Option<String>, example = "organisation.registered")]
    action: Option<String>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<String>, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
}

impl JournalForm {
    fn fields(&self) -> [(&'static str, &str); 4] {
        [
            (
                "organisation",
                self.organisation.as_deref().unwrap_or_default(),
            ),
            ("subject", self.subject.as_deref().unwrap_or_default()),
            ("actor", self.actor.as_deref().unwrap_or_default()),
            ("action", self.action.as_deref().unwrap_or_default()),
        ]
    }

    fn query(&self) -> String {
        let asked = self
            .fields()
            .into_iter()
            .filter(|(_, value)| !value.is_empty());
        serde_html_form::to_string(asked.collect::<Vec<_>>()).unwrap_or_default()
    }
}

/// Shows entries of the journal to people, the newest first.
///
/// A page of the auditors' desk, for auditors: all entries, or those about an organisation or another subject, by an actor, of a kind.
#[utoipa::path(
    tag = "desk", operation_id = "list_journal_page", security(("desk" = [])), params(JournalForm),
    responses((status = 200, description = "A page", body = String, content_type = "text/html", example = "<!doctype html>…"), docs::Desk)
)]
#[get("/reports/journal")]
pub(super) async fn list_journal_page(
    request: HttpRequest,
    desk: Desk<ReadJournal>,
) -> Result<HttpResponse, Error> {
    let made = list(&request, desk).await;
    answered(&request, made)
}

async fn list(request: &HttpRequest, desk: Desk<ReadJournal>) -> Result<HttpResponse, Error> {
    // Nobody is told anything of a question before they are somebody.
    desk.permit.clone().read(|_, _| Ok(())).await?;
    let (asked, _) = page_query::<JournalForm>(request, &[])?;
    let asked = asked.query;
    let shape = Sha256::digest(asked.query().as_bytes());
    let before = position(read_cursor(asked.cursor.as_deref(), &shape, 1)?)?;
    let wanted = queries::Wanted {
        before,
        organisation: asked.organisation.clone(),
        subject: asked.subject.clone(),
        actor: asked.actor.clone(),
        action: asked.action.clone(),
        newest_first: true,
        ..queries::Wanted::default()
    };
    let subject = asked.organisation.clone().or(asked.subject.clone());
    let (viewer, page) = desk
        .permit
        .snapshot(move |conn, acting| {
            let rows = queries::page(conn, &wanted, fetch_limit(LIMIT), FOR_AUDITORS)?;
            let key = |entry: &JournalEntry| vec![entry.seq.to_string()];
            let page = Page::of(rows, LIMIT, &shape, key, |entry| entry);
            let subject = subject.unwrap_or_else(|| "journal".to_owned());
            acting.saw(What::Journal, queries::read_of(&subject), page.items.len());
            Ok((Viewer::of(acting), page))
        })
        .await?;
    let language = Language::of(request.headers());
    let title = language.label("desk.journal");
    Ok(Sheet {
        language,
        form: &desk.form,
        viewer: &viewer,
        part: Part::Journal,
        title,
        body: &format!(
            "<h1>{title}</h1>{}{}",
            narrow(language, &asked),
            entries(language, &asked, &page)
        ),
    }
    .respond())
}

/// The label of a filter.
fn word(language: Language, field: &str) -> &'static str {
    match field {
        "organisation" => language.label("number"),
        "subject" => language.label("desk.subject"),
        "actor" => language.label("desk.who"),
        _ => language.label("desk.what"),
    }
}

fn narrow(language: Language, asked: &JournalForm) -> String {
    let fields: String = asked
        .fields()
        .into_iter()
        .map(|(name, value)| {
            format!(
                "<div><label for=\"{name}\">{}</label><input id=\"{name}\" name=\"{name}\" value=\"{}\" autocomplete=\"off\" spellcheck=\"false\"></div>",
                word(language, name),
                escape(value)
            )
        })
        .collect();
    format!(
        "<form class=\"again\" method=\"get\" action=\"/reports/journal\">{fields}<div class=\"do\"><button>{}</button></div></form>",
        language.label("desk.show")
    )
}

/// A link to the entries that meet one condition.
fn only(name: &str, value: &str) -> String {
    let query = serde_html_form::to_string([(name, value)]).unwrap_or_default();
    format!(
        "<a href=\"/reports/journal?{}\">{}</a>",
        escape(&query),
        escape(value)
    )
}

fn entries(language: Language, asked: &JournalForm, page: &Page<JournalEntry>) -> String {
    let label = |key| language.label(key);
    if page.items.is_empty() {
        return format!("<p>{}</p>", label("nothing"));
    }
    let rows: String = page
        .items
        .iter()
        .map(|entry| {
            format!(
                "<tr><td class=\"n\"><a href=\"/reports/journal/{0}\">{0}</a></td><td class=\"d\">{1}</td><td>{2}</td><td>{3}</td><td>{4}</td></tr>",
                entry.seq,
                escape(&entry.recorded_at.to_string().replace('T', " ").replace('Z', "")),
                escape(&entry.action),
                only("subject", &entry.subject),
                only("actor", &entry.actor),
            )
        })
        .collect();
    let next = page
        .page
        .next
        .as_deref()
        .map_or_else(String::new, |cursor| {
            let rest = asked.query();
            let join = if rest.is_empty() { "" } else { "&" };
            let address = format!("/reports/journal?{rest}{join}cursor={cursor}");
            format!(
                "<p class=\"next\"><a rel=\"next\" href=\"{}\">{}</a></p>",
                escape(&address),
                label("next")
            )
        });
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{journal}\"><table class=\"entries\"><thead><tr><th scope=\"col\" class=\"n\">{position}</th>\
         <th scope=\"col\">{recorded}</th><th scope=\"col\">{what}</th><th scope=\"col\">{subject}</th><th scope=\"col\">{who}</th></tr></thead>\
         <tbody>{rows}</tbody></table></div>{next}",
        journal = label("desk.journal"),
        position = label("desk.position"),
        recorded = label("desk.recorded_at"),
        what = label("desk.what"),
        subject = label("desk.subject"),
        who = label("desk.who"),
    )
}

/// Shows one entry of the journal to people.
///
/// A page of the auditors' desk, for auditors: what the entry says, as far as they may know it, and its hashes.
#[utoipa::path(
    tag = "desk", operation_id = "get_journal_entry_page", security(("desk" = [])),
    params(("seq" = i64, Path, description = "Position in the journal", example = 1, minimum = 1)),
    responses((status = 200, description = "A page", body = String, content_type = "text/html", example = "<!doctype html>…"), docs::Desk)
)]
#[get("/reports/journal/{seq}")]
pub(super) async fn get_journal_entry_page(
    request: HttpRequest,
    _query: NoQuery,
    desk: Desk<ReadJournal>,
    seq: Path<String>,
) -> Result<HttpResponse, Error> {
    let seq: Option<i64> = seq.0.parse().ok();
    let read = desk.permit.snapshot(move |conn, acting| {
        let missing = || Error::not_found("journal entry");
        let seq = seq.ok_or_else(missing)?;
        let wanted = queries::Wanted {
            after: seq.checked_sub(1),
            // The one behind it tells whether there is any.
            ..queries::Wanted::default()
        };
        let mut found = queries::page(conn, &wanted, 2, FOR_AUDITORS)?.into_iter();
        let entry = found.next().filter(|entry| entry.seq == seq);
        let entry = entry.ok_or_else(missing)?;
        acting.saw(What::Journal, queries::read_of(&entry.subject), 1);
        Ok((Viewer::of(acting), entry, found.next().is_some()))
    });
    let language = Language::of(request.headers());
    let made = read.await.map(|(viewer, entry, is_followed)| {
        let title = format!("{} {}", language.label("desk.journal"), entry.seq);
        Sheet {
            language,
            form: &desk.form,
            viewer: &viewer,
            part: Part::Journal,
            title: &title,
            body: &whole(language, &entry, is_followed),
        }
        .respond()
    });
    answered(&request, made)
}

fn whole(language: Language, entry: &JournalEntry, is_followed: bool) -> String {
    let label = |key| language.label(key);
    let beside = |seq: i64, word: &str| format!("<a href=\"/reports/journal/{seq}\">{word}</a>");
    let mut around = String::new();
    if entry.seq > 1 {
        around.push_str(&beside(entry.seq - 1, &format!("← {}", entry.seq - 1)));
    }
    if is_followed {
        around.push_str(&beside(entry.seq + 1, &format!("{} →", entry.seq + 1)));
    }
    let mut facts = vec![
        (
            label("desk.recorded_at"),
            escape(&entry.recorded_at.to_string()),
        ),
        (label("desk.who"), only("actor", &entry.actor)),
        (label("desk.subject"), only("subject", &entry.subject)),
    ];
    if let Some(number) = &entry.organisation {
        facts.push((label("number"), only("organisation", number)));
    }
    facts.push((
        label("desk.hash"),
        format!("<code>{}</code>", escape(&entry.hash)),
    ));
    let facts: String = facts
        .into_iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>"))
        .collect();
    let said: String = entry
        .facts
        .iter()
        .map(|item| said(language, item))
        .collect();
    format!(
        "<nav class=\"crumbs\" aria-label=\"{position}\">{around}</nav><h1>{seq}: {action}</h1><dl class=\"facts\">{facts}</dl>\
         <section aria-labelledby=\"said\"><h2 id=\"said\">{heading}</h2>{said}</section>",
        position = label("desk.position"),
        seq = entry.seq,
        action = escape(&entry.action),
        heading = label("desk.facts"),
    )
}

/// One item of an entry.
fn said(language: Language, item: &JournalFacts) -> String {
    let shown = match &item.changes {
        Some(changes) => {
            let text = serde_json::to_string_pretty(changes).unwrap_or_default();
            format!(
                "<pre class=\"text\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{}</pre>",
                escape(&item.class),
                escape(&text)
            )
        }
        None => format!("<p>{}</p>", language.label("desk.hidden")),
    };
    format!(
        "<h3 lang=\"en\">{}</h3>{shown}<p class=\"note\"><code>{}</code></p>",
        escape(&item.class),
        escape(&item.hash)
    )
}
