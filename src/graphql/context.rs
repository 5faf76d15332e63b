//! What resolvers read from their context: the viewer, the services and the loader of the request.

use crate::domain::{Refusal, Viewer};
use crate::graphql::RequestContext;
use crate::graphql::engine::Mutation;
use crate::graphql::engine::error::{CURSOR_EXPIRED, Code, error_with_code};
use crate::graphql::failure::report;
use crate::graphql::loaders::Loader;
use crate::services::{ServiceError, Services, SharedServices};
use async_graphql::{Context, Error, Result};
use std::sync::Arc;

/// Access to the data of the request.
pub trait ContextExt {
    fn request(&self) -> &RequestContext;
    fn services(&self) -> &Services;
    fn loader(&self) -> &Loader;
    /// Whether a mutation has been executed and this field is a part of its result.
    fn is_in_result_of_mutation(&self) -> bool;

    /// # Errors
    /// `UNAUTHENTICATED` for a request without a token.
    fn viewer(&self) -> Result<&Arc<Viewer>> {
        let missing =
            || error_with_code(Code::Unauthenticated, "this needs a token: send `Authorization: Bearer <JWT>`");
        self.request().viewer.as_ref().ok_or_else(missing)
    }

    /// The top-level error for an error of a service: `FORBIDDEN`, `CURSOR_EXPIRED`, or a failure of the server, which
    /// is logged.
    fn failure(&self, cause: ServiceError) -> Error {
        let request_id = &self.request().request_id;
        match cause {
            ServiceError::Refused(Refusal::Forbidden(reason)) => error_with_code(Code::Forbidden, reason),
            ServiceError::CursorExpired => error_with_code(Code::CursorExpired, CURSOR_EXPIRED),
            // Without it the client would repeat the mutation.
            cause if self.is_in_result_of_mutation() => report(&cause.after_change(), request_id),
            cause => report(&cause, request_id),
        }
    }

    /// The result of a service with its error as a top-level error.
    fn map_failure<T>(&self, result: Result<T, ServiceError>) -> Result<T> {
        result.map_err(|cause| self.failure(cause))
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

    fn is_in_result_of_mutation(&self) -> bool {
        let is_root_field = self.path_node.is_none_or(|node| node.parents().next().is_none());
        !is_root_field && self.data_opt::<Mutation>().is_some()
    }
}
