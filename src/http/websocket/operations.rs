//! The operations of one connection. They live in its task, and end with it.

use crate::graphql::{Execution, Outcome, ResponseStream, StreamEnd};
use futures_util::future::{AbortHandle, Abortable, Aborted, BoxFuture, abortable};
use futures_util::stream::{self, BoxStream, FuturesUnordered, SelectAll};
use futures_util::{FutureExt, StreamExt};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Operations by the ids that their client gave them.
#[derive(Default)]
pub struct Operations {
    active: HashMap<Id, AbortHandle>,
    opening: FuturesUnordered<BoxFuture<'static, Result<(Id, Execution), Aborted>>>,
    opened: VecDeque<(Id, Execution)>,
    live: SelectAll<BoxStream<'static, (Id, OperationEvent)>>,
}

/// An operation's id.
pub type Id = Arc<str>;

/// What an operation has to say.
pub enum OperationEvent {
    /// All it will ever say.
    Once(Box<Outcome>),
    /// One answer of a subscription, as JSON.
    Next(Arc<str>),
    /// A subscription has no more answers.
    Done,
    /// A subscription was ended.
    StreamEnd(StreamEnd),
}

impl Operations {
    pub fn len(&self) -> usize {
        self.active.len()
    }

    pub fn contains(&self, id: &str) -> bool {
        self.active.contains_key(id)
    }

    /// Takes on an operation.
    pub fn start(&mut self, id: &str, opening: impl Future<Output = Execution> + Send + 'static) {
        let id = Id::from(id);
        let name = id.clone();
        let (opening, handle) = abortable(opening.map(move |opened| (name, opened)));
        self.active.insert(id, handle);
        self.opening.push(opening.boxed());
    }

    /// Drops an operation, if there is one of this id. Nothing more is heard of it.
    pub fn cancel(&mut self, id: &str) {
        if let Some(handle) = self.active.remove(id) {
            handle.abort();
            self.opened.retain(|(other, _)| **other != *id);
        }
    }

    /// What happens next; waits for ever where nothing goes on. May be dropped and called again.
    pub async fn next(&mut self) -> (Id, OperationEvent) {
        loop {
            match self.opened.pop_front() {
                Some((id, Execution::Once(outcome))) => {
                    self.active.remove(&id);
                    return (id, OperationEvent::Once(Box::new(outcome)));
                }
                Some((id, Execution::Stream(live))) => self.follow(id, live),
                None => tokio::select! {
                    () = advance(&mut self.opening, &mut self.opened) => {}
                    Some((id, event)) = self.live.next(), if !self.live.is_empty() => {
                        if !matches!(event, OperationEvent::Next(_)) {
                            self.cancel(&id);
                        }
                        return (id, event);
                    }
                },
            }
        }
    }

    /// The next outcome of a query or mutation, without any regard to subscriptions; none when all have ended.
    pub async fn next_outcome(&mut self) -> Option<(Id, Box<Outcome>)> {
        loop {
            match self.opened.pop_front() {
                Some((id, Execution::Once(outcome))) => return Some((id, Box::new(outcome))),
                Some((_, Execution::Stream(_))) => {}
                None if self.opening.is_empty() => return None,
                None => self.advance().await,
            }
        }
    }

    /// Goes on with queries and mutations and leaves subscriptions alone: their source is to know that nothing is taken from it.
    pub async fn advance(&mut self) {
        advance(&mut self.opening, &mut self.opened).await;
    }

    fn follow(&mut self, id: Id, live: ResponseStream) {
        let (handle, registration) = AbortHandle::new_pair();
        self.active.insert(id.clone(), handle);
        let events = live.map(|answer| answer.map_or_else(OperationEvent::StreamEnd, OperationEvent::Next));
        let events = events.chain(stream::once(async { OperationEvent::Done }));
        self.live.push(Abortable::new(events, registration).map(move |event| (id.clone(), event)).boxed());
    }
}

