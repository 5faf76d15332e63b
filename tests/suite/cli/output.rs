//! Standard output and standard error that nobody reads, or that have no room.

use crate::support::Database::Sqlite;
use crate::support::http_client;
use crate::support::people::{JUDE, MONA};
use crate::support::polling::until;
use crate::support::shell::{Server, Shell};
use rstest::rstest;
use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// An output that takes nothing, and the error of writing to it.
#[derive(Clone, Copy, Debug)]
enum Output {
    Full,
    Unread,
}

impl Output {
    fn open(self) -> Stdio {
        match self {
            Self::Full => full().into(),
            Self::Unread => std::io::pipe().unwrap().1.into(),
        }
    }

    fn error(self) -> &'static str {
        match self {
            Self::Full => "error: cannot write to standard output: No space left on device (os error 28)\n",
            Self::Unread => "error: cannot write to standard output: Broken pipe (os error 32)\n",
        }
    }
}

fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

/// The exit code of a command, and what it writes to the output that the test has not replaced.
fn run(command: &mut Command) -> (Option<i32>, String) {
    let finished = command.output().unwrap();
    (finished.status.code(), String::from_utf8([finished.stdout, finished.stderr].concat()).unwrap())
}

#[rstest]
#[tokio::test]
async fn command_without_standard_output_fails_and_says_why(#[values(Output::Full, Output::Unread)] output: Output) {
    let shell = Shell::on_demo_data(Sqlite).await.unwrap().set("LOG", "error");
    for command in [
        "schema".to_owned(),
        "configuration".to_owned(),
        "migrate status".to_owned(),
        "migrate up".to_owned(),
        format!("token --sub {MONA}"),
        format!("token --revoke-user {MONA}"),
        format!("export --user {JUDE}"),
        "expire-cursors".to_owned(),
        "backup copy.db".to_owned(),
    ] {
        let finished = run(shell.command(&command).stdout(output.open()));
        assert_eq!(finished, (Some(1), output.error().to_owned()), "{command}");
    }
    assert!(shell.path("copy.db").exists(), "what the command has done stays");
}

#[rstest]
fn command_without_standard_error_has_its_exit_code(#[values(Output::Full, Output::Unread)] output: Output) {
    for command in ["serve", "import missing.jsonl", "token --sub x", "unknown", "migrate status"] {
        let shell = Shell::new();
        let expected = (shell.run(command).code, String::new());
        assert_eq!(run(shell.command(command).stderr(output.open())), expected, "{command}");
    }
    for command in ["--help", "--version", "serve --help"] {
        let (code, _) = run(Shell::new().command(command).stdout(output.open()));
        assert!(matches!(code, Some(0 | 1)), "{command}: {code:?}");
    }
}

#[rstest]
#[tokio::test]
async fn dev_without_standard_output_goes_on(#[values(Output::Full, Output::Unread)] output: Output) {
    let shell = Shell::new();
    let mut command = shell.command("dev --interviews 1 --bind 127.0.0.1:0");
    command.stdout(output.open());
    let mut server = Server::without_output(command);
    server.wait_until_listening();
    server.stderr.wait_for("the addresses and tokens could not be printed");
    assert_eq!(server.get("/readyz").await.0, 200);
}

#[rstest]
#[tokio::test]
async fn server_without_a_log_goes_on(#[values(Output::Full, Output::Unread)] output: Output) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let mut command = shell.command(&format!("serve --log debug --bind 127.0.0.1:{port}"));
    let mut server = command.stdout(output.open()).stderr(output.open()).spawn().unwrap();
    let ready = async || {
        let response = http_client::client().get(format!("http://127.0.0.1:{port}/readyz")).send().await;
        response.is_ok_and(|response| response.status() == 200)
    };
    until(ready).await;
    // Each request is logged.
    assert!(ready().await && ready().await);
    server.kill().unwrap();
    server.wait().unwrap();
}

/// Its reader is there, and reads nothing: a pipe takes 64 KiB.
#[tokio::test]
async fn server_whose_log_nobody_takes_goes_on() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let shell = Shell::on_demo_data(Sqlite).await.unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = shell.command(&format!("serve --log debug --bind 127.0.0.1:{port}"));
    let mut server = command.stderr(writer).spawn().unwrap();
    let client = http_client::client();
    let live = async || client.get(format!("http://127.0.0.1:{port}/livez")).send().await.is_ok();
    until(live).await;
    for _ in 0..1000 {
        assert!(live().await);
    }
    drop(reader);
    server.kill().unwrap();
    server.wait().unwrap();
}
