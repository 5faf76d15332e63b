//! A panic in a handler becomes a response, and the connection stays open.

use crate::graphql::Code;
use crate::http::error_response::HttpError;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::any::Any;

/// The response to a request whose handler panicked. The panic hook has logged the message and the place; this line
/// adds the request.
pub(super) fn into_response(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("panic");
    HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, Code::Internal, "Something went wrong on the server.")
        .into_response()
}

#[cfg(test)]
mod tests {
    use crate::http::middleware::{error_format, panics, request_id};
    use axum::Router;
    use axum::body::Body;
    use axum::http::{Request, header};
    use axum::middleware::from_fn;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::{ServiceBuilder, ServiceExt};
    use tower_http::catch_panic::CatchPanicLayer;
    use tower_http::request_id::{MakeRequestUuid, SetRequestIdLayer};

    #[tokio::test]
    async fn panic_is_an_internal_error_in_the_format_of_the_transport() {
        async fn panic() -> &'static str {
            panic!("secret")
        }
        let app: Router = Router::new().route("/graphql", get(panic)).route("/api/v1", get(panic)).layer(
            ServiceBuilder::new()
                .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
                .layer(from_fn(error_format::format_errors))
                .layer(CatchPanicLayer::custom(panics::into_response)),
        );
        let graphql = r#"{"errors":[{"message":"Something went wrong on the server.",
            "extensions":{"code":"INTERNAL","requestId":"r"}}]}"#;
        let rest = r#"{"errors":[{"code":"INTERNAL","message":"Something went wrong on the server.","path":[]}]}"#;
        for (path, content_type, expected) in [
            ("/graphql", "application/graphql-response+json; charset=utf-8", graphql),
            ("/api/v1", "application/json; charset=utf-8", rest),
        ] {
            let request = Request::get(path)
                .header(request_id::X_REQUEST_ID, "r")
                .header(header::ACCEPT, "application/graphql-response+json");
            let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), 500);
            assert_eq!(response.headers()[header::CONTENT_TYPE], content_type);
            let body: serde_json::Value =
                serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
            assert_eq!(body, serde_json::from_str::<serde_json::Value>(expected).unwrap());
        }
    }
}
