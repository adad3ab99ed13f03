//! `GET /v1/countries` and `POST /v1/identifiers/check`: the reference data, for everybody.

use std::collections::BTreeMap;

use crate::http::Routes;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{Countries, Country, check};
use crate::auth::Permit;
use crate::auth::policy::acts::ReadReference;
use crate::http::{Error, Json, NoQuery, Path, cached_public, docs};

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(list_countries)
        .service(get_country)
        .service(check_identifier);
}

/// A country with its reference data.
#[derive(Debug, Serialize, ToSchema)]
struct CountryView {
    /// The Platform's own key; equals ISO 3166-1 alpha-2 where ISO has one.
    #[schema(value_type = super::CountryCode, example = "KZ")]
    code: String,
    /// ISO 3166-1 alpha-2; null where ISO has none.
    #[schema(example = "KZ")]
    iso_alpha2: Option<String>,
    /// ISO 3166-1 alpha-3; null where ISO has none.
    #[schema(example = "KAZ")]
    iso_alpha3: Option<String>,
    /// Version of this country's reference data.
    version: NaiveDate,
    /// English name.
    #[schema(example = "Kazakhstan")]
    name: String,
    /// Names by language.
    #[schema(value_type = std::collections::BTreeMap<String, String>, example = json!({"kk-Cyrl": "Қазақстан", "en": "Kazakhstan"}))]
    names: BTreeMap<String, String>,
    /// Languages with script.
    #[schema(example = json!(["kk-Cyrl", "ru"]))]
    languages: Vec<String>,
    /// Standing in the Organization of Turkic States, dated, in order of time.
    standing: Vec<StandingView>,
    /// Authorities that register NGOs.
    authorities: Vec<AuthorityView>,
    /// Legal forms; free text is possible besides.
    legal_forms: Vec<LegalFormView>,
    /// Identifier schemes; LEI, ROR, WIKIDATA and org-id.guide prefixes are possible besides.
    identifier_schemes: Vec<SchemeView>,
}

/// A standing from a day on.
#[derive(Debug, Serialize, ToSchema)]
struct StandingView {
    /// `member` or `observer`.
    #[schema(value_type = super::Standing, example = "member")]
    standing: String,
    /// First day.
    since: NaiveDate,
}

/// An authority.
#[derive(Debug, Serialize, ToSchema)]
struct AuthorityView {
    /// Local name.
    #[schema(example = "Adalet Bakanlığı")]
    name: String,
    /// English name.
    #[schema(example = "Ministry of Justice")]
    name_en: String,
}

/// A legal form.
#[derive(Debug, Serialize, ToSchema)]
struct LegalFormView {
    /// Code.
    #[schema(example = "KZ-QQ")]
    code: String,
    /// Local name.
    #[schema(example = "Қоғамдық қор")]
    name: String,
    /// English name.
    #[schema(example = "Public foundation")]
    name_en: String,
    /// Abbreviations in use.
    abbreviations: Vec<String>,
}

/// An identifier scheme.
#[derive(Debug, Serialize, ToSchema)]
struct SchemeView {
    /// Code.
    #[schema(example = "KZ-BIN")]
    code: String,
    /// Local name.
    #[schema(example = "БСН")]
    name: String,
    /// English name.
    #[schema(example = "Business identification number")]
    name_en: String,
    /// Form, for people.
    form: String,
    /// An invented example.
    #[schema(example = "950440001673")]
    example: String,
    /// True when numbers of public organisations are public.
    #[schema(example = true)]
    public: bool,
}

/// All countries.
#[derive(Debug, Serialize, ToSchema)]
struct CountryList {
    /// Members of the OTS, then observers.
    items: Vec<CountryView>,
}

fn view(country: &Country) -> CountryView {
    let standing = |s: super::Standing| match s {
        super::Standing::Member => "member",
        super::Standing::Observer => "observer",
    };
    CountryView {
        code: country.code.clone(),
        iso_alpha2: country.iso_alpha2.clone(),
        iso_alpha3: country.iso_alpha3.clone(),
        version: country.version,
        name: country.name_en().to_owned(),
        names: country.names.clone(),
        languages: country.languages.clone(),
        standing: country
            .standing
            .iter()
            .map(|s| StandingView {
                standing: standing(s.standing).to_owned(),
                since: s.since,
            })
            .collect(),
        authorities: country
            .authorities
            .iter()
            .map(|a| AuthorityView {
                name: a.name.clone(),
                name_en: a.name_en.clone(),
            })
            .collect(),
        legal_forms: country
            .legal_forms
            .iter()
            .map(|f| LegalFormView {
                code: f.code.clone(),
                name: f.name.clone(),
                name_en: f.name_en.clone(),
                abbreviations: f.abbreviations.clone(),
            })
            .collect(),
        identifier_schemes: country.schemes.iter().map(scheme_view).collect(),
    }
}

