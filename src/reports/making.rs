//! Big files for the auditors' desk: made beside the requests that ask for them, so that the page can say how far each has come.
//!
//! A browser that asks for a big file gets it at once where it is made at once, else a page that asks for the same address again by
//! itself and at last gets the file. What is made is of one session and one address: nobody else sees it or how far it has come. A file is
//! kept in memory until it is fetched, for some minutes at most; one that nobody waits for any more is not begun. All of it is of this
//! process: behind several processes each makes its own.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::turns::{Turn, Turns, Watch, refused};
use crate::auth::Principal;
use crate::http::Error;

/// Files of one session that are made or kept at once; beyond, it waits like everybody.
const MOST_OF_ONE: usize = 3;
/// Files that are made or kept at once in all.
const MOST: usize = 12;
/// How long a file is kept for whoever asked for it, and how long a place in the queue is kept for who does not ask again.
const KEPT: Duration = Duration::from_secs(120);
/// How long a request waits for the file before it gets the page.
const AT_ONCE: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 1_500 });

/// How far a file has come.
#[derive(Debug, Default)]
pub struct Progress {
    read: AtomicUsize,
    written: AtomicUsize,
    of: AtomicUsize,
}

impl Progress {
    /// So many rows were read.
    pub fn read(&self, rows: usize) {
        self.read.store(rows, Ordering::Relaxed);
    }

    /// All rows were read: so many are to be written.
    pub fn write(&self, rows: usize) {
        self.of.store(rows.max(1), Ordering::Relaxed);
    }

    /// One more row was written.
    pub fn wrote(&self) {
        self.written.fetch_add(1, Ordering::Relaxed);
    }

    fn step(&self) -> Step {
        match self.of.load(Ordering::Relaxed) {
            0 => Step::Reading(self.read.load(Ordering::Relaxed)),
            of => Step::Writing(self.written.load(Ordering::Relaxed).min(of), of),
        }
    }
}

/// Where a file is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// In the queue, with so many before it.
    Waiting(usize),
    /// So many rows were read.
    Reading(usize),
    /// So many rows were written, of so many.
    Writing(usize, usize),
}

/// A file that was made.
#[derive(Debug)]
pub struct File {
    /// Its media type.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// For whom, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Of {
    /// Who asked, with the session.
    pub who: Principal,
    /// The address.
    pub address: String,
}

/// What whoever asks gets.
#[derive(Debug)]
pub enum Got {
    /// The file.
    File(File),
    /// How far it has come.
    Step(Step),
}

#[derive(Debug)]
struct One {
    number: u64,
    of: Of,
    /// While it waits for its turn.
    place: Option<Watch>,
    progress: Arc<Progress>,
    /// When somebody asked for it last.
    asked: Instant,
    made: Option<Result<File, Error>>,
    /// Closed when its making has ended, however it ended.
    ends: watch::Receiver<()>,
}

#[derive(Debug, Default)]
struct All {
    last: u64,
    of: Vec<One>,
}

/// What is being made, and what was made and not yet fetched; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Makings(Arc<Mutex<All>>);

