//! The routes of imports.

use crate::http::Routes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, get, patch, post, web};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use validator::Validate;

use super::apply::{self, Pace};
use super::dto::{Import, ImportLine, ImportSummary, ManyResolutions, ManyResolved, RowResolution};
use super::export_handlers::{self, XLSX};
use super::model::{ImportOptions, Outcome, Resolution};
use super::queries::{self, WantedRows};
use super::read::{Encoding, Field, Options};
use super::turns::Uploads;
use super::{sheet, upload};
use crate::auth::policy::acts;
use crate::auth::reads::What;
use crate::auth::{Acting, Permit};
use crate::countries::Countries;
use crate::db::{Conn, Id, Tx};
use crate::http::idempotency::{Keep, Once};
use crate::http::pages::{self, Page, fetch_limit, limit_or_default, read_cursor};
use crate::http::tags::IfMatch;
use crate::http::words::schema_words;
use crate::http::{
    Answer, Code, Error, Json, NoQuery, Path, Query, RawBody, docs, download, private,
};
use crate::organisations::candidates::Lookout;
use crate::search::Search;
use crate::text::{Line, Reason};

/// The largest file, in bytes.
const FILE_LIMIT: usize = 32 << 20;

/// Adds the routes.
pub fn routes(config: &mut impl Routes) {
    config
        .service(create_import)
        .service(list_imports)
        .service(get_import)
        .service(list_import_rows)
        .service(resolve_import_row)
        .service(resolve_import_rows)
        .service(commit_import)
        .service(export_handlers::export_organisations);
}

schema_words!(
    /// An encoding that a file can have.
    EncodingLabel as "Encoding", Encoding::ALL.map(Encoding::label)
);
schema_words!(
    /// The form of an import's rows.
    RowsFormat as "RowsFormat", ["json", "csv"]
);

/// A header's meaning, in the contract.
struct Meaning;

impl utoipa::PartialSchema for Meaning {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let plain: Vec<String> = Field::PLAIN.iter().map(Field::to_string).collect();
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("A header, a colon and the field that it means."))
            .pattern(Some(format!(
                "^[^:\\u0000]*[^:\\s\\u0000][^:\\u0000]*:({}|identifier:[A-Za-z0-9_-]{{1,40}}|name_[a-z]{{2}}(-(Latn|Cyrl|Arab))?)$",
                plain.join("|")
            )))
            .into()
    }
}
impl utoipa::ToSchema for Meaning {
    fn name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("HeaderMeaning")
    }
}

/// What is stated about the file.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// The file's name; needed where `source` is absent.
    #[param(value_type = Option<Line>, example = "list-2026.csv")]
    file_name: Option<String>,
    /// The list that the rows come from; the file's name without its end when absent. By it a row's reference finds its organisation again.
    #[param(value_type = Option<Line>, example = "ministry-list")]
    source: Option<String>,
    /// The country of rows that name none, by the Platform's code.
    #[param(value_type = Option<crate::countries::CountryCode>, example = "AZ")]
    country: Option<String>,
    /// The encoding, instead of the detected one.
    #[param(inline, value_type = Option<EncodingLabel>, example = "windows-1254")]
    encoding: Option<String>,
    /// The character between cells, instead of the detected one.
    #[param(min_length = 1, max_length = 1, example = ";")]
    delimiter: Option<char>,
    /// A header's meaning as `HEADER:FIELD`; repeat for several.
    #[serde(default)]
    #[param(inline, value_type = Vec<Meaning>, example = json!(["Qurum:name"]))]
    map: Vec<String>,
    /// Why identifiers that fail their check are kept; without it they make their row faulty.
    #[param(value_type = Option<Reason>, example = "As printed in the state register.")]
    keep_invalid: Option<String>,
}

impl UploadQuery {
    /// The file's name. Without any name all lists would be one, and the row 1 of one list would change what row 1 of another made.
    fn named(&self) -> Result<String, Error> {
        match (&self.file_name, &self.source) {
            (Some(name), _) => Ok(name.clone()),
            (None, Some(_)) => Ok("upload".to_owned()),
            (None, None) => Err(Error::field(
                "file_name",
                "give the file's name, or say with `source` which list the rows come from: by it a row's reference finds its organisation again",
            )),
        }
    }

