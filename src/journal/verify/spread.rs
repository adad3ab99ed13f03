//! Jobs on all cores, their results taken in order.

use std::collections::BTreeMap;
use std::thread;

use crossbeam_channel::{bounded, unbounded};

use crate::http::Error;

/// Jobs that wait or run, for each worker.
const AHEAD: usize = 4;

/// Runs jobs on as many threads as there are workers, and gives what they make of them to `take`, in the order of the jobs.
///
/// # Errors
///
/// The first of `next` and `take`.
pub(super) fn in_order<J: Send, R: Send, W: FnMut(J) -> R + Send>(
    workers: Vec<W>,
    mut next: impl FnMut() -> Result<Option<J>, Error>,
    mut take: impl FnMut(R) -> Result<(), Error>,
) -> Result<(), Error> {
    let most = workers.len().max(1) * AHEAD;
    let (jobs, waiting) = bounded::<(u64, J)>(most);
    let (done, results) = unbounded::<(u64, R)>();
    thread::scope(|scope| {
        for mut worker in workers {
            let (waiting, done) = (waiting.clone(), done.clone());
            scope.spawn(move || {
                for (n, job) in waiting {
                    if done.send((n, worker(job))).is_err() {
                        break;
                    }
                }
            });
        }
        drop((waiting, done));
        let mut ready: BTreeMap<u64, R> = BTreeMap::new();
        let (mut asked, mut taken, mut is_over) = (0u64, 0u64, false);
        loop {
            while !is_over && asked - taken < u64::try_from(most).unwrap_or(1) {
                match next()? {
                    None => is_over = true,
                    Some(job) => {
                        let gone = |_| Error::internal("the workers have stopped");
                        jobs.send((asked, job)).map_err(gone)?;
                        asked += 1;
                    }
                }
            }
            if asked == taken {
                // Dropping the jobs ends the workers.
                drop(jobs);
                return Ok(());
            }
            let (n, result) = results.recv().map_err(Error::internal)?;
            ready.insert(n, result);
            while let Some(result) = ready.remove(&taken) {
                take(result)?;
                taken += 1;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::in_order;
    use crate::http::Error;

    #[test]
    fn results_come_in_the_order_of_the_jobs_whoever_is_faster() {
        let workers = (0..3).map(|_| {
            |n: u64| {
                // An uneven load.
                (0..(n * 7919) % 500).fold(n, |a, _| std::hint::black_box(a))
            }
        });
        let (mut next, mut seen) = (0..1000u64, Vec::new());
        in_order(
            workers.collect(),
            || Ok(next.next()),
            |n| {
                seen.push(n);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(seen, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn an_error_ends_it() {
        let workers = vec![|n: u64| n, |n: u64| n];
        let mut next = 0..u64::MAX;
        let done = in_order(
            workers,
            || Ok(next.next()),
            |n| match n {
                50 => Err(Error::internal("enough")),
                _ => Ok(()),
            },
        );
        assert!(done.is_err());
    }
}
