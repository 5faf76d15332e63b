//! Errors about settings that are missing or invalid.

use crate::support::Database::{self, Postgres, Sqlite};
use crate::support::people::MONA;
use crate::support::shell::{SECRET, Shell};
use rstest::rstest;
use std::net::TcpListener;

const HINT: &str = "(set them in the environment, or see --help for the flags)";

#[rstest]
fn serve_names_every_missing_setting(#[values(None, Some(""))] empty: Option<&str>) {
    let shell = |settings: &[(&str, &str)]| {
        let empty = ["DATABASE_URL", "JWT_SECRET"].into_iter().zip(empty.into_iter().cycle());
        empty.chain(settings.iter().copied()).fold(Shell::new(), |shell, (name, value)| shell.set(name, value))
    };
    let url = ("DATABASE_URL", "sqlite://interviews.db");
    let missing = |names| format!("error: missing settings: {names} {HINT}\n");
    assert_eq!(shell(&[]).fail("serve"), missing("DATABASE_URL, JWT_SECRET"));
    assert_eq!(shell(&[("JWT_SECRET", SECRET)]).fail("serve"), missing("DATABASE_URL"));
    assert_eq!(shell(&[url]).fail("serve --migrate"), missing("JWT_SECRET"));
    assert_eq!(shell(&[url]).fail("serve --jwt-secret="), missing("JWT_SECRET"));
}

#[test]
fn other_commands_name_the_settings_that_they_need() {
    let missing = |name| format!("error: missing settings: {name} {HINT}\n");
    for command in ["migrate up", "migrate down", "migrate status", "demo-data"] {
        assert_eq!(Shell::new().fail(command), missing("DATABASE_URL"), "{command}");
    }
    assert_eq!(Shell::new().fail(&format!("token --sub {MONA}")), missing("JWT_SECRET"));
}

#[test]
fn a_short_jwt_secret_is_refused() {
    let short = "error: JWT_SECRET: the JWT secret has 31 bytes; at least 32 are needed (RFC 7518, section 3.2)\n";
    let shell = Shell::new().set("DATABASE_URL", "sqlite://interviews.db").set("JWT_SECRET", &SECRET[1..]);
    assert_eq!(shell.fail("serve --migrate"), short);
    assert_eq!(shell.fail(&format!("token --sub {MONA}")), short);
    assert_eq!(shell.files(), [""; 0], "the secret is checked first");
    // The length is counted in bytes.
    assert!(shell.set("JWT_SECRET", "ßé".repeat(8)).token(MONA).starts_with("ey"));
}

#[test]
fn secrets_that_cannot_be_meant_are_refused() {
    let spaces = "it begins or ends with white space or a control character: remove it";
    let repeated = "the JWT secret repeats one character; use a random one, such as from `openssl rand -hex 32`";
    let invisible = "the JWT secret begins or ends with an invisible character: remove it";
    for (secret, reason) in [
        (format!("{SECRET}\n\n"), spaces),
        (format!("{SECRET} "), spaces),
        (format!("\t{SECRET}"), spaces),
        (format!("\u{feff}{SECRET}"), invisible),
        (format!("{SECRET}\u{200b}"), invisible),
        ("x".repeat(64), repeated),
        ("ß".repeat(32), repeated),
        ("0".repeat(32), repeated),
    ] {
        let shell = Shell::new().set("JWT_SECRET", &secret);
        assert_eq!(shell.fail(&format!("token --sub {MONA}")), format!("error: JWT_SECRET: {reason}\n"));
    }
}

