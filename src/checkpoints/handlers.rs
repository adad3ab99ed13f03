//! The public checkpoint and its keys; proofs for auditors.

use actix_web::{HttpRequest, HttpResponse, get, web};
use data_encoding::HEXLOWER;
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::dto::{CheckpointKeySet, ConsistencyProof, InclusionProof};
use super::queries;
use super::signer::Checkpoints;
use crate::auth::Permit;
use crate::auth::policy::acts::{ReadCheckpoints, ReadJournal};
use crate::db::Conn;
use crate::db::schema::journal;
use crate::http::Routes;
use crate::http::{Error, NoQuery, Path, Query, cached_public, cached_public_text, docs, private};
use crate::journal::merkle::{Hash, leaf_hash};
use crate::journal::tree;

/// How long a checkpoint may be cached, in seconds.
const MAX_AGE: u32 = 5;

/// Adds the routes. They come before `/journal/{seq}`, which would take their words for a position.
pub fn routes(config: &mut impl Routes) {
    config
        .service(get_checkpoint)
        .service(get_checkpoint_keys)
        .service(get_consistency_proof)
        .service(get_inclusion_proof);
}

/// Reads the journal's latest checkpoint.
///
/// Plain text as C2SP tlog-checkpoint has it: origin, number of entries, root of the Merkle tree over them (RFC 6962) in base64, an
/// empty line, and signatures: the registry's, and those of witnesses. It is made a few seconds after the journal moved. Keep it: with
/// it and a key, `ots-registry journal verify --checkpoint FILE --key KEY` finds whatever is changed in these entries later.
#[utoipa::path(
    tag = "journal", operation_id = "get_checkpoint", security((), ("bearer" = [])),
    responses((status = 200, description = "The checkpoint", content_type = "text/plain", body = String,
        example = "registry.example/v1/journal\n1000\nXbKC/RgW0K6pcjHLyHuGIQ2eA1FpQf9MIPVjQ9M2wVk=\n\n— registry.example/v1/journal XU7grAx1cA…\n"),
        docs::PublicData)
)]
#[get("/journal/checkpoint")]
async fn get_checkpoint(
    request: HttpRequest,
    permit: Permit<ReadCheckpoints>,
    checkpoints: web::Data<Checkpoints>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    let latest = permit.clone().read(|conn, _| queries::latest(conn)).await?;
    let checkpoint = match latest {
        Some(checkpoint) => checkpoint,
        // The very first one; from then on the job makes them.
        None => {
            let checkpoints = checkpoints.get_ref().clone();
            permit
                .write(move |tx, acting| {
                    let size = queries::journal_size(tx)?;
                    tree::is_ready(tx, size)?;
                    checkpoints.make(tx, acting.now())
                })
                .await?
        }
    };
    Ok(cached_public_text(&request, MAX_AGE, checkpoint.note))
}

/// Reads the keys that check checkpoints.
///
/// Also those of before, with their dates: what they signed stays verifiable. The same keys are in `/.well-known/jwks.json`.
#[utoipa::path(
    tag = "journal", operation_id = "get_checkpoint_keys", security((), ("bearer" = [])),
    responses((status = 200, description = "The keys", body = CheckpointKeySet), docs::PublicData)
)]
#[get("/journal/checkpoint-keys")]
async fn get_checkpoint_keys(
    request: HttpRequest,
    permit: Permit<ReadCheckpoints>,
    checkpoints: web::Data<Checkpoints>,
    _query: NoQuery,
) -> Result<HttpResponse, Error> {
    permit.confirm().await?;
    cached_public(&request, &CheckpointKeySet::of(&checkpoints))
}

/// Which size.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SizeQuery {
    /// The number of entries that the proof is for; without it that of the latest checkpoint, or of the journal where that does not hold
    /// the entry yet.
    #[param(example = 1, minimum = 1)]
    #[validate(range(min = 1, message = "must be at least 1"))]
    size: Option<i64>,
}

