//! What a resolver knows of the request in which it runs.

use crate::domain::Viewer;
use crate::graphql::engine::error::{Code, error_with_code, internal};
use crate::graphql::loaders::Loader;
use crate::services::{ServiceError, Services, SharedServices};
use async_graphql::{Context, Error, Result};
use std::sync::Arc;

/// Who asks, and in which request.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The viewer; none without a token.
    pub viewer: Option<Arc<Viewer>>,
    /// By which the log and the client name this request.
    pub request_id: String,
}

/// Ways to the request's data from a resolver's context.
pub trait ContextExt {
    /// The request's session.
    fn request(&self) -> &RequestContext;
    /// The use cases.
    fn services(&self) -> &Services;
    /// The request's loader.
    fn loader(&self) -> &Loader;

    /// The viewer.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when there is none.
    fn viewer(&self) -> Result<&Arc<Viewer>> {
        let missing =
            || error_with_code(Code::Unauthenticated, "this needs a token: send `Authorization: Bearer <JWT>`");
        self.request().viewer.as_ref().ok_or_else(missing)
    }

    /// The error that a failure of the server becomes: the cause goes to the log, the client gets constant text.
    fn failure(&self, cause: ServiceError) -> Error {
        match cause {
            ServiceError::Refused(crate::domain::Refusal::Forbidden(why)) => error_with_code(Code::Forbidden, why),
            cause => internal(&self.request().request_id, &cause),
        }
    }
}

impl ContextExt for Context<'_> {
    fn request(&self) -> &RequestContext {
        self.data_unchecked()
    }

    fn services(&self) -> &Services {
        self.data_unchecked::<SharedServices>()
    }

    fn loader(&self) -> &Loader {
        self.data_unchecked()
    }
}
