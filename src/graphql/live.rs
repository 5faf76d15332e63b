//! Subscriptions as the engine runs them: for each event the executor is called anew, with the viewer as they are then and with loaders
//! that have cached nothing. Subscribers who ask the same and see the same share one answer, so that a thousand open dashboards of a
//! company cost hardly more than one.

use super::document::{Hash, Refused};
use super::engine::Engine;
use super::error::{self, Code, internal, internal_error};
use super::json::refused_text;
use super::session::Session;
use super::subscription::{Occasion, Wanted};
use crate::domain::{EventId, Scope};
use crate::services::{Bearer, Delivery, Ended};
use async_graphql::parser::types::ExecutableDocument as Runnable;
use async_graphql::{Request, Variables};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use futures_util::stream::{BoxStream, StreamExt};
use quick_cache::sync::Cache;
use std::sync::{Arc, OnceLock};

/// The answers of a subscription, as JSON. After an error there are no more.
pub type Live = BoxStream<'static, Result<Arc<str>, Ended>>;

/// A subscription that was checked: what to execute for each event.
pub struct Asked {
    /// The same for subscriptions that ask the same.
    substance: Hash,
    runnable: Runnable,
    operation_name: Option<String>,
    variables: Variables,
}

/// Answers that others may be about to ask for: to this subscription, about this event, for whoever sees this much.
pub struct Answers(Cache<(EventId, Hash, Scope), Awaited>);

/// An answer that is there, or on its way.
type Awaited = Shared<BoxFuture<'static, Arc<str>>>;

/// Everybody asks at nearly the same time: few are remembered for long enough.
const REMEMBERED: usize = 256;

impl Default for Answers {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Asked {
    pub fn new(substance: Hash, runnable: Runnable, request: &Request) -> Self {
        let (operation_name, variables) = (request.operation_name.clone(), request.variables.clone());
        Self { substance, runnable, operation_name, variables }
    }

    /// What the executor runs.
    pub fn request(&self) -> Request {
        let mut request = Request::new("").variables(self.variables.clone());
        request.operation_name.clone_from(&self.operation_name);
        request.set_parsed_query(self.runnable.clone());
        request
    }
}

impl Engine {
    /// Begins a subscription.
    ///
    /// # Errors
    /// [`Refused`] when its arguments are wrong, or the database fails.
    pub(super) async fn subscribe(&self, bearer: Bearer, session: Session, asked: Asked) -> Result<Live, Refused> {
        let opening = Arc::new(Occasion::Opening(OnceLock::new()));
        let response = self.on_occasion(session.clone(), &asked, opening.clone()).await;
        if let Some(answer) = response {
            return Err(Refused { code: Code::BadUserInput, errors: answer.into(), retry_after: None });
        }
        let Some(Wanted { filter, since }) = Arc::into_inner(opening).and_then(Occasion::wanted) else {
            return Err(Refused::new(Code::BadUserInput, "the subscription selects nothing", None));
        };
        let deliveries = self.services().subscribe(bearer, filter, since).await;
        let deliveries = deliveries.map_err(|cause| Refused::failed(internal(&session.request_id, &cause)))?;
        let (engine, asked) = (self.clone(), Arc::new(asked));
        let answer = move |delivery: Result<Delivery, Ended>| {
            let (engine, asked, request_id) = (engine.clone(), asked.clone(), session.request_id.clone());
            async move {
                match delivery {
                    Ok(delivery) => Ok(engine.answer(delivery, request_id, asked).await),
                    Err(ended) => {
                        if let Ended::Failed(cause) = &ended {
                            error::log(&request_id, cause);
                        }
                        Err(ended)
                    }
                }
            }
        };
        Ok(deliveries.then(answer).boxed())
    }

    /// What a subscriber gets for an event.
    async fn answer(&self, delivery: Delivery, request_id: String, asked: Arc<Asked>) -> Arc<str> {
        let Delivery { change, viewer, live } = delivery;
        let key = (change.event.id, asked.substance, viewer.scope());
        let engine = self.clone();
        let executes = request_id.clone();
        let execute = async move {
            let session = Session { viewer: Some(viewer), request_id: executes.clone() };
            let answer = engine.on_occasion(session, &asked, Arc::new(Occasion::Event(change))).await;
            answer.map_or_else(|| failed(&executes), |answer| answer.text().into())
        };
        if !live {
            return execute.await; // nobody else missed just this, and it may be older than what is remembered
        }
        // In a task of its own: it must not wait for the subscriber who happens to ask first, and may be slow.
        let begin = || {
            let executing = tokio::spawn(execute);
            async move { executing.await.unwrap_or_else(|_| failed(&request_id)) }.boxed().shared()
        };
        match self.answers().0.get_or_insert_with(&key, || Ok::<_, std::convert::Infallible>(begin())) {
            Ok(answer) => answer.await,
        }
    }
}

/// What is told of an answer that could not be made.
fn failed(request_id: &str) -> Arc<str> {
    refused_text(&Refused::failed(internal_error(request_id)).errors).into()
}
