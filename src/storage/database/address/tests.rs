//! URLs of databases, and where they lead.

use super::*;

/// The location, or the reason.
fn parsed(url: &str) -> String {
    Address::parse(url).map_or_else(|error| error.to_string(), |address| address.location())
}

#[test]
fn urls_of_postgresql_lead_to_a_place() {
    for (url, location) in [
        ("postgres://me:hunter2@db:5433/schedule", "schedule at db:5433"),
        ("postgresql://me:hunter2@db/schedule", "schedule at db:5432"),
        ("postgres://me:hunter2@db/schedule\n", "schedule at db:5432"),
        ("postgres://me:hunter2@db", "me at db:5432"),
        ("postgres://me:hunter2@db:/schedule", "schedule at db:5432"),
        ("postgres://me:hun@ter@2@db/schedule", "schedule at db:5432"),
        ("postgres://me:hun:ter,2@db/schedule", "schedule at db:5432"),
        ("postgres://me:hun%2Fter%402%3F%23@db/schedule", "schedule at db:5432"),
        ("postgres://me:100%@db/schedule", "schedule at db:5432"),
        ("postgres://me:a b[c]d\\e&f=g+h;i'j\"kü🚚@db/schedule", "schedule at db:5432"),
        ("postgres://me:hunter2@[::1]:5433/schedule", "schedule at ::1:5433"),
        ("postgres://me:hunter2@[::1]/schedule", "schedule at ::1:5432"),
        ("postgres://me:hunter2@127.0.0.1/schedule?sslmode=require", "schedule at 127.0.0.1:5432"),
        ("postgres://me@%2Frun%2Fpostgresql/schedule", "schedule at /run/postgresql"),
        ("postgres:///schedule?host=/run/postgresql&user=me", "schedule at /run/postgresql"),
        ("postgres://db/?dbname=schedule&user=me%40azure&password=hunter2&port=1", "schedule at db:1"),
        ("postgres://me@db/schedule?application_name=x&options=-c%20work_mem%3D8MB", "schedule at db:5432"),
        ("postgres://me@db/schedule?options[search_path]=interviews", "schedule at db:5432"),
    ] {
        assert_eq!(parsed(url), location, "{url}");
    }
}

#[test]
fn urls_of_sqlite_lead_to_a_file() {
    for (url, location) in [
        ("sqlite://interviews.db", "sqlite://interviews.db"),
        ("sqlite:interviews.db", "sqlite://interviews.db"),
        ("sqlite:///var/lib/interviews.db\n", "sqlite:///var/lib/interviews.db"),
        ("sqlite://interviews.db?mode=rwc", "sqlite://interviews.db"),
        ("sqlite://a%20b%3Fc#d@e.db?mode=rw", "sqlite://a b?c#d@e.db"),
        ("sqlite://my:memory:notes.db", "sqlite://my:memory:notes.db"),
        ("sqlite://of@me:1.db", "sqlite://of@me:1.db"),
        ("sqlite:///a:b/c@d.db", "sqlite:///a:b/c@d.db"),
        ("sqlite://me%3A1@db", "sqlite://me:1@db"),
    ] {
        assert_eq!(parsed(url), location, "{url}");
    }
}

