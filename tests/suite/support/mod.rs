//! What the integration tests share.
//!
//! Conventions of the suite:
//!
//! - **Layout**: it mirrors the layers and the API. A file holds the tests of one thing, named by that thing: a field
//!   of the API, a limit, a command. Modules are `folder/mod.rs`, which holds no tests. What two folders use is in
//!   `support`.
//! - **Names** of tests state the behaviour as a sentence: `since_that_is_not_a_cursor_is_rejected`.
//! - **People** are named: [`people`] has the users, applications and interviews of the demo data (`MONA`,
//!   `JUDE_APPLICATION`, `JUDE_WITH_LUISA`). There are no bare ids in tests. They print as their numbers: `format!("id:
//!   {JUDE_WITH_LUISA}")`.
//! - **Actors** call the server: `app.staff()` is Mona, `app.driver()` Jude, `app.other_staff()` Piet, `app.admin()`
//!   Ada, `app.manager()` Nora, `app.service()` the platform; `app.user(DANA)` is anyone else and `app.anonymous()`
//!   has no token.
//! - **Builders**: `app.book(JUDE, LUISA).at("10:00").await` is a new pending interview and `.accepted().await` a
//!   scheduled one, on a day without others. The clock stands at [`NOW`] until a test advances it; a test that
//!   waits for what no event announces calls [`polling::until`].
//! - **Whole answers** are inline snapshots: `assert_json!(answer, @"")`, filled in by `cargo insta test --accept
//!   --test suite -- NAME`. A plain `cargo test` compares and never writes (`.config/insta.yaml`). A single value is
//!   asserted with `assert_eq!`.
//! - **Errors** are pinned by their code, and by their message where the client relies on it. No assertion accepts one
//!   of several. Every answer that an actor or a WebSocket receives is checked for messages that are no sentences.
//! - **Databases**: what reaches SQL runs on both (`#[values(Sqlite, Postgres)]`). What does not (parsing, headers,
//!   validation of documents, cursors, timeouts of HTTP) runs on SQLite alone.

pub mod actor;
pub mod booking;
pub mod cluster;
pub mod configured_server;
pub mod database;
pub mod database_folder;
pub mod database_port;
pub mod database_proxy;
pub mod events;
pub mod feed;
pub mod filtered_view;
pub mod hand_over;
pub mod http_client;
pub mod inspect;
pub mod interview_rows;
pub mod invariants;
#[macro_use]
pub mod json;
pub mod json_schema;
pub mod key_server;
pub mod lifecycle;
pub mod listening_server;
pub mod lists;
pub mod load_generator;
pub mod own_cluster;
pub mod people;
pub mod pgbouncer;
pub mod plans;
pub mod polling;
pub mod process;
pub mod process_output;
pub mod rest;
pub mod sentences;
pub mod shell;
pub mod signer;
pub mod transports;
pub mod unit_of_work;
pub mod webhook_receiver;
pub mod websocket_client;

use actor::Actor;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
pub use database::Database;
use database::TestDatabase;
use interviews::app::App;
use interviews::domain::UserId;
use interviews::http::explorer::Explorer;
use interviews::services::{Clock, FrozenClock, Tokens, demo};
use std::sync::{Arc, Mutex};

/// The secret of every test server.
pub const SECRET: &[u8] = b"a secret for tests alone, 32 bytes or more";

/// The time at which every test begins: the last change of Jude's application.
pub const NOW: &str = "2025-03-20T10:02:08.958Z";

/// A server in process, on a database of its own with the demo data.
pub struct TestApp {
    pub app: App,
    pub clock: FrozenClock,
    pub database: TestDatabase,
    statements: Arc<Mutex<Vec<String>>>,
    router: axum::Router,
}

/// Starts a server, or ends the test where there is no PostgreSQL to run it on.
#[macro_export]
macro_rules! start {
    ($database:expr) => {
        match $crate::support::TestApp::start($database).await {
            Some(app) => app,
            None => return,
        }
    };
}

impl TestApp {
    pub async fn start(database: Database) -> Option<Self> {
        Self::start_with(database, &[]).await
    }

    /// Starts a server with settings, as flags of the command line.
    pub async fn start_with(database: Database, flags: &[&str]) -> Option<Self> {
        Some(Self::on(TestDatabase::new(database).await?, flags).await)
    }

    /// Starts a server on this database.
    pub async fn on(database: TestDatabase, flags: &[&str]) -> Self {
        Self::with_tokens(database, Tokens::try_new(SECRET, None).unwrap(), flags).await
    }

    /// Starts a server that accepts these tokens.
    pub async fn with_tokens(database: TestDatabase, tokens: Tokens, flags: &[&str]) -> Self {
        let mut db = if database.is_copy() { database.connect_and_verify().await } else { database.connect().await };
        let statements: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = statements.clone();
        db.observe(move |sql| seen.lock().unwrap().push(sql.to_owned()));
        let clock = FrozenClock::at(NOW.parse().unwrap());
        let settings = configured_server::settings(flags);
        let app = App::new(db, Clock::Frozen(clock.clone()), tokens, Explorer::new(None), settings);
        let router = app.router();
        Self { app, clock, database, statements, router }
    }

    pub fn now(&self) -> DateTime<Utc> {
        Clock::Frozen(self.clock.clone()).now()
    }

    /// A user with a token.
    pub fn user(&self, id: UserId) -> Actor {
        let tokens = Tokens::try_new(SECRET, None).unwrap();
        let token = tokens.sign(id, self.now(), TimeDelta::days(30)).unwrap();
        self.bearer(&token)
    }

    /// Revokes the token of this user.
    pub async fn revoke(&self, user: &Actor) {
        let claims = URL_SAFE_NO_PAD.decode(user.token().split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        let jti = claims["jti"].as_str().unwrap();
        interviews::storage::tokens::revoke(self.app.services().db().reader(), jti, self.now(), self.now())
            .await
            .unwrap();
    }

    /// A client that sends this as its token.
    pub fn bearer(&self, token: &str) -> Actor {
        Actor::new(self.router.clone(), Some(token.to_owned()))
    }

    /// A client without a token.
    pub fn anonymous(&self) -> Actor {
        Actor::new(self.router.clone(), None)
    }

    /// Mona, staff of Northern Haulage.
    pub fn staff(&self) -> Actor {
        self.user(demo::STAFF)
    }

    /// Jude, driver.
    pub fn driver(&self) -> Actor {
        self.user(demo::DRIVER)
    }

    /// Piet, staff of Coastal Freight.
    pub fn other_staff(&self) -> Actor {
        self.user(demo::OTHER_STAFF)
    }

    /// Ada, admin.
    pub fn admin(&self) -> Actor {
        self.user(demo::ADMIN)
    }

    /// The program of the platform.
    pub fn service(&self) -> Actor {
        self.user(demo::SERVICE)
    }

    /// Nora, manager of Northern Haulage.
    pub fn manager(&self) -> Actor {
        self.user(demo::MANAGER)
    }

    /// The result of the work and the number of SQL statements that it took.
    pub async fn counting<T>(&self, work: impl Future<Output = T>) -> (T, usize) {
        self.statements.lock().unwrap().clear();
        let done = work.await;
        (done, self.statements.lock().unwrap().len())
    }

    /// The statements since the last [`TestApp::counting`] began.
    pub fn statements(&self) -> Vec<String> {
        self.statements.lock().unwrap().clone()
    }
}
