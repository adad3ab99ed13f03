//! The way to the data behind a [`Permit`](super::Permit): what does not depend on which right it is or on what is done with it, so
//! that it is compiled once and not for every route.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpMessage, HttpRequest, web};

use super::credential::unauthenticated;
use super::permit::{Acting, SecondFactorRule};
use super::policy::Action;
use super::reads::{self, ReadLog};
use super::{Credential, Principal, Role, queries};
use crate::db::{Conn, Db, Gather, Instant, Tx};
use crate::http::envelope::RequestId;
use crate::http::idempotency::{Keep, Once};
use crate::http::limits::Limits;
use crate::http::{Answer, Code, Error};

/// The database, and who asks.
#[derive(Clone)]
pub(super) struct Way {
    db: Db,
    pub(super) caller: Caller,
    /// Where readings of private data are recorded, and the request that they are recorded with.
    log: Option<ReadLog>,
    request: Option<String>,
}

/// What several reading queries see.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seeing {
    /// Each what is there when it comes.
    AsItComes,
    /// All the same moment.
    OneMoment,
}

/// Where those wait who ask for the same kind of public thing.
pub type Glances<K, T> = Gather<K, T, Error>;

/// What is asked of the database, reading.
type Reading<T> = Box<dyn FnOnce(&mut Conn, &Acting) -> Result<T, Error> + Send>;
/// What is asked for several keys at once, reading: one result for each, in their order.
pub(super) type Glancing<K, T> =
    Box<dyn Fn(&mut Conn, &Acting, &[K]) -> Result<Vec<Result<T, Error>>, Error> + Send + Sync>;
/// What is done in a write transaction; it may run more than once.
type Writing<T> = Box<dyn FnMut(&mut Tx<'_>, &Acting) -> Result<T, Error> + Send>;

/// Who asks, as far as the request tells; the rest the database says.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) credential: Credential,
    limits: Option<Limits>,
    rule: SecondFactorRule,
    /// True once the database was asked.
    asked: Arc<AtomicBool>,
}

/// A right that was read at the beginning of a transaction that writes.
struct Held {
    caller: Caller,
    action: Action,
    principal: Principal,
}

/// Asks for the right of this transaction once more: to be called when the journal's head was waited for. Whatever takes a right
/// away is an entry too, so that nothing is written behind the entry that took it. On SQLite there is one writer, who has waited
/// before anything was read.
///
/// # Errors
///
/// As for somebody who asks without that right.
pub fn still_may(tx: &mut Tx<'_>) -> Result<(), Error> {
    let Some(held) = tx.watched::<Held>() else {
        return Ok(());
    };
    let again = held.caller.acting(tx, held.action)?;
    if *again.principal() != held.principal {
        return Err(unauthenticated());
    }
    tx.holds();
    Ok(())
}

impl Way {
    /// The way of a request.
    pub(super) fn of(request: &HttpRequest, credential: Credential) -> Result<Self, Error> {
        let db = request
            .app_data::<web::Data<Db>>()
            .ok_or_else(|| Error::internal("no database"))?;
        Ok(Self {
            db: db.get_ref().clone(),
            caller: Caller {
                credential,
                limits: request
                    .app_data::<web::Data<Limits>>()
                    .map(|l| l.get_ref().clone()),
                rule: request
                    .app_data::<web::Data<SecondFactorRule>>()
                    .map_or_else(SecondFactorRule::default, |r| *r.get_ref()),
                asked: Arc::default(),
            },
            log: request
                .app_data::<web::Data<ReadLog>>()
                .map(|l| l.get_ref().clone()),
            request: request
                .extensions()
                .get::<RequestId>()
                .map(|id| id.0.clone()),
        })
    }

    /// Asks who this is and whether they may, where that was not done yet: before anything else is said.
    pub(super) async fn settle(&self, action: Action) -> Result<(), Error> {
        if self.caller.asked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let caller = self.caller.clone();
        self.db
            .read(move |conn| caller.acting(conn, action).map(|_| ()))
            .await
    }

    pub(super) async fn confirm(&self) -> Result<(), Error> {
        self.counts().await?;
        self.caller.asked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// A credential that was sent must still be good.
    pub(super) async fn counts(&self) -> Result<(), Error> {
        let caller = self.caller.clone();
        if caller.credential == Credential::None {
            return Ok(());
        }
        self.db
            .read(move |conn| caller.principal(conn, Instant::now()).map(|_| ()))
            .await
    }

    pub(super) async fn read<T: Send + 'static>(
        self,
        action: Action,
        seeing: Seeing,
        work: Reading<T>,
    ) -> Result<T, Error> {
        let (db, caller, log, request) = (self.db, self.caller, self.log, self.request);
        let asked = move |conn: &mut Conn| caller.reading(conn, action, request, work);
        let (done, rows) = match seeing {
            Seeing::AsItComes => db.read(asked).await?,
            Seeing::OneMoment => db.snapshot(asked).await?,
        };
        record(log, rows).await?;
        Ok(done)
    }