    fn options(&self) -> Result<ImportOptions, Error> {
        let bad = |name: &str, why: String| Error::field(name, why).coded(Code::BadParameter);
        // Text that breaks a rule is 422, as in a body.
        let keep_invalid = self.keep_invalid.as_deref().map(Reason::parse).transpose();
        let encoding = self
            .encoding
            .as_deref()
            .map(str::parse::<Encoding>)
            .transpose();
        let map = self
            .map
            .iter()
            .map(|text| meaning(text, ':'))
            .collect::<Result<Vec<_>, _>>();
        Ok(ImportOptions {
            source: self.source.clone(),
            country: self.country.clone(),
            keep_invalid: keep_invalid.map_err(|e| Error::field("keep_invalid", e.0))?,
            read: Options {
                encoding: encoding.map_err(|e| bad("encoding", e.to_string()))?,
                delimiter: self.delimiter,
                map: map.map_err(|why| bad("map", why))?,
                ..Options::default()
            },
        })
    }
}

/// A header and its meaning: the first sign behind which a field's name stands parts them. Otherwise a sentence that says what to
/// write; it does not repeat the text.
pub fn meaning(text: &str, sign: char) -> Result<(String, Field), String> {
    let found = text.match_indices(sign).find_map(|(at, _)| {
        let (header, field) = text.split_at_checked(at)?;
        let field = field.strip_prefix(sign)?.parse().ok()?;
        (!header.trim().is_empty()).then(|| (header.to_owned(), field))
    });
    found.ok_or_else(|| {
        let has_header = text.split_once(sign).is_some_and(|(h, _)| !h.trim().is_empty());
        if has_header {
            let fields: Vec<String> = Field::PLAIN.iter().map(Field::to_string).collect();
            format!(
                "what stands behind {sign} is no field; the fields are {}, name_en and its like, identifier:KZ-BIN and its like",
                fields.join(", ")
            )
        } else {
            format!("write HEADER{sign}FIELD, like Qurum{sign}name or Kod{sign}identifier:KZ-BIN")
        }
    })
}

fn is_table(request: &HttpRequest) -> Result<(), Error> {
    const KINDS: [&str; 4] = [
        "text/csv",
        "text/tab-separated-values",
        XLSX,
        "application/octet-stream",
    ];
    let given = request.content_type();
    if KINDS.iter().any(|kind| given.eq_ignore_ascii_case(kind)) {
        return Ok(());
    }
    Err(Error::new(
        Code::UnsupportedMediaType,
        format!("send Content-Type: {}", KINDS.join(" or ")),
    ))
}

/// Uploads a spreadsheet for a dry run.
///
/// The body is the file itself: CSV, TSV or XLSX, at most 32 MiB and 200,000 rows. Nothing is registered yet: each row
/// becomes new, changed, unchanged, possible_duplicate or faulty, with the reasons. Persons' numbers are not kept.
#[utoipa::path(
    tag = "imports", operation_id = "create_import", security(("bearer" = [])),
    params(
        UploadQuery,
        ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-import-1")
    ),
    request_body(description = "The file", content(
        (String = "text/csv", example = "name,country,city\r\nSample Association,AZ,Bakı\r\n"),
        (String = "text/tab-separated-values", example = "name\tcountry\r\nSample Association\tAZ\r\n"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "application/octet-stream")
    )),
    responses((status = 201, description = "The import", body = Import), docs::Upload)
)]
#[post("/imports")]
async fn create_import(
    request: HttpRequest,
    permit: Permit<acts::Import>,
    once: Once,
    (countries, search): (web::Data<Countries>, web::Data<Search>),
    uploads: web::Data<Uploads>,
    query: Query<UploadQuery>,
    file: RawBody<FILE_LIMIT>,
) -> Result<HttpResponse, Error> {
    is_table(&request)?;
    let options = query.query.options()?;
    // Told when it is known that the caller may ask at all.
    let name = query.query.named();
    // Planning reads only; the writer is not held for it.
    let plan = permit
        .clone()
        .read(move |conn, acting| {
            let name = name?;
            let _turn = uploads.begin(&acting.actor().to_string())?;
            let lookout = Lookout {
                countries: &countries,
                search: Some(&search),
            };
            upload::plan(
                conn,
                acting,
                lookout,
                &file.bytes,
                &name,
                &options,
                &mut |_, _| {},
            )
        })
        .await?;
    let mut hash = Sha256::new();
    hash.update(&query.shape);
    hash.update(&file.hash);
    let answer = permit
        .write_once(
            once,
            hash.finalize().to_vec(),
            Keep::Answer,
            move |tx, acting| {
                let row = apply::store(tx, acting, &plan)?;
                let location = format!("/v1/imports/{}", Id(row.id));
                Ok(whole(tx, 201, row)?.location(location))
            },
        )
        .await?;
    Ok(answer.respond())
}

