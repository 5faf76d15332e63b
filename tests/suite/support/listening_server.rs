//! A server of this process that listens on a port.

use crate::support::TestApp;
use crate::support::database::Database;
use crate::support::http_client;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::websocket_client::{SUBPROTOCOL, WebSocketClient};
use interviews::app::Listener;
use interviews::domain::InterviewId;
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A test fails when the server does not react for this long. It reacts within milliseconds.
pub const TIMEOUT: Duration = Duration::from_mins(1);

pub struct ListeningServer {
    pub app: TestApp,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl ListeningServer {
    /// Starts a server with these flags of the command line; `None` without such a database.
    pub async fn start(database: Database, flags: &[&str]) -> Option<Self> {
        Some(Self::of(TestApp::start_with(database, flags).await?).await)
    }

    /// Lets a server listen.
    pub async fn of(app: TestApp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = app.app.clone();
        let stop_requested = async { drop(stopped.await) };
        let serving = tokio::spawn(async move {
            server.serve(Listener::of(listener).unwrap(), stop_requested).await;
        });
        Self { app, address, stop: Some(stop), serving }
    }

    /// Asks the server to shut down.
    pub fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Waits until the server has shut down.
    pub async fn stopped(&mut self) {
        tokio::time::timeout(TIMEOUT, &mut self.serving).await.unwrap().unwrap();
    }

    /// A WebSocket of Mona's, with her token in the first message.
    pub async fn staff(&self) -> WebSocketClient {
        WebSocketClient::sign_in(self.address, self.app.staff().token()).await
    }

    /// A WebSocket on which no message was sent yet.
    pub async fn connect(&self) -> WebSocketClient {
        WebSocketClient::connect(self.address, &[SUBPROTOCOL]).await.unwrap()
    }

    /// The `Authorization` header of Mona.
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.app.staff().token())
    }

    /// The HTTP status of an operation that is sent without a token.
    pub async fn http_status(&self, query: &str) -> u16 {
        let client = http_client::client();
        let request = client.post(format!("http://{}/graphql", self.address)).json(&json!({"query": query}));
        request.send().await.unwrap().status().as_u16()
    }

    /// Locks the interview beside the server until the transaction ends.
    pub async fn lock(&self, id: InterviewId) -> DatabaseTransaction {
        self.app.database.lock(id).await
    }
}

/// A mutation of [`JUDE_WITH_LUISA`], which is in flight while that interview is locked.
pub fn set_location() -> String {
    format!(
        "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: \"Gate 9\"}}) {{ \
         interview {{ location }} }} }}"
    )
}

/// The messages that answer [`set_location`].
pub fn location_set(id: &str) -> [Value; 2] {
    let data = json!({"updateInterview": {"interview": {"location": "Gate 9"}}});
    [json!({"id": id, "type": "next", "payload": {"data": data}}), json!({"id": id, "type": "complete"})]
}

/// A `subscribe` message.
pub fn subscribe(id: &str, query: &str) -> Value {
    json!({"id": id, "type": "subscribe", "payload": {"query": query}})
}
