//! The memory of the heads of requests: of what has arrived on a connection and is not handed on, and of a complete
//! head until its request ends. Requests that a client sends while an earlier one is being answered count as well.

use crate::graphql::{Charge, MemoryBudget, NoMemory};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts the bytes that hyper buffers for one connection.
#[derive(Debug)]
pub(super) struct HeadMemory {
    memory: MemoryBudget,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    bytes: usize,
    charge: Charge,
    /// What arrives belongs to a body or to a WebSocket, whose readers count it.
    is_counted_elsewhere: bool,
}

/// hyper's buffer has up to this many times the size of what is in it: it doubles, and has space for the next read.
const BUFFER_FACTOR: usize = 4;

impl HeadMemory {
    pub(super) fn new(memory: MemoryBudget) -> Self {
        Self { memory, state: Mutex::default() }
    }

    /// Bytes have arrived.
    ///
    /// # Errors
    /// `OutOfMemory`, by which the connection is closed.
    pub(super) fn receive(&self, bytes: usize) -> io::Result<()> {
        let mut state = self.state();
        if state.is_counted_elsewhere {
            return Ok(());
        }
        state.bytes += bytes;
        let used = state.bytes * BUFFER_FACTOR;
        self.memory.grow(&mut state.charge, used).map_err(|NoMemory| io::ErrorKind::OutOfMemory.into())
    }

    /// A head is complete. A body may follow, which is counted elsewhere. Returns what is counted for the head, whose
    /// buffer exists until the request ends.
    pub(super) fn head_arrived(&self, has_body: bool) -> Charge {
        let next = State { is_counted_elsewhere: has_body, ..State::default() };
        std::mem::replace(&mut *self.state(), next).charge
    }

    /// The body is complete: what arrives now is the next head.
    pub(super) fn body_arrived(&self) {
        self.state().is_counted_elsewhere = false;
    }

    /// The connection is a WebSocket from now on, whose messages are counted elsewhere.
    pub(super) fn upgraded(&self) {
        *self.state() = State { is_counted_elsewhere: true, ..State::default() };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_counts_until_its_request_ends() {
        let memory = MemoryBudget::new(100_000);
        let head = HeadMemory::new(memory.clone());
        for _ in 0..10 {
            head.receive(1000).unwrap();
        }
        assert_eq!(memory.used(), 40_000);
        let request = head.head_arrived(true);
        head.receive(1_000_000).unwrap(); // of the body
        assert_eq!(memory.used(), 40_000);
        head.body_arrived();
        head.receive(5_000).unwrap();
        assert_eq!(memory.used(), 60_000);
        drop(request);
        assert_eq!(memory.used(), 20_000);
        drop(head);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn head_for_which_there_is_no_memory_is_an_error() {
        let memory = MemoryBudget::new(50_000);
        let (first, second) = (HeadMemory::new(memory.clone()), HeadMemory::new(memory));
        first.receive(10_000).unwrap();
        assert_eq!(second.receive(10_000).unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        second.upgraded();
        second.receive(10_000).unwrap();
    }
}
