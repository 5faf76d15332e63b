//! `export`: all rows that concern one user, as lines of JSON.

use crate::cli::{CliError, start};
use crate::config::DatabaseSettings;
use crate::domain::UserId;
use crate::services::provisioning::export::{ExportError, export};
use clap::Args;
use std::io::{self, BufWriter, Write};

/// The arguments of `export`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Export what concerns the user with this id
    #[arg(long, value_name = "USER_ID", value_parser = clap::value_parser!(i64).range(1..))]
    user: i64,
    #[command(flatten)]
    database: DatabaseSettings,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { user, database } = arguments;
    let db = start::connect(&database.options(false)?, database.wait_for_database.unwrap_or_default()).await?;
    if !db.migration_state().await?.is_current() {
        return Err(CliError::Behind);
    }
    let mut output = BufWriter::new(io::stdout());
    export(&db, UserId(user), |line| writeln!(output, "{line}")).await?;
    output.flush().map_err(CliError::Output)?;
    Ok(db.close().await?)
}

impl From<ExportError> for CliError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::UnknownUser(_) => Self::UnknownUser,
            ExportError::Database(error) => error.into(),
            ExportError::Output(error) => Self::Output(error),
        }
    }
}
