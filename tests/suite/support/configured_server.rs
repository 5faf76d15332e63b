//! A second server on the database of a test, with other settings.

use crate::support::actor::{Actor, Answer};
use crate::support::listening_server::TIMEOUT;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::{SECRET, TestApp};
use axum::body::Body;
use axum::http::Request;
use clap::{Args, FromArgMatches};
use interviews::app::{App, Listener};
use interviews::config::ServerSettings;
use interviews::http::explorer::Explorer;
use interviews::services::{Clock, Tokens};
use interviews::storage::Db;
use serde_json::json;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::time::timeout;

pub const UPDATES: &str = "SELECT count(*) FROM interview_events WHERE type = 'updated'";

/// A mutation of Jude's interview with Luisa.
pub fn update() -> String {
    format!(
        "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{location: \"x\"}}) {{ \
         interview {{ version }} userErrors {{ code }} }} }}"
    )
}

/// The settings of a server in process, from flags of the command line. It does no background work: tests call jobs.
pub fn settings(flags: &[&str]) -> ServerSettings {
    let command = ServerSettings::augment_args(clap::Command::new("test"));
    let arguments = ["test", "--workers", "off"].iter().chain(flags);
    ServerSettings::from_arg_matches(&command.get_matches_from(arguments)).unwrap()
}

/// A second server on these connections, called by Mona.
pub struct Server {
    pub staff: Actor,
    app: App,
}

impl Server {
    pub fn new(app: &TestApp, db: Db, flags: &[&str]) -> Self {
        let tokens = Tokens::try_new(SECRET, None).unwrap();
        let token = app.staff().token().to_owned();
        let app = App::new(db, Clock::Frozen(app.clock.clone()), tokens, Explorer::new(None), settings(flags));
        Self { staff: Actor::new(app.router(), Some(token)), app }
    }

    /// The same user of this server.
    pub fn user(&self, user: &Actor) -> Actor {
        Actor::new(self.app.router(), Some(user.token().to_owned()))
    }

    /// Serves at this address until the test ends.
    pub async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(self.app.clone().serve(Listener::of(listener).unwrap(), std::future::pending()));
        address
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.staff.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Waits until the server is ready. A result of the readiness check is valid for a second.
    pub async fn until_ready(&self) {
        let ready = async { while self.get("/readyz").await.status != 200 {} };
        timeout(TIMEOUT, ready).await.unwrap();
    }

    pub async fn graphql(&self, query: &str) -> Answer {
        self.staff.rest("POST", "/graphql", &json!({"query": query})).await
    }

    /// The same change as [`update`] over REST.
    pub async fn patch(&self) -> Answer {
        self.staff.patch(JUDE_WITH_LUISA, &json!({"interview": {"location": "x"}})).await
    }
}
