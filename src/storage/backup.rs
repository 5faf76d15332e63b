//! A copy of a SQLite database while servers use it.

use crate::storage::database::exec_error;
use crate::storage::database::sqlite_file::{create_private, folder_of, sync_with_folder};
use crate::storage::event_log::{EXISTS_IN_COPY, draw_for_copy};
use crate::storage::{Db, Outage, StorageError};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions as _, Connection, Row};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why there is no backup. No file of its name exists that did not exist before.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// PostgreSQL has better means.
    #[error("this is for SQLite; back up PostgreSQL with pg_dump or a base backup (see docs/operations)")]
    Postgres,
    /// A backup replaces no file.
    #[error("{} exists already: a backup does not replace a file", .0.display())]
    Exists(PathBuf),
    /// SQLite takes a name only in UTF-8.
    #[error("{} is not a name in UTF-8", .0.display())]
    Name(PathBuf),
    /// The file cannot be written.
    #[error("{} cannot be written: {}", .0.display(), .1)]
    Write(PathBuf, #[source] io::Error),
    /// The database failed, or the place of the copy did.
    #[error("the copy could not be made: {0}")]
    Copy(String),
    /// The copy is damaged, as the database itself may be.
    #[error("the copy is damaged, and perhaps the database, too: {0}")]
    Damaged(String),
}

impl Db {
    /// Writes a consistent copy of a SQLite database to a new file, checks it, and makes it survive a power cut. The
    /// file has its name only when it is complete. Returns its size in bytes.
    pub async fn back_up(&self, target: &Path) -> Result<u64, BackupError> {
        if self.is_postgres() {
            return Err(BackupError::Postgres);
        }
        if fs::symlink_metadata(target).is_ok() {
            return Err(BackupError::Exists(target.to_owned()));
        }
        let partial = PartialFile::create(target)?;
        self.copy_to(&partial.path, target).await?;
        finish(&partial.path).await?;
        partial.publish(target)
    }

    /// `VACUUM INTO` reads within one transaction, and does not make writers wait.
    async fn copy_to(&self, file: &Path, target: &Path) -> Result<(), BackupError> {
        let name = file.to_str().ok_or_else(|| BackupError::Name(file.to_owned()))?;
        // A connection of its own, because a failure is not one of the database.
        let copied = async {
            let mut connection = self.sqlite_connection().await?;
            Ok(sqlx::query("VACUUM INTO ?").bind(name).execute(&mut connection).await.map(drop).map_err(exec_error)?)
        };
        copied.await.map_err(|error: StorageError| {
            match error.outage() {
                // The copy needs room, and the database does not.
                Some(Outage::Full) => BackupError::Write(target.to_owned(), io::Error::other(error.reason())),
                _ => BackupError::Copy(error.reason()),
            }
        })
    }
}

/// The copy before it is complete. It is removed unless it is published.
struct PartialFile {
    path: PathBuf,
    file: File,
}

impl PartialFile {
    /// Creates an empty file, to which SQLite keeps the mode, in the folder of the target.
    fn create(target: &Path) -> Result<Self, BackupError> {
        let failed = |error| BackupError::Write(target.to_owned(), error);
        let name = target.file_name().ok_or_else(|| failed(ErrorKind::InvalidInput.into()))?.to_string_lossy();
        let path = folder_of(target).join(format!(".{name}.{}.partial", uuid::Uuid::new_v4().simple()));
        let file = create_private(&path).map_err(failed)?.ok_or_else(|| failed(ErrorKind::AlreadyExists.into()))?;
        Ok(Self { path, file })
    }

    /// Gives the file its name, unless that is taken.
    fn publish(self, target: &Path) -> Result<u64, BackupError> {
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::AlreadyExists => BackupError::Exists(target.to_owned()),
            _ => BackupError::Write(target.to_owned(), error),
        };
        let size = self.file.metadata().map_err(failed)?.len();
        self.file.sync_all().map_err(failed)?;
        match fs::hard_link(&self.path, target) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                // A file system without links: an empty file reserves the name.
                create_private(target).map_err(failed)?.ok_or_else(|| failed(ErrorKind::AlreadyExists.into()))?;
                fs::rename(&self.path, target).map_err(failed)?;
            }
            linked => linked.map_err(failed)?,
        }
        sync_with_folder(&self.file, target).map_err(failed)?;
        Ok(size)
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        // Gone if it was renamed. SQLite leaves its journal when the disk is full.
        let mut journal = self.path.clone().into_os_string();
        journal.push("-journal");
        let _ = (fs::remove_file(&self.path), fs::remove_file(journal));
    }
}

/// Draws an epoch for the copy, so that cursors expire when it is restored, and reads the whole copy: its pages,
/// indexes and references.
async fn finish(file: &Path) -> Result<(), BackupError> {
    let findings = async {
        let options = SqliteConnectOptions::new().filename(file).disable_statement_logging();
        let mut connection = options.connect().await?;
        let mut findings = Vec::new();
        if sqlx::raw_sql(EXISTS_IN_COPY).fetch_one(&mut connection).await?.try_get::<i64, _>(0)? > 0 {
            sqlx::raw_sql(AssertSqlSafe(draw_for_copy())).execute(&mut connection).await?;
        }
        for row in sqlx::raw_sql("PRAGMA integrity_check(5)").fetch_all(&mut connection).await? {
            findings.push(row.try_get::<String, _>(0)?);
        }
        for row in sqlx::raw_sql("PRAGMA foreign_key_check").fetch_all(&mut connection).await? {
            findings.push(format!("a row of {} refers to a missing row", row.try_get::<String, _>(0)?));
        }
        connection.close().await?;
        Ok::<_, sqlx::Error>(findings)
    };
    match findings.await {
        Ok(findings) if findings == ["ok"] => Ok(()),
        Ok(findings) => Err(BackupError::Damaged(findings.join("; "))),
        Err(error) => Err(BackupError::Damaged(error.to_string())),
    }
}
