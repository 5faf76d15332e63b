//! Executes requests: from the text to the answer.

pub mod document;
pub mod error;
pub mod loader_scheduler;
mod rate_limit;
pub mod response;
pub mod subscriptions;

use crate::graphql::direct_json::Allowed;
use crate::graphql::engine::document::{Document, DocumentLimits, Documents, Hash, Refused};
use crate::graphql::engine::error::Code;
use crate::graphql::engine::rate_limit::Rates;
use crate::graphql::engine::response::Answer;
use crate::graphql::engine::subscriptions::{Answers, Asked, Live};
use crate::graphql::schema::interview::subscription::Occasion;
use crate::graphql::{Schema, Session, loaders, schema, sdl};
use crate::services::{Bearer, SharedServices};
use apollo_compiler::executable::OperationType;
use async_graphql::{Request, Value};
use futures_util::StreamExt;
use std::num::NonZeroU32;
use std::sync::Arc;

/// The GraphQL API over the use cases.
#[derive(Clone)]
pub struct Engine {
    schema: Schema,
    documents: Arc<Documents>,
    services: SharedServices,
    rates: Option<Arc<Rates>>,
    answers: Arc<Answers>,
}

/// How a request ended.
#[derive(Debug)]
pub enum Outcome {
    /// It ran; fields may have failed.
    Answered(Answer),
    /// Nothing ran.
    Refused(Refused),
}

/// What a request turns into on a way that can carry more than one answer.
pub enum Opened {
    /// A query or mutation: it is done. Or a subscription that was refused.
    Once(Outcome),
    /// A subscription.
    Live(Live),
}

/// What a request may do by the way it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permitted {
    /// Queries and mutations.
    All,
    /// Nothing that changes anything.
    QueriesOnly,
}

impl Engine {
    /// Wires it.
    #[must_use]
    pub fn new(services: SharedServices, limits: DocumentLimits, rate: Option<NonZeroU32>) -> Self {
        let rates = rate.map(|rate| Arc::new(Rates::new(rate)));
        let (schema, documents) = (schema(), Arc::new(Documents::new(&sdl(), limits)));
        Self { schema, documents, services, rates, answers: Arc::default() }
    }

    /// Executes one query or mutation for one viewer, or for nobody, who is let into introspection alone.
    pub async fn execute(&self, session: Session, mut request: Request, permitted: Permitted) -> Outcome {
        match self.prepare(&session, &mut request, permitted) {
            Ok(None) => Outcome::Answered(self.run(session, request).await),
            Ok(Some(_)) => {
                let message = "subscriptions come over WebSocket, or with `accept: text/event-stream`";
                Outcome::Refused(Refused::new(Code::BadRequest, message, None))
            }
            Err(refused) => Outcome::Refused(refused),
        }
    }

    /// The same, and begins subscriptions.
    pub async fn open(
        &self,
        bearer: Option<&Bearer>,
        request_id: String,
        mut request: Request,
        permitted: Permitted,
    ) -> Opened {
        let session = Session { viewer: bearer.and_then(Bearer::viewer), request_id };
        let outcome = match (self.prepare(&session, &mut request, permitted), bearer) {
            (Ok(Some(asked)), Some(bearer)) => match self.subscribe(bearer.clone(), session, request, asked).await {
                Ok(live) => return Opened::Live(live),
                Err(refused) => Outcome::Refused(refused),
            },
            (Ok(_), _) => Outcome::Answered(self.run(session, request).await),
            (Err(refused), _) => Outcome::Refused(refused),
        };
        Opened::Once(outcome)
    }

    /// Checks a request and makes it ready to run; a subscription as one that can run for each event.
    fn prepare(
        &self,
        session: &Session,
        request: &mut Request,
        permitted: Permitted,
    ) -> Result<Option<Asked>, Refused> {
        let document = self.document(request)?;
        let operation = document.operation(request.operation_name.as_deref())?;
        let kind = operation.operation_type;
        if permitted == Permitted::QueriesOnly && kind == OperationType::Mutation {
            return Err(Refused::new(Code::MethodNotAllowed, "only queries run by GET: send this by POST", None));
        }
        if session.viewer.is_none() && (kind == OperationType::Subscription || !document.is_introspection(operation)) {
            let message = "this needs a token: send `Authorization: Bearer <JWT>`";
            return Err(Refused::new(Code::Unauthenticated, message, None));
        }
        let runnable = document.runnable(&self.documents, operation, &request.variables)?;
        if let (Some(rates), Some(viewer)) = (&self.rates, &session.viewer) {
            rates.spend(viewer.id, document.cost(operation, &request.variables))?;
        }
        if kind == OperationType::Subscription {
            let substance = document.substance(operation, &request.variables);
            let asked = Asked::new(substance, runnable.clone(), request);
            request.set_parsed_query(runnable);
            return Ok(Some(asked));
        }
        request.set_parsed_query(runnable);
        if !document.repeats() {
            request.data.insert(Allowed);
        }
        Ok(None)
    }

    fn document(&self, request: &Request) -> Result<Arc<Document>, Refused> {
        match request.extensions.get("persistedQuery") {
            Some(persisted) => self.documents.understand_persisted(&request.query, persisted_hash(persisted)?),
            None => self.documents.understand(&request.query),
        }
    }

    async fn run(&self, session: Session, request: Request) -> Answer {
        let (request, fetches) = self.equip(session, request);
        let mut response = loader_scheduler::drive(fetches, self.schema.execute(request)).await;
        response.errors.iter_mut().for_each(error::complete);
        Answer::from(response)
    }

    /// Calls a subscription's resolver; none when it has nothing to answer.
    pub(super) async fn on_occasion(
        &self,
        session: Session,
        request: Request,
        occasion: Arc<Occasion>,
    ) -> Option<Answer> {
        let (request, fetches) = self.equip(session, request.data(occasion));
        let mut responses = self.schema.execute_stream(request);
        let mut response = loader_scheduler::drive(fetches, responses.next()).await?;
        response.errors.iter_mut().for_each(error::complete);
        Some(Answer::from(response))
    }

    /// With what its resolvers need.
    fn equip(&self, session: Session, request: Request) -> (Request, loader_scheduler::Queue) {
        let fetches = loader_scheduler::Queue::default();
        let loader = loaders::new(self.services.clone(), session.viewer.clone(), fetches.clone());
        (request.data(self.services.clone()).data(session).data(loader), fetches)
    }

    pub(super) fn services(&self) -> &SharedServices {
        &self.services
    }

    pub(super) fn answers(&self) -> &Answers {
        &self.answers
    }
}

/// Reads `extensions.persistedQuery`.
fn persisted_hash(persisted: &Value) -> Result<Hash, Refused> {
    let bad = |message| Refused::new(Code::BadRequest, message, None);
    let Value::Object(fields) = persisted else {
        return Err(bad("`extensions.persistedQuery` has to be an object"));
    };
    if fields.get("version") != Some(&Value::from(1)) {
        return Err(bad("`extensions.persistedQuery.version` has to be 1"));
    }
    let hash = match fields.get("sha256Hash") {
        Some(Value::String(hex)) if hex.len() == 64 && hex.is_ascii() => {
            let byte = |index: usize| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok();
            (0..32).map(byte).collect::<Option<Vec<u8>>>().and_then(|bytes| bytes.try_into().ok())
        }
        _ => None,
    };
    hash.ok_or_else(|| bad("`extensions.persistedQuery.sha256Hash` has to be a SHA-256 in hexadecimal"))
}
