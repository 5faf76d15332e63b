//! Requests over sockets, with or without a token.

use crate::support::listening_server::ListeningServer;
use serde_json::{Value, json};

/// A client of a listening server.
pub struct Client<'a> {
    server: &'a ListeningServer,
    token: Option<String>,
    http: reqwest::Client,
}

impl<'a> Client<'a> {
    pub fn anonymous(server: &'a ListeningServer) -> Self {
        Self { server, token: None, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    /// Mona.
    pub fn staff(server: &'a ListeningServer) -> Self {
        Self { token: Some(server.app.staff().token().to_owned()), ..Self::anonymous(server) }
    }

    /// Sends a body of JSON to `/graphql`; the status and the response.
    pub async fn post(&self, body: String) -> (u16, Value) {
        let request = self.http.post(format!("http://{}/graphql", self.server.address));
        let request = self.token.iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The response to one operation.
    pub async fn query(&self, query: &str) -> Value {
        self.post(json!({"query": query}).to_string()).await.1
    }
}
