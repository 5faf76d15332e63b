//! The range of every setting. A value outside it is refused at the start, and named by its variable.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::shell::Shell;
use clap::{Arg, Command, CommandFactory};
use interviews::cli::Cli;
use rstest::rstest;
use std::collections::BTreeMap;

const ANY_COUNT: u64 = 1_000_000_000;
const ANY_BYTES: u64 = 1 << 40;

/// The least and the greatest value of each number.
const NUMBERS: &[(&str, u64, u64)] = &[
    ("DATABASE_CONNECTIONS", 1, 262_143),
    ("DATABASE_CONNECTIONS_PER_USER", 1, 262_143),
    ("DOCUMENT_CACHE", 0, ANY_BYTES),
    ("MAX_ALIASES", 0, ANY_COUNT),
    ("MAX_BATCH", 1, ANY_COUNT),
    ("MAX_BODY", 1, ANY_BYTES),
    ("MAX_COMPLEXITY", 1, ANY_COUNT),
    ("MAX_CONNECTIONS", 1, ANY_COUNT),
    ("MAX_CONNECTIONS_PER_ADDRESS", 1, ANY_COUNT),
    ("MAX_COUNT", 1, i32::MAX as u64),
    ("MAX_DEPTH", 1, 200),
    ("MAX_DIRECTIVES", 0, ANY_COUNT),
    ("MAX_DOCUMENT", 1, ANY_BYTES),
    ("MAX_IN_FLIGHT", 1, ANY_COUNT),
    ("MAX_IN_FLIGHT_PER_USER", 1, ANY_COUNT),
    ("MAX_NESTING", 1, 200),
    ("MAX_OPEN_INTERVIEWS", 1, ANY_COUNT),
    ("MAX_PENDING_SOCKETS", 1, ANY_COUNT),
    ("MAX_RESPONSE", 1, ANY_BYTES),
    ("MAX_SELECTIONS", 1, ANY_COUNT),
    ("MAX_SOCKETS", 1, ANY_COUNT),
    ("MAX_SOCKETS_PER_USER", 1, ANY_COUNT),
    ("MAX_SUBSCRIPTIONS", 1, ANY_COUNT),
    ("MAX_TOKENS", 1, ANY_COUNT),
    ("MISSED_EVENT_MEMORY", 0, ANY_BYTES),
    ("RATE_LIMIT", 1, u32::MAX as u64),
    ("REQUEST_MEMORY", 65_536, ANY_BYTES),
    ("SHARED_RESPONSES", 0, ANY_BYTES),
    ("SUBSCRIPTION_MEMORY_PER_USER", 1, ANY_BYTES),
    ("WEBHOOK_CONCURRENCY", 1, ANY_COUNT),
];

/// The shortest and the longest value of each duration.
const DURATIONS: &[(&str, &str, &str)] = &[
    ("BODY_TIMEOUT", "1ms", "365days"),
    ("DATABASE_TIMEOUT", "1ms", "365days"),
    ("EVENT_INTERVAL", "1ms", "1m"),
    ("FIRST_BYTE_TIMEOUT", "1ms", "365days"),
    ("HEADER_TIMEOUT", "1ms", "365days"),
    ("IDEMPOTENCY_TTL", "1m", "365days"),
    ("INIT_TIMEOUT", "1ms", "365days"),
    ("JWKS_COOLDOWN", "1ms", "365days"),
    ("JWKS_MAX_STALE", "1ms", "365days"),
    ("JWKS_TTL", "1ms", "365days"),
    ("KEEP_ALIVE_TIMEOUT", "1ms", "365days"),
    ("MAX_INTERVIEW_LENGTH", "1ms", "1day"),
    ("PING_INTERVAL", "100ms", "365days"),
    ("REQUEST_TIMEOUT", "1ms", "365days"),
    ("SHUTDOWN_DELAY", "0s", "365days"),
    ("SHUTDOWN_GRACE", "0s", "365days"),
    ("VIEWER_TTL", "0s", "365days"),
    ("WAIT_FOR_DATABASE", "0s", "365days"),
    ("WEBHOOK_DISABLE_AFTER", "12h", "365days"),
    ("WEBHOOK_RETENTION", "1h", "365days"),
    ("WEBHOOK_TIMEOUT", "100ms", "20s"),
    ("WORK_INTERVAL", "10ms", "1h"),
    ("WRITE_TIMEOUT", "1ms", "365days"),
];

