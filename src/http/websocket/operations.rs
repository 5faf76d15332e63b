//! The operations of one connection. They run in its task, and are dropped with it.

use crate::graphql::{Execution, JsonText, Outcome, ResponseStream, StreamEnd};
use futures_util::future::{AbortHandle, Abortable, Aborted, BoxFuture, abortable};
use futures_util::stream::{self, BoxStream, FuturesUnordered, SelectAll};
use futures_util::{FutureExt, StreamExt};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The operations by the ids that the client gave them.
#[derive(Default)]
pub(super) struct Operations {
    /// All operations that are not complete.
    active: HashMap<Id, AbortHandle>,
    /// Queries and mutations that run, and subscriptions that start.
    executing: FuturesUnordered<BoxFuture<'static, Result<(Id, Execution), Aborted>>>,
    /// Results that [`Self::next`] has not returned yet.
    executed: VecDeque<(Id, Execution)>,
    subscriptions: SelectAll<BoxStream<'static, (Id, OperationEvent)>>,
}

/// The id of an operation.
pub(super) type Id = Arc<str>;

/// A result of an operation that the client has to receive.
pub(super) enum OperationEvent {
    /// The only result of a query, a mutation or a rejected subscription.
    Once(Box<Outcome>),
    /// One response of a subscription.
    Next(Arc<JsonText>),
    /// A subscription has no more responses.
    Complete,
    /// The server ended a subscription.
    StreamEnd(StreamEnd),
}

impl Operations {
    pub(super) fn len(&self) -> usize {
        self.active.len()
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.active.contains_key(id)
    }

    pub(super) fn start(&mut self, id: &str, execution: impl Future<Output = Execution> + Send + 'static) {
        let id = Id::from(id);
        let result_id = id.clone();
        let (execution, handle) = abortable(execution.map(move |execution| (result_id, execution)));
        self.active.insert(id, handle);
        self.executing.push(execution.boxed());
    }

    /// Drops the operation with this id, if there is one, and its results.
    pub(super) fn cancel(&mut self, id: &str) {
        if let Some(handle) = self.active.remove(id) {
            handle.abort();
            self.executed.retain(|(other, _)| **other != *id);
        }
    }

    /// The next result; never completes while there is none. Cancel-safe.
    pub(super) async fn next(&mut self) -> (Id, OperationEvent) {
        loop {
            match self.executed.pop_front() {
                Some((id, Execution::Once(outcome))) => {
                    self.active.remove(&id);
                    return (id, OperationEvent::Once(Box::new(outcome)));
                }
                Some((id, Execution::Stream(responses))) => self.add_subscription(id, responses),
                None => tokio::select! {
                    () = advance(&mut self.executing, &mut self.executed) => {}
                    Some((id, event)) = self.subscriptions.next(), if !self.subscriptions.is_empty() => {
                        if !matches!(event, OperationEvent::Next(_)) {
                            self.cancel(&id);
                        }
                        return (id, event);
                    }
                },
            }
        }
    }

    /// The next outcome of a query or mutation, without those of subscriptions; `None` when all are finished.
    pub(super) async fn next_outcome(&mut self) -> Option<(Id, Box<Outcome>)> {
        loop {
            match self.executed.pop_front() {
                Some((id, Execution::Once(outcome))) => return Some((id, Box::new(outcome))),
                Some((_, Execution::Stream(_))) => {}
                None if self.executing.is_empty() => return None,
                None => self.advance().await,
            }
        }
    }

    /// Runs queries and mutations until one more is finished. Subscriptions are not polled: their source has to notice
    /// that the client does not read. So their futures must not hold permits or database connections; what needs these
    /// runs in tasks of its own.
    pub(super) async fn advance(&mut self) {
        advance(&mut self.executing, &mut self.executed).await;
    }

    fn add_subscription(&mut self, id: Id, responses: ResponseStream) {
        let (handle, registration) = AbortHandle::new_pair();
        self.active.insert(id.clone(), handle);
        let events = responses.map(|response| match response {
            Ok(response) => OperationEvent::Next(response.json),
            Err(end) => OperationEvent::StreamEnd(end),
        });
        let events = events.chain(stream::once(async { OperationEvent::Complete }));
        self.subscriptions.push(Abortable::new(events, registration).map(move |event| (id.clone(), event)).boxed());
    }
}

