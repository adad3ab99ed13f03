//! The permit: a handler's parameter that holds both the proof of a right and the way to the data.
//!
//! A handler has no other way to the database, so forgetting the check does not compile. What the token says is only
//! good for refusing early; who the caller is and what they reach is read from the database in the same call, and for
//! writes in the same transaction, as the data: a right that was lost a moment ago is lost.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use super::credential::unauthenticated;
use super::policy::{self, Act, Action, DeskAct, Grant};
use super::reads::{self, ReadLog, Seen, What};
use super::{Actor, Credential, Principal, Reach, Role, queries};
use crate::db::{Conn, Db, Id, Instant, Tx};
use crate::http::envelope::{RequestId, Unsettled};
use crate::http::idempotency::{Keep, Once};
use crate::http::limits::Limits;
use crate::http::{Answer, Code, Error};

/// The right to do `A`, as far as it can be told before the database is asked.
pub struct Permit<A> {
    db: Db,
    caller: Caller,
    /// Where readings of private data are recorded, and the request that they are recorded with.
    log: Option<ReadLog>,
    request: Option<String>,
    act: PhantomData<fn() -> A>,
}

/// Who asks, as far as the request tells; the rest the database says.
#[derive(Clone)]
struct Caller {
    credential: Credential,
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
    if again.principal != held.principal {
        return Err(unauthenticated());
    }
    tx.holds();
    Ok(())
}

/// Whose accounts need a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactorRule {
    /// True when a secretariat account without one can do nothing but set one up.
    pub secretariat: bool,
}

impl Default for SecondFactorRule {
    fn default() -> Self {
        Self { secretariat: true }
    }
}

// Long work takes several transactions; each asks the database for the right anew. (A derive would ask A for Clone.)
impl<A> Clone for Permit<A> {
    fn clone(&self) -> Self {
        Self {
            db: self.db.clone(),
            caller: self.caller.clone(),
            log: self.log.clone(),
            request: self.request.clone(),
            act: PhantomData,
        }
    }
}

/// Who acts, confirmed by the database in this very call, and what they reach.
#[derive(Clone, Debug)]
pub struct Acting {
    principal: Principal,
    reach: Reach,
    now: Instant,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Acting {
    /// The command line's way in: the operator, as far as the table lets them.
    pub fn operator(action: Action) -> Result<Self, Error> {
        Self::of(Principal::Operator, action, Instant::now())
    }

    /// An account that the command line acts for (`--as`), with that account's own rights.
    pub fn on_behalf(principal: Principal, action: Action) -> Result<Self, Error> {
        Self::of(principal, action, Instant::now())
    }

    fn of(principal: Principal, action: Action, now: Instant) -> Result<Self, Error> {
        match policy::reach(&principal, action) {
            Some(reach) => Ok(Self {
                principal,
                reach,
                now,
                seen: Arc::default(),
            }),
            None if principal == Principal::Anonymous => Err(unauthenticated()),
            None => Err(forbidden()),
        }
    }

    /// The same at another moment: for histories that are made up. What is recorded later is not dated before.
    #[must_use]
    pub fn as_if_at(self, now: Instant) -> Self {
        Self { now, ..self }
    }

    /// Who it is.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The countries that are reached.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Who the journal says it was.
    pub fn actor(&self) -> Actor {
        self.principal.actor()
    }

    /// The account, when a person acts.
    pub fn user_id(&self) -> Option<Id> {
        self.principal.user_id()
    }

    /// Notes that private data was read: so many rows of this subject. Whoever runs the work records it before the answer goes
    /// out ([`reads`]).
    pub fn saw(&self, what: What, subject: impl Into<String>, rows: usize) {
        let seen = Seen {
            what,
            subject: subject.into(),
            rows,
        };
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
    }

    /// What was noted, with who and when, to be recorded.
    pub fn taken(&self, request: Option<&str>) -> Result<Vec<reads::Row>, Error> {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let actor = self.actor().to_string();
        seen.into_iter()
            .map(|seen| reads::Row::of(seen, &actor, self.now, request))
            .collect()
    }

    /// The moment of the call.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Refuses (as not there) what lies in a country that is not reached.
    pub fn must_reach(&self, country: &str, what: &str) -> Result<(), Error> {
        if self.reach.covers(country) {
            Ok(())
        } else {
            Err(Error::not_found(what))
        }
    }
}

impl<A: Act + 'static> Permit<A> {
    /// Asks who this is and whether they may, where that was not done yet: before anything else is said.
    async fn settle(&self) -> Result<(), Error> {
        if self.caller.asked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let caller = self.caller.clone();
        self.db
            .read(move |conn| caller.acting(conn, A::ACTION).map(|_| ()))
            .await
    }