    /// What nobody known may read, asked for together with others.
    pub(super) async fn glance<K: Send + 'static, T: Send + 'static>(
        self,
        action: Action,
        glances: &Glances<K, T>,
        key: K,
        work: Glancing<K, T>,
    ) -> Result<T, Error> {
        let ask = move |conn: &mut Conn, keys: &[K]| {
            let acting = Acting::of(Principal::Anonymous, action, Instant::now())?;
            let found = work(conn, &acting, keys)?;
            if acting.taken(None)?.is_empty() {
                Ok(found)
            } else {
                Err(Error::internal("private data for nobody known"))
            }
        };
        glances.ask(&self.db, key, ask).await
    }

    pub(super) async fn write<T: Send + 'static>(
        self,
        action: Action,
        mut work: Writing<T>,
    ) -> Result<T, Error> {
        let (caller, request) = (self.caller, self.request);
        // What a refusal tells was read as well, though nothing else of the transaction stays.
        let refused: Arc<Mutex<Vec<reads::Row>>> = Arc::default();
        let told = refused.clone();
        let done = self
            .db
            .write(move |tx| {
                let acting = caller.acting(tx, action)?;
                tx.watch(Held {
                    caller: caller.clone(),
                    action,
                    principal: acting.principal().clone(),
                });
                let done = work(tx, &acting);
                let seen = acting.taken(request.as_deref())?;
                match &done {
                    Ok(_) => reads::insert(tx, &seen)?,
                    Err(_) => *told.lock().unwrap_or_else(PoisonError::into_inner) = seen,
                }
                done
            })
            .await;
        if done.is_err() {
            let seen = std::mem::take(&mut *refused.lock().unwrap_or_else(PoisonError::into_inner));
            record(self.log, seen).await?;
        }
        done
    }

    pub(super) async fn write_once(
        self,
        action: Action,
        once: Once,
        request_hash: Vec<u8>,
        keep: Keep,
        mut work: Writing<Answer>,
    ) -> Result<Answer, Error> {
        let caller = match &self.caller.credential {
            Credential::None => "anonymous".to_owned(),
            Credential::Token(claims) => format!("user:{}", claims.sub),
            Credential::Key(digest) => data_encoding::HEXLOWER.encode(digest),
            // Nothing at the desk is done once; the name is its own all the same.
            Credential::Desk { session, .. } => format!("desk:{session}"),
        };
        let _running = once.begin(&caller)?;
        let run: Writing<Answer> = Box::new(move |tx, acting| {
            let reach = acting.principal().rights();
            let who = (caller.as_str(), reach.as_str());
            once.run(tx, who, &request_hash, acting.now(), keep, |tx| {
                work(tx, acting)
            })
        });
        self.write(action, run).await
    }
}

/// Records what was read; nothing to record is the common case.
async fn record(log: Option<ReadLog>, seen: Vec<reads::Row>) -> Result<(), Error> {
    if seen.is_empty() {
        return Ok(());
    }
    let log = log.ok_or_else(|| Error::internal("no log of reads"))?;
    log.record(seen).await
}

impl Caller {
    /// Does what is asked, if they may, and says what of it is to be recorded as read.
    fn reading<T>(
        &self,
        conn: &mut Conn,
        action: Action,
        request: Option<String>,
        work: Reading<T>,
    ) -> Result<(T, Vec<reads::Row>), Error> {
        let acting = self.acting(conn, action)?;
        let done = work(conn, &acting)?;
        Ok((done, acting.taken(request.as_deref())?))
    }

    /// Whose credential it is now.
    fn principal(&self, conn: &mut Conn, now: Instant) -> Result<Principal, Error> {
        queries::principal(conn, &self.credential, self.limits.as_ref(), now)
    }

    /// Who acts, if they may.
    fn acting(&self, conn: &mut Conn, action: Action) -> Result<Acting, Error> {
        self.asked.store(true, Ordering::Relaxed);
        let now = Instant::now();
        let principal = self.principal(conn, now)?;
        // The own account is what a second factor is set up with.
        if let Principal::User {
            id,
            role: Role::Secretariat,
            ..
        } = principal
            && self.rule.secretariat
            && action != Action::OwnAccount
            && !queries::has_second_factor(conn, id)?
        {
            return Err(Error::new(
                Code::SecondFactorNeeded,
                "set up a second factor first: POST /v1/auth/totp with your password, then its code to /v1/auth/totp/confirmation",
            ));
        }
        Acting::of(principal, action, now)
    }
}
