//! `migrate`, `demo-data` and `expire-cursors`.

use crate::cli::{CliError, start};
use crate::config::DatabaseSettings;
use crate::services::{CacheLifetimes, Clock, Services, Tokens, verify_event_log};
use crate::storage::{Db, event_log};
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
    let db = connect(settings, matches!(direction, Direction::Up)).await?;
    match direction {
        Direction::Up => {
            db.migrate_up().await?;
            verify_event_log(&db).await?;
        }
        Direction::Down { steps } => db.migrate_down(*steps).await?,
        Direction::Status => {}
    }
    for (step, applied) in db.migration_state().await?.steps {
        println!("{} {step}", if applied { "applied" } else { "pending" });
    }
    Ok(db.close().await?)
}

/// Makes clients of the event log query anew.
pub async fn expire_cursors(settings: &DatabaseSettings) -> Result<(), CliError> {
    let db = connect(settings, false).await?;
    if !db.migration_state().await?.is_current() {
        return Err(CliError::Behind);
    }
    event_log::renew_epoch(&db).await?;
    println!("all cursors have expired");
    Ok(db.close().await?)
}

pub async fn demo_data(interviews: u32, settings: &DatabaseSettings) -> Result<(), CliError> {
    let db = connect(settings, false).await?;
    fill(&db, interviews).await?;
    println!("{interviews} interviews");
    Ok(db.close().await?)
}

/// Fills an empty database.
pub async fn fill(db: &Db, interviews: u32) -> Result<(), CliError> {
    // The services sign and verify no token here, so that any secret will do.
    let tokens = Tokens::try_new(&[0; Tokens::MIN_SECRET], None)?;
    Ok(Services::new(db.clone(), Clock::System, tokens, CacheLifetimes::default())
        .fill_with_demo_data(interviews)
        .await?)
}

/// Connects. By default a command does not wait for a database that is not up.
async fn connect(settings: &DatabaseSettings, create: bool) -> Result<Db, CliError> {
    start::connect(&settings.options(create)?, settings.wait_for_database.unwrap_or_default()).await
}
