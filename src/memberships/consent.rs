//! Consent: where an act crosses a border, officers of both countries agree before the secretariat decides.
//!
//! Whoever agrees for a country neither decides nor agrees for another. The proposer speaks for the own country. A country without an
//! active coordinator cannot be asked: the secretariat's decision stands for it.

use diesel::prelude::*;

use super::acts::{Act, Outcome};
use super::dto::Decide;
use super::propose::terms;
use super::rows::{ConsentRow, ProposalRow};
use crate::auth::{Acting, Principal, Role, four_eyes};
use crate::db::schema::{proposal_consents, users};
use crate::db::{Conn, Tx};
use crate::http::{Code, Error};
use crate::journal;
use crate::organisations;

/// The countries whose officers an act from one to the other has to ask, beside the proposer.
pub fn needed(acting: &Acting, from: &str, to: &str) -> Vec<String> {
    needed_of(acting, [from, to])
}

/// The same of any countries.
pub fn needed_of(
    acting: &Acting,
    countries: impl IntoIterator<Item = impl AsRef<str>>,
) -> Vec<String> {
    let own = match acting.principal() {
        Principal::User {
            country: Some(country),
            ..
        } => Some(country.as_str()),
        _ => None,
    };
    let mut needed: Vec<String> = Vec::new();
    for country in countries {
        let country = country.as_ref();
        if own != Some(country) && !needed.iter().any(|one| one == country) {
            needed.push(country.to_owned());
        }
    }
    needed
}

/// True when this officer's country is asked for its consent.
pub fn is_asked_of(acting: &Acting, proposal: &ProposalRow) -> Result<bool, Error> {
    Ok(match acting.principal() {
        Principal::User {
            role: Role::Coordinator,
            country: Some(country),
            ..
        } => terms(proposal)?.needs.contains(country),
        _ => false,
    })
}

/// Who has agreed so far.
pub fn given(conn: &mut Conn, proposal: &ProposalRow) -> Result<Vec<ConsentRow>, Error> {
    Ok(proposal_consents::table
        .filter(proposal_consents::proposal_id.eq(proposal.id))
        .order(proposal_consents::country)
        .load(conn)?)
}

/// Each country's consent and the decision are different people's: refuses whoever has agreed for another country, or for any where
/// the proposal is to be decided, and whoever counts as one person with them. Who refuses for a country lets nothing happen.
pub fn must_be_another(
    conn: &mut Conn,
    acting: &Acting,
    proposal: &ProposalRow,
    outcome: Outcome,
) -> Result<(), Error> {
    let own = match acting.principal() {
        Principal::User { country, .. } if is_asked_of(acting, proposal)? => country.as_deref(),
        _ => None,
    };
    if proposal.other_country.is_none() || (own.is_some() && outcome != Outcome::Approved) {
        return Ok(());
    }
    for consent in given(conn, proposal)? {
        // Who agrees twice for one country is told so where it is recorded.
        if own != Some(consent.country.as_str())
            && four_eyes::is_same_person(conn, acting, &consent.officer)?
        {
            let text = format!(
                "whoever agreed to it for {}, or counts as one person with them, cannot decide it or agree for another country",
                consent.country
            );
            return Err(Error::new(Code::SecondOfficerNeeded, text));
        }
    }
    Ok(())
}

/// Records the consent of the officer's country; the proposal stays open.
pub fn give(
    tx: &mut Tx<'_>,
    acting: &Acting,
    proposal: &ProposalRow,
    body: &Decide,
) -> Result<ProposalRow, Error> {
    let Principal::User {
        country: Some(country),
        ..
    } = acting.principal()
    else {
        return Err(Error::internal("a consent of no country"));
    };
    if has_agreed(tx, proposal, country)? {
        let text = format!("{country} has agreed already; the secretariat decides next");
        let left = outcomes(tx, acting, proposal)?;
        return Err(Error::new(Code::Conflict, text).with("possible", serde_json::json!(left)));
    }
    let number = organisations::queries::by_id(tx, proposal.organisation_id)?.number;
    journal::enter(
        tx,
        &acting.actor(),
        acting.now(),
        "proposal.consented",
        |tx, entry| {
            super::decide::about(entry, proposal, &number);
            let row = ConsentRow {
                proposal_id: proposal.id,
                country: country.clone(),
                officer: acting.actor().to_string(),
                consented_at: entry.recorded_at().0,
                reason: Some(body.reason.as_str().to_owned()),
                seq: entry.seq(),
            };
            diesel::insert_into(proposal_consents::table)
                .values(&row)
                .execute(&mut **tx)?;
            entry.now(&row)
        },
    )?;
    Ok(proposal.clone())
}

fn has_agreed(conn: &mut Conn, proposal: &ProposalRow, country: &str) -> Result<bool, Error> {
    let given = given(conn, proposal)?;
    Ok(given.iter().any(|consent| consent.country == country))
}

/// The decisions, by their names, that a second officer may make as far as the countries are concerned. Who is asked agrees once; the
/// rest is possible until it is decided.
pub fn outcomes(
    conn: &mut Conn,
    acting: &Acting,
    proposal: &ProposalRow,
) -> Result<Vec<&'static str>, Error> {
    let agrees = match acting.principal() {
        Principal::User {
            country: Some(country),
            ..
        } if is_asked_of(acting, proposal)? => !has_agreed(conn, proposal, country)?,
        _ => missing(conn, proposal)?.is_empty(),
    } && must_be_another(conn, acting, proposal, Outcome::Approved).is_ok();
    let approved = agrees.then_some(Outcome::Approved);
    let others = [Outcome::Refused, Outcome::SentBack];
    let all = approved.into_iter().chain(others);
    Ok(all.map(|outcome| Act::Decide(outcome).name()).collect())
}

/// The countries that were asked, have coordinators, and have not agreed yet.
pub fn missing(conn: &mut Conn, proposal: &ProposalRow) -> Result<Vec<String>, Error> {
    let given = given(conn, proposal)?;
    let mut missing = Vec::new();
    for country in terms(proposal)?.needs {
        if given.iter().any(|c| c.country == country) {
            continue;
        }
        let officers: i64 = users::table
            .filter(users::role.eq("coordinator"))
            .filter(users::country.eq(&country))
            .filter(users::status.eq("active"))
            .count()
            .get_result(conn)?;
        if officers > 0 {
            missing.push(country);
        }
    }
    Ok(missing)
}

/// Refuses a decision before all countries that are asked have agreed.
pub fn must_be_complete(
    conn: &mut Conn,
    acting: &Acting,
    proposal: &ProposalRow,
) -> Result<(), Error> {
    let missing = missing(conn, proposal)?;
    if missing.is_empty() {
        return Ok(());
    }
    let text = format!(
        "officers of {} have to agree first, by the same route",
        missing.join(", ")
    );
    Err(Error::new(Code::ActNotPossible, text)
        .with(
            "possible",
            serde_json::json!(outcomes(conn, acting, proposal)?),
        )
        .with("missing", serde_json::json!(missing)))
}