impl Makings {
    /// Asks for a file: it is begun where nobody did for this session and address, then waited for a moment. `make` gets a turn, when it
    /// is its.
    ///
    /// # Errors
    ///
    /// What went wrong with the making, told once; and where this session, or all together, ask for too many.
    pub async fn ask<Making>(
        &self,
        turns: &Turns,
        name: &str,
        of: Of,
        make: impl FnOnce(Turn, Arc<Progress>) -> Making + 'static,
    ) -> Result<Got, Error>
    where
        Making: Future<Output = Result<File, Error>>,
    {
        let (number, mut ends) = match self.asked_before(&of) {
            Some(found) => found,
            None => self.begin(turns, name, of, make)?,
        };
        // It ends, or the moment is over; either way this looks how far it is.
        drop(tokio::time::timeout(AT_ONCE, ends.changed()).await);
        self.fetch(number)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked_before(&self, of: &Of) -> Option<(u64, watch::Receiver<()>)> {
        let mut all = self.locked();
        let one = all.of.iter_mut().find(|one| one.of == *of)?;
        one.asked = Instant::now();
        Some((one.number, one.ends.clone()))
    }

    fn begin<Making>(
        &self,
        turns: &Turns,
        name: &str,
        of: Of,
        make: impl FnOnce(Turn, Arc<Progress>) -> Making + 'static,
    ) -> Result<(u64, watch::Receiver<()>), Error>
    where
        Making: Future<Output = Result<File, Error>>,
    {
        let (end, ends) = watch::channel(());
        let progress = Arc::new(Progress::default());
        let place = turns.stand();
        let number = {
            let mut all = self.locked();
            let own = all.of.iter().filter(|one| one.of.who == of.who).count();
            if own >= MOST_OF_ONE || all.of.len() >= MOST {
                return Err(refused());
            }
            all.last += 1;
            let number = all.last;
            all.of.push(One {
                number,
                of,
                place: Some(place.watch()),
                progress: Arc::clone(&progress),
                asked: Instant::now(),
                made: None,
                ends: ends.clone(),
            });
            number
        };
        let makings = self.clone();
        let name = name.to_owned();
        actix_web::rt::spawn(async move {
            // However this ends, nobody waits longer.
            let end = end;
            let made = match place.turn(&name).await {
                Ok(turn) if makings.is_wanted(number) => make(turn, progress).await,
                Ok(_) => return makings.forget(number),
                Err(error) => Err(error),
            };
            makings.keep(number, made);
            drop(end);
            tokio::time::sleep(KEPT).await;
            makings.forget(number);
        });
        Ok((number, ends))
    }

    /// Its turn has come: whether anybody still asks for it.
    fn is_wanted(&self, number: u64) -> bool {
        let mut all = self.locked();
        let one = all.of.iter_mut().find(|one| one.number == number);
        one.is_some_and(|one| {
            one.place = None;
            one.asked.elapsed() < KEPT
        })
    }

    fn keep(&self, number: u64, made: Result<File, Error>) {
        let mut all = self.locked();
        if let Some(one) = all.of.iter_mut().find(|one| one.number == number) {
            one.made = Some(made);
        }
    }

    fn forget(&self, number: u64) {
        self.locked().of.retain(|one| one.number != number);
    }

    fn fetch(&self, number: u64) -> Result<Got, Error> {
        let mut all = self.locked();
        let place = all.of.iter().position(|one| one.number == number);
        // Two requests at once: the other one has fetched it.
        let place = place.ok_or_else(refused)?;
        let one = all
            .of
            .get_mut(place)
            .ok_or_else(|| Error::internal("a file without its place"))?;
        if one.made.is_none() && one.ends.has_changed().is_ok() {
            return Ok(Got::Step(match &one.place {
                Some(place) => Step::Waiting(place.before()),
                None => one.progress.step(),
            }));
        }
        let made = all.of.swap_remove(place).made;
        made.unwrap_or_else(|| Err(Error::internal("the making of a file broke off")))
            .map(Got::File)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use tokio::sync::oneshot;

    use super::{File, Got, KEPT, MOST_OF_ONE, Of, Progress, Step};
    use crate::auth::{Principal, Role};
    use crate::db::Id;
    use crate::http::{Code, Error};
    use crate::reports::turns::Turns;

    fn of(session: i64, address: &str) -> Of {
        Of {
            who: Principal::User {
                id: Id(1),
                session: Id(session),
                role: Role::Auditor,
                country: None,
            },
            address: address.to_owned(),
        }
    }

    fn file(bytes: &[u8]) -> File {
        File {
            kind: "text/plain",
            name: "file".to_owned(),
            bytes: bytes.to_vec(),
        }
    }

    /// Asks for what never has to be begun.
    async fn again(turns: &Turns, of: Of) -> Result<Got, Error> {
        let never = |_, _| async { Err(Error::internal("begun again")) };
        turns.makings().ask(turns, "register", of, never).await
    }

    #[actix_web::test]
    async fn a_file_is_begun_once_and_tells_how_far_it_has_come() {
        let turns = Turns::default();
        let held = (turns.begin("one").unwrap(), turns.begin("two").unwrap());
        let (rows, read) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel::<()>();
        let make = |turn, progress: Arc<Progress>| async move {
            let _turn = turn;
            progress.read(2_000);
            read.await.unwrap();
            progress.write(3_000);
            progress.wrote();
            finished.await.unwrap();
            Ok(file(b"whole"))
        };
        let got = turns
            .makings()
            .ask(&turns, "register", of(1, "a"), make)
            .await;
        assert!(matches!(got, Ok(Got::Step(Step::Waiting(0)))), "{got:?}");
        drop(held);
        let got = again(&turns, of(1, "a")).await;
        assert!(
            matches!(got, Ok(Got::Step(Step::Reading(2_000)))),
            "{got:?}"
        );
        rows.send(()).unwrap();
        let got = again(&turns, of(1, "a")).await;
        assert!(
            matches!(got, Ok(Got::Step(Step::Writing(1, 3_000)))),
            "{got:?}"
        );
        assert_eq!(turns.running().len(), 1);
        done.send(()).unwrap();
        let Ok(Got::File(got)) = again(&turns, of(1, "a")).await else {
            panic!("no file")
        };
        assert_eq!(got.bytes, b"whole");
        // It is fetched once, and its turn is over.
        assert!(again(&turns, of(1, "a")).await.is_err());
        assert!(turns.running().is_empty());
    }

    #[actix_web::test]
    async fn another_session_and_another_address_have_a_file_of_their_own() {
        let turns = Turns::default();
        let held = (turns.begin("one").unwrap(), turns.begin("two").unwrap());
        let all = [of(1, "a"), of(2, "a"), of(1, "b")];
        for (n, of) in (0..).zip(all.clone()) {
            let bytes = [n];
            let make = move |_, _| async move { Ok(file(&bytes)) };
            let got = turns.makings().ask(&turns, "register", of, make).await;
            assert!(
                matches!(got, Ok(Got::Step(Step::Waiting(before))) if before == usize::from(n)),
                "{got:?}"
            );
        }
        drop(held);
        for (n, of) in (0..).zip(all) {
            let got = again(&turns, of).await;
            assert!(
                matches!(&got, Ok(Got::File(file)) if file.bytes == [n]),
                "{got:?}"
            );
        }
    }

    #[actix_web::test]
    async fn a_session_asks_for_a_few_at_a_time() {
        let turns = Turns::default();
        let held = (turns.begin("one").unwrap(), turns.begin("two").unwrap());
        for n in 0..MOST_OF_ONE {
            again(&turns, of(1, &n.to_string())).await.unwrap();
        }
        let refused = again(&turns, of(1, "more")).await.unwrap_err();
        assert_eq!(refused.code(), Code::TooManyRequests);
        again(&turns, of(2, "more")).await.unwrap();
        drop(held);
        // What was begun went wrong, which is told once; then there is room again.
        for n in 0..MOST_OF_ONE {
            let told = again(&turns, of(1, &n.to_string())).await.unwrap_err();
            assert_eq!(told.code(), Code::Internal);
        }
    }

    #[actix_web::test]
    async fn what_nobody_waits_for_any_more_is_not_begun() {
        let turns = Turns::default();
        let held = (turns.begin("one").unwrap(), turns.begin("two").unwrap());
        let (begun, mut is_begun) = oneshot::channel::<()>();
        let make = |_, _| async move {
            begun.send(()).unwrap();
            Ok(file(b""))
        };
        let asked = turns.makings().ask(&turns, "register", of(1, "a"), make);
        assert!(matches!(asked.await, Ok(Got::Step(Step::Waiting(0)))));
        let mut ends = {
            let mut all = turns.makings().locked();
            let one = all.of.first_mut().unwrap();
            one.asked = Instant::now().checked_sub(KEPT).unwrap();
            one.ends.clone()
        };
        drop(held);
        assert!(ends.changed().await.is_err(), "it ends");
        assert!(is_begun.try_recv().is_err(), "and was never begun");
        assert!(turns.makings().locked().of.is_empty());
        drop(turns.begin("late").unwrap());
    }
}
