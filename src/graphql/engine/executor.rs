//! Runs prepared requests through the schema, with their loaders.

use crate::graphql::engine::api::{Api, RequestContext};
use crate::graphql::engine::error::tag_argument_error;
use crate::graphql::engine::loader_scheduler::{PendingFetches, run_with_batches};
use crate::graphql::engine::response::Response;
use crate::graphql::engine::response_limits::{ResponseError, ResponseLimits};
use crate::graphql::engine::schema_description::SelectedSchema;
use async_graphql::{Executor as _, Request};
use futures_util::StreamExt;
use std::sync::Arc;

/// Executes requests whose document was checked.
#[derive(Clone)]
pub struct Executor<A> {
    api: A,
}

impl<A: Api> Executor<A> {
    pub fn new(api: A) -> Self {
        Self { api }
    }

    pub fn api(&self) -> &A {
        &self.api
    }

    /// Runs a query or mutation. `selects_first`: it selects the field [`Api::READ_FIRST`]. `schema`: it selects the
    /// schema itself.
    ///
    /// # Errors
    /// [`ResponseError`] when the response exceeds the limits.
    pub async fn run(
        &self,
        request: Request,
        context: RequestContext<A::Viewer>,
        selects_first: bool,
        schema: Option<Box<SelectedSchema>>,
        limits: &ResponseLimits,
    ) -> Result<Response, ResponseError> {
        let viewer = context.viewer.clone().filter(|_| selects_first);
        let (mut request, fetches) = self.attach_context(request, context);
        let execution = async {
            if let Some(viewer) = viewer {
                request = Box::pin(self.api.read_first(request, &viewer)).await;
            }
            run_with_batches(fetches, self.api.schema().execute(request)).await
        };
        let mut executed = A::with_share(execution).await;
        if let Some(schema) = schema {
            schema.remove_description(&mut executed.data);
        }
        Response::write(Self::tag(executed), limits)
    }

    /// Runs a subscription for one event; `None` when its resolver yields nothing.
    pub async fn execute_for_event(
        &self,
        request: Request,
        context: RequestContext<A::Viewer>,
        event: Arc<A::Event>,
        limits: &ResponseLimits,
    ) -> Option<Result<Response, ResponseError>> {
        let (request, fetches) = self.attach_context(request.data(event), context);
        let mut responses = self.api.schema().execute_stream(request, None);
        let executed = A::with_share(run_with_batches(fetches, responses.next())).await?;
        Some(Response::write(Self::tag(executed), limits))
    }

    fn attach_context(&self, request: Request, context: RequestContext<A::Viewer>) -> (Request, PendingFetches) {
        let fetches = PendingFetches::default();
        (self.api.attach(request, context, fetches.clone()), fetches)
    }

    fn tag(mut response: async_graphql::Response) -> async_graphql::Response {
        response.errors.iter_mut().for_each(tag_argument_error);
        response
    }
}
