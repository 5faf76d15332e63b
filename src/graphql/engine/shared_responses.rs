//! Responses to subscriptions that several subscribers share: an event is executed once for all who have equal
//! selections and see it alike.

use crate::graphql::engine::document::Hash;
use crate::graphql::engine::error::Code;
use crate::graphql::engine::json::JsonText;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use std::convert::Infallible;
use std::future::Future;
use std::hash::Hash as Hashable;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A response to a subscription, or the code with which the server failed.
pub type EventResponse = Result<Arc<JsonText>, Code>;

/// Responses by what decides about them: the event and the scope, and the selection.
pub struct SharedResponses<K>(Cache<(K, Hash), Entry, Memory>);

#[derive(Clone)]
enum Entry {
    Pending(Shared<BoxFuture<'static, EventResponse>>),
    Complete(EventResponse),
}

/// The longest response that is kept, in bytes. Subscribers ask for an event at nearly the same time, so that most get
/// a longer one from its execution as well.
const MAX_KEPT: usize = 256 * 1024;

/// About the memory of an entry without its text, in bytes.
const ENTRY: usize = 512;

/// About how many responses fit. The cache allocates its index for them.
const TYPICAL_COUNT: usize = 256;

/// The part of the capacity that is for responses that were asked for repeatedly. The rest is for new ones: nobody asks
/// for old ones.
const HOT_PART: f64 = 0.5;

#[derive(Clone)]
struct Memory;

impl<K> Weighter<(K, Hash), Entry> for Memory {
    fn weight(&self, _: &(K, Hash), entry: &Entry) -> u64 {
        match entry {
            Entry::Complete(Ok(text)) => (ENTRY + text.len()) as u64,
            Entry::Complete(Err(_)) | Entry::Pending(_) => ENTRY as u64,
        }
    }
}

impl<K: Clone + Eq + Hashable + Send + Sync + 'static> SharedResponses<K> {
    /// Keeps responses in at most this many bytes.
    ///
    /// # Panics
    /// Never: all options are set.
    pub fn new(capacity: usize) -> Self {
        let mut options = OptionsBuilder::new();
        options.shards(1).estimated_items_capacity(TYPICAL_COUNT).weight_capacity(capacity as u64);
        options.hot_allocation(HOT_PART);
        #[expect(clippy::expect_used, reason = "all required options are set")]
        let options = options.build().expect("options of the cache");
        Self(Cache::with_options(options, Memory, DefaultHashBuilder::default(), DefaultLifecycle::default()))
    }

    /// The memory of the responses that are kept, in bytes.
    pub fn memory(&self) -> u64 {
        self.0.weight()
    }

    /// The response for a key. The first who asks executes it, in a task of its own: others must not wait for the
    /// connection of the first one.
    pub async fn get_or_execute(
        self: &Arc<Self>,
        key: (K, Hash),
        execute: impl Future<Output = EventResponse> + Send + 'static,
    ) -> EventResponse {
        let mut started = None;
        let begin = || {
            let (sender, receiver) = oneshot::channel();
            started = Some(sender);
            let pending = receiver.map(|response| response.unwrap_or(Err(Code::Internal)));
            Ok::<_, Infallible>(Entry::Pending(pending.boxed().shared()))
        };
        let Ok(entry) = self.0.get_or_insert_with(&key, begin);
        if let Some(sender) = started {
            let responses = self.clone();
            tokio::spawn(async move {
                let response = execute.await;
                responses.complete(key, response.clone());
                let _ = sender.send(response);
            });
        }
        match entry {
            Entry::Pending(response) => response.await,
            Entry::Complete(response) => response,
        }
    }

    fn complete(&self, key: (K, Hash), response: EventResponse) {
        if response.as_ref().is_ok_and(|text| text.len() > MAX_KEPT) {
            self.0.remove(&key);
        } else {
            // Evicted meanwhile, or too large for the cache: then it is not kept.
            let _ = self.0.replace(key, Entry::Complete(response), true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::engine::json::Json;
    use crate::graphql::engine::memory::Charge;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn text(length: usize) -> Arc<JsonText> {
        Arc::new(Json::new(vec![b'x'; length], Charge::default()).into_text())
    }

    /// How often the response of this length is executed for two who ask one after the other.
    async fn executions(responses: &Arc<SharedResponses<usize>>, length: usize) -> usize {
        let executed = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let counter = executed.clone();
            let execute = async move {
                counter.fetch_add(1, Ordering::Relaxed);
                Ok(text(length))
            };
            let shared = responses.get_or_execute((length, [0; 32]), execute).await.unwrap();
            assert_eq!(shared.len(), length);
        }
        executed.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn long_responses_are_not_kept() {
        let responses = Arc::new(SharedResponses::new(10 * MAX_KEPT));
        assert_eq!(executions(&responses, MAX_KEPT).await, 1);
        assert_eq!(responses.memory(), (ENTRY + MAX_KEPT) as u64);
        assert_eq!(executions(&responses, MAX_KEPT + 1).await, 2);
        assert_eq!(responses.memory(), (ENTRY + MAX_KEPT) as u64);
    }

    #[tokio::test]
    async fn memory_of_kept_responses_is_limited() {
        let capacity = 1_000_000;
        let responses = Arc::new(SharedResponses::new(capacity));
        for length in 0..100 {
            executions(&responses, 50_000 + length).await;
            assert!(responses.memory() <= capacity as u64, "{}", responses.memory());
        }
        assert!(responses.memory() > capacity as u64 / 2, "{}", responses.memory());
    }

    #[tokio::test]
    async fn response_is_executed_though_the_first_who_asked_has_left() {
        let responses = Arc::new(SharedResponses::new(1_000_000));
        let (start, started) = oneshot::channel::<()>();
        let execute = async {
            started.await.unwrap();
            Ok(text(5))
        };
        let first = responses.get_or_execute((1, [0; 32]), execute);
        assert!(Box::pin(first).as_mut().now_or_never().is_none());
        let second = responses.get_or_execute((1, [0; 32]), async { unreachable!("it is shared") });
        start.send(()).unwrap();
        assert_eq!(second.await.unwrap().len(), 5);
    }

    #[tokio::test]
    async fn failure_is_shared() {
        let responses = Arc::new(SharedResponses::new(1_000_000));
        let failed = responses.get_or_execute((1, [0; 32]), async { Err(Code::Unavailable) }).await;
        assert_eq!(failed.unwrap_err(), Code::Unavailable);
        let shared = responses.get_or_execute((1, [0; 32]), async { unreachable!("it is shared") }).await;
        assert_eq!(shared.unwrap_err(), Code::Unavailable);
        let panicked = responses.get_or_execute((2, [0; 32]), async { panic!("secret") }).await;
        assert_eq!(panicked.unwrap_err(), Code::Internal);
    }
}
