//! What resolvers read from their context: the viewer, the services and the loader of the request.

use crate::domain::{Refusal, RefusalCode, Since, Viewer};
use crate::graphql::RequestContext;
use crate::graphql::engine::error::{CURSOR_EXPIRED, Code, error_with_code};
use crate::graphql::failure::{no_viewer, report};
use crate::graphql::loaders::Loader;
use crate::graphql::root_counts::RootCounts;
use crate::services::{RequestChanges, ServiceError, Services, SharedServices, TokenProblem};
use async_graphql::{Context, Error, Result};
use std::sync::Arc;

/// How many changes the request had made before the operation began.
pub struct ChangesBefore(pub u32);

/// The position of the event log before the operation began, if the operation selects it.
pub struct ChangesCursor(pub Result<Since, ServiceError>);

/// Access to the data of the request.
pub trait ContextExt {
    fn request(&self) -> &RequestContext;
    fn services(&self) -> &Services;
    fn loader(&self) -> &Loader;
    fn root_counts(&self) -> &RootCounts;
    /// Whether the operation has changed anything so far.
    fn has_changed(&self) -> bool;

    /// # Errors
    /// `UNAUTHENTICATED` for a request without a token.
    fn viewer(&self) -> Result<&Arc<Viewer>> {
        self.request().viewer.as_ref().ok_or_else(|| no_viewer(TokenProblem::Missing).into_field_error())
    }

    /// The top-level error for an error of a service: `FORBIDDEN`, `CURSOR_EXPIRED`, or a failure of the server, which
    /// is logged.
    fn failure(&self, cause: ServiceError) -> Error {
        let request_id = &self.request().client.request_id;
        match cause {
            ServiceError::Refused(Refusal::Forbidden(reason)) => error_with_code(Code::Forbidden, reason),
            ServiceError::CursorExpired => error_with_code(Code::CursorExpired, CURSOR_EXPIRED),
            // The error can make the whole response null, and must not invite the client to repeat the change.
            cause if self.has_changed() => report(&cause.after_change(), request_id),
            cause => report(&cause, request_id),
        }
    }

    /// Records the code of an error that the user can fix, if the operation is logged.
    fn record_user_error(&self, code: RefusalCode) {
        if let Some(record) = &self.request().client.record {
            record.fail(code.into_str());
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

    fn root_counts(&self) -> &RootCounts {
        self.data_unchecked()
    }

    fn has_changed(&self) -> bool {
        self.data_opt::<ChangesBefore>().is_some_and(|before| RequestChanges::count() > before.0)
    }
}