fn scheme_view(scheme: &super::Scheme) -> SchemeView {
    SchemeView {
        code: scheme.code.clone(),
        name: scheme.name.clone(),
        name_en: scheme.name_en.clone(),
        form: scheme.form.clone(),
        example: scheme.example.clone(),
        public: scheme.public,
    }
}

/// Lists the eight countries with their reference data.
///
/// The Turkish Republic of Northern Cyprus has no ISO codes; they are null.
#[utoipa::path(
    tag = "reference", operation_id = "list_countries", security((), ("bearer" = [])),
    responses((status = 200, description = "The countries", body = CountryList), docs::PublicData)
)]
#[get("/countries")]
async fn list_countries(
    request: HttpRequest,
    permit: Permit<ReadReference>,
    countries: web::Data<Countries>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    permit.confirm().await?;
    cached_public(
        &request,
        &CountryList {
            items: countries.iter().map(view).collect(),
        },
    )
}

/// Reads one country's reference data.
///
/// The code is the Platform's own, such as `KZ` or `TRNC`.
#[utoipa::path(
    tag = "reference", operation_id = "get_country", security((), ("bearer" = [])),
    params(("code" = super::CountryCode, Path, description = "The Platform's country code", example = "TRNC")),
    responses((status = 200, description = "The country", body = CountryView), docs::PublicRead)
)]
#[get("/countries/{code}")]
async fn get_country(
    request: HttpRequest,
    permit: Permit<ReadReference>,
    countries: web::Data<Countries>,
    code: Path<String>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    permit.confirm().await?;
    let country = countries
        .get(&code.0)
        .ok_or_else(|| Error::not_found("country"))?;
    cached_public(&request, &view(country))
}

/// An identifier to check.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"country": "KZ", "scheme": "KZ-BIN", "value": "950440001673"}))]
struct CheckIdentifier {
    /// The Platform's country code, where it is known.
    #[schema(value_type = Option<super::CountryCode>)]
    country: Option<String>,
    /// The scheme's code.
    #[schema(min_length = 1, max_length = 50)]
    #[validate(length(min = 1, max = 50, message = "must have 1 to 50 characters"))]
    scheme: String,
    /// The value as it is written, at most 100 characters.
    #[validate(length(min = 1, max = 100, message = "must have 1 to 100 characters"))]
    #[schema(min_length = 1, max_length = 100)]
    value: String,
}

/// What a check found.
#[derive(Serialize, ToSchema)]
struct CheckedIdentifier {
    /// The scheme's code.
    #[schema(example = "KZ-BIN")]
    scheme: String,
    /// `valid`, `unverifiable`, `invalid` or `natural_person`.
    #[schema(value_type = super::Verdict, example = "valid")]
    verdict: String,
    /// The value that is compared; null for a person's number.
    #[schema(example = "950440001673")]
    canonical: Option<String>,
    /// What is wrong and what to do.
    reason: Option<String>,
    /// What was probably meant.
    suggestion: Option<String>,
}

/// Checks an identifier.
///
/// Answers `valid`, `unverifiable` (its scheme has no check digit), `invalid` (a coordinator may override that with a reason) or
/// `natural_person` (refused everywhere). The value is not stored or logged.
#[utoipa::path(
    tag = "reference", operation_id = "check_identifier", security((), ("bearer" = [])),
    request_body(content = CheckIdentifier, description = "The identifier"),
    responses((status = 200, description = "The verdict", body = CheckedIdentifier), docs::ReadByPost)
)]
#[post("/identifiers/check")]
async fn check_identifier(
    permit: Permit<ReadReference>,
    _query: NoQuery,
    countries: web::Data<Countries>,
    body: Json<CheckIdentifier>,
) -> Result<HttpResponse, Error> {
    permit.confirm().await?;
    let body = body.body;
    if body
        .country
        .as_deref()
        .is_some_and(|c| countries.get(c).is_none())
    {
        return Err(Error::field(
            "/country",
            "is not one of the Platform's countries",
        ));
    }
    let checked = check(
        &countries,
        body.country.as_deref(),
        &body.scheme,
        &body.value,
    )
    .map_err(|_| {
        Error::field(
            "/scheme",
            "is not a scheme that the registry knows; GET /v1/countries lists them",
        )
    })?;
    let verdict = serde_json::to_value(checked.verdict).map_err(Error::internal)?;
    let answer = CheckedIdentifier {
        scheme: checked.scheme,
        verdict: verdict.as_str().unwrap_or("").to_owned(),
        canonical: checked.canonical,
        reason: checked.reason,
        suggestion: checked.suggestion,
    };
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(answer))
}
