//! A server that receives webhooks.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// A delivery that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub path: String,
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    pub content_type: String,
    pub user_agent: String,
    pub body: Bytes,
}

#[derive(Clone)]
pub struct WebhookReceiver {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl WebhookReceiver {
    /// What it does depends on the path: `/ok`, `/fail`, `/slow`, `/redirect`, `/gone`, `/huge`, `/nul`, `/busy`,
    /// `/flaky`, `/delayed`.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self { address: listener.local_addr().unwrap(), received: Arc::default() };
        let router = Router::new().fallback(receive).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything that has arrived.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn receive(State(receiver): State<WebhookReceiver>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    receiver.received.lock().unwrap().push(Received {
        path: uri.path().to_owned(),
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        content_type: header("content-type"),
        user_agent: header("user-agent"),
        body,
    });
    let count = receiver.received.lock().unwrap().len();
    match uri.path() {
        // Every third one of all.
        "/flaky" if count % 3 == 0 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "/delayed" => {
            tokio::time::sleep(Duration::from_millis(20)).await;
            StatusCode::NO_CONTENT.into_response()
        }
        "/fail" => (StatusCode::INTERNAL_SERVER_ERROR, "out of order").into_response(),
        "/busy" => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "3600")]).into_response(),
        "/slow" => pending().await,
        "/redirect" => (StatusCode::FOUND, [(header::LOCATION, receiver.url("/ok"))]).into_response(),
        "/gone" => StatusCode::GONE.into_response(),
        "/huge" => {
            let endless = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 700])));
            Body::from_stream(endless).into_response()
        }
        "/nul" => "a\0b\u{fc}".into_response(),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

/// The address of a server that ends each connection after the request.
pub async fn resetting_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 4096]).await;
        }
    });
    address
}

/// An address at which nothing listens.
pub async fn closed_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}
