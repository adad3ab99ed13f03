//! Questions of one kind, asked together.
//!
//! What is asked for most is asked for by many at once, and most of what it costs is the way to the database and back, not the rows. So
//! whoever asks while others are being answered waits for them, and is then asked for in one call with all who came meanwhile. Who asks
//! alone waits for nobody, and everybody is answered from what the database holds after they asked
//! (`docs/decisions/0022-asked-together.md`).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;
use tokio::sync::oneshot;

use super::pool::{Db, Health, Job};
use super::{Conn, Failure, MaybeRetry};

/// How many are asked for in one call, so that none waits long for the others in it.
const MOST_AT_ONCE: usize = 16;
/// How many calls run at once. More would each carry fewer.
const CALLS: usize = 4;

/// Who waits for an answer to one kind of question: by key `K` something of the kind `T`, or an error. Cheap to clone; clones share who waits.
pub struct Gather<K, T, E> {
    waiting: Arc<Mutex<Waiting<K, T, E>>>,
}

struct Waiting<K, T, E> {
    asked: VecDeque<Asked<K, T, E>>,
    calls: usize,
}

struct Asked<K, T, E> {
    key: K,
    answer: oneshot::Sender<Result<T, E>>,
}

/// What answers many keys in one call: one result for each, in their order. After an error of its own each is asked for alone, but where the
/// database is away: then that is the answer to all.
type Work<K, T, E> = dyn Fn(&mut Conn, &[K]) -> Result<Vec<Result<T, E>>, E> + Send + Sync;

/// One of the calls that may run at once.
struct Call<K, T, E> {
    waiting: Arc<Mutex<Waiting<K, T, E>>>,
    queue: Sender<Job>,
    work: Box<Work<K, T, E>>,
}

impl<K, T, E> Gather<K, T, E>
where
    K: Send + 'static,
    T: Send + 'static,
    E: From<Failure> + MaybeRetry + Clone + Send + 'static,
{
    /// Asks for `key`. All who share this must bring `work` that answers a key alike: it may be another's that is run.
    ///
    /// # Errors
    ///
    /// What `work` says of this key or of all; [`Failure::Overloaded`] when as many wait already as the database's queue holds.
    pub async fn ask(
        &self,
        db: &Db,
        key: K,
        work: impl Fn(&mut Conn, &[K]) -> Result<Vec<Result<T, E>>, E> + Send + Sync + 'static,
    ) -> Result<T, E> {
        let (answer, answered) = oneshot::channel();
        let queue = db.reading();
        let begins = {
            let mut waiting = lock(&self.waiting);
            if queue
                .capacity()
                .is_some_and(|most| waiting.asked.len() >= most)
            {
                return Err(Failure::Overloaded.into());
            }
            waiting.asked.push_back(Asked { key, answer });
            let begins = waiting.calls < CALLS;
            waiting.calls += usize::from(begins);
            begins
        };
        if begins {
            let call = Call {
                waiting: self.waiting.clone(),
                queue: queue.clone(),
                work: Box::new(work),
            };
            Arc::new(call).begin();
        }
        answered
            .await
            .unwrap_or_else(|_| Err(Failure::panicked().into()))
    }
}