#[rstest]
#[case::another_database("mysql://root:hunter2@127.0.0.1/interviews")]
#[case::no_scheme("hunter2.db")]
#[case::in_memory("sqlite::memory:")]
#[case::in_memory_by_parameter("sqlite://hunter2?mode=memory")]
#[case::an_invalid_port("postgres://me:hunter2@127.0.0.1:99999/interviews")]
#[case::a_password_with_a_slash("postgres://me:p@ss/hunter2@127.0.0.1/interviews")]
#[case::several_hosts("postgres://me:hunter2@127.0.0.1:1,127.0.0.1:2/interviews")]
#[case::several_hosts_without_ports("postgres://me:hunter2@127.0.0.1,127.0.0.2/interviews")]
#[case::an_unknown_parameter("postgres://me:hunter2@127.0.0.1/interviews?connect_timeout=3")]
#[case::no_file("sqlite://")]
fn an_invalid_database_url_is_refused_and_not_printed(#[case] url: &str) {
    let shell = Shell::new().set("DATABASE_URL", url).set("JWT_SECRET", SECRET);
    for command in ["serve", "serve --migrate", "migrate up", "demo-data"] {
        let error = shell.fail(command);
        assert!(error.starts_with("error: DATABASE_URL: ") && error.lines().count() == 1, "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    assert_eq!(shell.files(), [""; 0]);
}

#[test]
fn the_error_for_an_unreachable_postgresql_has_no_password() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://me:hunter2@127.0.0.1:{port}/schedule?application_name=hunter2");
    let shell = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", url).set("DATABASE_TIMEOUT", "100ms");
    for command in ["serve --wait-for-database 0s", "serve --migrate --wait-for-database 0s", "migrate status"] {
        let error = shell.fail(command);
        let place = format!("error: cannot connect to the database schedule at 127.0.0.1:{port}: ");
        assert!(error.starts_with(&place) && error.lines().count() == 1, "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn the_error_for_a_missing_postgresql_database_names_it() {
    let Some(shell) = Shell::on_demo_data(Postgres).await else { return };
    let url = format!("{}_and_no_more", shell.database().url);
    let error = shell.set("DATABASE_URL", url).fail("serve");
    assert!(error.contains("_and_no_more\" does not exist"), "{error}");
}

#[test]
fn only_migrate_up_creates_a_sqlite_file() {
    let shell = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", "sqlite://interviews.db");
    for command in ["serve", "migrate status", "migrate down", "demo-data"] {
        let error = shell.fail(command);
        let reason = "there is no such file: `interviews migrate up` creates it";
        assert_eq!(error, format!("error: cannot open the database sqlite://interviews.db: {reason}\n"));
    }
    assert_eq!(shell.files(), [""; 0]);
    shell.succeed("migrate up");
    assert_eq!(shell.files(), ["interviews.db"]);
}

#[test]
fn a_file_that_is_no_database_is_not_overwritten() {
    let shell = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", "sqlite://letter.txt");
    let letter = "Dear Luisa, ".repeat(100);
    std::fs::write(shell.path("letter.txt"), &letter).unwrap();
    for command in ["serve --migrate", "migrate up", "demo-data"] {
        let error = shell.fail(command);
        assert!(error.contains("file is not a database"), "{error}");
    }
    assert_eq!(std::fs::read_to_string(shell.path("letter.txt")).unwrap(), letter);
}

#[rstest]
#[tokio::test]
async fn the_error_for_an_address_in_use_names_it(#[values(Sqlite, Postgres)] database: Database) {
    let Some(shell) = Shell::on_demo_data(database).await else { return };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let holder = TcpListener::bind(taken.unwrap()).unwrap();
    let address = holder.local_addr().unwrap();
    let error = shell.set("BIND", address.to_string()).fail("serve");
    let expected = format!("error: cannot listen on {address}: Address already in use");
    assert!(error.contains(&expected) && error.contains("--bind"), "{error}");
}

#[rstest]
#[case::an_address("BIND", "localhost")]
#[case::an_address_with_a_scheme("BIND", "http://localhost:8000")]
#[case::a_log_format("LOG_FORMAT", "xml")]
#[case::a_log_filter("LOG", "interviews=debug=info")]
#[case::an_address_without_a_scheme("PUBLIC_URL", "interviews.example.com")]
#[case::an_address_with_a_query("PUBLIC_URL", "https://example.com/?a=b")]
fn an_invalid_setting_is_named(#[case] name: &str, #[case] value: &str) {
    let shell = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", "sqlite://interviews.db").set(name, value);
    let finished = shell.run("serve");
    assert_ne!(finished.code, Some(0));
    assert!(finished.stderr.contains(name) && finished.stderr.contains(value), "{}", finished.stderr);
}

#[test]
fn help_shows_no_secret() {
    let shell = Shell::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", "postgres://me:hunter2@db/interviews");
    for command in ["serve --help", "token --help", "migrate up --help", "demo-data --help"] {
        let help = shell.succeed(command);
        assert!(!help.contains(SECRET) && !help.contains("hunter2"), "{help}");
    }
}
