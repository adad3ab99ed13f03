//! A link for whoever lost the password, asked for without a log-in.
//!
//! Every address gets the same answer, before anybody has looked whether it is an account's: what there is to do is done behind it. The
//! link goes to the account's own address, or nowhere. Nothing ends before it is used, the links that others made stay good, and one in
//! `PAUSE_SECONDS` is enough, so whoever asks for somebody else does no more than send them a mail. It is nobody's link: it makes no
//! two people one.

use actix_web::{HttpResponse, post, web};
use diesel::prelude::*;

use super::BaseUrl;
use super::auth_handlers::LogInParts;
use super::dto::{LostPassword, ResetAsked};
use super::links::{self, NewLink, Purpose};
use super::mail::Mailer;
use super::model::email_key;
use super::{queries, second_factor};
use crate::auth::Actor;
use crate::auth::four_eyes::LINK_MADE;
use crate::auth::throttle::Place;
use crate::db::dialect::other_subject;
use crate::db::schema::journal;
use crate::db::{Db, Id, Instant, Tx};
use crate::http::{Answer, Error, Json, NoQuery, Routes, docs};
use crate::journal::enter;

/// For so long after a link was made for an account, by whomever, nobody gets another one by asking, in seconds.
const PAUSE_SECONDS: i64 = 15 * 60;

/// Adds the route.
pub fn routes(config: &mut impl Routes) {
    config.service(ask_password_reset);
}

/// Asks for a link that sets another password.
///
/// For whoever lost the password. Where the address is that of an active account and the registry sends mail, a link goes there: it works
/// once and for 30 minutes, and there is one in 15 minutes at most. The answer is the same for every address. Nothing ends before the link
/// is used; a second factor stays. After five requests for one address a network waits (429).
#[utoipa::path(
    tag = "accounts", operation_id = "ask_password_reset", security(()),
    request_body(content = LostPassword, description = "Whose password it is"),
    responses((status = 202, description = "What happens now, if there is such an account", body = ResetAsked), docs::AskLink)
)]
#[post("/password-resets")]
async fn ask_password_reset(
    _query: NoQuery,
    db: web::Data<Db>,
    parts: LogInParts,
    mailer: web::Data<Option<Mailer>>,
    base: web::Data<BaseUrl>,
    body: Json<LostPassword>,
) -> Result<HttpResponse, Error> {
    let key = email_key(&body.body.email);
    // Counts of its own: who asks for links does not make their network wait to log in. Whether there is such an account is not known
    // here, so each request counts as failed.
    let place = Place::Network(format!("lost password {}", parts.network));
    parts.throttle.begin(&key, &place)?.failed();
    if let Some(mailer) = mailer.get_ref().clone() {
        let (db, base) = (db.get_ref().clone(), base.get_ref().clone());
        actix_web::rt::spawn(mail_link(db, mailer, base, key, parts.request_id));
    }
    Ok(Answer::json(202, &ResetAsked::default())?.respond())
}

/// What is done behind the answer. No line of the log has the address.
async fn mail_link(db: Db, mailer: Mailer, base: BaseUrl, key: String, request_id: String) {
    match link_for(&db, key).await {
        // Where the server does not take it, the mailer's own line says so.
        Ok(Some((to, link))) => drop(mailer.send(&to, &link, &base).await),
        Ok(None) => {}
        Err(error) => {
            tracing::error!(request_id, error = %error, "a link for a lost password was not made");
        }
    }
}

async fn link_for(db: &Db, key: String) -> Result<Option<(String, NewLink)>, Error> {
    let looked = key.clone();
    let known = db
        .read(move |conn| Ok::<_, Error>(queries::by_email_key(conn, &looked)?.is_some()))
        .await?;
    // What is nobody's address costs no transaction that writes.
    if !known {
        return Ok(None);
    }
    db.write(move |tx| make(tx, &key, Instant::now())).await
}

/// Makes a link for the active account with this key of an e-mail address, and gives its address; none where there is no such account, or
/// a link was made for it lately.
pub fn make(tx: &mut Tx<'_>, key: &str, now: Instant) -> Result<Option<(String, NewLink)>, Error> {
    let Some(found) = queries::by_email_key(tx, key)? else {
        return Ok(None);
    };
    let user = second_factor::lock(tx, found.id())?;
    let id = user.id();
    if !user.is_active() || user.email_key != key || has_link_since(tx, id, now)? {
        return Ok(None);
    }
    let link = enter(tx, &Actor::Anonymous, now, LINK_MADE, |tx, entry| {
        entry.about(format!("user:{id}"));
        // Links that others made stay as they are: whoever asks could take them away.
        links::add(tx, id, Purpose::Reset, entry.recorded_at())
    })?;
    Ok(Some((user.email, link)))
}

fn has_link_since(tx: &mut Tx<'_>, id: Id, now: Instant) -> Result<bool, Error> {
    let lately: i64 = journal::table
        .filter(journal::subject.eq(format!("user:{id}")))
        .filter(other_subject())
        .filter(journal::action.eq(LINK_MADE))
        .filter(journal::recorded_at.gt(now.plus_seconds(-PAUSE_SECONDS).0))
        .count()
        .get_result(&mut **tx)?;
    Ok(lately > 0)
}
