//! The job: organisations that changed are compared again within seconds, all of them once a day. In chunks: each is one reading
//! and one short writing transaction, and the index is held for some fifty organisations at a time.

use std::sync::Arc;

use super::find;
use super::queries::{self, Of};
use super::rows::{PairRow, Progress};
use crate::countries::Countries;
use crate::db::{Conn, Db, Instant, Tx, in_snapshot};
use crate::http::Error;
use crate::jobs::Run;
use crate::organisations::candidates::Lookout;
use crate::search::Search;

/// The job's name.
pub const JOB: &str = "duplicates";
/// Organisations in one chunk of a whole round.
const CHUNK: i64 = 200;
/// Entries of the journal in one chunk of changes.
const ENTRIES: i64 = 500;

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What changed; everything where no whole round began today.
    Due,
    /// Everything, now.
    Whole,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Organisations that were compared.
    pub organisations: usize,
    /// Pairs that are listed of them.
    pub pairs: usize,
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            organisations,
            pairs,
        } = self;
        write!(
            f,
            "organisations compared: {organisations}, pairs listed: {pairs}"
        )
    }
}

/// What was found in one chunk, before it is written.
struct Chunk {
    of: Of,
    pairs: Vec<PairRow>,
    organisations: usize,
    /// How far the job is once it is written.
    then: Progress,
}

/// Where a run begins: the stored progress, with a whole round begun where one is due.
fn start(conn: &mut Conn, extent: Extent, now: Instant) -> Result<Progress, Error> {
    let known = queries::progress(conn)?;
    let is_due = known.is_none_or(|p| p.round_on.is_none_or(|day| day < now.day()));
    let head = queries::head(conn)?;
    Ok(match known {
        Some(known) if extent == Extent::Due && !is_due => known,
        // What changes while the round runs is compared again behind it.
        _ => Progress {
            id: 1,
            seq: head,
            round_at: Some(0),
            round_on: Some(now.day()),
        },
    })
}

/// The next chunk; none when there is nothing left to do.
fn read(
    conn: &mut Conn,
    lookout: Lookout<'_>,
    from: Progress,
    now: Instant,
) -> Result<Option<Chunk>, Error> {
    let (of, ids, then) = match from.round_at {
        Some(behind) => {
            let ids = queries::next_ids(conn, behind, CHUNK)?;
            let until = ids.last().copied();
            let then = Progress {
                round_at: until,
                ..from
            };
            (Of::Younger(behind, until.unwrap_or(i64::MAX)), ids, then)
        }
        None => {
            let head = queries::head(conn)?;
            if from.seq >= head {
                return Ok(None);
            }
            let until = head.min(from.seq.saturating_add(ENTRIES));
            let ids = queries::changed(conn, from.seq, until)?;
            let then = Progress { seq: until, ..from };
            (Of::These(ids.clone()), ids, then)
        }
    };
    let pairs = find::pairs(conn, lookout, now, &ids, &of)?;
    Ok(Some(Chunk {
        of,
        pairs,
        organisations: ids.len(),
        then,
    }))
}

/// A run under way.
#[derive(Clone)]
struct Under {
    run: Run,
    at: Progress,
    total: Done,
}

impl Under {
    /// Gives how many pairs are listed.
    fn write(&self, tx: &mut Tx<'_>, chunk: &Chunk) -> Result<usize, Error> {
        self.run.still_held(tx, Instant::now())?;
        let listed = queries::replace(tx, &chunk.of, chunk.pairs.clone())?;
        queries::set_progress(tx, chunk.then)?;
        Ok(listed)
    }

    fn took(&mut self, chunk: &Chunk, listed: usize) {
        self.at = chunk.then;
        self.total.organisations += chunk.organisations;
        self.total.pairs += listed;
    }

    fn said(&self, done: &Result<(), Error>) -> Result<String, String> {
        match done {
            Ok(()) => Ok(self.total.to_string()),
            Err(error) => Err(error.code().code().to_owned()),
        }
    }
}

/// Runs the job. None while another replica does.
pub async fn run(
    db: &Db,
    (countries, search): (Arc<Countries>, Search),
    extent: Extent,
    now: Instant,
) -> Result<Option<Done>, Error> {
    let begun = db.snapshot(move |conn| start(conn, extent, now)).await?;
    if nothing_to_do(db, begun).await? {
        return Ok(None);
    }
    let Some(run) = db.write(|tx| Run::begin(tx, JOB, Instant::now())).await? else {
        return Ok(None);
    };
    let mut under = Under {
        run,
        at: begun,
        total: Done::default(),
    };
    let done = loop {
        let (countries, search, at) = (countries.clone(), search.clone(), under.at);
        let read = db
            .snapshot(move |conn| {
                let lookout = Lookout {
                    countries: &countries,
                    search: Some(&search),
                };
                read(conn, lookout, at, now)
            })
            .await;
        let chunk = match read {
            Ok(Some(chunk)) => Arc::new(chunk),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        };
        let (writing, written) = (under.clone(), chunk.clone());
        match db.write(move |tx| writing.write(tx, &written)).await {
            Ok(listed) => under.took(&chunk, listed),
            Err(error) => break Err(error),
        }
    };
    let (run, said) = (under.run.clone(), under.said(&done));
    db.write(move |tx| run.end(tx, Instant::now(), said.clone()))
        .await?;
    done.map(|()| Some(under.total))
}

/// No lease is taken, and no line written, every few seconds for nothing.
async fn nothing_to_do(db: &Db, at: Progress) -> Result<bool, Error> {
    if at.round_at.is_some() {
        return Ok(false);
    }
    let head = db.read(queries::head).await?;
    Ok(at.seq >= head)
}

/// The same on a connection of one's own, for the command line and tests.
pub fn run_on(
    conn: &mut Conn,
    lookout: Lookout<'_>,
    extent: Extent,
    now: Instant,
) -> Result<Option<Done>, Error> {
    let begun = conn.transact(|tx| Run::begin(tx, JOB, Instant::now()))?;
    let Some(run) = begun else { return Ok(None) };
    let at = start(conn, extent, now)?;
    let mut under = Under {
        run,
        at,
        total: Done::default(),
    };
    let done = loop {
        let read = in_snapshot(conn, |conn| read(conn, lookout, under.at, now));
        let written = read.and_then(|chunk| match chunk {
            None => Ok(None),
            Some(chunk) => conn
                .transact(|tx| under.write(tx, &chunk))
                .map(|listed| Some((chunk, listed))),
        });
        match written {
            Ok(Some((chunk, listed))) => under.took(&chunk, listed),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let said = under.said(&done);
    conn.transact(|tx| under.run.end(tx, Instant::now(), said.clone()))?;
    done.map(|()| Some(under.total))
}