fn whole(tx: &mut Tx<'_>, status: u16, row: super::rows::ImportRow) -> Result<Answer, Error> {
    let version = row.version;
    let counts = queries::counts(tx, row.id)?;
    Ok(Answer::json(status, &Import::of(row, counts)?)?.version(version))
}

/// Which imports.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists imports, the newest first.
///
/// A coordinator sees the own ones, the secretariat all.
#[utoipa::path(
    tag = "imports", operation_id = "list_imports", security(("bearer" = [])), params(ListQuery),
    responses((status = 200, description = "A page of imports", body = Page<ImportSummary>), docs::OfficerList)
)]
#[get("/imports")]
async fn list_imports(
    request: HttpRequest,
    permit: Permit<acts::Import>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Error> {
    let limit = limit_or_default(query.query.limit)?;
    let key = read_cursor(query.query.cursor.as_deref(), &query.shape, 2)?;
    let after = key.as_deref().map(newest_after).transpose()?;
    let shape = query.shape;
    let page = permit
        .read(move |conn, acting| {
            let rows = queries::page(conn, acting, after, fetch_limit(limit))?;
            let key = |r: &super::rows::ImportRow| vec![r.created_at.to_string(), r.id.to_string()];
            let page = Page::of(rows, limit, &shape, key, |r| r);
            Ok(Page {
                items: page
                    .items
                    .iter()
                    .map(ImportSummary::of)
                    .collect::<Result<_, _>>()?,
                page: page.page,
            })
        })
        .await?;
    let link = page.link(&request);
    let mut response = private(&request, None, &page)?;
    pages::set_link(&mut response, link);
    Ok(response)
}

fn newest_after(key: &[String]) -> Result<(i64, i64), Error> {
    let number = |n: usize| key.get(n).and_then(|text| text.parse().ok());
    number(0)
        .zip(number(1))
        .ok_or_else(|| Error::new(Code::BadCursor, "start again without cursor"))
}

fn id_of(text: &str) -> Result<Id, Error> {
    text.parse().map_err(|_| Error::not_found("import"))
}

/// Reads one import.
///
/// The counts are those of this moment, also while a commit runs.
#[utoipa::path(
    tag = "imports", operation_id = "get_import", security(("bearer" = [])),
    params(("id" = crate::db::Id, Path, description = "The import's id", example = "3k7v0c5m2qxyz")),
    responses((status = 200, description = "The import", body = Import), docs::OfficerRead)
)]
#[get("/imports/{id}")]
async fn get_import(
    request: HttpRequest,
    permit: Permit<acts::Import>,
    _query: NoQuery,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let id = id_of(&id.0)?;
    let (version, import) = permit
        .snapshot(move |conn, acting| {
            let row = queries::import(conn, acting, id)?;
            let counts = queries::counts(conn, row.id)?;
            Ok((row.version, Import::of(row, counts)?))
        })
        .await?;
    private(&request, Some(version), &import)
}

/// Which rows, and as what.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RowsQuery {
    /// Outcome; repeat for any of several.
    #[serde(default)]
    #[param(value_type = Vec<Outcome>, example = json!(["faulty"]))]
    outcome: Vec<Outcome>,
    /// `json` (default), or `csv` for all rejected rows as a file with the reasons beside them.
    #[param(inline, value_type = Option<RowsFormat>, example = "json")]
    format: Option<String>,
    /// Where the page before ended.
    #[param(min_length = 1, example = "WyJ0eXBlIl0")]
    cursor: Option<String>,
    /// Items per page, 1 to 200.
    #[param(example = 50, minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Lists the rows of an import by line.
