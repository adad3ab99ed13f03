//! About HTTP, not about NGOs or accounts.
//!
//! | file | what |
//! |---|---|
//! | `problem.rs` | the closed table of problems and [`Error`], rendered as RFC 9457 problem details |
//! | `alphabet.rs` | the order of each language's alphabet, for lists |
//! | `language.rs` | which language the caller prefers; the titles of problems in it (`titles.tsv`) |
//! | `labels.rs` | the words of pages for people in each language (`labels.tsv`) |
//! | `extract.rs` | strict [`Json`], [`Query`] and [`Path`]: unknown fields, parameters and empty values are refused |
//! | `json.rs` | JSON for the types of bodies: an object is never a list |
//! | `answer.rs` | [`Answer`], what a handler gives back; tags and caching of reads |
//! | `tags.rs` | ETag, `If-Match`, `If-None-Match` |
//! | `patch.rs` | [`Patch`], a member of a merge patch: absent, null or a value |
//! | `persons.rs` | natural persons' numbers are refused in every body |
//! | `pages.rs` | keyset pages with opaque cursors |
//! | `public.rs` | the public surface: the addresses that scripts of other sites may read too |
//! | `idempotency.rs` | `Idempotency-Key`: one effect and one answer per key |
//! | `limits.rs` | rate limits by an opaque caller key |
//! | `envelope.rs` | the outermost middleware: request id, log line, security headers, problem bodies |
//! | `outgoing.rs` | the one guarded client for requests that the registry sends |
//! | `html.rs` | the frame of pages about the service, one style for all pages (`style.css`) |
//! | `sheet.rs` | the frame of pages in the browser's language, and errors as such pages |
//! | `day.rs` | days on the wire |
//! | `docs.rs` | the error groups that operations list in the OpenAPI document |
//! | `contract.rs` | what the OpenAPI document says of every operation alike |
//! | `words.rs` | closed lists of words in the OpenAPI document |

mod alphabet;
mod answer;
pub mod contract;
pub mod day;
pub mod docs;
pub mod envelope;
mod extract;
pub mod html;
pub mod idempotency;
mod json;
mod labels;
mod language;
pub mod limits;
pub mod outgoing;
pub mod pages;
mod patch;
mod persons;
mod problem;
pub mod public;
mod routes;
pub mod sheet;
pub mod tags;
pub(crate) mod words;

pub use answer::{Answer, PUBLIC_MAX_AGE, cached_public, cached_public_text, download, private};
pub use extract::{Form, FormQuery, Json, NoQuery, Path, Query, RawBody, page_query};
pub use language::Language;
pub use patch::Patch;
pub use persons::{ELSEWHERE, IsPerson};
pub use problem::{Code, Error, FieldError, Problem};
pub use routes::Routes;
