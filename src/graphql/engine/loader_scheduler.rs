//! Sends the batches of the data loaders from within the task that executes the request, when all its resolvers wait
//! for data. There is no timer and no other task, batches are complete, and a request that is dropped drops its
//! fetches.

use async_graphql::runtime::Timer;
use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::stream::{FuturesUnordered, Stream};
use futures_util::task::{FutureObj, Spawn, SpawnError};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

/// Fetches of a request that start when all its resolvers wait.
#[derive(Clone, Default)]
pub struct PendingFetches(Arc<Mutex<Vec<FutureObj<'static, ()>>>>);

impl PendingFetches {
    fn take(&self) -> Vec<FutureObj<'static, ()>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Spawn for PendingFetches {
    fn spawn_obj(&self, fetch: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fetch);
        Ok(())
    }
}

/// A delay of zero for data loaders: [`PendingFetches`] collects their batches instead.
pub struct NoDelay;

impl Timer for NoDelay {
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }
}

/// Runs a request, and its pending fetches whenever it cannot continue without them.
pub async fn run_with_batches<F: Future>(pending: PendingFetches, request: F) -> F::Output {
    let mut request = pin!(request);
    let mut fetches = FuturesUnordered::new();
    poll_fn(move |cx| {
        loop {
            if let Poll::Ready(output) = request.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            fetches.extend(pending.take());
            // A completed fetch can let the request continue and queue more fetches.
            match Pin::new(&mut fetches).poll_next(cx) {
                Poll::Ready(Some(())) => while let Poll::Ready(Some(())) = Pin::new(&mut fetches).poll_next(cx) {},
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::dataloader::{DataLoader, Loader};
    use std::collections::HashMap;
    use std::convert::Infallible;

    #[derive(Default)]
    struct Doubler(Mutex<Vec<Vec<i32>>>);

    impl Loader<i32> for Doubler {
        type Value = i32;
        type Error = Infallible;

        async fn load(&self, keys: &[i32]) -> Result<HashMap<i32, i32>, Infallible> {
            tokio::task::yield_now().await; // like a statement on a database
            let mut keys = keys.to_vec();
            keys.sort_unstable();
            self.0.lock().unwrap().push(keys.clone());
            Ok(keys.into_iter().map(|key| (key, key * 2)).collect())
        }
    }

    #[tokio::test]
    async fn concurrent_loads_are_one_batch() {
        let queue = PendingFetches::default();
        let loader = DataLoader::new(Doubler::default(), queue.clone(), NoDelay).max_batch_size(usize::MAX);
        let chain = async |key: i32| {
            let next = loader.load_one(key).await.unwrap().unwrap();
            loader.load_one(next + 1000).await.unwrap().unwrap()
        };
        let values = run_with_batches(queue, futures_util::future::join_all((0..200).map(chain))).await;
        assert_eq!(values[7], 2028);
        let batches = loader.loader().0.lock().unwrap().clone();
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [200, 200]);
    }
}