impl<K, T, E> Call<K, T, E>
where
    K: Send + 'static,
    T: Send + 'static,
    E: From<Failure> + MaybeRetry + Clone + Send + 'static,
{
    /// Waits for a database thread like every other call, behind those that came before.
    fn begin(self: Arc<Self>) {
        let call = self.clone();
        let Err(refused) = self.queue.try_send(Box::new(move |conn| call.run(conn))) else {
            return;
        };
        let asked = {
            let mut waiting = lock(&self.waiting);
            waiting.calls -= 1;
            std::mem::take(&mut waiting.asked)
        };
        for asked in asked {
            drop(asked.answer.send(Err(Failure::from(&refused).into())));
        }
    }

    fn run(self: Arc<Self>, conn: Result<&mut Conn, Failure>) -> Health {
        // Whatever becomes of this call, a panic too, those who come meanwhile are asked for.
        let _next = scopeguard::guard(self.clone(), Self::next);
        let (keys, answers) = self.take();
        let done = match conn {
            _ if keys.is_empty() => return Health::Fine,
            Ok(conn) => match (self.work)(conn, &keys) {
                // One that cannot be answered, such as a row that cannot be read, is not the end of the others.
                Err(error) if keys.len() > 1 && !error.is_away() => {
                    Ok(keys.chunks(1).map(|key| self.alone(conn, key)).collect())
                }
                done => done,
            },
            Err(failure) => Err(failure.into()),
        };
        // Who hung up is no longer there to be told.
        match done {
            Ok(results) => {
                for (answer, result) in answers.into_iter().zip(results) {
                    drop(answer.send(result));
                }
                Health::Fine
            }
            Err(error) => {
                for answer in answers {
                    drop(answer.send(Err(error.clone())));
                }
                Health::after(&error)
            }
        }
    }

    fn alone(&self, conn: &mut Conn, key: &[K]) -> Result<T, E> {
        let found = (self.work)(conn, key)?.pop();
        found.unwrap_or_else(|| Err(Failure::panicked().into()))
    }

    /// Begins the next call, or gives its place back where nobody waits.
    fn next(self: Arc<Self>) {
        {
            let mut waiting = lock(&self.waiting);
            if waiting.asked.is_empty() {
                waiting.calls -= 1;
                return;
            }
        }
        self.begin();
    }

    /// Those who wait longest, without those who hung up meanwhile.
    fn take(&self) -> (Vec<K>, Vec<oneshot::Sender<Result<T, E>>>) {
        let mut waiting = lock(&self.waiting);
        waiting.asked.retain(|asked| !asked.answer.is_closed());
        let many = waiting.asked.len().min(MOST_AT_ONCE);
        let taken = waiting.asked.drain(..many);
        taken.map(|asked| (asked.key, asked.answer)).unzip()
    }
}

fn lock<K, T, E>(waiting: &Mutex<Waiting<K, T, E>>) -> MutexGuard<'_, Waiting<K, T, E>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K, T, E> Default for Gather<K, T, E> {
    fn default() -> Self {
        let waiting = Waiting {
            asked: VecDeque::new(),
            calls: 0,
        };
        Self {
            waiting: Arc::new(Mutex::new(waiting)),
        }
    }
}