///
/// With `format=csv`: the rows that did not or would not go in (faulty, and possible duplicates that nobody resolved),
/// as they were written, with outcome and reasons in front. Mended, the file can be imported again.
#[utoipa::path(
    tag = "imports", operation_id = "list_import_rows", security(("bearer" = [])),
    params(("id" = crate::db::Id, Path, description = "The import's id", example = "3k7v0c5m2qxyz"), RowsQuery),
    responses(
        (status = 200, description = "A page of rows, or the file", content(
            (Page<ImportLine> = "application/json"),
            (String = "text/csv", example = "import_line,import_outcome,import_reasons,name\r\n4,faulty,the row has no name,\r\n")
        )),
        docs::OfficerParts
    )
)]
#[get("/imports/{id}/rows")]
async fn list_import_rows(
    request: HttpRequest,
    permit: Permit<acts::Import>,
    id: Path<String>,
    query: Query<RowsQuery>,
) -> Result<HttpResponse, Error> {
    let id = id_of(&id.0)?;
    match query.query.format.as_deref() {
        None | Some("json") => {}
        Some("csv") => {
            let outcomes = query.query.outcome;
            let file = permit
                .snapshot(move |conn, acting| rejected(conn, acting, id, outcomes))
                .await?;
            let name = format!("import-{id}-rejected.csv");
            return Ok(download("text/csv; charset=utf-8", &name, file));
        }
        Some(_) => {
            let error = Error::new(Code::BadParameter, "format: must be json or csv");
            return Err(error.at_field("format"));
        }
    }
    let limit = limit_or_default(query.query.limit)?;
    let key = read_cursor(query.query.cursor.as_deref(), &query.shape, 1)?;
    let after = match key.as_deref() {
        Some([line]) => line
            .parse()
            .map_err(|_| Error::new(Code::BadCursor, "start again without cursor"))?,
        _ => 0,
    };
    let wanted = WantedRows {
        outcomes: query.query.outcome,
        waiting: false,
        after,
    };
    let shape = query.shape;
    let page = permit
        .snapshot(move |conn, acting| {
            let import = queries::import(conn, acting, id)?;
            let rows = queries::lines(conn, import.id, &wanted, fetch_limit(limit))?;
            let page = Page::of(rows, limit, &shape, |r| vec![r.line.to_string()], |r| r);
            acting.saw(What::Import, format!("import:{id}"), page.items.len());
            Ok(Page {
                items: page
                    .items
                    .into_iter()
                    .map(ImportLine::of)
                    .collect::<Result<_, _>>()?,
                page: page.page,
            })
        })
        .await?;
    let link = page.link(&request);
    let mut response = private(&request, None, &page)?;
    pages::set_link(&mut response, link);
    Ok(response)
}

/// The rows that are not in, with the reasons in front.
fn rejected(
    conn: &mut Conn,
    acting: &Acting,
    id: Id,
    outcomes: Vec<Outcome>,
) -> Result<Vec<u8>, Error> {
    let row = queries::import(conn, acting, id)?;
    let import = row.id;
    let reading = Import::of(row, super::model::Counts::default())?.reading;
    let mut header: Vec<String> = ["import_line", "import_outcome", "import_reasons"]
        .map(str::to_owned)
        .to_vec();
    header.extend(reading.columns.into_iter().map(|c| c.header));
    let mut wanted = WantedRows {
        outcomes: if outcomes.is_empty() {
            vec![Outcome::PossibleDuplicate, Outcome::Faulty]
        } else {
            outcomes
        },
        waiting: true,
        after: 0,
    };
    let mut rows = Vec::new();
    loop {
        let part = queries::lines(conn, import, &wanted, 2_000)?;
        let Some(last) = part.last() else {
            acting.saw(What::Import, format!("import:{id}"), rows.len());
            return sheet::csv(&header, rows.into_iter());
        };
        wanted.after = last.line;
        for line in part {
            let line = ImportLine::of(line)?;
            let reasons: Vec<String> = line.findings.iter().map(|f| f.sentence()).collect();
            let mut cells = vec![
                line.line.to_string(),
                line.outcome.as_str().to_owned(),
                reasons.join("\n"),
            ];
            cells.extend(line.cells);
            cells.resize(header.len(), String::new());
            rows.push(cells);
        }
    }
}