/// Proves that an entry is in the journal.
///
/// The path leads from the leaf to the root that a checkpoint of this size has (RFC 6962, section 2.1.1; how to check it: RFC 9162,
/// section 2.1.3.2). The leaf is of the entry's `hash`.
#[utoipa::path(
    tag = "journal", operation_id = "get_inclusion_proof", security(("bearer" = [])),
    params(SizeQuery, ("seq" = i64, Path, description = "Position in the journal", example = 1, minimum = 1)),
    responses((status = 200, description = "The proof", body = InclusionProof), docs::OfficerProof)
)]
#[get("/journal/{seq}/proof")]
async fn get_inclusion_proof(
    request: HttpRequest,
    permit: Permit<ReadJournal>,
    query: Query<SizeQuery>,
    seq: Path<i64>,
) -> Result<HttpResponse, Error> {
    let (seq, size) = (seq.0, query.query.size);
    let proof = permit
        .snapshot(move |conn, _| inclusion(conn, seq, size))
        .await?;
    private(&request, None, &proof)
}

fn inclusion(conn: &mut Conn, seq: i64, size: Option<i64>) -> Result<InclusionProof, Error> {
    let head = queries::journal_size(conn)?;
    let found: Option<Vec<u8>> = journal::table
        .find(seq)
        .select(journal::hash)
        .first(conn)
        .optional()?;
    let hash = found.ok_or_else(|| Error::not_found("journal entry"))?;
    let place = u64::try_from(seq).map_err(Error::internal)?;
    let size = match size {
        Some(size) => within("size", size, place, head)?,
        None => queries::latest(conn)?
            .map(|latest| latest.size)
            .filter(|size| *size >= place)
            .unwrap_or(head),
    };
    tree::is_ready(conn, size)?;
    let proof = tree::inclusion(conn, place, size)?;
    Ok(InclusionProof {
        seq: place,
        size,
        leaf_index: place - 1,
        entry_hash: HEXLOWER.encode(&hash),
        leaf_hash: HEXLOWER.encode(&leaf_hash(&hash)),
        path: hex(&proof.path),
        root: HEXLOWER.encode(&proof.root),
        checkpoint: note_of(conn, size, &proof.root)?,
    })
}

/// From which size to which.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SizesQuery {
    /// The number of entries of the older checkpoint.
    #[param(example = 1, minimum = 1)]
    #[validate(range(min = 1, message = "must be at least 1"))]
    from: i64,
    /// The number of entries of the newer one; without it that of the journal now.
    #[param(example = 1, minimum = 1)]
    #[validate(range(min = 1, message = "must be at least 1"))]
    to: Option<i64>,
}

/// Proves that the journal of one size is the beginning of that of another.
///
/// RFC 6962, section 2.1.2; how to check it: RFC 9162, section 2.1.4.2.
#[utoipa::path(
    tag = "journal", operation_id = "get_consistency_proof", security(("bearer" = [])), params(SizesQuery),
    responses((status = 200, description = "The proof", body = ConsistencyProof), docs::OfficerProof)
)]
#[get("/journal/consistency")]
async fn get_consistency_proof(
    request: HttpRequest,
    permit: Permit<ReadJournal>,
    query: Query<SizesQuery>,
) -> Result<HttpResponse, Error> {
    let query = query.query;
    let proof = permit
        .snapshot(move |conn, _| {
            let head = queries::journal_size(conn)?;
            let to = match query.to {
                Some(to) => within("to", to, 1, head)?,
                None => head,
            };
            let from = within("from", query.from, 1, to)?;
            tree::is_ready(conn, to)?;
            let proof = tree::consistency(conn, from, to)?;
            let from_root = tree::root_at(conn, from)?;
            Ok(ConsistencyProof {
                from,
                to,
                from_root: HEXLOWER.encode(&from_root),
                to_root: HEXLOWER.encode(&proof.root),
                path: hex(&proof.path),
                checkpoint: note_of(conn, to, &proof.root)?,
            })
        })
        .await?;
    private(&request, None, &proof)
}

fn within(name: &'static str, size: i64, least: u64, most: u64) -> Result<u64, Error> {
    let number = u64::try_from(size).unwrap_or(0);
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(Error::field(
        name,
        format!("must be a number of entries from {least} to {most}"),
    ))
}

fn hex(path: &[Hash]) -> Vec<String> {
    path.iter().map(|hash| HEXLOWER.encode(hash)).collect()
}

/// The checkpoint of this size and root, if one was signed.
fn note_of(conn: &mut Conn, size: u64, root: &Hash) -> Result<Option<String>, Error> {
    let found = queries::of_size(conn, size)?;
    Ok(found.filter(|c| c.root == *root).map(|c| c.note))
}
