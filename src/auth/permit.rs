//! The permit: a handler's parameter that holds both the proof of a right and the way to the data.
//!
//! A handler has no other way to the database, so forgetting the check does not compile. What the token says is only
//! good for refusing early; who the caller is and what they reach is read from the database in the same call, and for
//! writes in the same transaction, as the data: a right that was lost a moment ago is lost.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::credential::unauthenticated;
use super::policy::{self, Act, Action, DeskAct, Grant};
use super::reads::{self, Seen, What};
use super::way::{Glances, Seeing, Way};
use super::{Actor, Credential, Principal, Reach};
use crate::db::{Conn, Id, Instant, Tx};
use crate::http::envelope::Unsettled;
use crate::http::idempotency::{Keep, Once};
use crate::http::{Answer, Code, Error};

/// The right to do `A`, as far as it can be told before the database is asked.
pub struct Permit<A> {
    way: Way,
    act: PhantomData<fn() -> A>,
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
            way: self.way.clone(),
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

    pub(super) fn of(principal: Principal, action: Action, now: Instant) -> Result<Self, Error> {
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
    /// For what needs no data: a credential that was sent must still be good. Nobody known costs no query.
    pub async fn confirm(&self) -> Result<(), Error> {
        self.way.confirm().await
    }

    /// Runs a reading query.
    pub async fn read<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Conn, &Acting) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.way
            .read(A::ACTION, Seeing::AsItComes, Box::new(work))
            .await
    }

    /// Runs several reading queries that all see the same moment.
    pub async fn snapshot<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Conn, &Acting) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.way
            .read(A::ACTION, Seeing::OneMoment, Box::new(work))
            .await
    }

    /// Reads what is public of a thing by its key: one result for each key, in their order. Nobodies known who ask at the same time are
    /// asked for together and need no transaction, if what `work` asks first is one statement: that sees one moment. For everybody else
    /// it is [`snapshot`](Self::snapshot), with the rights read in it. All who share `glances` must bring the same `work`.
    pub async fn glance<K: Send + 'static, T: Send + 'static>(
        self,
        glances: &Glances<K, T>,
        key: K,
        work: impl Fn(&mut Conn, &Acting, &[K]) -> Result<Vec<Result<T, Error>>, Error>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, Error> {
        match self.way.caller.credential {
            Credential::None => {
                let work = Box::new(work);
                self.way.glance(A::ACTION, glances, key, work).await
            }
            Credential::Token(_) | Credential::Key(_) | Credential::Desk { .. } => {
                self.snapshot(move |conn, acting| {
                    let found = work(conn, acting, &[key])?.into_iter().next();
                    found.ok_or_else(|| Error::internal("a key without a result"))?
                })
                .await
            }
        }
    }

    /// Runs a write transaction; the rights are read inside it, and again when the journal's head was waited for
    /// ([`still_may`](super::still_may)).
    pub async fn write<T: Send + 'static>(
        self,
        work: impl FnMut(&mut Tx<'_>, &Acting) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.way.write(A::ACTION, Box::new(work)).await
    }

    /// Runs a write transaction once per `Idempotency-Key`; a repeat gets the same answer, if the right still holds.
    pub async fn write_once(
        self,
        once: Once,
        request_hash: Vec<u8>,
        keep: Keep,
        work: impl FnMut(&mut Tx<'_>, &Acting) -> Result<Answer, Error> + Send + 'static,
    ) -> Result<Answer, Error> {
        let work = Box::new(work);
        self.way
            .write_once(A::ACTION, once, request_hash, keep, work)
            .await
    }
}

impl<A: Act + 'static> FromRequest for Permit<A> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let permit = Credential::of(request).and_then(|found| permit::<A>(request, found));
        if let Ok(permit) = &permit
            && permit.way.caller.credential != Credential::None
        {
            let way = permit.way.clone();
            let ask = Unsettled(Rc::new(move || {
                let way = way.clone();
                Box::pin(async move { way.settle(A::ACTION).await })
            }));
            request.extensions_mut().insert(ask);
        }
        Box::pin(async move {
            let permit = permit?;
            match refuse_early(&permit.way.caller.credential, A::ACTION) {
                // Whoever is nobody any more is told that, not what the role may do.
                // (Another parameter may be refused meanwhile: then it is asked again.)
                Err(refused) => permit.way.counts().await.and(Err(refused)),
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
    Ok(Permit {
        way: Way::of(request, credential)?,
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
    use super::{Acting, Action, Principal};
    use crate::auth::Role;
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