impl<K, T, E> Clone for Gather<K, T, E> {
    fn clone(&self) -> Self {
        Self {
            waiting: self.waiting.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use crossbeam_channel::{Receiver, Sender, unbounded};
    use tokio::task::{JoinHandle, yield_now};

    use super::super::{Conn, DatabaseUrl, Sizes};
    use super::{CALLS, Db, Failure, Gather};

    /// Questions whose calls tell what they are asked for and then wait until they are let go.
    struct Asking {
        db: Db,
        gather: Gather<&'static str, String, Failure>,
        told: (Sender<Vec<&'static str>>, Receiver<Vec<&'static str>>),
        gate: (Sender<()>, Receiver<()>),
    }

    type Answer = JoinHandle<Result<String, Failure>>;

    impl Asking {
        fn of(file: &Path, queue: usize) -> Self {
            let sizes = Sizes {
                readers: CALLS,
                connections: CALLS,
                queue,
            };
            Self {
                db: Db::start(&DatabaseUrl::Sqlite(file.to_owned()), sizes),
                gather: Gather::default(),
                told: unbounded(),
                gate: unbounded(),
            }
        }

        /// Asks, and goes on as soon as it is asked.
        async fn ask(&self, key: &'static str) -> Answer {
            let (db, gather) = (self.db.clone(), self.gather.clone());
            let (told, gate) = (self.told.0.clone(), self.gate.1.clone());
            let work = move |_: &mut Conn, keys: &[&'static str]| {
                told.send(keys.to_vec()).unwrap();
                gate.recv().unwrap();
                assert!(!keys.contains(&"panic"), "as it was asked to");
                if keys.contains(&"unreadable") {
                    return Err(Failure::Other("unreadable".to_owned()));
                }
                if keys.contains(&"away") {
                    return Err(Failure::Unavailable("away".to_owned()));
                }
                let each = keys.iter().map(|key| match *key {
                    "none" => Err(Failure::NotFound),
                    key => Ok(key.to_uppercase()),
                });
                Ok(each.collect())
            };
            let asked = tokio::spawn(async move { gather.ask(&db, key, work).await });
            yield_now().await;
            asked
        }

        /// As many as may run at once, and they run.
        async fn busy(&self) -> Vec<Answer> {
            let mut busy = Vec::new();
            for _ in 0..CALLS {
                busy.push(self.ask("busy").await);
                assert_eq!(
                    self.told.1.recv(),
                    Ok(vec!["busy"]),
                    "who asks alone waits for nobody"
                );
            }
            busy
        }

        fn let_go(&self, calls: usize) {
            for _ in 0..calls {
                self.gate.0.send(()).unwrap();
            }
        }
    }

    fn run(name: &str, queue: usize, test: impl AsyncFnOnce(&Asking)) {
        let file = file(name);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(test(&Asking::of(&file, queue)));
        std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }

    fn file(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("ots-gather-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder.join("registry.db")
    }

    #[test]
    fn who_come_while_others_are_answered_are_asked_for_in_one_call_and_each_gets_their_own() {
        run("own", 256, async |asking| {
            let busy = asking.busy().await;
            let a = asking.ask("a").await;
            let none = asking.ask("none").await;
            let b = asking.ask("b").await;
            let again = asking.ask("a").await;
            asking.let_go(1);
            assert_eq!(asking.told.1.recv(), Ok(vec!["a", "none", "b", "a"]));
            asking.let_go(CALLS);
            assert_eq!(a.await.unwrap().unwrap(), "A");
            assert!(matches!(none.await.unwrap(), Err(Failure::NotFound)));
            assert_eq!(b.await.unwrap().unwrap(), "B");
            assert_eq!(again.await.unwrap().unwrap(), "A");
            for answer in busy {
                assert_eq!(answer.await.unwrap().unwrap(), "BUSY");
            }
        });
    }

    #[test]
    fn a_database_that_goes_away_is_told_to_all_and_a_panic_keeps_nobody_waiting() {
        run("fails", 256, async |asking| {
            for (bad, told) in [("away", "away"), ("panic", "panicked")] {
                let busy = asking.busy().await;
                let both = [asking.ask(bad).await, asking.ask("a").await];
                asking.let_go(1);
                assert_eq!(asking.told.1.recv(), Ok(vec![bad, "a"]));
                let behind = asking.ask("b").await;
                asking.let_go(CALLS + 1);
                for answer in both {
                    let failure = answer.await.unwrap().unwrap_err();
                    assert!(failure.to_string().contains(told), "{failure}");
                }
                assert_eq!(behind.await.unwrap().unwrap(), "B");
                assert_eq!(asking.told.1.recv(), Ok(vec!["b"]));
                for answer in busy {
                    answer.await.unwrap().unwrap();
                }
            }
        });
    }

    #[test]
    fn what_cannot_be_read_of_one_is_not_the_end_of_the_others() {
        run("unreadable", 256, async |asking| {
            let busy = asking.busy().await;
            let bad = asking.ask("unreadable").await;
            let sound = asking.ask("a").await;
            asking.let_go(CALLS + 3);
            assert_eq!(sound.await.unwrap().unwrap(), "A");
            assert!(bad.await.unwrap().is_err());
            let told: Vec<_> = asking.told.1.try_iter().collect();
            assert_eq!(
                told,
                [vec!["unreadable", "a"], vec!["unreadable"], vec!["a"]]
            );
            for answer in busy {
                answer.await.unwrap().unwrap();
            }
        });
    }

    #[test]
    fn more_than_may_wait_are_turned_away_and_who_hung_up_is_not_asked_for() {
        run("full", 2, async |asking| {
            let busy = asking.busy().await;
            let (gone, stays) = (asking.ask("gone").await, asking.ask("a").await);
            let refused = asking.ask("b").await.await.unwrap();
            assert!(matches!(refused, Err(Failure::Overloaded)));
            gone.abort();
            assert!(gone.await.unwrap_err().is_cancelled());
            asking.let_go(CALLS + 1);
            assert_eq!(stays.await.unwrap().unwrap(), "A");
            assert_eq!(asking.told.1.recv(), Ok(vec!["a"]));
            for answer in busy {
                answer.await.unwrap().unwrap();
            }
        });
    }

    #[test]
    fn a_database_that_is_away_is_told_to_all() {
        let asking = Asking::of(Path::new("/nowhere/registry.db"), 256);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async {
            for _ in 0..2 * CALLS {
                let answer = asking.ask("a").await.await.unwrap();
                assert!(matches!(answer, Err(Failure::Unavailable(_))));
            }
        });
    }
}
