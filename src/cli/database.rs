//! `migrate`, `demo-data` and `expire-cursors`.

use crate::cli::progress_bar::{ProgressBar, bar};
use crate::cli::{CliError, output, start};
use crate::config::DatabaseSettings;
use crate::domain::time;
use crate::services::{CacheLifetimes, Clock, FillProgress, Services, Tokens, verify_event_log};
use crate::storage::{Db, StorageError, event_log};
use chrono::{Datelike, NaiveDate};
use clap::Subcommand;

/// What to do with the migrations.
#[derive(Subcommand, Debug)]
pub enum Direction {
    /// Apply every pending migration
    Up,
    /// Revert the last migrations. The data of dropped tables is lost
    Down {
        /// Revert at most this many
        #[arg(long, value_name = "COUNT", default_value_t = 1)]
        steps: u32,
    },
    /// Print each migration and whether it is applied
    Status,
}

pub async fn migrate(direction: &Direction, settings: &DatabaseSettings) -> Result<(), CliError> {
    with_database(settings, matches!(direction, Direction::Up), async |db| {
        match direction {
            Direction::Up => {
                db.migrate_up().await?;
                verify_current_event_log(db).await?;
            }
            Direction::Down { steps } => db.migrate_down(*steps).await?,
            Direction::Status => {}
        }
        for (step, applied) in db.migration_state().await?.steps {
            output::print_line(format_args!("{} {step}", if applied { "applied" } else { "pending" }))?;
        }
        Ok(())
    })
    .await
}

/// Verifies the event log where the schema is current, which it is not if another process has reverted it meanwhile.
/// Says whether it is.
pub async fn verify_current_event_log(db: &Db) -> Result<bool, StorageError> {
    if !db.migration_state().await?.is_current() {
        return Ok(false);
    }
    match verify_event_log(db).await {
        Err(_) if db.migration_state().await.is_ok_and(|state| !state.is_current()) => Ok(false),
        verified => verified.map(|()| true),
    }
}

/// Makes clients of the event log query anew.
pub async fn expire_cursors(settings: &DatabaseSettings) -> Result<(), CliError> {
    with_database(settings, false, async |db| {
        if !db.migration_state().await?.is_current() {
            return Err(CliError::Behind);
        }
        event_log::renew_epoch(db).await?;
        output::print_line("all cursors have expired")
    })
    .await
}

pub async fn demo_data(
    interviews: u32,
    base_date: Option<NaiveDate>,
    settings: &DatabaseSettings,
) -> Result<(), CliError> {
    with_database(settings, false, async |db| {
        fill(db, interviews, base_date).await?;
        output::print_line(format_args!("{interviews} interviews"))
    })
    .await
}

/// The date around which demo data lies. All times of the data are in the years of the API.
pub fn base_date(text: &str) -> Result<NaiveDate, String> {
    let date = time::parse_date(text).ok_or("it has to be a date such as 2026-11-27")?;
    let is_possible = (1000..9000).contains(&date.year());
    if is_possible { Ok(date) } else { Err("the year has to be from 1000 to 8999".to_owned()) }
}

/// Fills an empty database.
pub async fn fill(db: &Db, interviews: u32, base_date: Option<NaiveDate>) -> Result<(), CliError> {
    let tokens = Tokens::new(None, None); // no token is signed or verified here
    let mut progress = ProgressBar::new();
    let filled = Services::new(db.clone(), Clock::System, tokens, CacheLifetimes::default())
        .fill_with_demo_data(interviews, base_date, |done| match done {
            FillProgress::Interviews(done, all) => progress.show(|| format!("{}, {done} interviews", bar(done, all))),
            FillProgress::Indexes(made, all) => {
                // An index takes longer than a chunk of interviews.
                progress.show_now(|| format!("[{}] index {} of {all}", "#".repeat(30), made + 1));
            }
        })
        .await;
    progress.clear();
    Ok(filled?)
}

/// Runs a command on the database. By default it does not wait for one that is not up. A missing right is answered with
/// the SQL that grants it.
pub(super) async fn with_database(
    settings: &DatabaseSettings,
    create: bool,
    command: impl AsyncFnOnce(&Db) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let db = start::connect(&settings.options(create)?, settings.wait_for_database.unwrap_or_default()).await?;
    let done = command(&db).await;
    if done.as_ref().is_err_and(CliError::is_missing_right) {
        db.require_rights_to_serve().await?;
    }
    done?;
    Ok(db.close().await?)
}
