//! What the integration tests have in common: a server of its own for each test, on a database of its own, whose clock stands still;
//! and the people who call it.
#![allow(dead_code, reason = "no test file uses all of it")]

pub mod actor;
pub mod aftermath;
pub mod cluster;
pub mod database;
pub mod inspect;
pub mod load;
pub mod process;

use actor::Actor;
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, FromArgMatches};
pub use database::Database;
use database::TestDatabase;
use interviews::app::App;
use interviews::config::ServerSettings;
use interviews::domain::UserId;
use interviews::http::explorer::Explorer;
use interviews::services::{Clock, FrozenClock, Tokens, demo};
use std::sync::{Arc, Mutex};

/// The secret of every test server.
pub const SECRET: &[u8] = b"a secret for tests alone, 32 bytes or more";

/// When every test begins: when the documented interviewee was last changed.
pub const NOW: &str = "2025-03-20T10:02:08.958Z";

/// A server on a database of its own, holding the demo data with [`database::INTERVIEWS`] interviews.
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

    /// With settings, as flags of the command line.
    pub async fn start_with(database: Database, flags: &[&str]) -> Option<Self> {
        let database = TestDatabase::new(database).await?;
        let mut db = database.connect().await;
        let statements: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = statements.clone();
        db.observe(move |sql| seen.lock().unwrap().push(sql.to_owned()));
        let clock = FrozenClock::at(NOW.parse().unwrap());
        let matches =
            ServerSettings::augment_args(clap::Command::new("test")).get_matches_from(["test"].iter().chain(flags));
        let settings = ServerSettings::from_arg_matches(&matches).unwrap();
        let tokens = Tokens::try_new(SECRET, None).unwrap();
        let app = App::new(db, Clock::Frozen(clock.clone()), tokens, Explorer::new(None), settings);
        let router = app.router();
        Some(Self { app, clock, database, statements, router })
    }

    pub fn now(&self) -> DateTime<Utc> {
        Clock::Frozen(self.clock.clone()).now()
    }

    /// Somebody with a token.
    pub fn user(&self, id: UserId) -> Actor {
        let tokens = Tokens::try_new(SECRET, None).unwrap();
        let token = tokens.sign(id, self.now(), TimeDelta::days(30)).unwrap();
        self.bearer(&token)
    }

    /// Somebody who sends this as a token.
    pub fn bearer(&self, token: &str) -> Actor {
        Actor::new(self.router.clone(), Some(token.to_owned()))
    }

    /// Somebody without a token.
    pub fn nobody(&self) -> Actor {
        Actor::new(self.router.clone(), None)
    }

    /// Staff of the first company, 1000.
    pub fn staff(&self) -> Actor {
        self.user(demo::STAFF)
    }

    /// The driver of interview 27, 997.
    pub fn driver(&self) -> Actor {
        self.user(demo::DRIVER)
    }

    /// Staff of the second company, 1002.
    pub fn other_staff(&self) -> Actor {
        self.user(demo::OTHER_STAFF)
    }

    pub fn admin(&self) -> Actor {
        self.user(demo::ADMIN)
    }

    /// What this does, and the SQL statements it takes.
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
