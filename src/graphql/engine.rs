//! Executes requests: from the text to the answer.

use super::direct::Allowed;
use super::document::{Document, DocumentLimits, Documents, Hash, Refused};
use super::error::{self, Code};
use super::json::Answer;
use super::rates::Rates;
use super::{Schema, Session, batching, loaders, schema, sdl};
use crate::services::SharedServices;
use apollo_compiler::executable::OperationType;
use async_graphql::{Request, Value};
use std::num::NonZeroU32;
use std::sync::Arc;

/// The GraphQL API over the use cases.
#[derive(Clone)]
pub struct Engine {
    schema: Schema,
    documents: Arc<Documents>,
    services: SharedServices,
    rates: Option<Arc<Rates>>,
}

/// How a request ended.
#[derive(Debug)]
pub enum Outcome {
    /// It ran; fields may have failed.
    Answered(Answer),
    /// Nothing ran.
    Refused(Refused),
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
        Self { schema: schema(), documents: Arc::new(Documents::new(&sdl(), limits)), services, rates }
    }

    /// Executes one operation for one viewer, or for nobody, who is let into introspection alone.
    pub async fn execute(&self, session: Session, request: Request, permitted: Permitted) -> Outcome {
        match self.prepare(&session, request, permitted) {
            Ok(request) => Outcome::Answered(self.run(session, request).await),
            Err(refused) => Outcome::Refused(refused),
        }
    }

    fn prepare(&self, session: &Session, mut request: Request, permitted: Permitted) -> Result<Request, Refused> {
        let document = self.document(&request)?;
        let operation = document.operation(request.operation_name.as_deref())?;
        if permitted == Permitted::QueriesOnly && operation.operation_type != OperationType::Query {
            return Err(Refused::new(Code::MethodNotAllowed, "only queries run by GET: send this by POST", None));
        }
        if session.viewer.is_none() && !document.is_introspection(operation) {
            let message = "this needs a token: send `Authorization: Bearer <JWT>`";
            return Err(Refused::new(Code::Unauthenticated, message, None));
        }
        let runnable = document.runnable(&self.documents, operation, &request.variables)?;
        if let (Some(rates), Some(viewer)) = (&self.rates, &session.viewer) {
            rates.spend(viewer.id, document.cost(operation, &request.variables))?;
        }
        request.set_parsed_query(runnable);
        Ok(if document.repeats() { request } else { request.data(Allowed) })
    }

    fn document(&self, request: &Request) -> Result<Arc<Document>, Refused> {
        match request.extensions.get("persistedQuery") {
            Some(persisted) => self.documents.understand_persisted(&request.query, persisted_hash(persisted)?),
            None => self.documents.understand(&request.query),
        }
    }

    async fn run(&self, session: Session, request: Request) -> Answer {
        let fetches = batching::Queue::default();
        let loader = loaders::new(self.services.clone(), session.viewer.clone(), fetches.clone());
        let request = request.data(self.services.clone()).data(session).data(loader);
        let mut response = batching::drive(fetches, self.schema.execute(request)).await;
        response.errors.iter_mut().for_each(error::complete);
        Answer::from(response)
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
