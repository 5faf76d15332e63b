//! Sets up the log.

use crate::cli::CliError;
use crate::cli::json_lines::JsonLines;
use crate::config::{LogFormat, LogSettings};
use crate::storage::POSTGRES_NOTICES;
use std::io::IsTerminal;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Writes the log to standard error from now on.
pub fn init(settings: &LogSettings) -> Result<(), CliError> {
    let filter = filter(&settings.log).ok_or_else(|| CliError::LogFilter(settings.log.clone()))?;
    let registry = tracing_subscriber::registry().with(filter).with(filter_fn(is_loggable));
    let lines =
        tracing_subscriber::fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => registry.with(lines).init(),
        LogFormat::Json => registry.with(lines.fmt_fields(JsonFields::new()).event_format(JsonLines)).init(),
    }
    Ok(())
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
    let is_clear = |directive: &str| {
        directive.contains(['=', '[']) || directive.is_empty() || directive.parse::<LevelFilter>().is_ok()
    };
    let directives: Vec<_> = text.split(',').map(str::trim).collect();
    if !directives.iter().copied().all(is_clear) {
        return None;
    }
    EnvFilter::try_new(with_access_log(&directives)).ok()
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
        for text in ["verbose", "interviews", "interviews::http", "inof,interviews=debug", "interviews=bogus", "a=b=c"]
        {
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
