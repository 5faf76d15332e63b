//! Writes the line of each request into the access log, if it is on.

use crate::http::access_log::{RequestLine, is_on};
use axum::body::Body;
use axum::http::{Request, Response};
use futures_util::future::Either;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower::{Layer, Service};

#[derive(Clone, Copy, Debug)]
pub(super) struct AccessLogLayer;

/// The service of [`AccessLogLayer`].
#[derive(Clone, Debug)]
pub(super) struct AccessLog<S>(S);

pin_project! {
    /// The response, whose line is written when it is ready.
    pub(super) struct LoggedFuture<F> {
        #[pin]
        response: F,
        line: Option<RequestLine>,
    }
}

impl<S> Layer<S> for AccessLogLayer {
    type Service = AccessLog<S>;

    fn layer(&self, inner: S) -> AccessLog<S> {
        AccessLog(inner)
    }
}

impl<S, B> Service<Request<Body>> for AccessLog<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Either<S::Future, LoggedFuture<S::Future>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if !is_on() {
            return Either::Left(self.0.call(request));
        }
        let line = RequestLine::begin(&mut request);
        Either::Right(LoggedFuture { response: self.0.call(request), line: Some(line) })
    }
}

impl<F, B, E> Future for LoggedFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let response = ready!(this.response.poll(context));
        if let (Some(line), Ok(response)) = (this.line.take(), &response) {
            line.end(response);
        }
        Poll::Ready(response)
    }
}
