//! The start of a command that uses the database: connects, and tries again while the database is not up.

use crate::cli::CliError;
use crate::storage::{DatabaseOptions, Db, StorageError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The pauses between two tries: each is twice the last one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often the log repeats why the database cannot be used.
const REMINDER: Duration = Duration::from_mins(1);

/// Connects, and checks that the database fits.
pub async fn connect(options: &DatabaseOptions, limit: Duration) -> Result<Db, CliError> {
    let db = Db::open(options)?;
    until_available(&db, Some(limit), || {}, async || Ok(db.start().await?)).await?;
    Ok(db)
}

/// Runs `attempt` until it succeeds, or fails for a reason that does not pass by itself, or has failed for as long as
/// `limit`. Calls `on_failure` after each failure that is followed by another try.
pub async fn until_available(
    db: &Db,
    limit: Option<Duration>,
    on_failure: impl Fn(),
    attempt: impl AsyncFn() -> Result<(), CliError>,
) -> Result<(), CliError> {
    let (started, mut pause) = (Instant::now(), FIRST_PAUSE);
    let mut logged: Option<(String, Instant)> = None;
    loop {
        tracing::debug!(database = db.location(), "connecting");
        let error = match attempt().await {
            Ok(()) => break,
            Err(CliError::Database(error)) => error,
            Err(error) => return Err(error),
        };
        if error.needs_operator() || limit.is_some_and(|limit| started.elapsed() + pause > limit) {
            return Err(cli_error(error, db));
        }
        let reason = error.reason();
        if logged.as_ref().is_none_or(|(last, at)| *last != reason || at.elapsed() > REMINDER) {
            tracing::warn!(database = db.location(), reason, "the database cannot be used yet: trying again");
            logged = Some((reason, Instant::now()));
        }
        on_failure();
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    if logged.is_some() {
        tracing::info!("the database can be used");
    }
    Ok(())
}

/// The error for the user of the command line. It names the database without its password.
fn cli_error(error: StorageError, db: &Db) -> CliError {
    match error {
        StorageError::Url(_) | StorageError::Unusable(_) | StorageError::Corrupt { .. } | StorageError::Database(_) => {
            error.into()
        }
        error => CliError::Connect(db.location(), error.reason()),
    }
}
