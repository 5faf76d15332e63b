//! The memory of the heads of requests: of what has arrived on a connection and is not handed on, and of a complete
//! head until its request ends. Requests that a client sends while an earlier one is being answered count as well.

use crate::graphql::{Arrival, Charge, GiveUp, MemoryBudget, NoMemory};
use std::io;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts the bytes that hyper buffers for one connection.
#[derive(Debug)]
pub(super) struct HeadMemory(Mutex<State>);

#[derive(Debug)]
struct State {
    bytes: usize,
    /// The head that is arriving, and a complete one until its body has arrived.
    arrival: Arrival,
    /// The head of the request that has arrived.
    request: Charge,
    /// What arrives belongs to a body or to a WebSocket, whose readers count it.
    is_counted_elsewhere: bool,
}

/// hyper's buffer has up to this many times the size of what is in it: it doubles, and has space for the next read.
const BUFFER_FACTOR: usize = 4;

impl HeadMemory {
    pub(super) fn new(memory: &MemoryBudget) -> Self {
        Self(Mutex::new(State {
            bytes: 0,
            arrival: memory.arrival(),
            request: Charge::default(),
            is_counted_elsewhere: false,
        }))
    }

    /// Bytes have arrived. When others need the memory, the connection is asked to give it up.
    ///
    /// # Errors
    /// `OutOfMemory`, by which the connection is closed.
    pub(super) fn receive<C: GiveUp + 'static>(&self, bytes: usize, connection: &Arc<C>) -> io::Result<()> {
        let mut state = self.state();
        if state.is_counted_elsewhere {
            return Ok(());
        }
        state.bytes += bytes;
        let used = state.bytes * BUFFER_FACTOR;
        let grown = state.arrival.grow(used, || connection.clone());
        grown.map_err(|NoMemory| io::ErrorKind::OutOfMemory.into())
    }

    /// A head is complete. A body may follow, which is counted elsewhere; the request is still arriving until then.
    pub(super) fn head_arrived(&self, has_body: bool) {
        let mut state = self.state();
        state.bytes = 0;
        state.is_counted_elsewhere = has_body;
        if !has_body {
            state.request = state.arrival.complete();
        }
    }

    /// The body is complete: what arrives now is the next head.
    pub(super) fn body_arrived(&self) {
        let mut state = self.state();
        if take(&mut state.is_counted_elsewhere) {
            state.request = state.arrival.complete();
        }
    }

    /// Takes over what is counted for the head of the request that has arrived. Its buffer exists until the request
    /// ends.
    pub(super) fn take_request(&self) -> Charge {
        take(&mut self.state().request)
    }

    /// The connection is a WebSocket from now on, whose messages are counted elsewhere.
    pub(super) fn upgraded(&self) {
        let mut state = self.state();
        state.is_counted_elsewhere = true;
        state.arrival.complete();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_util::sync::CancellationToken;

    fn connection() -> Arc<CancellationToken> {
        Arc::default()
    }

    #[test]
    fn head_counts_until_its_request_ends() {
        let memory = MemoryBudget::new(100_000);
        let head = HeadMemory::new(&memory);
        for _ in 0..10 {
            head.receive(1000, &connection()).unwrap();
        }
        assert_eq!(memory.used(), 40_000);
        head.head_arrived(true);
        head.receive(1_000_000, &connection()).unwrap(); // of the body
        head.body_arrived();
        assert_eq!(memory.used(), 40_000);
        head.receive(2_000, &connection()).unwrap(); // the next head
        head.body_arrived();
        assert_eq!(memory.used(), 48_000);
        let request = head.take_request();
        assert_eq!(request.bytes(), 40_000);
        head.receive(3_000, &connection()).unwrap();
        drop(request);
        assert_eq!(memory.used(), 20_000);
        drop(head);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn head_for_which_there_is_no_memory_is_an_error() {
        let memory = MemoryBudget::new(100_000);
        let (first, second) = (HeadMemory::new(&memory), HeadMemory::new(&memory));
        first.receive(10_000, &connection()).unwrap();
        assert_eq!(second.receive(10_000, &connection()).unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        second.upgraded();
        second.receive(10_000, &connection()).unwrap();
    }
}
