//! Compresses responses with gzip, while there is memory for the encoders.

use crate::graphql::{Charge, MemoryBudget};
use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Response, header};
use http_body_util::{BodyExt, Either};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, NotForContentType, Predicate, SizeAbove};

/// The smallest response that is compressed, in bytes: gzip saves nothing on less.
const MIN_COMPRESSED: u16 = 1024;

/// The memory of an encoder, in bytes. A client that does not read its response keeps it.
const ENCODER: usize = 320 * 1024;

/// Sends a response as it is when there is no memory for an encoder.
#[derive(Clone)]
pub(super) struct WhileThereIsMemory(MemoryBudget);

impl Predicate for WhileThereIsMemory {
    fn should_compress<B: HttpBody>(&self, _: &Response<B>) -> bool {
        self.0.has(ENCODER)
    }
}

pub(super) fn layer(
    memory: &MemoryBudget,
) -> CompressionLayer<And<And<SizeAbove, NotForContentType>, WhileThereIsMemory>> {
    // A compressor buffers: events would arrive late.
    let compressible = SizeAbove::new(MIN_COMPRESSED).and(NotForContentType::SSE);
    CompressionLayer::new().gzip(true).compress_when(compressible.and(WhileThereIsMemory(memory.clone())))
}

/// Counts the encoder of a compressed response until the body is written.
pub(super) fn charge_encoder<B>(
    memory: &MemoryBudget,
) -> impl Fn(Response<B>) -> Response<Either<B, Body>> + Clone + use<B>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let memory = memory.clone();
    move |response| {
        if !response.headers().contains_key(header::CONTENT_ENCODING) {
            return response.map(Either::Left);
        }
        let mut charge = Charge::default();
        memory.grow_always(&mut charge, ENCODER);
        response.map(|body| {
            Either::Right(Body::new(body.map_frame(move |frame| {
                let _held = &charge;
                frame
            })))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::http::Request;
    use axum::routing::get;
    use tower::{ServiceBuilder, ServiceExt};

    /// The response to a client that accepts gzip.
    async fn respond(memory: &MemoryBudget) -> Response<Body> {
        let layers = ServiceBuilder::new().map_response(charge_encoder(memory)).layer(layer(memory));
        let app: Router = Router::new().route("/", get(|| async { "x".repeat(2000) })).layer(layers);
        let request = Request::get("/").header(header::ACCEPT_ENCODING, "gzip");
        app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn encoder_counts_until_the_response_is_dropped() {
        let memory = MemoryBudget::new(1_000_000);
        let response = respond(&memory).await;
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(memory.used(), ENCODER);
        assert!(response.into_body().collect().await.unwrap().to_bytes().len() < 100);
        assert_eq!(memory.used(), 0);
    }

    #[tokio::test]
    async fn response_is_sent_as_it_is_when_there_is_no_memory_for_an_encoder() {
        let memory = MemoryBudget::new(1_000_000);
        let other = memory.charge(500_000).unwrap();
        let response = respond(&memory).await;
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "x".repeat(2000));
        drop(other);
        assert_eq!(respond(&memory).await.headers()[header::CONTENT_ENCODING], "gzip");
    }
}
