//! Sets up the log.

use crate::cli::CliError;
use crate::cli::json_lines::JsonLines;
use crate::config::{LogFormat, LogSettings};
use crate::storage::POSTGRES_NOTICES;
use std::io::IsTerminal;
use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How many lines wait for standard error. Further ones are dropped: a reader that has stopped must not stop the
/// server.
const MAX_WAITING_LINES: usize = 8192;

/// Writes the log to standard error from now on, until the guard is dropped.
pub fn init(settings: &LogSettings) -> Result<WorkerGuard, CliError> {
    let filter = filter(&settings.log).ok_or_else(|| CliError::LogFilter(settings.log.clone()))?;
    let registry = tracing_subscriber::registry().with(filter).with(filter_fn(is_loggable));
    let stderr = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(MAX_WAITING_LINES);
    let (stderr, guard) = stderr.finish(std::io::stderr());
    let lines = tracing_subscriber::fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(stderr);
    match settings.log_format {
        LogFormat::Text => registry.with(lines).init(),
        LogFormat::Json => registry.with(lines.fmt_fields(JsonFields::new()).event_format(JsonLines)).init(),
    }
    Ok(guard)
}

/// Where the driver of PostgreSQL reads URLs and `PGPASSFILE`. It logs lines and values that it does not understand,
/// which can contain a password.
const POSTGRES_SETTINGS: &str = "sqlx_postgres::options";

fn has_field(event: &Metadata<'_>, name: &str) -> bool {
    event.fields().field(name).is_some()
}

/// The filter, unless it is invalid. A word alone has to be a level: as the name of a target, a misspelt level would
/// silence the log.
fn filter(text: &str) -> Option<EnvFilter> {
    let is_clear = |directive: &str| match directive.rsplit_once('=') {
        Some((_, level)) => is_level(level) || directive.contains('['),
        None => directive.is_empty() || directive.contains('[') || is_level(directive),
    };
    let directives: Vec<_> = text.split(',').map(str::trim).collect();
    if !directives.iter().copied().all(is_clear) {
        return None;
    }
    let filter = with_access_log(&directives);
    // The last level alone decides: errors are logged unless another one is given.
    EnvFilter::try_new(format!("error,{filter}")).ok()
}

/// Whether this is the name of a level. The filter would also take numbers.
fn is_level(text: &str) -> bool {
    text.parse::<LevelFilter>().is_ok() && !text.bytes().any(|byte| byte.is_ascii_digit()) && !text.is_empty()
}

/// The directives with one for the access log, unless they have one. The log is on at the level debug, and otherwise
/// only if it is asked for: it has a line for each request.
fn with_access_log(directives: &[&str]) -> String {
    let directives = if directives.iter().all(|it| it.is_empty()) { &["info"] } else { directives };
    let is_of_access = |directive: &&str| directive.starts_with("access=") || directive.starts_with("access[");
    let is_detailed = |directive: &&str| {
        let level = directive.strip_prefix(concat!(env!("CARGO_PKG_NAME"), "=")).unwrap_or(directive);
        level.parse::<LevelFilter>().is_ok_and(|level| level >= LevelFilter::DEBUG)
    };
    let filter = directives.join(",");
    match (directives.iter().any(is_of_access), directives.iter().any(is_detailed)) {
        (true, _) => filter,
        (false, true) => filter + ",access=info",
        (false, false) => filter + ",access=off",
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filter_names_levels_and_targets() {
        for text in ["info", "INFO", "off", "warn,interviews=debug", "warn, interviews::http=off", "interviews[{id}]"] {
            assert!(filter(text).is_some(), "{text}");
        }
        for text in [
            "verbose",
            "interviews",
            "interviews::http",
            "inof,interviews=debug",
            "interviews=bogus",
            "a=b=c",
            "info=",
            "0",
            "interviews=3",
        ] {
            assert!(filter(text).is_none(), "{text}");
        }
    }

    #[test]
    fn access_log_is_on_at_debug_or_when_it_is_asked_for() {
        for (text, expected) in [
            ("info", "info,access=off"),
            ("", "info,access=off"),
            ("warn,interviews::http=debug", "warn,interviews::http=debug,access=off"),
            ("tungstenite=debug,info", "tungstenite=debug,info,access=off"),
            ("debug", "debug,access=info"),
            ("TRACE", "TRACE,access=info"),
            ("info,interviews=debug", "info,interviews=debug,access=info"),
            ("info,access=info", "info,access=info"),
            ("debug,access=off", "debug,access=off"),
            ("info,accessory=info", "info,accessory=info,access=off"),
        ] {
            assert_eq!(with_access_log(&text.split(',').collect::<Vec<_>>()), expected);
            assert!(filter(text).is_some(), "{text}");
        }
    }
}
