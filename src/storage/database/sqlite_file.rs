//! The file of a SQLite database: how it is created and opened, and why that failed.

use crate::storage::database::connect::Synchronous;
use crate::storage::database::connection::exec_error;
use crate::storage::database::connections::connection_error;
use crate::storage::database::fault::{driver_error, sqlite_result};
use crate::storage::{Result, StorageError};
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{ConnectOptions as _, Connection as _};
use sea_orm::{DbErr, sqlx};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The number of rows of an index that SQLite samples for its statistics. Without a limit it keeps samples of values
/// too, and then plans each statement again for its values.
const ANALYSIS_LIMIT: u32 = 400;

/// How long to wait for a file that is locked, and how often to try.
const LOCKED: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// The file and how it is used.
#[derive(Clone, Debug)]
pub struct SqliteFile {
    path: PathBuf,
    synchronous: Synchronous,
}

impl SqliteFile {
    pub fn new(path: PathBuf, synchronous: Synchronous) -> Self {
        Self { path, synchronous }
    }

    /// Creates the file if there is none. Only its owner may read it, because it contains personal data. SQLite gives
    /// the same mode to the files that it keeps beside it.
    pub fn create(&self) -> Result<()> {
        create_private(&self.path)
            .and_then(|created| created.map_or(Ok(()), |file| sync_with_folder(&file, &self.path)))
            .map_err(|error| self.explain(&error.to_string()))
    }

    /// How the server opens the file.
    pub fn options(&self, writes: bool) -> SqliteConnectOptions {
        let synchronous = match self.synchronous {
            Synchronous::Full => SqliteSynchronous::Full,
            Synchronous::Normal => SqliteSynchronous::Normal,
        };
        SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true)
            // What SQLite sorts, and what a step of a migration replaces, would go to a folder for temporary files. A
            // container with a read-only root has none.
            .pragma("temp_store", "memory")
            .optimize_on_close(writes, ANALYSIS_LIMIT)
            .disable_statement_logging()
    }

    /// How migrations open the file: they rebuild tables to which others refer, and poll for the lock.
    pub fn for_migrations(&self) -> SqliteConnectOptions {
        self.options(true).foreign_keys(false).busy_timeout(Duration::ZERO)
    }

    /// Fails if the file cannot be written: SQLite opens it for reading then, without an error. Writes, and rolls back,
    /// because a transaction alone would not fail. Does not wait for another process that is writing.
    pub async fn require_writable(&self) -> Result<()> {
        let options = self.for_migrations().optimize_on_close(false, None);
        let open = async || SqliteConnection::connect_with(&options).await.map_err(connection_error);
        let mut connection = self.connect(open).await?;
        let write = sqlx::raw_sql("BEGIN IMMEDIATE; PRAGMA user_version = 0; ROLLBACK");
        match write.execute(&mut connection).await.map_err(exec_error).map_err(StorageError::from) {
            Ok(_) | Err(StorageError::Transient(_)) => {}
            Err(error) => return Err(self.explain(&error.reason())),
        }
        Ok(connection.close().await.map_err(connection_error)?)
    }

    /// Opens connections. Waits while another process has locked the whole file, which takes milliseconds: the first
    /// process that uses a new file switches it to write-ahead logging.
    pub async fn connect<C>(&self, open: impl AsyncFn() -> Result<C, DbErr>) -> Result<C> {
        let started = Instant::now();
        loop {
            match open().await {
                Err(error) if is_busy(&error) && started.elapsed() < LOCKED => tokio::time::sleep(POLL).await,
                Err(error) if is_busy(&error) => return Err(StorageError::Transient(error)),
                opened => return opened.map_err(|error| self.explain(&message(&error))),
            }
        }
    }

    /// The error that says why the file cannot be used. SQLite says only that it is so (`unable to open database file`,
    /// `disk I/O error`): the reason is found by trying.
    pub fn explain(&self, cause: &str) -> StorageError {
        let reason = self.reason().unwrap_or_else(|| cause.to_owned());
        StorageError::Unusable(format!("cannot open the database sqlite://{}: {reason}", self.path.display()))
    }

    fn reason(&self) -> Option<String> {
        let folder = folder_of(&self.path);
        let shown = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
        let shown = shown.display();
        match fs::metadata(&folder) {
            Ok(metadata) if !metadata.is_dir() => return Some(format!("{shown} is not a folder")),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Some(format!("the folder {shown} does not exist"));
            }
            Err(error) => return Some(format!("the folder {shown} cannot be searched: {error}")),
        }
        match fs::metadata(&self.path) {
            Ok(metadata) if metadata.is_dir() => return Some("it is a folder".to_owned()),
            Ok(metadata) if !metadata.is_file() => return Some("it is not a regular file".to_owned()),
            Ok(_) => {
                if let Some(reason) = self.unwritable_file() {
                    return Some(reason);
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if fs::symlink_metadata(&self.path).is_ok() {
                    return Some("it is a symbolic link to a file that does not exist".to_owned());
                }
                let error = probe(&folder).err();
                return Some(error.map_or_else(
                    || "there is no such file: `interviews migrate up` creates it".to_owned(),
                    |error| format!("no file can be created in the folder {shown}: {error}"),
                ));
            }
            Err(error) => return Some(error.to_string()),
        }
        let error = probe(&folder).err()?;
        Some(format!("SQLite keeps files beside the database, but none can be created in the folder {shown}: {error}"))
    }

    /// Why the file, or one of those that SQLite keeps beside it, cannot be written.
    fn unwritable_file(&self) -> Option<String> {
        let beside = ["", "-wal", "-shm"].map(|suffix| {
            let mut path = self.path.clone().into_os_string();
            path.push(suffix);
            PathBuf::from(path)
        });
        let error = |path: &PathBuf| OpenOptions::new().read(true).write(true).open(path).err();
        let mut errors = beside.iter().filter(|path| path.exists()).filter_map(|path| Some((path, error(path)?)));
        errors.next().map(|(path, error)| format!("the file {} cannot be written: {error}", path.display()))
    }
}

/// Closes a connection. Before that SQLite can update its statistics, for which it does not wait while another process
/// is writing.
pub async fn close(mut connection: SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("PRAGMA busy_timeout = 0").execute(&mut connection).await?;
    match connection.close().await {
        Err(error) if is_lock(&error) => Ok(()),
        closed => closed,
    }
}

/// Whether another process has locked the file.
fn is_busy(error: &DbErr) -> bool {
    driver_error(error).is_some_and(is_lock)
}

fn is_lock(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code).unwrap_or_default();
    // SQLITE_BUSY, SQLITE_LOCKED
    matches!(sqlite_result(&code), Some(5 | 6))
}

/// What SQLite says.
fn message(error: &DbErr) -> String {
    match driver_error(error) {
        Some(sqlx::Error::Database(error)) => error.message().to_owned(),
        Some(error) => error.to_string(),
        None => error.to_string(),
    }
}

/// Creates a file that only its owner may read, independent of the umask; `None` if there is a file of this name.
pub fn create_private(path: &Path) -> io::Result<Option<File>> {
    match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            Ok(Some(file))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a new file survive a power cut: its content, and its name in the folder.
pub fn sync_with_folder(file: &File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    File::open(folder_of(path))?.sync_all()
}

pub fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Tries to create a file.
fn probe(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".interviews-{}", uuid::Uuid::new_v4().simple()));
    create_private(&path)?;
    fs::remove_file(path)
}