/// The settings of `serve` by their variables.
fn settings() -> BTreeMap<String, Arg> {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let with_variable = |argument: &Arg| Some((argument.get_env()?.to_str()?.to_owned(), argument.clone()));
    serve.get_arguments().filter_map(with_variable).collect()
}

/// Parses the command line of `serve` with one setting: the error, if it is refused.
fn refusal(setting: &Arg, value: &str) -> Option<String> {
    let flag = format!("--{}={value}", setting.get_long().unwrap());
    Command::try_get_matches_from(Cli::command(), ["interviews", "serve", &flag]).err().map(|error| error.to_string())
}

#[test]
fn every_number_and_duration_has_a_range() {
    let measured = |argument: &&Arg| {
        let names = argument.get_value_names().unwrap_or_default();
        names.iter().any(|name| ["BYTES", "COUNT", "DURATION", "LEVELS", "POINTS"].contains(&name.as_str()))
    };
    let settings = settings();
    let named: Vec<&str> = settings.iter().filter(|(_, it)| measured(it)).map(|(name, _)| name.as_str()).collect();
    let numbers = NUMBERS.iter().map(|(name, ..)| *name);
    let mut tested: Vec<&str> = numbers.chain(DURATIONS.iter().map(|(name, ..)| *name)).collect();
    tested.sort_unstable();
    assert_eq!(named, tested);
}

#[test]
fn numbers_outside_their_range_are_refused() {
    let settings = settings();
    for (name, least, most) in NUMBERS {
        let setting = &settings[*name];
        assert_eq!(refusal(setting, &least.to_string()), None, "{name}");
        assert_eq!(refusal(setting, &most.to_string()), None, "{name}");
        let range = format!("it has to be a whole number from {least} to {most}");
        for outside in [i128::from(*least) - 1, i128::from(*most) + 1, i128::from(u64::MAX)] {
            let error = refusal(setting, &outside.to_string()).unwrap_or_else(|| panic!("{name}={outside}"));
            assert!(error.contains(&range), "{name}={outside}: {error}");
        }
        for invalid in ["", " ", "x", "1.5", "1e3", "1 0", "1_000", "99999999999999999999", "٣"] {
            let error = refusal(setting, invalid).unwrap_or_else(|| panic!("{name}={invalid:?}"));
            assert!(error.contains(&range) && error.contains(setting.get_long().unwrap()), "{error}");
        }
    }
}

