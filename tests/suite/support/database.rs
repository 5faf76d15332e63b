//! A database for each test, copied from a template that is migrated and filled once for the process.

use super::cluster;
use super::database_folder::database_folder;
use chrono::Utc;
use futures_util::future::join_all;
use interviews::domain::InterviewId;
use interviews::services::{CacheLifetimes, Clock, Services, Tokens};
use interviews::storage::{DatabaseOptions, Db, Synchronous, event_log};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, Statement, TransactionTrait, TryGetable,
};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex as StdMutex, OnceLock};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::{self, Receiver};
use tokio::sync::{Mutex, OnceCell};

/// How many interviews the first company has in every test database.
pub const INTERVIEWS: u32 = 250;

/// How many copies of PostgreSQL's template wait for a test, and how many are made at a time. Most of the time that a
/// copy takes is spent on waiting.
const READY_COPIES: usize = 4;
const COPIERS: usize = 2;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// A database of its own for each test.
pub struct TestDatabase {
    pub url: String,
    /// The folder of a SQLite file, which goes with the test.
    _folder: Option<TempDir>,
    connection: OnceCell<DatabaseConnection>,
    copy: Option<TemplateCopy>,
}

/// A database of PostgreSQL, by its name. It is dropped some time after the test.
struct TemplateCopy(String);

/// The copies whose tests have ended.
static ENDED: StdMutex<VecDeque<String>> = StdMutex::new(VecDeque::new());

impl Drop for TemplateCopy {
    fn drop(&mut self) {
        ENDED.lock().unwrap().push_back(std::mem::take(&mut self.0));
    }
}

impl TestDatabase {
    /// With the schema and the demo data; none where there is no PostgreSQL.
    pub async fn new(database: Database) -> Option<Self> {
        match database {
            Database::Sqlite => {
                static TEMPLATE: OnceCell<TempDir> = OnceCell::const_new();
                let template = TEMPLATE.get_or_init(|| Box::pin(sqlite_template())).await;
                let folder = TempDir::new_in(database_folder()).unwrap();
                let file = folder.path().join("test.db");
                std::fs::copy(template.path().join("template.db"), &file).unwrap();
                Some(Self::at(format!("sqlite://{}", file.display()), Some(folder)))
            }
            Database::Postgres => {
                static COPIES: OnceLock<Mutex<Receiver<String>>> = OnceLock::new();
                let Some(server) = cluster::server() else {
                    eprintln!("skipped: no PostgreSQL here (install it, or set TEST_POSTGRES_URL)");
                    return None;
                };
                let copies = COPIES.get_or_init(|| Mutex::new(make_copies(server)));
                let name = copies.lock().await.recv().await.expect("the thread that copies the template has failed");
                let url = server.url_of(&name);
                Some(Self { copy: Some(TemplateCopy(name)), ..Self::at(url, None) })
            }
        }
    }

    /// With the schema and without rows.
    pub async fn without_rows(database: Database) -> Option<Self> {
        let database = Self::new(database).await?;
        let db = database.connect().await;
        db.migrate_down(u32::MAX).await.unwrap();
        db.migrate_up().await.unwrap();
        Some(database)
    }

    pub fn at(url: String, folder: Option<TempDir>) -> Self {
        Self { url, _folder: folder, connection: OnceCell::new(), copy: None }
    }

    /// The file of a SQLite database.
    pub fn file(&self) -> PathBuf {
        self.url.strip_prefix("sqlite://").unwrap().into()
    }

    pub fn options(&self) -> DatabaseOptions {
        DatabaseOptions {
            url: self.url.clone(),
            max_connections: 5,
            max_per_user: None,
            acquire_timeout: Duration::from_secs(10),
            request_timeout: None,
            create: true,
            synchronous: Synchronous::Normal,
        }
    }

    /// The connections of a server.
    pub async fn connect(&self) -> Db {
        Box::pin(Db::connect(&self.options())).await.unwrap()
    }

    /// Whether it is a copy of the template. A server has to notice it, as its log has the template's cursors.
    pub fn is_copy(&self) -> bool {
        self.copy.is_some()
    }

    /// The connections of a server that has noticed that the database is a copy.
    pub async fn connect_and_verify(&self) -> Db {
        let db = self.connect().await;
        event_log::verify_epoch(&db).await.unwrap();
        db
    }

