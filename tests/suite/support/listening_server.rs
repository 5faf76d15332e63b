//! A server that listens, in this process.

use crate::support::TestApp;
use crate::support::database::Database;
use crate::support::websocket_client::Client;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What is waited for takes milliseconds: whoever waits so long has failed.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub struct Server {
    pub app: TestApp,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Server {
    /// None where there is no such database.
    pub async fn start(database: Database, flags: &[&str]) -> Option<Self> {
        let app = TestApp::start_with(database, flags).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = app.app.clone();
        let serving = tokio::spawn(server.serve(listener, async { drop(stopped.await) }));
        Some(Self { app, address, stop: Some(stop), serving })
    }

    /// Tells it to stop.
    pub fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Returns once it has stopped.
    pub async fn stopped(&mut self) {
        tokio::time::timeout(PATIENCE, &mut self.serving).await.unwrap().unwrap();
    }

    /// Staff, with the token in the first message.
    pub async fn staff(&self) -> Client {
        let mut client = self.stranger().await;
        client.say(json!({"type": "connection_init", "payload": {"Authorization": self.authorization()}})).await;
        assert_eq!(client.hear().await, json!({"type": "connection_ack"}));
        client
    }

    /// Somebody who has said nothing yet.
    pub async fn stranger(&self) -> Client {
        Client::connect(self.address, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap()
    }

    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.app.staff().token())
    }

    /// An operation by HTTP, without a token; the status.
    pub async fn status_of(&self, query: &str) -> u16 {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("http://{}/graphql", self.address)).json(&json!({"query": query}));
        request.send().await.unwrap().status().as_u16()
    }

    /// Somebody else's open transaction, which holds interview 27.
    pub async fn holding_interview_27(&self) -> DatabaseTransaction {
        let other = self.app.database.raw().await.begin().await.unwrap();
        other.execute_unprepared("UPDATE interviews SET location = location WHERE id = 27").await.unwrap();
        other
    }
}

/// Moves interview 27: while somebody holds it, this is in flight.
pub const MOVE: &str = "mutation { updateInterview(id: 27, input: {location: \"moved\"}) { interview { location } } }";

/// A `subscribe` message.
pub fn subscribe(id: &str, query: &str) -> Value {
    json!({"id": id, "type": "subscribe", "payload": {"query": query}})
}

/// What a moved interview is told with.
pub fn moved(id: &str) -> [Value; 2] {
    let data = json!({"updateInterview": {"interview": {"location": "moved"}}});
    [json!({"id": id, "type": "next", "payload": {"data": data}}), json!({"id": id, "type": "complete"})]
}
