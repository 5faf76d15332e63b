//! No part of a secret is in the output of a command, at any level of the log: not where a URL was written without
//! escapes, and not where it is right.

use crate::support::own_cluster::OwnClusters;
use crate::support::people::MONA;
use crate::support::shell::{Finished, SECRET, Shell, set_mode};
use std::fmt::Write;

/// The parts of each password. No other text has them.
const PARTS: [&str; 3] = ["Zq7Kw", "Xv9Jf", "Qm4Dz"];

/// What a password has between its parts.
const SEPARATORS: [&str; 26] = [
    "@",
    "/",
    ":",
    "#",
    "?",
    "%",
    "[",
    "]",
    " ",
    "&",
    "=",
    "+",
    "\\",
    "ü",
    "🚚",
    "%40",
    "%FF",
    "%2",
    "@:",
    "/@",
    "]:",
    "?a=",
    "&password=",
    "://",
    "'",
    "\"",
];

/// Where a password is.
const URLS: [&str; 9] = [
    "postgres://me:PASSWORD@127.0.0.1:1/schedule",
    "postgresql://PASSWORD:PASSWORD@127.0.0.1:1/schedule",
    "postgres://me@127.0.0.1:1/schedule?password=PASSWORD",
    "postgres://127.0.0.1:1/schedule?user=me&Password=PASSWORD",
    "postgres://127.0.0.1:1/schedule?sslmode=PASSWORD&sslpassword=PASSWORD",
    "sqlite://me:PASSWORD@127.0.0.1/schedule",
    "sqlite://schedule.db?key=PASSWORD",
    "mysql://me:PASSWORD@127.0.0.1:1/schedule",
    "PASSWORD",
];

/// Commands with a database.
const COMMANDS: [&str; 11] = [
    "serve",
    "serve --migrate",
    "migrate up",
    "migrate down",
    "migrate status",
    "demo-data",
    "import -",
    "export --user 1",
    "expire-cursors",
    "backup copy.db",
    "token --revoke-user 1",
];

fn passwords() -> impl Iterator<Item = String> {
    SEPARATORS.iter().map(|separator| PARTS.join(separator))
}

fn assert_hidden(finished: &Finished, what: &str) {
    for part in PARTS {
        let is_shown = finished.stdout.contains(part) || finished.stderr.contains(part);
        assert!(!is_shown, "{what}: {}{}", finished.stdout, finished.stderr);
    }
}

fn shell() -> Shell {
    Shell::new().set("JWT_SECRET", SECRET).set("LOG", "trace").set("WAIT_FOR_DATABASE", "0s")
}

#[test]
fn url_with_any_characters_in_its_password_is_in_no_output() {
    let mut shell = shell();
    for password in passwords() {
        for url in URLS {
            // The name of the user is no secret.
            let url = url.replacen("//PASSWORD", "//me", 1).replace("PASSWORD", &password);
            shell.set_again("DATABASE_URL", &url);
            let finished = shell.run("migrate status");
            assert_eq!(finished.code, Some(1), "{url}: {}", finished.stderr);
            assert_hidden(&finished, &url);
        }
    }
    assert_eq!(shell.files(), [""; 0]);
}

#[test]
fn every_command_hides_the_password_wherever_it_is_from() {
    let password = |separator: &str| PARTS.join(separator);
    for separator in ["/", "@", " ", "%23"] {
        let url = format!("postgres://me:{}@127.0.0.1:1/schedule", password(separator));
        let by_variable = shell().set("DATABASE_URL", &url);
        let by_file = shell().set("DATABASE_URL_FILE", "url");
        std::fs::write(by_file.path("url"), format!("{url}\n")).unwrap();
        let by_wrong_setting = shell().set("DATABASE_URL_FILE", &url);
        for command in COMMANDS {
            let words: Vec<&str> = command.split(' ').collect();
            for (shell, code) in [(&by_variable, 1), (&by_file, 1), (&by_wrong_setting, 1)] {
                let finished = shell.run(command);
                assert!([Some(code), Some(2)].contains(&finished.code), "{command}: {}", finished.stderr);
                assert_hidden(&finished, command);
            }
            // As one argument, and as a shell splits it.
            let split: Vec<&str> = url.split(' ').collect();
            for url in [&[url.as_str()][..], &split] {
                let finished = shell().run_with(&[&words[..], &["--database-url"], url].concat());
                assert!(finished.code != Some(0), "{command}: {}", finished.stderr);
                assert_hidden(&finished, command);
            }
            assert_hidden(&shell().run_with(&[&words[..], &[&url]].concat()), command);
            assert_hidden(&by_variable.run(&format!("{command} --help")), command);
        }
        for command in ["", "schema", "--help", "configuration", "migrate", "servee"] {
            assert_hidden(&by_variable.run(command), command);
        }
    }
}

