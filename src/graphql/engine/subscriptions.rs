//! Subscriptions as the engine runs them: for each event the executor is called anew, with the viewer as they are then and with loaders
//! that have cached nothing. Subscribers who ask the same and see the same share one answer, so that a thousand open dashboards of a
//! company cost hardly more than one.

use crate::domain::{EventId, Scope};
use crate::graphql::context::Session;
use crate::graphql::engine::Engine;
use crate::graphql::engine::document::{Hash, Refused, Substance, collect_root_fields};
use crate::graphql::engine::error;
use crate::graphql::engine::error::{Code, internal};
use crate::graphql::schema::interview::subscription::{Occasion, Wanted};
use crate::services;
use crate::services::{Bearer, Change, Delivery, RETRIES, RETRY};
use async_graphql::Request;
use async_graphql::parser::types::ExecutableDocument as Runnable;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, ready};
use futures_util::stream::{BoxStream, StreamExt};
use quick_cache::sync::Cache;
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

/// The answers of a subscription, as JSON. After an error there are no more.
pub type Live = BoxStream<'static, Result<Arc<str>, Ended>>;

/// Why a subscription ended, other than by its client's wish. The client can go on where it was with `since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The token is not accepted any more.
    SignedOut,
    /// The server failed; the log knows why.
    Failed,
}

/// A subscription that was checked: what to execute for each event.
pub struct Asked {
    substance: Substance,
    runnable: Runnable,
    operation_name: Option<String>,
}

/// Answers that others may be about to ask for: to this subscription, about this event, for whoever sees this much.
pub struct Answers(Cache<(EventId, Hash, Scope), Awaited>);

/// An answer that is there, or on its way; none when the server failed.
type Awaited = Shared<BoxFuture<'static, Option<Arc<str>>>>;

/// Everybody asks at nearly the same time: few are remembered for long enough.
const REMEMBERED: usize = 256;

impl Default for Answers {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Asked {
    /// Keeps no more of the request than what is executed for each event: it may be there for days.
    pub fn new(substance: Substance, mut runnable: Runnable, request: &Request) -> Self {
        collect_root_fields::forget_root_arguments(&mut runnable);
        Self { substance, runnable, operation_name: request.operation_name.clone() }
    }

    /// What the executor runs.
    pub fn request(&self) -> Request {
        let mut request = Request::new("").variables(self.substance.variables.clone());
        request.operation_name.clone_from(&self.operation_name);
        request.set_parsed_query(self.runnable.clone());
        request
    }
}

impl Engine {
    /// Begins a subscription: `request` says which events, `asked` what of them.
    ///
    /// # Errors
    /// [`Refused`] when its arguments are wrong, or the database fails.
    pub(super) async fn subscribe(
        &self,
        bearer: Bearer,
        session: Session,
        request: Request,
        asked: Asked,
    ) -> Result<Live, Refused> {
        let opening = Arc::new(Occasion::Opening(OnceLock::new()));
        if let Some(answer) = self.on_occasion(session.clone(), request, opening.clone()).await {
            return Err(Refused { code: Code::BadUserInput, errors: answer.into_errors(), retry_after: None });
        }
        let Some(Wanted { filter, since }) = Arc::into_inner(opening).and_then(Occasion::wanted) else {
            return Err(Refused::new(Code::BadUserInput, "the subscription selects nothing", None));
        };
        let deliveries = self.services().subscribe(bearer, filter, since).await;
        let deliveries = deliveries.map_err(|cause| Refused::failed(internal(&session.request_id, &cause)))?;
        let (engine, asked) = (self.clone(), Arc::new(asked));
        let answer = move |delivery: Result<Delivery, services::Ended>| {
            let (engine, asked, request_id) = (engine.clone(), asked.clone(), session.request_id.clone());
            async move {
                match delivery {
                    Ok(delivery) => engine.answer(delivery, request_id, asked).await.ok_or(Ended::Failed),
                    Err(services::Ended::SignedOut) => Err(Ended::SignedOut),
                    Err(services::Ended::Failed(cause)) => {
                        error::log(&request_id, &cause);
                        Err(Ended::Failed)
                    }
                }
            }
        };
        let until_it_ends = |ended: &mut bool, answer: Result<Arc<str>, Ended>| {
            let go_on = !std::mem::replace(ended, answer.is_err());
            ready(go_on.then_some(answer))
        };
        Ok(deliveries.then(answer).scan(false, until_it_ends).boxed())
    }

    /// What a subscriber gets for an event; none when the server failed.
    async fn answer(&self, delivery: Delivery, request_id: String, asked: Arc<Asked>) -> Option<Arc<str>> {
        let Delivery { change, viewer, live } = delivery;
        let key = (change.event.id, asked.substance.hash, viewer.scope());
        let engine = self.clone();
        let execute = async move {
            let session = Session { viewer: Some(viewer), request_id };
            engine.execute_for(&session, &asked, &change, live).await
        };
        if !live {
            return execute.await; // nobody else missed just this, and it may be older than what is remembered
        }
        // In a task of its own: it must not wait for the subscriber who happens to ask first, and may be slow.
        let begin = || {
            let executing = tokio::spawn(execute);
            async move { executing.await.ok().flatten() }.boxed().shared()
        };
        let Ok(answer) = self.answers().0.get_or_insert_with(&key, || Ok::<_, Infallible>(begin()));
        answer.await
    }

    /// Executes a subscription for an event. While the database is away it is tried again: an event that is passed over would be lost to
    /// its subscriber for good.
    async fn execute_for(
        &self,
        session: &Session,
        asked: &Asked,
        change: &Arc<Change>,
        live: bool,
    ) -> Option<Arc<str>> {
        for attempt in 0..=RETRIES {
            if attempt > 0 {
                tokio::time::sleep(RETRY).await;
            }
            // For one try: whoever pauses must not keep others from catching up.
            let _turn = if live { None } else { self.services().turn_to_catch_up().await };
            let occasion = Arc::new(Occasion::Event(change.clone()));
            let answer = self.on_occasion(session.clone(), asked.request(), occasion).await?;
            if !answer.failed() {
                return Some(answer.text().into());
            }
        }
        None
    }
}
