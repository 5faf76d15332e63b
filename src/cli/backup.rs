//! `backup`: a copy of a SQLite database while servers use it.

use crate::cli::signals::{self, Hangup};
use crate::cli::{CliError, output, start};
use crate::config::DatabaseSettings;
use crate::storage::{BackupError, Db};
use clap::Args;
use std::path::PathBuf;

/// The arguments of `backup`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Write the copy to this file, which must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseSettings,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { file, database } = arguments;
    let options = database.options(false)?;
    if Db::open(&options)?.is_postgres() {
        return Err(BackupError::Postgres.into());
    }
    let db = start::connect(&options, database.wait_for_database.unwrap_or_default()).await?;
    let signals = signals::listen(Hangup::Stops)?;
    // What is not complete is removed when it is dropped.
    let size = tokio::select! {
        size = db.back_up(&file) => size?,
        () = signals.drain.cancelled() => return Err(CliError::Interrupted),
    };
    db.close().await?;
    output::print_line(format_args!("{}: {size} bytes, checked", file.display()))
}
