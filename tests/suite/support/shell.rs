//! A shell to run the binary in, and the servers that it starts.

use super::polling::{DEADLINE, until};
use super::process_output::Lines;
use crate::support::cluster;
use crate::support::database::{Database, TestDatabase, open_connection};
use crate::support::http_client;
use crate::support::people::JUDE_WITH_LUISA;
use interviews::domain::UserId;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use tempfile::TempDir;

/// 32 bytes, the fewest that are accepted.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The number of the next PostgreSQL database of this process.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A folder and settings in which commands run.
pub struct Shell {
    folder: TempDir,
    settings: Vec<(String, String)>,
    database: Option<TestDatabase>,
    /// A copy of the binary that another user may execute, and that user.
    other_user: Option<(TempDir, u32, u32)>,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Shell {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), settings: Vec::new(), database: None, other_user: None }
    }

    /// With a secret and an empty database; none without PostgreSQL.
    pub async fn on_new(database: Database) -> Option<Self> {
        let shell = Self::new().set("JWT_SECRET", SECRET);
        if database == Database::Sqlite {
            std::fs::write(shell.path("interviews.db"), "").unwrap();
            return Some(shell.set("DATABASE_URL", "sqlite://interviews.db"));
        }
        let server = cluster::server()?;
        let name = format!("cli_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let connection = open_connection(&server.admin_url).await;
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        connection.close().await.unwrap();
        Some(shell.set("DATABASE_URL", server.url_of(&name)))
    }

    /// With a secret and a database that holds the demo data; none without PostgreSQL.
    pub async fn on_demo_data(database: Database) -> Option<Self> {
        let database = TestDatabase::new(database).await?;
        let shell = Self::new().set("JWT_SECRET", SECRET).set("DATABASE_URL", &database.url);
        Some(Self { database: Some(database), ..shell })
    }

    /// The database of [`Self::on_demo_data`].
    pub fn database(&self) -> &TestDatabase {
        self.database.as_ref().unwrap()
    }

    /// Sets a variable of the environment.
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set_again(name, value);
        self
    }

    /// Changes a variable of the environment for the commands that follow.
    pub fn set_again(&mut self, name: &str, value: impl Into<String>) {
        self.settings.retain(|(other, _)| other != name);
        self.settings.push((name.to_owned(), value.into()));
    }

    /// Makes commands run without the rights of root, who may write to every file.
    pub fn unprivileged(mut self) -> Self {
        if let Some((user, group)) = cluster::unprivileged_user() {
            let binaries = TempDir::new().unwrap();
            let binary = binaries.path().join("interviews");
            let built = env!("CARGO_BIN_EXE_interviews");
            std::fs::hard_link(built, &binary).or_else(|_| std::fs::copy(built, &binary).map(drop)).unwrap();
            set_mode(binaries.path(), 0o755);
            std::os::unix::fs::chown(self.folder.path(), Some(user), Some(group)).unwrap();
            self.other_user = Some((binaries, user, group));
        }
        self
    }

    /// The value of a variable of the environment.
    pub fn setting(&self, name: &str) -> &str {
        self.settings.iter().find_map(|(known, value)| (known == name).then_some(value)).unwrap()
    }

    pub fn path(&self, file: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The names of the files in the folder.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs `interviews` with these arguments until it ends.
    pub fn run(&self, arguments: &str) -> Finished {
        self.run_with(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    /// The same with arguments that contain spaces.
    pub fn run_with(&self, arguments: &[&str]) -> Finished {
        let mut child = self.command_with(arguments).spawn().unwrap();
        let arguments = arguments.join(" ");
        let [stdout, stderr] = [collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap())];
        let mut text = |stream: Receiver<String>| {
            stream.recv_timeout(DEADLINE).unwrap_or_else(|_| {
                child.kill().unwrap();
                panic!("{arguments}: the process does not end");
            })
        };
        let (stdout, stderr) = (text(stdout), text(stderr));
        Finished { code: child.wait().unwrap().code(), stdout, stderr }
    }

    /// Runs a command that succeeds; its standard output.
    pub fn succeed(&self, arguments: &str) -> String {
        let finished = self.run(arguments);
        assert_eq!(finished.code, Some(0), "{arguments}: {}", finished.stderr);
        finished.stdout
    }

    /// A token for this user.
    pub fn token(&self, user: UserId) -> String {
        self.succeed(&format!("token --sub {user}")).trim().to_owned()
    }

    /// Runs a command that fails with exit code 1; its standard error.
    pub fn fail(&self, arguments: &str) -> String {
        let finished = self.run(arguments);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{arguments}: {}", finished.stderr);
        finished.stderr
    }

    /// Runs `interviews` with these arguments, and does not wait for it.
    pub fn follow(&self, arguments: &str) -> Server {
        Server::follow(self.command(arguments))
    }

    /// Runs `interviews` with these arguments, on a free port, until it listens.
    pub fn start(&self, arguments: &str) -> Server {
        Self::serve(self.command(&format!("{arguments} --bind 127.0.0.1:0")))
    }

    /// The same, reachable from other machines.
    pub fn start_on_all_addresses(&self, arguments: &str) -> Server {
        Self::serve(self.command(&format!("{arguments} --bind 0.0.0.0:0")))
    }

    /// Runs a script that replaces itself by `interviews serve`, on a free port, until it listens.
    pub fn start_script(&self, script: &str) -> Server {
        let mut command = self.script(script);
        command.env("BIND", "127.0.0.1:0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::serve(command)
    }

    /// A POSIX shell that runs a script in the folder, with the settings and with `interviews` among its commands.
    pub fn script(&self, script: &str) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_interviews"));
        let path = std::env::join_paths(
            std::iter::once(binary.parent().unwrap().to_owned())
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        );
        let mut command = Command::new("sh");
        command.args(["-ec", script]).current_dir(self.folder.path());
        command.env_clear().envs(self.settings.iter().map(|(name, value)| (name, value))).env("PATH", path.unwrap());
        command
    }

    fn serve(command: Command) -> Server {
        let mut server = Server::follow(command);
        server.wait_until_listening();
        server
    }

    /// `interviews` with these arguments.
    pub fn command(&self, arguments: &str) -> Command {
        self.command_with(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    fn command_with(&self, arguments: &[&str]) -> Command {
        let mut command = match &self.other_user {
            Some((binaries, user, group)) => {
                let mut command = Command::new(binaries.path().join("interviews"));
                command.uid(*user).gid(*group);
                command
            }
            None => Command::new(env!("CARGO_BIN_EXE_interviews")),
        };
        command.args(arguments).current_dir(self.folder.path());
        command.env_clear().envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A server, or another command that is not waited for. It runs until it is dropped.
pub struct Server {
    child: Child,
    pub stdout: Lines,
    pub stderr: Lines,
    pub address: String,
}

impl Server {
    fn follow(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = Lines::follow(child.stdout.take().unwrap());
        let stderr = Lines::follow(child.stderr.take().unwrap());
        Self { child, stdout, stderr, address: String::new() }
    }

    /// A command whose standard output goes elsewhere.
    pub fn without_output(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = Lines::follow(child.stderr.take().unwrap());
        Self { child, stdout: Lines::follow(std::io::empty()), stderr, address: String::new() }
    }

    /// Waits until the server accepts connections.
    pub fn wait_until_listening(&mut self) {
        let line = self.stderr.wait_for("listening");
        let (_, address) = line.split_once("127.0.0.1:").or_else(|| line.split_once("0.0.0.0:")).unwrap();
        let port = address.split(|it: char| !it.is_ascii_digit()).next().unwrap();
        self.address = format!("127.0.0.1:{port}");
    }

    /// The rest of the line of standard output that begins with this word.
    pub fn printed(&self, word: &str) -> String {
        let line = self.stdout.wait_for(&format!("{word} "));
        line.strip_prefix(word).unwrap_or_else(|| panic!("not at the start of the line: {line}")).trim().to_owned()
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: &str) {
        let kill = Command::new("kill").args(["-s", signal, &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// Waits for the process to end; its exit code, and all that it logged.
    pub fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let log = self.stderr.all();
        (self.child.wait().unwrap().code(), log)
    }

    /// The status and the body of a GET.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = client().get(format!("http://{}{path}", self.address)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Waits until the readiness check has this status; its body. A result of the check is valid for a second.
    pub async fn ready(&self, status: u16) -> Value {
        until(async || self.get("/readyz").await.0 == status).await;
        self.get("/readyz").await.1
    }

    /// The page that a browser gets.
    pub async fn page(&self, path: &str) -> String {
        self.get_with(path, &[("accept", "text/html")]).await.text().await.unwrap()
    }

    /// The response to a GET with these headers. A `host` among them replaces the usual one.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let request = client().get(format!("http://{}{path}", self.address));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap()
    }

    /// The response to a GraphQL operation with this token.
    pub async fn graphql(&self, token: &str, query: &str) -> Value {
        let request = client().post(format!("http://{}/graphql", self.address)).bearer_auth(token);
        request.json(&json!({"query": query})).send().await.unwrap().json().await.unwrap()
    }

    /// The bearer's role and name.
    pub async fn viewer(&self, token: &str) -> Value {
        self.graphql(token, "{ viewer { role title } }").await["data"]["viewer"].take()
    }

    /// The location of Jude's interview with Luisa.
    pub async fn location(&self, token: &str) -> Value {
        let query = format!("{{ interview(id: {JUDE_WITH_LUISA}) {{ location }} }}");
        self.graphql(token, &query).await["data"]["interview"]["location"].take()
    }

    /// Changes the location of Jude's interview with Luisa.
    pub async fn relocate(&self, token: &str, location: &str) {
        let query = format!(
            "mutation {{ updateInterview(id: {JUDE_WITH_LUISA}, input: {{ location: \"{location}\" }}) \
                {{ interview {{ location }} }} }}"
        );
        let answer = self.graphql(token, &query).await;
        assert_eq!(answer["data"]["updateInterview"]["interview"]["location"], location, "{answer}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sets the mode of a file or folder.
pub fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Reads to the end.
fn collect(mut stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        sender.send(text)
    });
    receiver
}

fn client() -> reqwest::Client {
    http_client::client()
}

/// Whether this program can be run. Says that a test is skipped if not.
pub fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}
