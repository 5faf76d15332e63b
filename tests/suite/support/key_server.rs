//! The server of an identity provider that publishes its keys.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::sleep;

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers with these bytes.
    Body(Vec<u8>),
    /// Answers with this status and these bytes.
    Status(u16, Vec<u8>),
    /// Sends the client to this URL.
    Redirect(String),
    /// Waits for [`KeyServer::release`], then answers with these bytes.
    Held(Vec<u8>),
    /// Never ends the answer: sends a space now and then.
    Endless,
}

pub struct KeyServer {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    reply: Mutex<Reply>,
    requests: Mutex<usize>,
    released: Notify,
}

impl KeyServer {
    /// Answers with this key set.
    pub async fn start(keys: &Value) -> Self {
        let reply = Mutex::new(Reply::Body(keys.to_string().into_bytes()));
        let shared = Arc::new(Shared { reply, requests: Mutex::new(0), released: Notify::new() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    /// Answers with this key set from now on.
    pub fn publish(&self, keys: &Value) {
        self.reply_with(Reply::Body(keys.to_string().into_bytes()));
    }

    pub fn reply_with(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }

    /// Answers one request that is held.
    pub fn release(&self) {
        self.shared.released.notify_one();
    }

    /// How many requests have arrived.
    pub fn requests(&self) -> usize {
        *self.shared.requests.lock().unwrap()
    }
}

async fn answer(State(shared): State<Arc<Shared>>) -> Response {
    *shared.requests.lock().unwrap() += 1;
    let reply = shared.reply.lock().unwrap().clone();
    match reply {
        Reply::Body(body) => body.into_response(),
        Reply::Status(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Reply::Redirect(url) => (StatusCode::FOUND, [(header::LOCATION, url)]).into_response(),
        Reply::Held(body) => {
            shared.released.notified().await;
            body.into_response()
        }
        Reply::Endless => {
            let spaces = stream::repeat(()).then(|()| async {
                sleep(Duration::from_millis(20)).await;
                Ok::<_, Infallible>(Bytes::from_static(b" "))
            });
            Body::from_stream(spaces).into_response()
        }
    }
}
