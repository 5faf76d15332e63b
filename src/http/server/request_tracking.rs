//! Notes when a connection has a request: from the end of the request's body to the end of the response's. The memory
//! of the request's head counts until then.

use crate::graphql::Charge;
use crate::http::server::open_connections::OpenConnection;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper_util::service::TowerToHyperService;
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

type Routes = TowerToHyperService<Router>;
type RoutesFuture = <Routes as hyper::service::Service<Request<RequestBody>>>::Future;

/// The routes, for one connection.
pub(super) struct TrackedRoutes {
    routes: Routes,
    connection: Arc<OpenConnection>,
}

/// The body of a request. The request has arrived when it ends: until then, its client holds a connection and has not
/// asked for anything.
pub(super) struct RequestBody {
    body: Incoming,
    connection: Arc<OpenConnection>,
}

/// The body of a response, which belongs to the request until it is written or given up.
pub(super) struct ResponseBody {
    body: Body,
    _request: Option<RequestGuard>,
}

/// Ends the request when it is dropped.
struct RequestGuard {
    connection: Arc<OpenConnection>,
    _head: Charge,
}

pin_project! {
    /// The response when it is ready.
    pub(super) struct TrackedFuture {
        #[pin]
        response: RoutesFuture,
        connection: Arc<OpenConnection>,
    }
}

/// hyper keeps the buffer of the longest head as long as the connection is open, and nobody counts it while the
/// connection is idle. A connection whose head was counted for more than this many bytes is closed after its response.
const KEPT_HEAD: usize = 32 * 1024;

impl TrackedRoutes {
    pub(super) fn new(router: &Router, connection: Arc<OpenConnection>) -> Self {
        Self { routes: TowerToHyperService::new(router.clone()), connection }
    }
}

impl hyper::service::Service<Request<Incoming>> for TrackedRoutes {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = TrackedFuture;

    fn call(&self, request: Request<Incoming>) -> TrackedFuture {
        let has_body = !request.body().is_end_stream();
        self.connection.head_memory.head_arrived(has_body);
        if has_body {
            self.connection.activity.receive_body();
        } else {
            self.connection.begin_request();
        }
        let mut request = request.map(|body| RequestBody { body, connection: self.connection.clone() });
        let client = self.connection.client_address(request.headers());
        request.extensions_mut().insert(client);
        TrackedFuture { response: self.routes.call(request), connection: self.connection.clone() }
    }
}

impl Future for TrackedFuture {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.response.poll(cx))?;
        this.connection.begin_request(); // also where the body was not read to its end
        // A WebSocket never rests: it has timeouts of its own.
        let is_upgrade = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if is_upgrade {
            this.connection.head_memory.upgraded();
            this.connection.activity.upgrade();
        }
        let mut head = this.connection.head_memory.take_request();
        if (head.bytes() > KEPT_HEAD || this.connection.is_draining()) && !is_upgrade {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if is_event_stream(&response) {
            // It may be open for days, and the memory is for requests.
            head = Charge::default();
        }
        let request = (!is_upgrade).then(|| RequestGuard { connection: this.connection.clone(), _head: head });
        Poll::Ready(Ok(response.map(|body| ResponseBody { body, _request: request })))
    }
}

fn is_event_stream(response: &Response<Body>) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|it| it.as_bytes().starts_with(b"text/event-stream"))
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.connection.activity.rest();
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.connection.begin_request();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
