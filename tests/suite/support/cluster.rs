//! A temporary `PostgreSQL` cluster, one per test process, started on first use.
//!
//! `TEST_POSTGRES_URL` (the maintenance database of a running server) is used instead when it is
//! set. Without it and without server binaries the tests can skip, unless `REQUIRE_POSTGRES` is
//! set too.
//!
//! libtest has no hook at its end, so a guardian process owns the cluster: a shell that reads a
//! pipe from this process. However this process ends, `kill -9` included, the pipe closes, and the
//! guardian stops the server and removes its folder.

use super::database_folder::database_folder;
use std::cmp::Reverse;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::{env, fs};

/// Arguments: the folder of the server's binaries, the folder for temporary files. Reads one port
/// a line and tries to start the server there; ends each step with a line `OK` or `FAILED`.
///
/// Autovacuum would start a worker for one of some hundred databases every tenth of a second.
///
/// Signals are ignored so that nothing ends the guardian before it has cleaned up. The time zone
/// is not UTC, and not by a whole hour, so that code that relies on the server's zone fails.
const GUARDIAN: &str = r#"
trap '' HUP INT TERM PIPE
exec 2>&1
cd /
name=postgres-test.XXXXXX
dir=$(mktemp -d "$2/$name") || dir=$(mktemp -d "/tmp/$name") || exit
bin=$1
cluster() { command=$1; shift; "$bin/pg_ctl" "$command" -w -D "$dir/data" "$@"; }
"$bin/initdb" -D "$dir/data" -U postgres -E UTF8 --locale=C --auth=trust --no-sync &&
    cat >>"$dir/data/postgresql.conf" <<'END' && echo OK || echo FAILED
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
shared_buffers = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
timezone = 'Asia/Kathmandu'
END
while read -r port; do
    rm -f "$dir/log"
    cluster start -l "$dir/log" -o "-p $port" && echo OK || { cat "$dir/log"; echo FAILED; }
done
cluster stop -m immediate
rm -rf "$dir"
"#;

/// A server to create databases on.
pub struct Server {
    /// Where to run `CREATE DATABASE`, as a superuser if this process started the server.
    pub admin_url: String,
    /// Holds the pipe that keeps the server running.
    _guardian: Option<Child>,
}

impl Server {
    /// The URL of another database on this server, with the same query parameters.
    pub fn url_of(&self, database: &str) -> String {
        let url = self.admin_url.as_str();
        let (base, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let host = base.find("://").map_or(0, |at| at + 3);
        let end = base[host..].find('/').map_or(base.len(), |at| host + at);
        format!("{}/{database}{query}", &base[..end])
    }
}

/// The server for this process's tests, or `None` if there is none to be had.
///
/// # Panics
///
/// If the cluster does not start, or if there is no server and `REQUIRE_POSTGRES` is set.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(find_or_start).as_ref()
}

fn find_or_start() -> Option<Server> {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(admin_url) = set("TEST_POSTGRES_URL") {
        return Some(Server { admin_url, _guardian: None });
    }
    let binaries = binaries();
    assert!(
        binaries.is_some() || set("REQUIRE_POSTGRES").is_none(),
        "REQUIRE_POSTGRES is set, but no PostgreSQL server was found: install one (the package \
         `postgresql`), put its `initdb` on the PATH, or set TEST_POSTGRES_URL"
    );
    binaries.map(|folder| start(&folder))
}

/// The folder that holds the server's binaries; a client-only installation has none.
pub fn binaries() -> Option<PathBuf> {
    let configured = output("pg_config", &["--bindir"]).map(PathBuf::from);
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    versions.sort_by_cached_key(|folder| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let numbers = name.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        Reverse(numbers.collect::<Vec<_>>())
    });
    let path = env::var_os("PATH").unwrap_or_default();
    configured
        .into_iter()
        .chain(versions.into_iter().map(|folder| folder.join("bin")))
        .chain(env::split_paths(&path))
        .find(|folder| {
            let has = |name: &&str| folder.join(name).is_file();
            ["initdb", "pg_ctl", "postgres"].iter().all(has)
        })
}

fn start(binaries: &Path) -> Server {
    let mut command = as_postgres("sh");
    command.args(["-c", GUARDIAN, "guardian"]);
    command.arg(binaries).arg(database_folder());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::null()).env("LC_ALL", "C");
    let mut guardian = command.spawn().unwrap_or_else(|error| panic!("cannot run `sh` to start PostgreSQL: {error}"));
    let (Some(ports), Some(answers)) = (guardian.stdin.as_mut(), guardian.stdout.take()) else {
        unreachable!("both are piped");
    };
    let mut answers = BufReader::new(answers);

    if let Err(text) = finished(&mut answers) {
        panic!("initdb failed:\n{text}");
    }
    let mut log = String::new();
    for _ in 0..5 {
        // Asked for as late as possible: until the server listens, anyone can take the port.
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .and_then(|address| writeln!(ports, "{}", address.port()).map(|()| address.port()))
            .unwrap_or_else(|error| panic!("cannot choose a port for PostgreSQL: {error}"));
        let Err(text) = finished(&mut answers) else {
            return Server {
                admin_url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
                _guardian: Some(guardian),
            };
        };
        log = text;
        if !log.contains("Address already in use") {
            break;
        }
    }
    panic!("PostgreSQL does not start:\n{log}");
}

/// The user and the group for programs that do not run as root; none if the tests do not.
pub fn unprivileged_user() -> Option<(u32, u32)> {
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let found = ["postgres", "nobody"].into_iter().find_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)));
    assert!(found.is_some(), "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`");
    found
}

/// A command that runs as a user with whom the server runs: it refuses to run as root.
pub fn as_postgres(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    // Ctrl-C reaches the whole group of this process, and `cargo test | tee` ends when nobody
    // holds its output any more: the guardian must share neither.
    command.process_group(0);
    if let Some((user, group)) = unprivileged_user() {
        command.uid(user).gid(group).current_dir("/");
    }
    command
}

/// Waits for the end of the guardian's step; the error is what it printed.
fn finished(answers: &mut impl BufRead) -> Result<(), String> {
    let mut printed = String::new();
    for line in answers.lines().map_while(Result::ok) {
        match line.as_str() {
            "OK" => return Ok(()),
            "FAILED" => break,
            other => printed.extend([other, "\n"]),
        }
    }
    Err(printed)
}

fn id(arguments: &[&str]) -> Option<u32> {
    output("id", arguments)?.parse().ok()
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
