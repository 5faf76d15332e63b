//! `import`: lines of JSON from a file or from standard input.

mod progress;

use crate::cli::signals::{self, Hangup};
use crate::cli::{CliError, start};
use crate::config::DatabaseSettings;
use crate::services::Clock;
use crate::services::provisioning::import::{self, BatchReport, ImportError, ImportOptions, ImportStop, Summary};
use clap::Args;
use progress::Progress;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The arguments of `import`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Read this file, or standard input for `-`
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Judge all lines, and write nothing. Until it ends, the rows of the lines stay locked
    #[arg(long)]
    dry_run: bool,
    /// Store an interview that overlaps with another one with `allowOverlap`, instead of refusing it
    #[arg(long)]
    allow_overlap: bool,
    #[command(flatten)]
    database: DatabaseSettings,
}

/// The exit code if a line was refused.
const REFUSED: u8 = 1;

/// Imports, and prints to standard error what became of the lines. A reader that has closed it stops nothing.
pub async fn run(arguments: Arguments) -> Result<ExitCode, CliError> {
    import(arguments).await.map_err(|error| CliError::Import(Box::new(error)))
}

async fn import(arguments: Arguments) -> Result<ExitCode, CliError> {
    let Arguments { file, dry_run, allow_overlap, database } = arguments;
    let (input, size) = open(&file)?;
    let db = start::connect(&database.options(false)?, database.wait_for_database.unwrap_or_default()).await?;
    if !db.migration_state().await?.is_current() {
        return Err(CliError::Behind);
    }
    let signals = signals::listen(Hangup::Stops)?;
    let stop = ImportStop { after_batch: signals.drain, now: signals.abort };
    let options = ImportOptions { dry_run, allow_overlap };
    let (mut summary, mut progress) = (Summary::default(), Progress::new(size));
    let on_batch = |batch: &BatchReport| {
        summary.add(batch);
        progress.print(&batch.refusals, batch.last_line, batch.bytes);
    };
    let result = import::import(&db, &Clock::System, input, options, &stop, on_batch).await;
    progress.clear();
    print(&report(&summary, dry_run));
    match result {
        Ok(()) => {}
        Err(ImportError::Database(error)) if error.is_missing_right() => {
            db.require_rights_to_serve().await?;
            return Err(error.into());
        }
        Err(ImportError::Database(error)) => return Err(CliError::ImportStopped(summary.last_line, error.reason())),
        Err(error) => return Err(CliError::ImportStopped(summary.last_line, error.to_string())),
    }
    db.close().await?;
    Ok(if summary.has_refusals() { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
}

/// The input, and its size if that is known.
fn open(file: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), CliError> {
    if file == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let failed = |error| CliError::File(file.display().to_string(), error);
    let input = File::open(file).map_err(failed)?;
    let metadata = input.metadata().map_err(failed)?;
    Ok((Box::new(input), metadata.is_file().then_some(metadata.len())))
}

/// What became of the lines.
fn report(summary: &Summary, dry_run: bool) -> String {
    let mut text = String::new();
    for (kind, counts) in summary.counts() {
        let import::Counts { written, unchanged, outdated, refused } = counts;
        let _ =
            writeln!(text, "{kind}: {written} written, {unchanged} unchanged, {outdated} outdated, {refused} refused");
    }
    let _ = writeln!(text, "{} lines, {} of them refused", summary.last_line, summary.refused_lines());
    if dry_run {
        text += "dry run: nothing was written\n";
    }
    text
}

/// Nobody may be reading any more.
fn print(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