#[test]
fn durations_outside_their_range_are_refused() {
    let settings = settings();
    for (name, least, most) in DURATIONS {
        let setting = &settings[*name];
        assert_eq!(refusal(setting, least), None, "{name}");
        assert_eq!(refusal(setting, most), None, "{name}");
        let below = if *least == "0s" { "-1s" } else { "1us" };
        for outside in [below, "366days", "300000000000years", "18446744073709551615s", "99999999999999999999s"] {
            let error = refusal(setting, outside).unwrap_or_else(|| panic!("{name}={outside}"));
            assert!(error.contains(setting.get_long().unwrap()), "{error}");
        }
        let range = format!("it has to be from {least} to {most}");
        assert!(refusal(setting, "366days").unwrap().contains(&range), "{name}");
        for invalid in ["", " ", "10", "s", "1.5.5s", "10 parsecs"] {
            let error = refusal(setting, invalid).unwrap_or_else(|| panic!("{name}={invalid:?}"));
            assert!(error.contains("invalid value"), "{error}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn server_starts_with_every_setting_at_an_end_of_its_range(
    #[values(Sqlite, Postgres)] database: Database,
    #[values(true, false)] at_least: bool,
) {
    let Some(mut shell) = Shell::on_demo_data(database).await else { return };
    for (name, least, most) in NUMBERS {
        shell.set_again(name, (if at_least { least } else { most }).to_string());
    }
    for (name, least, most) in DURATIONS {
        shell.set_again(name, if at_least { *least } else { *most });
    }
    // A statement takes longer than a millisecond.
    for name in ["DATABASE_TIMEOUT", "REQUEST_TIMEOUT"] {
        shell.set_again(name, "10s");
    }
    let server = shell.start("serve");
    server.signal("INT"); // after SIGTERM it would drain for a year
    let (code, log) = server.ended();
    assert!(!log.iter().any(|line| line.contains("panicked")), "{log:#?}");
    assert_eq!(code, Some(0), "{log:#?}");
}

#[test]
fn blank_variable_counts_as_unset() {
    let settings = settings();
    for blank in ["", " ", "\n"] {
        let shell = settings.keys().fold(Shell::new(), |shell, name| shell.set(name, blank));
        let missing = "error: missing settings: DATABASE_URL, JWT_SECRET (set them in the environment, or see --help \
                       for the flags)\n";
        assert_eq!(shell.fail("serve"), missing);
    }
}

#[test]
fn error_names_the_variable_from_which_the_value_comes() {
    for (name, value, reason) in [
        ("RATE_LIMIT", "0", "it has to be a whole number from 1 to 4294967295"),
        ("MAX_IN_FLIGHT", "0", "it has to be a whole number from 1 to 1000000000"),
        ("PING_INTERVAL", "1us", "it has to be from 100ms to 365days"),
        ("REQUEST_TIMEOUT", "10", "time unit needed, for example 10sec or 10ms"),
        ("INTROSPECTION", "maybe", "possible values: on, signed-in, off"),
    ] {
        let shell = Shell::new().set(name, value);
        let error = shell.run("serve").stderr;
        assert!(error.starts_with(&format!("error: invalid value '{value}' for '{name}'")), "{error}");
        assert!(error.contains(reason), "{error}");
        let flag = format!("--{}", name.to_lowercase().replace('_', "-"));
        // The flag takes precedence.
        let error = Shell::new().set(name, value).run(&format!("serve {flag}={value}")).stderr;
        assert!(error.contains(&format!("'{flag} <")), "{error}");
    }
}

#[tokio::test]
async fn start_names_changed_settings_and_mistaken_variables() {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap().set("LOG", "info").set("MAX_BODY", "4096");
    let shell = shell.set("MAX_COMPLEXTY", "5").set("INTERVIEWS_MAX_BATCH", "5").set("INTERVIEWS_SERVICE_PORT", "1");
    let server = shell.start("serve");
    let line = server.stderr.wait_for("these settings differ from the defaults");
    for setting in ["BIND=127.0.0.1:0", "DATABASE_URL=(hidden)", "JWT_SECRET=(hidden)", "MAX_BODY=4096"] {
        assert!(line.contains(setting), "{line}");
    }
    assert!(!line.contains("LOG=") && !line.contains("MAX_BATCH"), "{line}");
    server.stderr.wait_for("WARN interviews::cli: MAX_COMPLEXTY is not read: the variable is MAX_COMPLEXITY");
    server.stderr.wait_for("WARN interviews::cli: INTERVIEWS_MAX_BATCH is not read: the variable is MAX_BATCH");
    server.signal("TERM");
    let (_, log) = server.ended();
    assert!(!log.iter().any(|line| line.contains("INTERVIEWS_SERVICE_PORT")), "{log:#?}");
}

#[test]
fn misspelt_log_level_is_refused() {
    for filter in ["verbose", "inof", "interviews=bogus", "info,verbose", "0", "info="] {
        let error = Shell::new().set("LOG", filter).fail("schema");
        assert!(error.starts_with(&format!("error: LOG: `{filter}` is not a filter")), "{error}");
    }
    for filter in ["", " ", "off", "INFO", "warn,interviews=debug"] {
        Shell::new().set("LOG", filter).succeed("schema");
    }
}
