//! How a report goes out: the formats, pages of lists, and whole lists as files.
//!
//! A whole list in CSV is written as it is read, in one snapshot, with the memory of one part: its hash is made on the way and
//! stands at the end. The other files are made whole, so they have a most. Big ones wait for a turn ([`super::turns`]); a browser at the desk
//! sees meanwhile how far they have come ([`super::making`]).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use futures_core::Stream;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::desk::{self, Asking, Viewer};
use super::list::{self, AT_ONCE, Held, Key, List};
use super::making::{File, Got, Of, Progress};
use super::report::{self, Cover, Hashed, Report};
use super::turns::{Turn, Turns};
use super::{csv, html, pdf, xlsx};
use crate::auth::policy::acts::ReadReports;
use crate::auth::{Acting, Permit};
use crate::db::Conn;
use crate::http::pages::{self, Page, PageInfo, limit_or_default, read_cursor};
use crate::http::{Error, download, private};

/// How the report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// JSON: `data`, `cover` and, where it is a page, `page`.
    #[default]
    Json,
    /// CSV in UTF-8: the tables, and behind an empty line the cover.
    Csv,
    /// A workbook: the cover, and a sheet for each table.
    Xlsx,
    /// PDF/A with a cover.
    Pdf,
    /// A page for people with charts.
    Html,
}

impl ReportFormat {
    /// True for a file that holds a whole list.
    const fn is_file(self) -> bool {
        matches!(self, Self::Csv | Self::Xlsx | Self::Pdf)
    }
}

/// What a query says of how it is answered.
#[derive(Clone, Debug)]
pub struct How {
    /// The format.
    pub format: ReportFormat,
    /// True where CSV begins with a byte order mark.
    pub bom: bool,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows per page.
    pub limit: Option<u32>,
    /// The hash of the query, for cursors.
    pub shape: Vec<u8>,
}

impl How {
    fn check(&self) -> Result<(), Error> {
        if self.bom && self.format != ReportFormat::Csv {
            let text = "only CSV has a byte order mark; add format=csv or leave it out";
            return Err(Error::field("bom", text));
        }
        if self.format.is_file() && (self.cursor.is_some() || self.limit.is_some()) {
            let text = "a file has no pages; leave out cursor and limit";
            return Err(Error::field("format", text));
        }
        Ok(())
    }
}

/// Through which door somebody asks: that of programs, or the auditors' desk.
pub struct Door {
    request: HttpRequest,
    desk: Option<Asking>,
}

impl Door {
    /// That of programs.
    #[must_use]
    pub fn api(request: HttpRequest) -> Self {
        Self {
            request,
            desk: None,
        }
    }

    /// The desk's.
    #[must_use]
    pub fn desk(request: HttpRequest, asking: Asking) -> Self {
        Self {
            request,
            desk: Some(asking),
        }
    }

    /// The address without its format and page, for links to the same report.
    fn address(&self) -> String {
        let own = |part: &&str| {
            !["format=", "cursor=", "limit=", "bom="]
                .iter()
                .any(|name| part.starts_with(name))
        };
        let asked = self.desk.as_ref().map(Asking::query);
        let query = asked
            .as_deref()
            .unwrap_or_else(|| self.request.query_string());
        let rest: Vec<&str> = query
            .split('&')
            .filter(|part| !part.is_empty())
            .filter(own)
            .collect();
        format!("{}?{}", self.request.path(), rest.join("&"))
    }

    fn turns(&self) -> Result<&Turns, Error> {
        self.request
            .app_data::<actix_web::web::Data<Turns>>()
            .map(|turns| turns.get_ref())
            .ok_or_else(|| Error::internal("no turns for reports"))
    }

    /// A big report is named by its path.
    fn name(&self) -> &str {
        let path = self.request.path();
        path.rsplit("reports/").next().unwrap_or(path)
    }

    /// A turn for a big report.
    fn turn(&self) -> Result<Turn, Error> {
        self.turns()?.begin(self.name())
    }

    /// True where a browser asks at the desk, which can show how far a file has come.
    fn shows_progress(&self) -> bool {
        let accepts = self.request.headers().get_all(header::ACCEPT);
        let mut accepts = accepts.filter_map(|value| value.to_str().ok());
        self.desk.is_some() && accepts.any(|value| value.contains("text/html"))
    }
}

