//! The routes of the decisions and their exceptions.

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::query::{desk_page, one_of, report_answer, report_query};
use crate::auth::policy::{self, Action, acts::ReadReports};
use crate::auth::{Acting, Permit};
use crate::countries::Countries;
use crate::http::{Code, Error, Query, docs};
use crate::reports::answer::{self, Door};
use crate::reports::decisions::{
    self, ACTS, DecisionsByCountry, DecisionsFigure, DecisionsOfficer, DecisionsProposal,
    DecisionsRow, DecisionsTotals, FIGURES, Proposals, ProposedAct,
};
use crate::reports::exceptions::{
    Asked, ExceptionKind, ExceptionRow, ExceptionTotals, Exceptions, KINDS, MACHINERY,
    ToldException,
};

report_query!(
    /// Which period, and how.
    DecisionsQuery, period, {}
);

/// Who may list readings of private data may see them here too.
fn may_know_readings(acting: &Acting) -> bool {
    policy::reach(acting.principal(), Action::ReadPrivateReads).is_some()
}

/// What belongs to the report and is no part of the data.
#[derive(utoipa::ToSchema)]
pub struct DecisionsBeside {
    /// Failed runs of jobs and readings of private data, as far as they are still kept.
    pub machinery: Vec<ExceptionTotals>,
}

/// The data part of the decisions.
#[derive(utoipa::ToSchema)]
pub struct DecisionsReport {
    /// What was asked and what is so.
    pub data: DecisionsData,
    /// Who made it, when, and the hash of `data`.
    pub cover: crate::reports::report::Cover,
    /// What is kept in one time only, and not for ever: only without `known_at`, for all countries and types.
    pub beside: Option<DecisionsBeside>,
}

report_answer!(@data DecisionsData, "decisions", {
    /// Each country and act of which a proposal was closed.
    pub figures: Vec<DecisionsRow>,
    /// Each country of which one was closed.
    pub by_country: Vec<DecisionsByCountry>,
    /// All of them together: one row.
    pub totals: Vec<DecisionsTotals>,
    /// Who proposed and who decided.
    pub officers: Vec<DecisionsOfficer>,
    /// Each kind of exception and country that has any.
    pub exceptions: Vec<ExceptionRow>,
    /// Each kind of exception.
    pub exception_totals: Vec<ExceptionTotals>,
});