#[test]
fn refusal_says_what_to_escape() {
    for separator in ["@:/", "/", "#", "?", "%FF"] {
        let url = format!("postgres://me:{}@127.0.0.1:1/schedule", PARTS.join(separator));
        let refusal = shell().set("DATABASE_URL", &url).fail("migrate status");
        let reason = "DATABASE_URL: in a user name, password, database or parameter, `%` has to be written as %25, \
                      `@` as %40, `/` as %2F, `?` as %3F and `#` as %23\n";
        assert!(refusal.ends_with(reason), "{url}: {refusal}");
    }
}

#[test]
fn url_of_a_key_set_is_in_no_output() {
    let shell = shell().set("DATABASE_URL", "sqlite://a.db").set("JWKS_ISSUER", "a").set("JWKS_AUDIENCE", "b");
    for password in passwords() {
        for url in
            ["https://me:PASSWORD@127.0.0.1:1/keys", "http://PASSWORD@127.0.0.1:1/keys", "https://me:1PASSWORD@b"]
        {
            let url = url.replace("PASSWORD", &password);
            for setting in ["JWKS_URL", "JWKS_FILE"] {
                let (shell, other) = (&shell, if setting == "JWKS_URL" { "JWKS_FILE" } else { "JWKS_URL" });
                let flag = format!("--{}={url}", setting.to_lowercase().replace('_', "-"));
                let finished = shell.run_with(&["serve", "--migrate", &flag]);
                assert_eq!(finished.code, Some(1), "{setting} {url} {other}: {}", finished.stderr);
                assert!(finished.stderr.contains(&format!("error: {setting}: it ")), "{}", finished.stderr);
                assert_hidden(&finished, &url);
            }
        }
    }
    let shell = shell.set("JWKS_URL", format!("https://me:{}@127.0.0.1/keys", PARTS[0]));
    assert_hidden(&shell.run("serve --help"), "serve --help");
}

#[tokio::test]
async fn password_that_is_used_is_in_no_log() {
    let Some(clusters) = OwnClusters::new() else { return };
    let cluster = clusters.start("");
    let password = format!("{}@/:#?%[] &=+ü\\'\"{}", PARTS[0], PARTS[1]);
    let database = cluster.database();
    let quoted = password.replace('\'', "''");
    database.execute(&format!("CREATE ROLE planted SUPERUSER LOGIN PASSWORD '{quoted}'")).await;
    let rules = "COPY (SELECT 'host all all 127.0.0.1/32 scram-sha-256') TO";
    let file: String = database.value("SELECT current_setting('hba_file')").await;
    database.execute(&format!("{rules} '{file}'")).await;
    database.execute("SELECT pg_reload_conf()").await;

    let escaped = password.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02X}").unwrap();
        text
    });
    let url = |password: &str| format!("postgres://planted:{password}@127.0.0.1:{}/postgres", cluster.port);
    let mut shell = shell().set("DATABASE_URL", url(&escaped)).set("LOG_FORMAT", "json");
    for command in ["migrate up", "demo-data --interviews 1", "migrate status"] {
        let finished = shell.run(command);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_hidden(&finished, command);
    }
    let server = shell.start("serve");
    let token = shell.token(MONA);
    assert_eq!(server.viewer(&token).await["role"], "STAFF");
    server.ready(200).await;
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    assert_hidden(&Finished { code, stdout: String::new(), stderr: log.join("\n") }, "serve");

    // A wrong password, and lines of a password file that the driver does not understand.
    let lines = [format!("{}\\", PARTS[0]), format!("127.0.0.1:*:*:planted:{}\\", PARTS[1]), PARTS[2].to_owned()];
    std::fs::write(shell.path("passwords"), lines.join("\n")).unwrap();
    set_mode(&shell.path("passwords"), 0o600);
    shell.set_again("PGPASSFILE", shell.path("passwords").to_str().unwrap());
    let failed = "password authentication failed";
    for (url, reason) in [
        (url(&format!("{}%20", PARTS[2])), failed),
        (url("").replacen(":@", "@", 1), failed),
        // The driver names the character.
        (url(&format!("{}🚚", PARTS[2])), "the password has a character that SCRAM prohibits"),
    ] {
        shell.set_again("DATABASE_URL", url);
        for command in ["migrate status", "migrate up", "serve"] {
            let finished = shell.run(command);
            assert_eq!(finished.code, Some(1), "{}", finished.stderr);
            assert!(finished.stderr.contains(reason) && !finished.stderr.contains('🚚'), "{}", finished.stderr);
            assert_hidden(&finished, "a wrong password");
        }
    }
}
