//! A database for each test, copied from a template that is migrated and filled once for the process.

use super::cluster;
use chrono::Utc;
use interviews::services::{CacheLifetimes, Clock, Services, Tokens};
use interviews::storage::{DatabaseOptions, Db};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TryGetable};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// How many interviews the first company has in every test database.
pub const INTERVIEWS: u32 = 250;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// A database that is gone when it is dropped.
pub struct TestDatabase {
    pub url: String,
    folder: Option<TempDir>,
}

const TEMPLATE: &str = "interviews_template";
static POSTGRES: OnceCell<String> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

impl TestDatabase {
    /// A copy of the template; none where there is no PostgreSQL.
    pub async fn new(database: Database) -> Option<Self> {
        match database {
            Database::Sqlite => {
                static SQLITE: OnceCell<TempDir> = OnceCell::const_new();
                let template = SQLITE.get_or_init(sqlite_template).await;
                let folder = TempDir::new().unwrap();
                let file = folder.path().join("test.db");
                std::fs::copy(template.path().join("template.db"), &file).unwrap();
                Some(Self { url: format!("sqlite://{}", file.display()), folder: Some(folder) })
            }
            Database::Postgres => {
                let Some(server) = cluster::server() else {
                    eprintln!("skipped: no PostgreSQL here (install it, or set TEST_POSTGRES_URL)");
                    return None;
                };
                let template = POSTGRES.get_or_init(|| postgres_template(server)).await;
                let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
                let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
                administer(server, &sql).await;
                Some(Self { url: server.url_of(&name), folder: None })
            }
        }
    }

    pub fn options(&self) -> DatabaseOptions {
        DatabaseOptions {
            url: self.url.clone(),
            max_connections: 5,
            acquire_timeout: Duration::from_secs(10),
            create: true,
        }
    }

    /// As the server does.
    pub async fn connect(&self) -> Db {
        Db::connect(&self.options()).await.unwrap()
    }

    /// Behind the server's back.
    pub async fn raw(&self) -> DatabaseConnection {
        sea_orm::Database::connect(&self.url).await.unwrap()
    }

    /// Runs SQL behind the server's back.
    pub async fn execute(&self, sql: &str) {
        self.raw().await.execute_unprepared(sql).await.unwrap();
    }

    /// Reads one value behind the server's back.
    pub async fn value<T: TryGetable>(&self, sql: &str) -> T {
        let connection = self.raw().await;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // PostgreSQL's go with their cluster; a file's folder goes now.
        self.folder.take();
    }
}

async fn sqlite_template() -> TempDir {
    let folder = TempDir::new().unwrap();
    fill(format!("sqlite://{}", folder.path().join("template.db").display())).await;
    folder
}

async fn postgres_template(server: &cluster::Server) -> String {
    let name = format!("{TEMPLATE}_{}", std::process::id());
    administer(server, &format!("CREATE DATABASE {name}")).await;
    fill(server.url_of(&name)).await;
    name
}

/// Applies every migration step and adds the demo data.
pub async fn fill(url: String) {
    let options = DatabaseOptions { url, max_connections: 1, acquire_timeout: Duration::from_secs(10), create: true };
    let db = Db::connect(&options).await.unwrap();
    db.migrate_up().await.unwrap();
    let tokens = Tokens::try_new(super::SECRET, None).unwrap();
    let clock =
        Clock::Frozen(interviews::services::FrozenClock::at(super::NOW.parse::<chrono::DateTime<Utc>>().unwrap()));
    Services::new(db.clone(), clock, tokens, CacheLifetimes::default()).fill_with_demo_data(INTERVIEWS).await.unwrap();
    db.close().await.unwrap();
}

async fn administer(server: &cluster::Server, sql: &str) {
    let connection = sea_orm::Database::connect(&server.admin_url).await.unwrap();
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}
