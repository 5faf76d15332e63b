//! What is still arriving: heads and bodies of requests, and messages of WebSockets. It has a part of the budget of its
//! own, so that requests that do not end leave memory for those that did. When the part is full, the oldest one is
//! given up for the others.

use crate::graphql::engine::memory::{Charge, MemoryBudget, NoMemory, UNCOUNTED};
use std::collections::BTreeMap;
use std::fmt;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// Gives up what is arriving.
pub trait GiveUp: fmt::Debug + Send + Sync {
    /// Asks its reader to drop it soon. It is called once, and must not block.
    fn give_up(&self);
}

/// Something that is arriving, until it is complete or dropped.
#[derive(Debug)]
pub struct Arrival {
    memory: MemoryBudget,
    charge: Charge,
    /// Its number, once its bytes are counted.
    id: Option<u64>,
}

/// All that is arriving.
#[derive(Debug)]
pub(super) struct Arrivals {
    /// The most bytes that may be in use.
    most: usize,
    /// The bytes beyond which the oldest is given up. The difference is for what arrives until it is dropped.
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_id: u64,
    used: usize,
    /// The bytes of those that were given up and are not dropped yet.
    given_up: usize,
    /// The oldest first.
    open: BTreeMap<u64, Open>,
}

#[derive(Debug)]
struct Open {
    bytes: usize,
    /// `None` when it was given up.
    reader: Option<Arc<dyn GiveUp>>,
}

impl GiveUp for CancellationToken {
    fn give_up(&self) {
        self.cancel();
    }
}

impl Arrivals {
    /// Half of a budget.
    pub(super) fn new(total: usize) -> Self {
        let most = total / 2;
        Self { most, limit: most - most / 5, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the oldest ones from which memory is to be had until no more than the limit is left. Does not take `id`.
    fn oldest(&mut self, limit: usize, id: u64) -> Vec<Arc<dyn GiveUp>> {
        let mut readers = Vec::new();
        for (other, open) in &mut self.open {
            if self.used - self.given_up <= limit {
                break;
            }
            if *other != id
                && let Some(reader) = open.reader.take()
            {
                self.given_up += open.bytes;
                readers.push(reader);
            }
        }
        readers
    }
}

impl MemoryBudget {
    /// Something that begins to arrive.
    #[must_use]
    pub(crate) fn arrival(&self) -> Arrival {
        Arrival { memory: self.clone(), charge: Charge::default(), id: None }
    }
}

impl Arrival {
    /// Counts at least this many bytes. When others need the memory, `reader` is asked to give it up.
    ///
    /// # Errors
    /// [`NoMemory`]; the bytes are then as before.
    pub(crate) fn grow<R: GiveUp + 'static>(
        &mut self,
        bytes: usize,
        reader: impl FnOnce() -> Arc<R>,
    ) -> Result<(), NoMemory> {
        if bytes <= UNCOUNTED.max(self.charge.bytes()) {
            return Ok(());
        }
        let more = bytes - self.charge.bytes();
        let arrivals = &self.memory.0.arrivals;
        let mut state = arrivals.state();
        if state.used + more > arrivals.most {
            drop(state);
            self.memory.log_refusal();
            return Err(NoMemory);
        }
        self.memory.grow(&mut self.charge, bytes)?;
        let id = *self.id.get_or_insert(state.next_id);
        if id == state.next_id {
            state.next_id += 1;
            state.open.insert(id, Open { bytes: 0, reader: Some(reader()) });
        }
        state.used += more;
        if let Some(open) = state.open.get_mut(&id) {
            open.bytes += more;
            if open.reader.is_none() {
                state.given_up += more;
            }
        }
        let given_up = state.oldest(arrivals.limit, id);
        drop(state);
        for reader in given_up {
            self.memory.log_refusal();
            reader.give_up();
        }
        Ok(())
    }

    /// It has arrived. Its bytes stay in use.
    pub(crate) fn complete(&mut self) -> Charge {
        self.leave();
        take(&mut self.charge)
    }

    fn leave(&mut self) {
        let Some(id) = self.id.take() else { return };
        let mut state = self.memory.0.arrivals.state();
        if let Some(Open { bytes, reader }) = state.open.remove(&id) {
            state.used -= bytes;
            if reader.is_none() {
                state.given_up -= bytes;
            }
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grow(arrival: &mut Arrival, bytes: usize) -> (Result<(), NoMemory>, Arc<CancellationToken>) {
        let token = Arc::new(CancellationToken::new());
        (arrival.grow(bytes, || token.clone()), token)
    }

    #[test]
    fn oldest_arrival_is_given_up_when_its_part_of_the_budget_is_full() {
        let memory = MemoryBudget::new(1_000_000);
        let [mut first, mut second, mut third] = [(); 3].map(|()| memory.arrival());
        let (_, first_reader) = grow(&mut first, 200_000);
        let (_, second_reader) = grow(&mut second, 50_000);
        grow(&mut first, 250_000).0.unwrap();
        let (grown, third_reader) = grow(&mut third, 100_000);
        assert_eq!((grown, memory.used()), (Ok(()), 400_000));
        let are_given_up = || [&first_reader, &second_reader, &third_reader].map(|reader| reader.is_cancelled());
        assert_eq!(are_given_up(), [false; 3]);
        grow(&mut second, 60_000).0.unwrap();
        assert_eq!(are_given_up(), [true, false, false]);
        grow(&mut third, 110_000).0.unwrap();
        assert_eq!(are_given_up(), [true, false, false], "the memory of the first is free soon");
        drop(first);
        assert_eq!(memory.used(), 170_000);
        drop((second, third));
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn arrival_is_refused_when_others_are_not_dropped_in_time() {
        let memory = MemoryBudget::new(1_000_000);
        let mut arrivals: Vec<_> = (0..10).map(|_| memory.arrival()).collect();
        for arrival in &mut arrivals {
            grow(arrival, 50_000).0.unwrap();
        }
        let mut late = memory.arrival();
        assert_eq!((grow(&mut late, 50_000).0, memory.used()), (Err(NoMemory), 500_000));
        assert!(memory.charge(250_000).is_ok(), "the rest is for others");
        arrivals.remove(0);
        grow(&mut late, 50_000).0.unwrap();
    }

    #[test]
    fn complete_arrival_is_not_given_up() {
        let memory = MemoryBudget::new(1_000_000);
        let mut arrival = memory.arrival();
        let (_, reader) = grow(&mut arrival, 400_000);
        let charge = arrival.complete();
        assert_eq!((charge.bytes(), memory.used()), (400_000, 400_000));
        grow(&mut arrival, 300_000).0.unwrap(); // the next one
        assert_eq!(memory.used(), 700_000);
        assert!(!reader.is_cancelled());
        drop((charge, arrival));
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn a_few_kilobytes_are_not_counted() {
        let memory = MemoryBudget::new(0);
        let mut arrival = memory.arrival();
        assert_eq!(grow(&mut arrival, UNCOUNTED).0, Ok(()));
        assert_eq!(grow(&mut arrival, UNCOUNTED + 1).0, Err(NoMemory));
    }
}
