//! Rows looked at on all cores: reading, folding and checking them needs nothing but themselves.

use std::num::NonZero;
use std::thread;

use crate::http::Error;

/// Fewer rows than this are done sooner than a thread has begun.
const WORTH_A_THREAD: usize = 32;

/// What `look` makes of each item, in their order.
pub fn each<T: Send, U: Send>(
    items: &mut [T],
    look: impl Fn(&mut T) -> U + Sync,
) -> Result<Vec<U>, Error> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let part = items.len().div_ceil(cores).max(WORTH_A_THREAD);
    let mut parts = items.chunks_mut(part);
    let Some(first) = parts.next() else {
        return Ok(Vec::new());
    };
    thread::scope(|scope| {
        let look = &look;
        let others: Vec<_> = parts
            .map(|part| scope.spawn(move || part.iter_mut().map(look).collect::<Vec<U>>()))
            .collect();
        let mut all: Vec<U> = first.iter_mut().map(look).collect();
        for other in others {
            let done = other
                .join()
                .map_err(|_| Error::internal("a row of an import could not be looked at"))?;
            all.extend(done);
        }
        Ok(all)
    })
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn every_item_is_looked_at_once_and_their_order_stays() {
        for count in [0, 1, 31, 32, 33, 500, 1_001] {
            let mut items: Vec<usize> = (0..count).collect();
            let looked = each(&mut items, |item| {
                *item += 1;
                *item * 2
            })
            .unwrap();
            assert_eq!(items, (1..=count).collect::<Vec<_>>());
            assert_eq!(looked, (1..=count).map(|n| n * 2).collect::<Vec<_>>());
        }
    }
}