    /// For what needs no data: a credential that was sent must still be good. Nobody known costs no query.
    pub async fn confirm(&self) -> Result<(), Error> {
        self.counts().await?;
        self.caller.asked.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn counts(&self) -> Result<(), Error> {
        let caller = self.caller.clone();
        if caller.credential == Credential::None {
            return Ok(());
        }
        self.db
            .read(move |conn| caller.principal(conn, Instant::now()).map(|_| ()))
            .await
    }

    /// Runs a reading query.
    pub async fn read<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Conn, &Acting) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (caller, request) = (self.caller, self.request);
        let (done, seen) = self
            .db
            .read(move |conn| {
                let acting = caller.acting(conn, A::ACTION)?;
                let done = work(conn, &acting)?;
                Ok::<_, Error>((done, acting.taken(request.as_deref())?))
            })
            .await?;
        record(self.log, seen).await?;
        Ok(done)
    }

    /// Runs several reading queries that all see the same moment.
    pub async fn snapshot<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Conn, &Acting) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (caller, request) = (self.caller, self.request);
        let (done, seen) = self
            .db
            .snapshot(move |conn| {
                let acting = caller.acting(conn, A::ACTION)?;
                let done = work(conn, &acting)?;
                Ok::<_, Error>((done, acting.taken(request.as_deref())?))
            })
            .await?;
        record(self.log, seen).await?;
        Ok(done)
    }

    /// Runs `work` that is one statement for nobody known, who then needs no transaction: one statement sees one moment. For
    /// everybody else it is [`snapshot`](Self::snapshot), with the rights read in it.
    pub async fn glance<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Conn, &Acting) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match self.caller.credential {
            Credential::None => self.read(work).await,
            Credential::Token(_) | Credential::Key(_) | Credential::Desk { .. } => {
                self.snapshot(work).await
            }
        }
    }

    /// Runs a write transaction; the rights are read inside it, and again when the journal's head was waited for ([`still_may`]).
    pub async fn write<T: Send + 'static>(
        self,
        mut work: impl FnMut(&mut Tx<'_>, &Acting) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (caller, request) = (self.caller, self.request);
        // What a refusal tells was read as well, though nothing else of the transaction stays.
        let refused: Arc<Mutex<Vec<reads::Row>>> = Arc::default();
        let told = refused.clone();
        let done = self
            .db
            .write(move |tx| {
                let acting = caller.acting(tx, A::ACTION)?;
                tx.watch(Held {
                    caller: caller.clone(),
                    action: A::ACTION,
                    principal: acting.principal.clone(),
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

    /// Runs a write transaction once per `Idempotency-Key`; a repeat gets the same answer, if the right still holds.
    pub async fn write_once(
        self,
        once: Once,
        request_hash: Vec<u8>,
        keep: Keep,
        mut work: impl FnMut(&mut Tx<'_>, &Acting) -> Result<Answer, Error> + Send + 'static,
    ) -> Result<Answer, Error> {
        let caller = match &self.caller.credential {
            Credential::None => "anonymous".to_owned(),
            Credential::Token(claims) => format!("user:{}", claims.sub),
            Credential::Key(digest) => data_encoding::HEXLOWER.encode(digest),
            // Nothing at the desk is done once; the name is its own all the same.
            Credential::Desk { session, .. } => format!("desk:{session}"),
        };
        let _running = once.begin(&caller)?;
        self.write(move |tx, acting| {
            let reach = acting.principal.rights();
            let who = (caller.as_str(), reach.as_str());
            once.run(tx, who, &request_hash, acting.now(), keep, |tx| {
                work(tx, acting)
            })
        })
        .await
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

impl<A: Act + 'static> FromRequest for Permit<A> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let permit = Credential::of(request).and_then(|found| permit::<A>(request, found));
        if let Ok(permit) = &permit
            && permit.caller.credential != Credential::None
        {
            let permit = permit.clone();
            let ask = Unsettled(Rc::new(move || {
                let permit = permit.clone();
                Box::pin(async move { permit.settle().await })
            }));
            request.extensions_mut().insert(ask);
        }
        Box::pin(async move {
            let permit = permit?;
            match refuse_early(&permit.caller.credential, A::ACTION) {
                // Whoever is nobody any more is told that, not what the role may do.
                // (Another parameter may be refused meanwhile: then it is asked again.)
                Err(refused) => permit.counts().await.and(Err(refused)),
                Ok(()) => Ok(permit),
            }
        })
    }
}

impl<A: DeskAct> Permit<A> {
    /// The permit of whoever sits at the auditors' desk, by what their cookie holds: only for what may be done there.
    pub fn at_desk(request: &HttpRequest, credential: Credential) -> Result<Self, Error> {
        permit(request, credential)
    }
}

fn permit<A: Act>(request: &HttpRequest, credential: Credential) -> Result<Permit<A>, Error> {
    let db = request
        .app_data::<web::Data<Db>>()
        .ok_or_else(|| Error::internal("no database"))?;
    Ok(Permit {
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
        act: PhantomData,
    })
}

/// Refuses before the body is read what cannot be granted whatever the database says.
fn refuse_early(credential: &Credential, action: Action) -> Result<(), Error> {
    let claimed = match credential {
        Credential::None => Principal::Anonymous,
        Credential::Key(_) => Principal::Partner {
            key: Id(0),
            scopes: Vec::new(),
        },
        Credential::Token(claims) => Principal::User {
            id: Id(0),
            session: Id(0),
            role: claims.role,
            country: None,
        },
        // Who it is, the database says.
        Credential::Desk { .. } => return Ok(()),
    };
    match (policy::grant(&claimed, action), claimed) {
        (Grant::No, Principal::Anonymous) => Err(unauthenticated()),
        (Grant::No, _) => Err(forbidden()),
        _ => Ok(()),
    }
}

#[track_caller]
fn forbidden() -> Error {
    Error::new(
        Code::Forbidden,
        "this account's role does not allow that; the rights table says which one does",
    )
}

#[cfg(test)]
mod tests {
    use super::{Acting, Action, Principal, Role};
    use crate::db::{Id, Instant};
    use crate::http::Code;

    #[test]
    fn nobody_known_is_asked_to_log_in_and_whoever_is_known_is_refused() {
        let refused = |principal| {
            let refused = Acting::on_behalf(principal, Action::ManageAccounts);
            refused.map(|_| ()).map_err(|e| e.code())
        };
        let partner = Principal::Partner {
            key: Id(1),
            scopes: vec!["read".to_owned()],
        };
        assert_eq!(refused(Principal::Anonymous), Err(Code::NotAuthenticated));
        assert_eq!(refused(partner), Err(Code::Forbidden));
        assert_eq!(refused(Principal::Operator), Ok(()));
    }

    #[test]
    fn what_lies_in_a_country_that_is_not_reached_is_not_there() {
        let coordinator = Principal::User {
            id: Id(1),
            session: Id(2),
            role: Role::Coordinator,
            country: Some("AZ".to_owned()),
        };
        let acting = Acting::on_behalf(coordinator, Action::ReadOrganisations).unwrap();
        assert!(acting.must_reach("AZ", "organisation").is_ok());
        let refused = acting.must_reach("KZ", "organisation").unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }

    #[test]
    fn a_made_up_history_happens_at_its_own_moments() {
        let acting = Acting::operator(Action::ManageAccounts).unwrap();
        assert_eq!(acting.as_if_at(Instant(5)).now(), Instant(5));
    }
}
