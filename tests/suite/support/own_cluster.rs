//! PostgreSQL clusters of one test, which it can crash, copy, promote and restart. `None` without PostgreSQL's server.

use super::cluster::{as_postgres, binaries};
use super::database::{TestDatabase, fill};
use super::database_folder::database_folder;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Makes a folder for clusters and prints its path. When its input ends, with the test or with its process, it stops
/// the clusters and removes the folder. Signals are ignored so that nothing ends it before.
const GUARDIAN: &str = r#"
trap '' HUP INT TERM PIPE
cd /
dir=$(mktemp -d "$2/postgres-own.XXXXXX") || dir=$(mktemp -d /tmp/postgres-own.XXXXXX) || exit
echo "$dir"
read -r _
for data in "$dir"/*/; do "$1/pg_ctl" stop -m immediate -D "$data"; done >/dev/null 2>&1
rm -rf "$dir"
"#;

/// No test waits for the disk: what crashes here is PostgreSQL, and not the machine.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
full_page_writes = off
shared_buffers = 16MB
max_prepared_transactions = 5
timezone = 'Asia/Kathmandu'
";

/// A folder of clusters.
pub struct OwnClusters {
    guardian: Child,
    folder: PathBuf,
    binaries: PathBuf,
}

/// A cluster that was started.
pub struct OwnCluster<'a> {
    clusters: &'a OwnClusters,
    data: PathBuf,
    pub port: u16,
}

impl OwnClusters {
    pub fn new() -> Option<Self> {
        let binaries = binaries()?;
        let mut guardian = as_postgres("sh");
        guardian.args(["-c", GUARDIAN, "guardian"]).arg(&binaries).arg(database_folder());
        let mut guardian = guardian.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut folder = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(guardian.stdout.take().unwrap()), &mut folder)
            .unwrap();
        Some(Self { guardian, folder: folder.trim_end().into(), binaries })
    }

    /// A new cluster with further settings, a line each.
    pub fn start(&self, settings: &str) -> OwnCluster<'_> {
        let cluster = OwnCluster { clusters: self, data: self.folder.join("primary"), port: free_port() };
        let data = cluster.data.to_str().unwrap();
        self.run("initdb", &["-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync"]);
        append(&cluster.data.join("postgresql.conf"), &format!("{SETTINGS}{settings}\n"));
        cluster.start();
        cluster
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = as_postgres(self.binaries.join(program));
        // PostgreSQL keeps what it inherits open, so that the output of `pg_ctl` would not end.
        let status = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.unwrap().success(), "{program} {arguments:?}");
    }
}

impl Drop for OwnClusters {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        self.guardian.wait().unwrap();
    }
}

impl OwnCluster<'_> {
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The maintenance database, filled with the demo data.
    pub async fn filled(&self) -> TestDatabase {
        fill(self.url("postgres")).await;
        self.database()
    }

    /// The maintenance database as it is.
    pub fn database(&self) -> TestDatabase {
        TestDatabase::at(self.url("postgres"), None)
    }

    pub fn start(&self) {
        let port = format!("-p {}", self.port);
        let log = self.data.join("log");
        self.control(&["start", "-w", "-o", &port, "-l", log.to_str().unwrap()]);
    }

    /// Ends it as a crash does: without a checkpoint, and without writing what only the memory has.
    pub fn crash(&self) {
        self.stop("immediate");
    }

    /// Stops it in this mode of `pg_ctl`.
    pub fn stop(&self, mode: &str) {
        self.control(&["stop", "-m", mode]);
    }

    pub fn promote(&self) {
        self.control(&["promote", "-w"]);
    }

    /// Stops the cluster of the other folder, if it runs, and takes over its address.
    pub fn take_over(&mut self, other: OwnCluster<'_>) {
        self.stop("fast");
        self.port = other.port;
        self.start();
    }

    /// A standby that receives the changes of this cluster from now on.
    pub fn standby(&self) -> Self {
        let standby = Self { clusters: self.clusters, data: self.clusters.folder.join("standby"), port: free_port() };
        let (data, port) = (standby.data.to_str().unwrap(), self.port.to_string());
        let source = ["-h", "127.0.0.1", "-U", "postgres", "-p", &port];
        self.clusters.run("pg_basebackup", &[&source[..], &["-D", data, "-R", "-c", "fast", "--no-sync"]].concat());
        standby.start();
        standby
    }

    /// A copy of the stopped cluster's files, to be put in its place by [`Self::replace_by`].
    pub fn copy(&self) -> PathBuf {
        let copy = self.clusters.folder.join("copy");
        copy_files(&self.data, &copy);
        copy
    }

    /// Replaces the files of the stopped cluster.
    pub fn replace_by(&self, copy: &Path) {
        fs::remove_dir_all(&self.data).unwrap();
        copy_files(copy, &self.data);
    }

    fn control(&self, arguments: &[&str]) {
        self.clusters.run("pg_ctl", &[arguments, &["-D", self.data.to_str().unwrap()]].concat());
    }
}

fn copy_files(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

fn append(file: &Path, text: &str) {
    let old = fs::read_to_string(file).unwrap();
    fs::write(file, old + text).unwrap();
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
