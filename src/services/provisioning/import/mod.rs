//! Imports lines of JSON: companies, users and applications as the platform has them, and interviews of another system.
//! A file of any size is read in bounded memory, batch by batch.

mod batch;
mod fields;
mod interviews;
mod lines;
mod record;
mod refusal;
mod summary;
mod write;

pub use refusal::{LineProblem, RefusedLine, RowKind};
pub use summary::Summary;
pub use write::{BatchReport, Counts};

use crate::services::Clock;
use crate::storage::{Db, StorageError};
use batch::{Batch, Batches};
use std::io::{self, BufReader, Read};
use tokio::sync::mpsc::{self, Receiver};
use tokio_util::sync::CancellationToken;
use write::Target;

/// What the caller decides.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions {
    /// Roll back at the end.
    pub dry_run: bool,
    /// Store interviews that overlap with others with the permission to overlap, instead of refusing them.
    pub allow_overlap: bool,
}

/// When to stop before the end.
#[derive(Clone, Debug)]
pub struct ImportStop {
    /// After the batch that is being written.
    pub after_batch: CancellationToken,
    /// At once. The batch that is being written is rolled back.
    pub now: CancellationToken,
}

/// Why an import did not come to its end. The batches before stay, unless it was a dry run.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input cannot be read.
    #[error("the input cannot be read: {0}")]
    Input(#[from] io::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] StorageError),
    /// It was stopped.
    #[error("stopped by a signal")]
    Stopped,
}

/// Imports all lines of the input. `on_batch` is called after each batch.
///
/// A dry run is one transaction, so that each batch sees those before it. Until it ends it keeps the rows that it
/// writes locked, and on PostgreSQL it delays the event log of all servers; on SQLite nobody else can write.
pub async fn import(
    db: &Db,
    clock: &Clock,
    input: impl Read + Send + 'static,
    options: ImportOptions,
    stop: &ImportStop,
    mut on_batch: impl FnMut(&BatchReport),
) -> Result<(), ImportError> {
    let mut batches = read_batches(input, clock.clone());
    let transaction = if options.dry_run { Some(db.begin_unlimited().await?) } else { None };
    let target = transaction.as_ref().map_or(Target::Database(db), Target::DryRun);
    loop {
        let batch = tokio::select! {
            biased;
            () = stop.after_batch.cancelled() => return Err(ImportError::Stopped),
            batch = batches.recv() => batch,
        };
        let Some(batch) = batch else { return Ok(()) };
        let report = tokio::select! {
            biased;
            () = stop.now.cancelled() => return Err(ImportError::Stopped),
            report = target.write(batch?, options.allow_overlap, clock.now()) => report?,
        };
        on_batch(&report);
    }
}

/// Reads batches in a thread of its own, one ahead of the one that is being written. Reading from a terminal or a pipe
/// can block for any time.
fn read_batches(input: impl Read + Send + 'static, clock: Clock) -> Receiver<io::Result<Batch>> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut batches = Batches::new(BufReader::with_capacity(64 * 1024, input), clock);
        while let Some(batch) = batches.read().transpose() {
            let is_last = batch.is_err();
            if sender.blocking_send(batch).is_err() || is_last {
                break;
            }
        }
    });
    receiver
}