/// Waits until one more execution is finished or aborted.
async fn advance(
    executing: &mut FuturesUnordered<BoxFuture<'static, Result<(Id, Execution), Aborted>>>,
    executed: &mut VecDeque<(Id, Execution)>,
) {
    match executing.next().await {
        Some(Ok(execution)) => executed.push_back(execution),
        Some(Err(Aborted)) => {}
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::{Charge, Code, Json, RequestError, SubscriptionResponse};
    use std::future::ready;
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    type Source = UnboundedSender<Result<SubscriptionResponse, StreamEnd>>;

    /// A subscription and the source of its responses.
    fn subscription() -> (Source, impl Future<Output = Execution> + Send + 'static) {
        let (source, responses) = unbounded_channel();
        let responses =
            stream::unfold(responses, |mut responses| async { responses.recv().await.map(|next| (next, responses)) });
        (source, ready(Execution::Stream(responses.boxed())))
    }

    fn query() -> impl Future<Output = Execution> + Send + 'static {
        ready(Execution::Once(Outcome::Rejected(RequestError::new(Code::BadRequest, "", None))))
    }

    fn send(source: &Source, text: &str) {
        let json = Arc::new(Json::new(text.into(), Charge::default()).into_text());
        source.send(Ok(SubscriptionResponse { cursor: String::new(), json })).unwrap();
    }

    async fn next(operations: &mut Operations) -> String {
        let (id, event) = operations.next().await;
        match event {
            OperationEvent::Once(_) => format!("{id} once"),
            OperationEvent::Next(response) => format!("{id} {}", &**response),
            OperationEvent::Complete => format!("{id} complete"),
            OperationEvent::StreamEnd(end) => format!("{id} {end:?}"),
        }
    }

    #[tokio::test]
    async fn subscription_is_followed_until_its_end() {
        let mut operations = Operations::default();
        for (id, end) in
            [("1", None), ("2", Some(StreamEnd::CursorExpired)), ("3", Some(StreamEnd::Failed(Code::Internal)))]
        {
            let (source, execution) = subscription();
            operations.start(id, execution);
            send(&source, "a");
            send(&source, "b");
            assert_eq!(next(&mut operations).await, format!("{id} a"));
            if let Some(end) = end {
                source.send(Err(end)).unwrap();
            }
            drop(source);
            assert_eq!(next(&mut operations).await, format!("{id} b"));
            assert!(operations.contains(id));
            let end = end.map_or_else(|| "complete".to_owned(), |end| format!("{end:?}"));
            assert_eq!(next(&mut operations).await, format!("{id} {end}"));
            assert_eq!(operations.len(), 0);
        }
        assert!(operations.next().now_or_never().is_none());
    }

    #[tokio::test]
    async fn cancelled_operation_has_no_more_results_when_its_id_is_reused() {
        let mut operations = Operations::default();
        let (old, execution) = subscription();
        operations.start("1", execution);
        send(&old, "old");
        assert_eq!(next(&mut operations).await, "1 old");
        send(&old, "too late");
        operations.cancel("1");
        let (new, execution) = subscription();
        operations.start("1", execution);
        send(&new, "new");
        assert_eq!(next(&mut operations).await, "1 new");
        assert!(old.is_closed() && !new.is_closed());
    }

    #[tokio::test]
    async fn subscription_can_be_cancelled_before_its_first_response() {
        let mut operations = Operations::default();
        let (source, execution) = subscription();
        operations.start("1", execution);
        operations.advance().await;
        operations.cancel("1");
        assert!(operations.next().now_or_never().is_none() && source.is_closed());
        assert_eq!(operations.len(), 0);
    }

    #[tokio::test]
    async fn queries_advance_while_subscriptions_are_not_polled() {
        let mut operations = Operations::default();
        let (source, execution) = subscription();
        operations.start("subscription", execution);
        operations.advance().await;
        send(&source, "response");
        operations.start("query", query());
        operations.advance().await;
        assert!(operations.advance().now_or_never().is_none());
        assert_eq!(next(&mut operations).await, "query once");
        assert_eq!(next(&mut operations).await, "subscription response");
    }

    #[tokio::test]
    async fn draining_waits_for_queries_and_not_for_subscriptions() {
        let mut operations = Operations::default();
        let (_source, execution) = subscription();
        operations.start("subscription", execution);
        operations.start("query", query());
        assert_eq!(&*operations.next_outcome().await.unwrap().0, "query");
        assert!(operations.next_outcome().await.is_none());
    }
}
