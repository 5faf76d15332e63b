//! The examples and tables of README.md and docs/guide/ are what the server does.
//!
//! Each page runs from top to bottom against one `dev` server on fresh demo data:
//!
//! - a `sh` block with `curl` is executed, with the tokens in `$ADMIN`, `$SERVICE` and so on; the `json` or `text`
//!   block that follows is its output;
//! - a `graphql` block is sent with the token that the sentence before it names, or else the one of the staff member;
//!   the `json` block that follows is the response;
//! - a `sh` block with `curl -N` keeps running; a later `text` block of events is what it prints.

use crate::support::http_client;
use crate::support::people::JUDE_WITH_LUISA;
use crate::support::process_output::Lines;
use crate::support::shell::{Server, Shell};
use rstest::rstest;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A fenced block, with the paragraph before it.
struct Block<'a> {
    language: &'a str,
    text: &'a str,
    before: &'a str,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let parts: Vec<_> = page.split("```").collect();
    parts
        .chunks_exact(2)
        .map(|pair| {
            let (language, text) = pair[1].split_once('\n').unwrap();
            Block { language, text, before: pair[0].trim_end().rsplit("\n\n").next().unwrap_or_default() }
        })
        .collect()
}

/// How the line with the cursor of an event begins.
const CURSOR_LINE: &str = "id: bC4";

/// A request whose responses are a stream of events, until it is dropped.
struct Stream {
    curl: Child,
    output: Lines,
}

impl Stream {
    /// Returns once the response has begun: from then on no event is missed.
    fn start(server: &Server, script: &str) -> Self {
        let script = script.replacen("curl -N", "exec curl -s -N -D /dev/stderr", 1);
        let mut curl = shell(server, &script).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Lines::follow(curl.stderr.take().unwrap()).wait_for("HTTP/1.1 200 OK");
        let output = Lines::follow(curl.stdout.take().unwrap());
        Self { curl, output }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // curl may have ended already.
        let _ = self.curl.kill();
        let _ = self.curl.wait();
    }
}

/// A shell that runs a script of a page.
fn shell(server: &Server, script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &script.replace("127.0.0.1:8000", &server.address)]).env("NO_PROXY", "*");
    for role in ["admin", "service", "manager", "staff", "driver"] {
        shell.env(role.to_uppercase(), server.printed(role));
    }
    shell
}

fn json(text: &str) -> Vec<Value> {
    let values = serde_json::Deserializer::from_str(text).into_iter();
    values.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[rstest]
#[tokio::test]
async fn examples_have_the_documented_results(
    #[files("README.md")]
    #[files("docs/guide/*.md")]
    path: PathBuf,
) {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: curl is not installed");
        return;
    }
    let page = fs::read_to_string(path).unwrap();
    let folder = Shell::new();
    let server = folder.start("dev");
    let mut stream = None;
    let mut blocks = blocks(&page).into_iter().peekable();
    while let Some(Block { language, text, before }) = blocks.next() {
        match language {
            "sh" if text.contains("curl -N") => stream = Some(Stream::start(&server, text)),
            "sh" if text.contains("curl") => {
                let output = shell(&server, text).output().unwrap();
                let printed = String::from_utf8(output.stdout).unwrap();
                let result = blocks.next().expect("a result");
                match result.language {
                    "json" => assert_eq!(json(&printed), json(result.text), "{text}"),
                    "text" => assert_eq!(printed.trim_end(), result.text.trim_end(), "{text}"),
                    other => panic!("{other} after {text}"),
                }
            }
            "graphql" => {
                let role = before.split_once("ith the `").and_then(|(_, role)| role.split('`').next());
                let token = server.printed(role.unwrap_or("staff"));
                let result = blocks.next().filter(|result| result.language == "json").expect("a result");
                assert_eq!([server.graphql(&token, text).await].as_slice(), json(result.text), "{text}");
            }
            "text" if text.starts_with("event: ") => {
                let stream: &Stream = stream.as_ref().expect("a stream");
                for line in text.lines() {
                    // A cursor is another one in each database.
                    stream.output.wait_for(if line.starts_with("id: ") { CURSOR_LINE } else { line });
                }
            }
            _ => {}
        }
    }
}

/// The first cells of the rows of the table whose head begins with these cells.
fn table<'a>(page: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let (_, rows) = page.split_once(&format!("\n| {head} |")).unwrap_or_else(|| panic!("no table {head}"));
    let rows = rows.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()).collect()
}

#[test]
fn errors_md_lists_every_code_of_user_errors() {
    let (_, codes) = include_str!("../../../schema.graphql").split_once("enum UserErrorCode {").unwrap();
    let codes = codes.split_once('}').unwrap().0.lines().map(str::trim);
    let codes: BTreeSet<_> =
        codes.filter(|line| !line.is_empty() && line.chars().all(|c| c == '_' || c.is_ascii_uppercase())).collect();
    let table = table(include_str!("../../../docs/guide/errors.md"), "type | codes");
    let listed: BTreeSet<_> = table.iter().flat_map(|row| row[1].split(", ")).map(|it| it.trim_matches('`')).collect();
    assert_eq!(listed, codes);
}

#[tokio::test]
async fn every_route_in_rest_md_exists() {
    let shell = Shell::new();
    let server = shell.start("dev --interviews 30");
    let routes = table(include_str!("../../../docs/guide/rest.md"), "route | who");
    assert_eq!(routes.len(), 8);
    for row in routes {
        let (method, path) = row[0].split_once(' ').unwrap();
        let url = format!("http://{}{}", server.address, path.replace("{id}", &JUDE_WITH_LUISA.to_string()));
        let client = http_client::client();
        let response = client.request(method.parse().unwrap(), url).send().await.unwrap();
        assert_eq!(response.status(), 401, "{method} {path} without a token");
    }
}