/// Says what a possible duplicate is.
///
/// `new` with a reason: another organisation. `same_as` with a number: that one, which the row then changes. `skip`:
/// the row is left out. The answer counts at the next commit, and can be changed until then.
#[utoipa::path(
    tag = "imports", operation_id = "resolve_import_row", security(("bearer" = [])),
    params(
        ("id" = crate::db::Id, Path, description = "The import's id", example = "3k7v0c5m2qxyz"),
        ("line" = i32, Path, description = "The line in the file", example = 4, minimum = 1),
        ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The tag of your last read of the import", example = "\"v1.9Pq0aJ7xVb1c2d3e\"")
    ),
    request_body(content(
        (RowResolution = "application/merge-patch+json"), (RowResolution = "application/json")
    ), description = "What it is"),
    responses((status = 200, description = "The row", body = ImportLine), docs::Change)
)]
#[patch("/imports/{id}/rows/{line}")]
async fn resolve_import_row(
    permit: Permit<acts::Import>,
    _query: NoQuery,
    seen: IfMatch,
    place: Path<(String, i32)>,
    body: Json<RowResolution>,
) -> Result<HttpResponse, Error> {
    let (id, line) = place.0;
    let id = id_of(&id)?;
    let resolution = body.body.checked()?;
    let answer = permit
        .write(move |tx, acting| resolve(tx, acting, &seen, id, line, &resolution))
        .await?;
    Ok(answer.respond())
}

fn resolve(
    tx: &mut Tx<'_>,
    acting: &Acting,
    seen: &IfMatch,
    id: Id,
    line: i32,
    resolution: &Resolution,
) -> Result<Answer, Error> {
    let import = apply::lock(tx, acting, id)?;
    seen.check(import.version)?;
    let row = resolved(tx, acting, &import, line, resolution, "")?;
    let import = apply::change_import(
        tx,
        acting,
        &import,
        "import.row_resolved",
        |import, entry| {
            go_on(import);
            entry.note(
                "row",
                serde_json::json!({ "line": line, "resolution": resolution }),
            );
            Ok(())
        },
    )?;
    Ok(Answer::json(200, &ImportLine::of(row)?)?.version(import.version))
}

/// What was committed has something to do again.
fn go_on(import: &mut super::rows::ImportRow) {
    if import.status == "committed" {
        "planned".clone_into(&mut import.status);
    }
}

/// Resolves one row; `pointer` is where the body names it.
fn resolved(
    tx: &mut Tx<'_>,
    acting: &Acting,
    import: &super::rows::ImportRow,
    line: i32,
    resolution: &Resolution,
    pointer: &str,
) -> Result<super::rows::LineRow, Error> {
    let mut row = queries::line(tx, import.id, line)?;
    if row.applied || row.outcome != Outcome::PossibleDuplicate.as_str() {
        let error = Error::new(
            Code::Conflict,
            format!("line {line}: only a possible duplicate that is not applied can be resolved"),
        );
        return Err(error);
    }
    if let Resolution::SameAs { number } = resolution {
        let today = acting.now().day();
        let pointer = format!("{pointer}/number");
        crate::organisations::queries::named(tx, acting.reach(), today, number, &pointer)?;
    }
    row.resolution = Some(serde_json::to_string(resolution).map_err(Error::internal)?);
    queries::update_line(tx, &row)?;
    Ok(row)
}

/// Says what many possible duplicates are.
///
/// Row by row, and for all others that wait in one word: `new` with a reason or `skip`. All of it happens, or nothing does.
#[utoipa::path(
    tag = "imports", operation_id = "resolve_import_rows", security(("bearer" = [])),
    params(
        ("id" = crate::db::Id, Path, description = "The import's id", example = "3k7v0c5m2qxyz"),
        ("If-Match" = String, Header, pattern = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#, description = "The tag of your last read of the import", example = "\"v1.9Pq0aJ7xVb1c2d3e\""),
        ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-resolve-1")
    ),
    request_body(content = ManyResolutions, description = "What they are"),
    responses((status = 200, description = "How many were resolved", body = ManyResolved), docs::AddItem)
)]
#[post("/imports/{id}/resolutions")]
async fn resolve_import_rows(
    permit: Permit<acts::Import>,
    _query: NoQuery,
    once: Once,
    seen: IfMatch,
    id: Path<String>,
    body: Json<ManyResolutions>,
) -> Result<HttpResponse, Error> {
    let id = id_of(&id.0)?;
    let (asked, others) = body.body.checked()?;
    let answer = permit
        .write_once(once, body.hash, Keep::Answer, move |tx, acting| {
            resolve_many(tx, acting, &seen, id, (&asked, others.as_ref()))
        })
        .await?;
    Ok(answer.respond())
}

