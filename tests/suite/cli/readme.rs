//! What the README says is what the binary does.

use crate::support::shell::Shell;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

const README: &str = include_str!("../../../README.md");

/// A fenced block, with the line of text that comes before it.
struct Block {
    language: &'static str,
    text: &'static str,
    before: &'static str,
}

fn blocks() -> Vec<Block> {
    let parts: Vec<_> = README.split("```").collect();
    let block = |pair: &[&'static str]| {
        let (language, text) = pair[1].split_once('\n').unwrap();
        Block { language, text, before: pair[0].trim_end().lines().last().unwrap_or_default() }
    };
    parts.chunks_exact(2).map(block).collect()
}

/// Pairs of a block and the JSON block that follows it: what is sent, and what is answered.
fn examples(language: &str) -> Vec<(Block, Value)> {
    let mut blocks = blocks().into_iter().peekable();
    let mut examples = Vec::new();
    while let Some(block) = blocks.next() {
        if block.language == language && blocks.peek().is_some_and(|next| next.language == "json") {
            let answer = serde_json::from_str(blocks.peek().unwrap().text).unwrap();
            examples.push((block, answer));
        }
    }
    examples
}

/// The first cells of the rows of the table whose head begins with these cells.
fn table(head: &str) -> Vec<Vec<&'static str>> {
    let (_, rows) = README.split_once(&format!("\n| {head} |")).unwrap_or_else(|| panic!("no table {head}"));
    let rows = rows.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()).collect()
}

#[tokio::test]
async fn the_examples_get_the_answers_that_stand_below_them() {
    let shell = Shell::new();
    let server = shell.start("dev");

    let curl = examples("sh");
    assert_eq!(curl.len(), 4);
    for (block, answer) in curl {
        let script = block.text.replace("127.0.0.1:8000", &server.address);
        let mut sh = Command::new("sh");
        let Ok(output) = sh.args(["-c", &script]).env("STAFF", server.printed("staff")).env("NO_PROXY", "*").output()
        else {
            panic!("no shell to run it in");
        };
        if output.status.code() == Some(127) {
            eprintln!("skipped: no curl here");
            break;
        }
        let given: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(given, answer, "{script}");
    }

    let negotiation = examples("graphql");
    assert_eq!(negotiation.len(), 3);
    for (block, answer) in negotiation {
        let (_, role) = block.before.split_once("with the `").unwrap();
        let token = server.printed(role.split('`').next().unwrap());
        assert_eq!(server.graphql(&token, block.text).await, answer, "{}", block.text);
    }
}

#[test]
fn the_codes_of_user_errors_are_all_there() {
    let (_, codes) = include_str!("../../../schema.graphql").split_once("enum UserErrorCode {").unwrap();
    let codes = codes.split_once('}').unwrap().0.lines().map(str::trim);
    let codes: BTreeSet<_> =
        codes.filter(|line| !line.is_empty() && line.chars().all(|c| c == '_' || c.is_ascii_uppercase())).collect();
    let table = table("type | codes");
    let written: BTreeSet<_> = table.iter().flat_map(|row| row[1].split(", ")).map(|it| it.trim_matches('`')).collect();
    assert_eq!(written, codes);
}

#[tokio::test]
async fn every_route_of_the_rest_api_is_there() {
    let shell = Shell::new();
    let server = shell.start("dev --interviews 30");
    let routes = table("route | who");
    assert_eq!(routes.len(), 8);
    for row in routes {
        let (method, path) = row[0].split_once(' ').unwrap();
        let url = format!("http://{}{}", server.address, path.replace("{id}", "27"));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.request(method.parse().unwrap(), url).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{method} {path}: nobody is signed in");
    }
}
