//! A `PgBouncer` in front of the tests' `PostgreSQL`.

use super::cluster;
use sea_orm::sqlx::postgres::PgConnectOptions;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Runs its arguments as a command, and ends it when its own input ends: when the test drops it, or is gone.
const GUARDIAN: &str = r#"trap '' HUP INT TERM; "$0" "$@" </dev/null & read -r _; kill -9 $!; wait $! 2>/dev/null"#;

/// A pooler until it is dropped.
pub struct PgBouncer {
    guardian: Child,
    folder: TempDir,
    port: u16,
    database: String,
}

impl PgBouncer {
    /// In this mode, with further lines of its configuration, in front of the database of this URL. None where
    /// `PgBouncer` is not installed, unless `REQUIRE_POSTGRES` is set.
    pub fn start(mode: &str, settings: &str, url: &str) -> Option<Self> {
        let installed = Command::new("pgbouncer").arg("--version").stdout(Stdio::null()).status().is_ok();
        let is_required = std::env::var("REQUIRE_POSTGRES").is_ok_and(|value| !value.is_empty());
        assert!(installed || !is_required, "REQUIRE_POSTGRES is set, but pgbouncer is not installed");
        if !installed {
            eprintln!("skipped: pgbouncer is not installed");
            return None;
        }
        let options: PgConnectOptions = url.parse().unwrap();
        let password = url.split_once("://").unwrap().1.split_once('@').unwrap().0;
        let password = password.split_once(':').map_or(String::new(), |(_, password)| format!("password={password}"));
        let (host, port, user) = (options.get_host(), options.get_port(), options.get_username());
        let port_of_pooler = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = TempDir::new().unwrap();
        let configuration = format!(
            "[databases]\n* = host={host} port={port} user={user} {password}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port_of_pooler}\nunix_socket_dir =\nauth_type = any\n\
             pidfile = {folder}/pid\nlogfile = {folder}/log\npool_mode = {mode}\n{settings}\n",
            folder = folder.path().display()
        );
        fs::write(folder.path().join("pgbouncer.ini"), configuration).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GUARDIAN, "pgbouncer", "-q"]).arg(folder.path().join("pgbouncer.ini"));
        // PgBouncer does not run as root.
        if let Some((user, group)) = cluster::unprivileged_user() {
            command.uid(user).gid(group);
        }
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let guardian = command.spawn().unwrap();
        let database = options.get_database().unwrap().to_owned();
        let pooler = Self { guardian, folder, port: port_of_pooler, database };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", pooler.port)).is_err() {
            assert!(started.elapsed() < Duration::from_mins(1), "PgBouncer does not start: {}", pooler.log());
            std::thread::yield_now();
        }
        Some(pooler)
    }

    /// The URL of the database by the pooler.
    pub fn url(&self) -> String {
        format!("postgres://someone:secret@127.0.0.1:{}/{}", self.port, self.database)
    }

    /// Changes the mode, for all clients.
    pub fn set_mode(&self, mode: &str) {
        let file = self.folder.path().join("pgbouncer.ini");
        let configuration = fs::read_to_string(&file).unwrap();
        let (before, rest) = configuration.split_once("pool_mode = ").unwrap();
        let (_, after) = rest.split_once('\n').unwrap();
        fs::write(file, format!("{before}pool_mode = {mode}\n{after}")).unwrap();
        let pid = fs::read_to_string(self.folder.path().join("pid")).unwrap();
        assert!(Command::new("kill").args(["-s", "HUP", pid.trim()]).status().unwrap().success());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}