fn resolve_many(
    tx: &mut Tx<'_>,
    acting: &Acting,
    seen: &IfMatch,
    id: Id,
    (asked, others): (&[(i32, Resolution)], Option<&Resolution>),
) -> Result<Answer, Error> {
    let import = apply::lock(tx, acting, id)?;
    seen.check(import.version)?;
    for (n, (line, resolution)) in asked.iter().enumerate() {
        resolved(
            tx,
            acting,
            &import,
            *line,
            resolution,
            &format!("/items/{n}"),
        )?;
    }
    let rest = match others {
        Some(resolution) => queries::resolve_rest(tx, import.id, resolution)?,
        None => 0,
    };
    let import = apply::change_import(
        tx,
        acting,
        &import,
        "import.rows_resolved",
        |import, entry| {
            go_on(import);
            let rows = asked.iter().map(
                |(line, resolution)| serde_json::json!({ "line": line, "resolution": resolution }),
            );
            entry.note("rows", rows.collect());
            if let Some(resolution) = others {
                let said = serde_json::json!({ "rows": rest, "resolution": resolution });
                entry.note("others", said);
            }
            Ok(())
        },
    )?;
    let done = ManyResolved {
        items: asked.len(),
        others: rest,
    };
    Ok(Answer::json(200, &done)?.version(import.version))
}

/// Commits an import.
///
/// Each row is planned again, because the register may have changed since the dry run, and applied: in chunks, so that
/// others can write in between. When the answer is lost, commit again: rows that are in are not done twice. Possible
/// duplicates that nobody resolved stay out; resolve them and commit again.
#[utoipa::path(
    tag = "imports", operation_id = "commit_import", security(("bearer" = [])),
    params(
        ("id" = crate::db::Id, Path, description = "The import's id", example = "3k7v0c5m2qxyz"),
        ("Idempotency-Key" = String, Header, pattern = "^[!-~]{1,128}$", description = "New for each intended change", example = "7f0c1f9e-commit-1")
    ),
    responses((status = 200, description = "The import with what became of its rows", body = Import), docs::Commit)
)]
#[post("/imports/{id}/commit")]
async fn commit_import(
    permit: Permit<acts::Import>,
    _query: NoQuery,
    once: Once,
    countries: web::Data<Countries>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let id = id_of(&id.0)?;
    let mut pace = Pace::default();
    while !pace.done {
        let next = pace.next();
        let countries = countries.clone();
        let done = permit
            .clone()
            .write(move |tx, acting| apply::chunk(tx, acting, &countries, id, next))
            .await;
        pace.took(done)?;
    }
    let answer = permit
        .write_once(once, Vec::new(), Keep::Answer, move |tx, acting| {
            let row = apply::finish(tx, acting, id)?;
            whole(tx, 200, row)
        })
        .await?;
    Ok(answer.respond())
}

#[cfg(test)]
mod tests {
    use super::meaning;
    use crate::imports::read::Field;

    #[test]
    fn a_header_may_hold_the_sign_and_so_may_the_field() {
        for (text, header, field) in [
            ("Qurum:name", "Qurum", Field::Name),
            (
                "Kod:identifier:KZ-BIN",
                "Kod",
                Field::Identifier("KZ-BIN".to_owned()),
            ),
            ("Adı: tam:name", "Adı: tam", Field::Name),
        ] {
            assert_eq!(meaning(text, ':'), Ok((header.to_owned(), field)));
        }
    }

    #[test]
    fn a_meaning_that_is_no_field_is_told_apart_from_one_of_the_wrong_form() {
        let wrong = |text: &str| meaning(text, ':').unwrap_err();
        for text in ["Qurum:bogus", "Qurum:"] {
            let said = wrong(text);
            let right = said.starts_with("what stands behind : is no field; the fields are ");
            assert!(right && said.contains(", city, "), "{said}");
        }
        for text in [":name", "Qurum", ""] {
            assert!(wrong(text).starts_with("write HEADER:FIELD, like Qurum:name"));
        }
    }
}
