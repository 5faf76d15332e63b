//! Requests over sockets, with or without a token.

use crate::support::TestApp;
use crate::support::http_client;
use crate::support::listening_server::{ListeningServer, TIMEOUT};
use crate::support::polling::is_true_in_time;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A client of a listening server.
pub struct Client<'a> {
    server: &'a ListeningServer,
    token: Option<String>,
    http: reqwest::Client,
}

impl<'a> Client<'a> {
    pub fn anonymous(server: &'a ListeningServer) -> Self {
        Self { server, token: None, http: http_client::client() }
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

    /// Sends the head of a request with a body of JSON and the beginning of the body.
    pub async fn begin(&self, headers: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.server.address).await.unwrap();
        let token = self.token.iter().map(|token| format!("authorization: Bearer {token}\r\n")).collect::<String>();
        let head = format!("POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{token}{headers}");
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
        stream
    }
}

/// The head of the answer, or what has arrived of it when the server closes the connection.
pub async fn head_of_answer(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match timeout(TIMEOUT, stream.read_u8()).await.expect("no answer in time") {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// Waits until the memory of requests and responses is as expected.
pub async fn until_used(app: &TestApp, is_expected: impl Fn(usize) -> bool) {
    let expected = is_true_in_time(async || is_expected(app.app.memory().used())).await;
    assert!(expected, "{} bytes are in use", app.app.memory().used());
}

/// A long text as the location of every interview, so that a short query has a long response.
pub async fn make_locations_long(app: &TestApp) {
    app.database.execute(&format!("UPDATE interviews SET location = '{}'", "x".repeat(2000))).await;
}

/// A list of 100 interviews, with the location of each so many times.
pub fn locations(count: usize) -> String {
    let fields: String = (0..count).map(|number| format!("a{number}: location ")).collect();
    format!("{{ interviews(first: 100) {{ nodes {{ {fields} }} }} }}")
}

/// A limit that these lists do not reach.
pub const ANY_COMPLEXITY: [&str; 2] = ["--max-complexity", "1000000"];