    /// A connection beside the server's, for transactions and settings of the session.
    pub async fn raw(&self) -> DatabaseConnection {
        open_connection(&self.url).await
    }

    /// An open transaction beside the server that has locked the interview. Changes of the interview wait for it.
    pub async fn lock(&self, id: InterviewId) -> DatabaseTransaction {
        let transaction = self.raw().await.begin().await.unwrap();
        let sql = format!("UPDATE interviews SET location = location WHERE id = {id}");
        transaction.execute_unprepared(&sql).await.unwrap();
        transaction
    }

    /// The one connection of the test itself. Statements on it take turns.
    pub async fn connection(&self) -> &DatabaseConnection {
        let connect = || async {
            let options = ConnectOptions::new(&self.url).max_connections(1).to_owned();
            open_connection(options).await
        };
        self.connection.get_or_init(connect).await
    }

    /// Executes SQL beside the server.
    pub async fn execute(&self, sql: &str) {
        self.connection().await.execute_unprepared(sql).await.unwrap();
    }

    /// Reads one value beside the server.
    pub async fn value<T: TryGetable>(&self, sql: &str) -> T {
        let connection = self.connection().await;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }
}

async fn sqlite_template() -> TempDir {
    let folder = TempDir::new_in(database_folder()).unwrap();
    fill(format!("sqlite://{}", folder.path().join("template.db").display())).await;
    folder
}

/// The names of databases that are copies of a template. A thread, with a connection of its own, makes the next ones
/// while the tests run: a connection cannot outlive the runtime of the test that opened it.
fn make_copies(server: &'static cluster::Server) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel(READY_COPIES);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::spawn(move || {
        runtime.block_on(async {
            let admin = open_connection(&server.admin_url).await;
            let process = std::process::id();
            let template = format!("interviews_template_{process}");
            admin.execute_unprepared(&format!("CREATE DATABASE {template}")).await.unwrap();
            fill(server.url_of(&template)).await;
            join_all((0..COPIERS).map(|copier| {
                let (sender, template) = (sender.clone(), template.clone());
                async move {
                    let admin = open_connection(&server.admin_url).await;
                    for number in (copier..).step_by(COPIERS) {
                        let name = format!("test_{process}_{number}");
                        let sql = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY");
                        admin.execute_unprepared(&sql).await.unwrap();
                        drop_ended(&admin).await;
                        if sender.send(name).await.is_err() {
                            break;
                        }
                    }
                }
            }))
            .await;
        });
    });
    receiver
}

/// Drops the copy whose test ended first, or tries it again later if sessions are left.
async fn drop_ended(admin: &DatabaseConnection) {
    let Some(name) = ENDED.lock().unwrap().pop_front() else { return };
    let sessions = format!("SELECT 1 FROM pg_stat_activity WHERE datname = '{name}'");
    let statement = Statement::from_string(admin.get_database_backend(), sessions);
    let is_in_use = admin.query_one_raw(statement).await.unwrap().is_some();
    if is_in_use || admin.execute_unprepared(&format!("DROP DATABASE {name}")).await.is_err() {
        ENDED.lock().unwrap().push_back(name);
    }
}

/// Applies every migration step and adds the demo data.
pub async fn fill(url: String) {
    let db = connect(url).await;
    db.migrate_up().await.unwrap();
    let tokens = Tokens::try_new(super::SECRET, None).unwrap();
    let clock =
        Clock::Frozen(interviews::services::FrozenClock::at(super::NOW.parse::<chrono::DateTime<Utc>>().unwrap()));
    Services::new(db.clone(), clock, tokens, CacheLifetimes::default())
        .fill_with_demo_data(INTERVIEWS, None, |_| {})
        .await
        .unwrap();
    db.close().await.unwrap();
}

/// A connection of its own, beside those of a server. In a box, because the future of the driver is large.
pub async fn open_connection(options: impl Into<ConnectOptions>) -> DatabaseConnection {
    Box::pin(sea_orm::Database::connect(options.into())).await.unwrap()
}

/// A connection as a command has it.
async fn connect(url: String) -> Db {
    let options = DatabaseOptions {
        url,
        max_connections: 1,
        max_per_user: None,
        acquire_timeout: Duration::from_secs(10),
        request_timeout: None,
        create: true,
        synchronous: Synchronous::Normal,
    };
    Box::pin(Db::connect(&options)).await.unwrap()
}