#[test]
fn other_urls_are_refused_without_a_part_of_the_password() {
    let unknown = |name: &str| format!("the parameter {name} is not supported");
    let target = "the parameter target_session_attrs is not supported, because the server connects to one host";
    let timeout = "the parameter connect_timeout is not supported: set DATABASE_TIMEOUT instead";
    let passfile = "the parameter passfile is not supported: set the variable PGPASSFILE instead";
    let unnamed = "it has a parameter that is not supported";
    let mode = "the parameter mode has to be rw or rwc: the server writes";
    for (url, reason) in [
        ("", NEITHER),
        ("hunter2.db", NEITHER),
        ("mysql://me:hunter2@db/schedule", NEITHER),
        ("jdbc:postgresql://db/schedule", NEITHER),
        ("host=db password=hunter2", NEITHER),
        ("postgres:db/schedule", NEITHER),
        ("postgres://me:hun\nter2@db/schedule", CONTROL_CHARACTER),
        // A password with a character that ends the authority.
        ("postgres://me:hun/ter2@db/schedule", UNESCAPED),
        ("postgres://me:hun@ter/2@db/schedule", UNESCAPED),
        ("postgres://me:hun?ter2@db/schedule", UNESCAPED),
        ("postgres://me:hun#ter2@db/schedule", UNESCAPED),
        ("postgres://me:1?hunter2=3@db/schedule", UNESCAPED),
        ("postgres://me:1#hunter2", UNESCAPED),
        ("postgres://db/schedule?user=me@azure", UNESCAPED),
        // Several hosts.
        ("postgres://me:hunter2@a:1,b:2/schedule", SEVERAL_HOSTS),
        ("postgres://me:hunter2@a,b/schedule", SEVERAL_HOSTS),
        ("postgres://a,b", SEVERAL_HOSTS),
        ("postgres://[::1],[::2]/schedule", SEVERAL_HOSTS),
        ("postgres:///schedule?host=a,b", SEVERAL_HOSTS),
        ("postgres://a/schedule?port=1,2", SEVERAL_HOSTS),
        ("postgres://a/schedule?hostaddr=127.0.0.1,127.0.0.2", SEVERAL_HOSTS),
        ("postgres://me:hunter2@db/schedule?target_session_attrs=primary", target),
        // Other parts.
        ("postgres://me:hunter2@db:0/schedule", PORT),
        ("postgres://me:hunter2@db:99999/schedule", PORT),
        ("postgres://me:hunter2@db:+1/schedule", PORT),
        ("postgres://me:hunter2@db:x/schedule", PORT),
        ("postgres://db/schedule?port=hunter2", PORT),
        ("postgres://me:hunter2@/schedule", POSTGRES),
        ("postgres://me:hunter2@d b/schedule", POSTGRES),
        ("postgres://me:%FFhunter2@db/schedule", UNESCAPED),
        ("postgres://%C3%28:hunter2@db/schedule", UNESCAPED),
        ("postgres://db/schedule?hostaddr=hunter2", "hostaddr has to be an IP address"),
        (
            "postgres://db/schedule?sslmode=hunter2",
            "sslmode has to be disable, allow, prefer, require, verify-ca or verify-full",
        ),
        ("postgres://db/schedule?sslrootcert=hunter2", "the file of the parameter sslrootcert does not exist"),
        ("postgres://db/schedule?connect_timeout=3", timeout),
        ("postgres://db/schedule?passfile=x", passfile),
        ("postgres://db/schedule?channel_binding=require", &unknown("channel_binding")),
        ("postgres://db/schedule?pgbouncer=true", &unknown("pgbouncer")),
        ("postgres://db/schedule?a%20hunter2", unnamed),
        ("postgres://db/schedule?password=1&hunter2", unnamed),
        // SQLite.
        ("sqlite:", NO_FILE),
        ("sqlite://", NO_FILE),
        ("sqlite://?mode=rwc", NO_FILE),
        ("sqlite:///", NO_FILE),
        ("sqlite:///var/lib/", NO_FILE),
        ("sqlite://a%00b", NO_FILE),
        ("sqlite://%FF", NO_FILE),
        ("sqlite::memory:", IN_MEMORY),
        ("sqlite://:memory:", IN_MEMORY),
        ("sqlite://%3Amemory%3A", IN_MEMORY),
        ("sqlite://hunter2?mode=memory", IN_MEMORY),
        ("sqlite://file:a.db", "the name of a file must not begin with `file:`"),
        ("sqlite://file%3Aa.db%3Fmode=memory", "the name of a file must not begin with `file:`"),
        ("sqlite://me:hunter2@db/schedule", SQLITE_PASSWORD),
        ("sqlite:me:hun?ter2@db", SQLITE_PASSWORD),
        ("sqlite://me:hun/ter2@db", SQLITE_PASSWORD),
        ("sqlite://hunter.db?key=hunter2", &unknown("key")),
        ("sqlite://a.db?mode=ro", mode),
        ("sqlite://a.db?cache=shared", &unknown("cache")),
        ("sqlite://a.db?immutable=1", &unknown("immutable")),
        ("sqlite://a.db?vfs=unix-none", &unknown("vfs")),
    ] {
        assert_eq!(parsed(url), format!("DATABASE_URL: {reason}"), "{url}");
        assert!(!parsed(url).contains("hunter") && !parsed(url).contains("ter2"), "{url}");
    }
}