/// What a page is made with.
#[derive(Clone)]
struct Framing {
    address: String,
    desk: Option<Asking>,
}

impl Framing {
    fn of(door: &Door) -> Self {
        Self {
            address: door.address(),
            desk: door.desk.clone(),
        }
    }
}

/// A finished answer, before it is on the wire.
enum Made {
    Json(Value, Option<Page<()>>),
    Html(html::Written),
    AtDesk(html::Written, Box<(Asking, Viewer)>),
    File(&'static str, String, Vec<u8>),
}

const CSV: &str = "text/csv; charset=utf-8";

impl Made {
    fn of(
        conn: &mut Conn,
        acting: &Acting,
        report: &Report,
        how: &How,
        page: Option<Page<()>>,
        (framing, progress): (&Framing, &Progress),
    ) -> Result<Self, Error> {
        let data = report.data();
        let cover = Cover::of(conn, acting, report, report::sha256(&data))?;
        let name = |ending: &str| format!("{}.{ending}", report.name);
        Ok(match how.format {
            ReportFormat::Json => {
                let body = report::body(report, data, &cover, page.as_ref().map(|p| &p.page))?;
                Self::Json(body, page)
            }
            ReportFormat::Csv => {
                let mut file = if how.bom {
                    csv::BOM.to_vec()
                } else {
                    Vec::new()
                };
                file.extend(csv::write(report, &cover)?);
                Self::File(CSV, name("csv"), file)
            }
            ReportFormat::Xlsx => Self::File(
                xlsx::KIND,
                name("xlsx"),
                xlsx::write(report, &cover, progress)?,
            ),
            ReportFormat::Pdf => Self::File(
                pdf::KIND,
                name("pdf"),
                pdf::write(report, &cover, progress)?,
            ),
            ReportFormat::Html => {
                let next = page.and_then(|p| p.page.next);
                let address = framing.address.as_str();
                match &framing.desk {
                    None => {
                        let setting = html::Setting::api();
                        Self::Html(html::write(
                            report,
                            &cover,
                            (address, next.as_deref()),
                            &setting,
                        ))
                    }
                    Some(asking) => {
                        let viewer = Viewer::of(acting);
                        let setting = asking.setting(&viewer, acting);
                        let shown =
                            html::write(report, &cover, (address, next.as_deref()), &setting);
                        Self::AtDesk(shown, Box::new((asking.clone(), viewer)))
                    }
                }
            }
        })
    }

    fn respond(self, door: &Door) -> Result<HttpResponse, Error> {
        match self {
            Self::File(kind, name, file) => Ok(download(kind, &name, file)),
            Self::Html(written) => Ok(written.respond()),
            Self::AtDesk(written, with) => Ok(with.0.respond(&with.1, &written)),
            Self::Json(body, page) => {
                let mut response = private(&door.request, None, &body)?;
                pages::set_link(
                    &mut response,
                    page.and_then(|page| page.link(&door.request)),
                );
                Ok(response)
            }
        }
    }
}

/// Answers with a report of figures. `big` asks for a turn.
pub async fn figures(
    door: &Door,
    permit: Permit<ReadReports>,
    how: How,
    big: bool,
    work: impl FnOnce(&mut Conn, &Acting) -> Result<Report, Error> + Send + 'static,
) -> Result<HttpResponse, Error> {
    how.check()?;
    let turn = if big { Some(door.turn()?) } else { None };
    let framing = Framing::of(door);
    let made = permit
        .snapshot(move |conn, acting| {
            let report = work(conn, acting)?;
            let made = Made::of(
                conn,
                acting,
                &report,
                &how,
                None,
                (&framing, &Progress::default()),
            )?;
            drop(turn);
            Ok(made)
        })
        .await?;
    made.respond(door)
}

/// Answers with a page of a list, or all of it as a file. `make` gets what the pages of the list keep, behind a cursor.
pub async fn list<L: List + 'static>(
    door: &Door,
    permit: Permit<ReadReports>,
    how: How,
    make: impl FnOnce(&mut Conn, &Acting, Option<Held>) -> Result<L, Error> + Send + 'static,
) -> Result<HttpResponse, Error> {
    how.check()?;
    if how.format == ReportFormat::Csv {
        return stream(door, permit, how.bom, make).await;
    }
    if how.format.is_file() {
        return file(door, permit, how, make).await;
    }
    let limit = limit_or_default(how.limit)?;
    let key = read_cursor(how.cursor.as_deref(), &how.shape, L::KEY + 2)?;
    let framing = Framing::of(door);
    let made = permit
        .snapshot(move |conn, acting| {
            let (held, after) = match key {
                None => (None, None),
                Some(key) => {
                    let (held, after) = split(key)?;
                    (Some(held), Some(after))
                }
            };
            let list = make(conn, acting, held)?;
            let (report, next) = list::page(conn, &list, after.as_ref(), limit)?;
            let next = next.map(|key| {
                let Held { day, seq } = list.held();
                let mut whole = vec![day.to_string(), seq.to_string()];
                whole.extend(key);
                pages::write_cursor(&how.shape, &whole)
            });
            let page = Page {
                items: Vec::new(),
                page: PageInfo {
                    next,
                    limit,
                    total: None,
                },
            };
            Made::of(
                conn,
                acting,
                &report,
                &how,
                Some(page),
                (&framing, &Progress::default()),
            )
        })
        .await?;
    made.respond(door)
}