/// Waits until one more is opened, or dropped.
async fn advance(
    opening: &mut FuturesUnordered<BoxFuture<'static, Result<(Id, Execution), Aborted>>>,
    opened: &mut VecDeque<(Id, Execution)>,
) {
    match opening.next().await {
        Some(Ok(done)) => opened.push_back(done),
        Some(Err(Aborted)) => {}
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::Response;
    use std::future::ready;
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    type Source = UnboundedSender<Result<Arc<str>, StreamEnd>>;

    /// A subscription, and what feeds it.
    fn subscription() -> (Source, impl Future<Output = Execution> + Send + 'static) {
        let (source, answers) = unbounded_channel();
        let answers = stream::unfold(answers, |mut answers| async { answers.recv().await.map(|next| (next, answers)) });
        (source, ready(Execution::Stream(answers.boxed())))
    }

    fn says(source: &Source, text: &str) {
        source.send(Ok(Arc::from(text))).unwrap();
    }

    async fn heard(operations: &mut Operations) -> String {
        let (id, event) = operations.next().await;
        match event {
            OperationEvent::Once(_) => format!("{id} once"),
            OperationEvent::Next(answer) => format!("{id} {answer}"),
            OperationEvent::Done => format!("{id} done"),
            OperationEvent::StreamEnd(why) => format!("{id} {why:?}"),
        }
    }

    #[tokio::test]
    async fn a_subscription_is_told_to_its_end() {
        let mut operations = Operations::default();
        for (id, last) in [("1", None), ("2", Some(StreamEnd::SignedOut)), ("3", Some(StreamEnd::Failed))] {
            let (source, opening) = subscription();
            operations.start(id, opening);
            says(&source, "a");
            says(&source, "b");
            assert_eq!(heard(&mut operations).await, format!("{id} a"));
            if let Some(last) = last {
                source.send(Err(last)).unwrap();
            }
            drop(source);
            assert_eq!(heard(&mut operations).await, format!("{id} b"));
            assert!(operations.contains(id));
            let end = last.map_or_else(|| "done".to_owned(), |last| format!("{last:?}"));
            assert_eq!(heard(&mut operations).await, format!("{id} {end}"));
            assert_eq!(operations.len(), 0);
        }
        assert!(operations.next().now_or_never().is_none(), "there is nothing more to say");
    }

    #[tokio::test]
    async fn nothing_is_heard_of_what_was_cancelled_though_its_id_lives_on() {
        let mut operations = Operations::default();
        let (old, opening) = subscription();
        operations.start("1", opening);
        says(&old, "old");
        assert_eq!(heard(&mut operations).await, "1 old");
        says(&old, "too late");
        operations.cancel("1");
        let (new, opening) = subscription();
        operations.start("1", opening);
        says(&new, "new");
        assert_eq!(heard(&mut operations).await, "1 new");
        assert!(old.is_closed() && !new.is_closed(), "what was cancelled is dropped");

        // Opened and not told yet.
        let (early, opening) = subscription();
        operations.start("2", opening);
        operations.advance().await;
        operations.cancel("2");
        assert!(operations.next().now_or_never().is_none() && early.is_closed());
        assert_eq!(operations.len(), 1);
    }

    #[tokio::test]
    async fn subscriptions_stand_still_while_others_go_on() {
        let mut operations = Operations::default();
        let (source, opening) = subscription();
        operations.start("live", opening);
        operations.advance().await;
        says(&source, "waits");
        operations.start("once", ready(Execution::Once(Outcome::Executed(Response::default().into()))));
        operations.advance().await;
        assert!(operations.advance().now_or_never().is_none());
        let (first, second) = (heard(&mut operations).await, heard(&mut operations).await);
        assert_eq!((first.as_str(), second.as_str()), ("once once", "live waits"));

        // At the end only those that end by themselves are waited for.
        operations.start("last", ready(Execution::Once(Outcome::Executed(Response::default().into()))));
        assert_eq!(&*operations.next_outcome().await.unwrap().0, "last");
        assert!(operations.next_outcome().await.is_none());
    }
}
