//! A queue of this server for each interview that is being changed, in front of the row's lock in PostgreSQL. A request
//! that waits here holds no connection: one locked interview keeps at most one connection of each server waiting.

use crate::domain::InterviewId;
use crate::storage::{Result, StorageError};
use sea_orm::{ConnAcquireErr, DbErr};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

type Lock = tokio::sync::Mutex<()>;

/// The queues of all interviews that are being changed.
#[derive(Clone, Debug)]
pub(crate) struct InterviewQueue {
    locks: Arc<Mutex<HashMap<InterviewId, Arc<Lock>>>>,
    timeout: Duration,
}

/// The head of the queue of one interview, until it is dropped.
#[derive(Debug)]
pub struct QueueHead {
    /// Released before the place in the queue.
    _guard: OwnedMutexGuard<()>,
    _place: Place,
}

/// A place in the queue of one interview. The last one removes the queue.
#[derive(Debug)]
struct Place {
    queue: InterviewQueue,
    interview: InterviewId,
}

impl InterviewQueue {
    /// Queues in which a request waits for at most this long.
    pub fn new(timeout: Duration) -> Self {
        Self { locks: Arc::default(), timeout }
    }

    /// Waits in the order of the callers. Fails with [`StorageError::Timeout`].
    pub async fn enter(&self, interview: InterviewId) -> Result<QueueHead> {
        let place = Place { queue: self.clone(), interview };
        let lock = self.locks().entry(interview).or_default().clone();
        let head = timeout(self.timeout, lock.lock_owned()).await;
        let guard = head.map_err(|_| StorageError::Timeout(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)))?;
        Ok(QueueHead { _guard: guard, _place: place })
    }

    fn locks(&self) -> MutexGuard<'_, HashMap<InterviewId, Arc<Lock>>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut locks = self.queue.locks();
        if locks.get(&self.interview).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.interview);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, poll};
    use std::pin::pin;

    const INTERVIEW: InterviewId = InterviewId(27);

    fn queue() -> InterviewQueue {
        InterviewQueue::new(Duration::from_mins(1))
    }

    #[tokio::test]
    async fn one_request_at_a_time_is_at_the_head_of_an_interview() {
        let queue = queue();
        let first = queue.enter(INTERVIEW).await.unwrap();
        let (mut second, mut third) = (Box::pin(queue.enter(INTERVIEW)), Box::pin(queue.enter(INTERVIEW)));
        assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        queue.enter(InterviewId(28)).await.unwrap();
        drop(first);
        assert!(poll!(&mut third).is_pending());
        let second = second.await.unwrap();
        drop(second);
        third.await.unwrap();
        assert!(queue.locks().is_empty());
    }

    #[tokio::test]
    async fn request_that_gives_up_leaves_the_queue() {
        let queue = queue();
        let first = queue.enter(INTERVIEW).await.unwrap();
        {
            let mut second = pin!(queue.enter(INTERVIEW));
            assert!(poll!(&mut second).is_pending());
        }
        assert_eq!(queue.locks().len(), 1);
        drop(first);
        assert!(queue.locks().is_empty());
        assert!(queue.enter(INTERVIEW).now_or_never().is_some());
        assert!(queue.locks().is_empty());
    }

    #[tokio::test]
    async fn wait_is_limited() {
        let queue = InterviewQueue::new(Duration::ZERO);
        let _first = queue.enter(INTERVIEW).await.unwrap();
        assert!(matches!(queue.enter(INTERVIEW).await, Err(StorageError::Timeout(_))));
        assert_eq!(queue.locks().len(), 1);
    }
}