/// What the pages keep, and the key.
fn split(key: Vec<String>) -> Result<(Held, Key), Error> {
    let mut texts = key.into_iter();
    let day = texts.next().and_then(|day| crate::http::day::parse(&day));
    let seq = texts.next().and_then(|seq| seq.parse().ok());
    day.zip(seq)
        .map(|(day, seq)| (Held { day, seq }, texts.collect()))
        .ok_or_else(pages::bad_cursor)
}

/// A whole list as a file that is made whole.
async fn file<L: List + 'static>(
    door: &Door,
    permit: Permit<ReadReports>,
    how: How,
    make: impl FnOnce(&mut Conn, &Acting, Option<Held>) -> Result<L, Error> + Send + 'static,
) -> Result<HttpResponse, Error> {
    let most = if how.format == ReportFormat::Pdf {
        pdf::MOST_ROWS
    } else {
        xlsx::MOST_ROWS
    };
    let framing = Framing::of(door);
    let work = move |conn: &mut Conn, acting: &Acting, progress: &Progress| {
        let list = make(conn, acting, None)?;
        let report = list::whole(conn, &list, most, progress)?.ok_or_else(|| {
            let text = format!(
                "a file of this kind holds at most {most} rows and this list has more; ask for format=csv, or for one country"
            );
            Error::field("format", text)
        })?;
        Made::of(conn, acting, &report, &how, None, (&framing, progress))
    };
    if door.shows_progress() {
        return file_at_desk(door, permit, work).await;
    }
    let turn = door.turn()?;
    let made = permit
        .snapshot(move |conn, acting| {
            let made = work(conn, acting, &Progress::default())?;
            drop(turn);
            Ok(made)
        })
        .await?;
    made.respond(door)
}

/// The same for a browser: the file, or a page that says how far it has come and asks again.
async fn file_at_desk(
    door: &Door,
    permit: Permit<ReadReports>,
    work: impl FnOnce(&mut Conn, &Acting, &Progress) -> Result<Made, Error> + Send + 'static,
) -> Result<HttpResponse, Error> {
    // Whoever asks is somebody, still, and may: what was made before is theirs, in this very session and role.
    let reading = permit.clone();
    let who = reading
        .read(|_, acting| Ok(acting.principal().clone()))
        .await?;
    let of = Of {
        who,
        address: door.request.uri().to_string(),
    };
    let make = |turn: Turn, progress: Arc<Progress>| async move {
        let made = permit
            .snapshot(move |conn, acting| {
                let made = work(conn, acting, &progress)?;
                drop(turn);
                Ok(made)
            })
            .await?;
        match made {
            Made::File(kind, name, bytes) => Ok(File { kind, name, bytes }),
            _ => Err(Error::internal("a file was made that is none")),
        }
    };
    let turns = door.turns()?;
    Ok(
        match turns.makings().ask(turns, door.name(), of, make).await? {
            Got::File(file) => download(file.kind, &file.name, file.bytes),
            Got::Step(step) => desk::making(&door.request, &door.address(), step),
        },
    )
}