/// Reads the decisions of a period: who proposed and who decided, how long it took, and the exceptions.
///
/// A proposal counts on the day on which it was closed, an exception on the day on which it was recorded. Exceptions: back-dated
/// events, corrections, one account that proposed and decided, admissions without evidence, overridden warnings, gaps in the
/// journal, changes of privileged accounts. Beside the data stand failed runs of jobs and, for auditors, readings of private data.
#[utoipa::path(
    tag = "reports", operation_id = "get_decisions", security(("bearer" = [])), params(DecisionsQuery),
    responses((status = 200, description = "The decisions", body = DecisionsReport), docs::OfficerDays)
)]
#[get("/reports/decisions")]
pub(super) async fn get_decisions(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<DecisionsQuery>,
) -> Result<HttpResponse, Error> {
    answer_decisions(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the decisions of a period and their exceptions to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/decisions` says, or that as a file.
    get_decisions_page "/reports/decisions" "get_decisions_page", DecisionsQuery, Period, answer_decisions
);

async fn answer_decisions(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<DecisionsQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    let period = query.period()?;
    answer::figures(&door, permit, query.how(), true, move |conn, acting| {
        let filters = query.filters(&countries, acting)?;
        let known = query.known(conn, None, acting)?;
        let told = (query.known_at.is_none(), may_know_readings(acting));
        let asked = Asked::of(conn, period, known, filters, told)?;
        decisions::report(conn, &asked)
    })
    .await
}

report_query!(
    /// Behind which figure.
    ProposalsQuery, period page, {
        /// The figure, by its name in the decisions.
        #[param(inline, value_type = DecisionsFigure, example = "approved")]
        column: String,
        /// Only proposals of this act.
        #[param(inline, value_type = Option<ProposedAct>, example = "recommend")]
        act: Option<String>,
        /// Only proposals that this account made, as the officers' table tells it.
        #[param(min_length = 1, max_length = 60, example = "user:3k7v0c5m2qxyz")]
        proposer: Option<String>,
        /// Only proposals that this account closed.
        #[param(min_length = 1, max_length = 60, example = "user:3k7v0c5m2qxyz")]
        decider: Option<String>,
    }
);

report_answer!(
    /// A page of the proposals behind a figure in JSON.
    DecisionsProposalsReport, DecisionsProposalsData, "decisions-proposals", page {
        /// The proposals.
        pub proposals: Vec<DecisionsProposal>,
    }
);

/// Lists the proposals behind a figure of the decisions.
///
/// In the order in which they were closed, each with the position in the journal of its closing.
#[utoipa::path(
    tag = "reports", operation_id = "list_decisions_proposals", security(("bearer" = [])), params(ProposalsQuery),
    responses((status = 200, description = "A page of proposals; as a file all of them", body = DecisionsProposalsReport), docs::OfficerDays)
)]
#[get("/reports/decisions/proposals")]
pub(super) async fn list_decisions_proposals(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<ProposalsQuery>,
) -> Result<HttpResponse, Error> {
    answer_decisions_proposals(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the proposals behind a figure of the decisions to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/decisions/proposals` says, or that as a file.
    get_decisions_proposals_page "/reports/decisions/proposals" "get_decisions_proposals_page", ProposalsQuery, Period, answer_decisions_proposals
);

async fn answer_decisions_proposals(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<ProposalsQuery>,
) -> Result<HttpResponse, Error> {
    let Query { query, shape } = query;
    let period = query.period()?;
    let figure = one_of("column", &query.column, &FIGURES)?;
    if let Some(act) = &query.act {
        one_of("act", act, &ACTS)?;
    }
    let how = query.how(shape);
    answer::list(&door, permit, how, move |conn, acting, held| {
        let filters = query.filters(&countries, acting)?;
        let known = query.known(conn, held, acting)?;
        Ok(Proposals {
            figure,
            act: query.act.clone(),
            proposer: query.proposer.clone(),
            decider: query.decider.clone(),
            asked: Asked::of(conn, period, known, filters, (false, false))?,
        })
    })
    .await
}

report_query!(
    /// Exceptions of which kind.
    ExceptionsQuery, period page, {
        /// The kind.
        #[param(inline, value_type = ExceptionKind, example = "back_dated")]
        kind: String,
    }
);

report_answer!(
    /// A page of exceptions in JSON.
    DecisionsExceptionsReport, DecisionsExceptionsData, "decisions-exceptions", page {
        /// The exceptions.
        pub exceptions: Vec<ToldException>,
    }
);

/// Lists the exceptions of one kind in a period.
///
/// In the order of the journal, each with its position. Failed runs of jobs and readings of private data are not in the journal
/// and not kept for ever: they can only be asked for as they are now, without `known_at`, for all countries and types. Their question
/// has no `known_seq` but `kept_at`, so that each answer has a hash of its own.
#[utoipa::path(
    tag = "reports", operation_id = "list_decisions_exceptions", security(("bearer" = [])), params(ExceptionsQuery),
    responses((status = 200, description = "A page of exceptions; as a file all of them", body = DecisionsExceptionsReport), docs::OfficerDays)
)]
#[get("/reports/decisions/exceptions")]
pub(super) async fn list_decisions_exceptions(
    request: HttpRequest,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<ExceptionsQuery>,
) -> Result<HttpResponse, Error> {
    answer_decisions_exceptions(Door::api(request), permit, countries, query).await
}

desk_page!(
    /// Shows the exceptions of one kind to people.
    ///
    /// A page of the auditors' desk, in the browser's language, with what `GET /v1/reports/decisions/exceptions` says, or that as a file.
    get_decisions_exceptions_page "/reports/decisions/exceptions" "get_decisions_exceptions_page", ExceptionsQuery, Period, answer_decisions_exceptions
);

async fn answer_decisions_exceptions(
    door: Door,
    permit: Permit<ReadReports>,
    countries: web::Data<Countries>,
    query: Query<ExceptionsQuery>,
) -> Result<HttpResponse, Error> {
    let Query { query, shape } = query;
    let period = query.period()?;
    let kind = one_of("kind", &query.kind, &KINDS)?;
    let machinery = MACHINERY.contains(&kind);
    let refused = [
        ("known_at", query.known_at.is_some(), "as it is now"),
        ("country", !query.country.is_empty(), "for all countries"),
        ("type", !query.membership_type.is_empty(), "for all types"),
    ];
    if let Some((name, _, how)) = refused
        .into_iter()
        .find(|(_, given, _)| machinery && *given)
    {
        let text = format!(
            "this kind is not in the journal and can only be asked for {how}: leave {name} out"
        );
        return Err(Error::field(name, text));
    }
    let how = query.how(shape);
    answer::list(&door, permit, how, move |conn, acting, held| {
        let readings = may_know_readings(acting);
        if kind == "private_read" && !readings {
            let text = "who read private data is for auditors";
            return Err(Error::new(Code::Forbidden, text));
        }
        let filters = query.filters(&countries, acting)?;
        if machinery && filters.some_countries {
            let text = "this kind is of no country: it is for those who read all countries";
            return Err(Error::new(Code::Forbidden, text));
        }
        let known = query.known(conn, held, acting)?;
        Ok(Exceptions {
            kind,
            asked: Asked::of(conn, period, known, filters, (machinery, readings))?,
            kept_at: machinery.then(|| acting.now()),
        })
    })
    .await
}
