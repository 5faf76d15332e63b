//! Sets up the log.

use crate::cli::CliError;
use crate::config::{LogFormat, LogSettings};
use crate::storage::POSTGRES_NOTICES;
use std::io::IsTerminal;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Writes the log to standard error from now on.
pub fn init(settings: &LogSettings) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(&settings.log).map_err(|_| CliError::LogFilter(settings.log.clone()))?;
    let registry = tracing_subscriber::registry().with(filter).with(filter_fn(is_loggable));
    let lines =
        tracing_subscriber::fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => registry.with(lines).init(),
        LogFormat::Json => registry.with(lines.json()).init(),
    }
    Ok(())
}

/// Where the driver of PostgreSQL reads URLs and `PGPASSFILE`. It logs lines and values that it does not understand,
/// which can contain a password.
const POSTGRES_SETTINGS: &str = "sqlx_postgres::options";

fn has_field(event: &Metadata<'_>, name: &str) -> bool {
    event.fields().field(name).is_some()
}

/// Libraries trace what they send and receive: tokens in messages, values in statements. So their level `trace` is left
/// out, however detailed the filter is.
fn is_loggable(event: &Metadata<'_>) -> bool {
    if event.target() == POSTGRES_NOTICES {
        return false;
    }
    if event.target().starts_with(POSTGRES_SETTINGS) && ["line", "value"].iter().any(|name| has_field(event, name)) {
        return false;
    }
    let own = env!("CARGO_PKG_NAME");
    let is_own = event.target().strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    is_own || *event.level() <= Level::DEBUG
}