/// Parts of a file that wait to be sent.
const PARTS: usize = 4;
/// How long a client may leave a part lying: the database's thread waits that long for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file that is written while it is read.
struct Parts {
    received: mpsc::Receiver<Result<Vec<u8>, Error>>,
    first: Option<Vec<u8>>,
}

impl Stream for Parts {
    type Item = Result<actix_web::web::Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first.into())));
        }
        self.received
            .poll_recv(context)
            .map(|part| part.map(|part| part.map(Into::into)))
    }
}

/// Where the parts go.
struct Sink {
    parts: mpsc::Sender<Result<Vec<u8>, Error>>,
    runtime: tokio::runtime::Handle,
}

impl Sink {
    /// Sends a part; false when nobody takes it any more.
    fn send(&self, part: Vec<u8>) -> bool {
        // A clock needs the runtime when it is wound, not only when it is waited for.
        let sent = async { tokio::time::timeout(PATIENCE, self.parts.send(Ok(part))).await };
        matches!(self.runtime.block_on(sent), Ok(Ok(())))
    }
}

/// A whole list in CSV, written as it is read.
async fn stream<L: List + 'static>(
    door: &Door,
    permit: Permit<ReadReports>,
    bom: bool,
    make: impl FnOnce(&mut Conn, &Acting, Option<Held>) -> Result<L, Error> + Send + 'static,
) -> Result<HttpResponse, Error> {
    let turn = door.turn()?;
    let (parts, mut received) = mpsc::channel(PARTS);
    let sink = Sink {
        parts: parts.clone(),
        runtime: tokio::runtime::Handle::current(),
    };
    let (named, name) = tokio::sync::oneshot::channel();
    actix_web::rt::spawn(async move {
        let done = permit
            .snapshot(move |conn, acting| {
                let list = make(conn, acting, None)?;
                let begun = begin(&list, bom)?;
                if named.send(begun.report.name).is_err() {
                    // The client hung up before the first part.
                    return Ok(());
                }
                write_list(conn, acting, &list, begun, &sink)?;
                drop(turn);
                Ok(())
            })
            .await;
        if let Err(error) = done {
            // Before the first part it becomes the answer; behind it, it breaks the file off, which says that it is not whole.
            drop(parts.send(Err(error)).await);
        }
    });
    let first = match received.recv().await {
        Some(Ok(part)) => part,
        Some(Err(error)) => return Err(error),
        None => return Err(Error::internal("a list ended before it began")),
    };
    let name = name.await.map_err(Error::internal)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.csv\""),
        ))
        .content_type(CSV)
        .streaming(Parts {
            received,
            first: Some(first),
        }))
}

/// What stands before the rows.
struct Begun {
    report: Report,
    hashed: Hashed,
    head: Vec<u8>,
}

fn begin(list: &impl List, bom: bool) -> Result<Begun, Error> {
    let report = list.report();
    let hashed = Hashed::begin(&report)?;
    let mut head = if bom { csv::BOM.to_vec() } else { Vec::new() };
    if let Some(table) = report.tables.first() {
        head.extend(csv::header(table)?);
    }
    Ok(Begun {
        report,
        hashed,
        head,
    })
}

/// Reads and sends the rows, then the cover. Ends early, and without an error of ours, when nobody takes the parts.
fn write_list(
    conn: &mut Conn,
    acting: &Acting,
    list: &impl List,
    begun: Begun,
    sink: &Sink,
) -> Result<(), Error> {
    let Begun {
        report,
        mut hashed,
        head,
    } = begun;
    let mut part = head;
    let mut after: Option<Key> = None;
    while let Some(table) = report.tables.first() {
        let lines = list.part(conn, after.as_ref(), AT_ONCE)?;
        let Some(last) = lines.last() else { break };
        after = Some(last.key.clone());
        let rows: Vec<_> = lines.into_iter().map(|line| line.cells).collect();
        hashed.take(table, &rows);
        part.extend(csv::rows(&rows)?);
        if !sink.send(std::mem::take(&mut part)) {
            return Ok(());
        }
    }
    let cover = Cover::of(conn, acting, &report, hashed.end())?;
    part.extend_from_slice(csv::BETWEEN);
    part.extend(csv::cover(&cover, csv::notes(&report))?);
    sink.send(part);
    Ok(())
}
