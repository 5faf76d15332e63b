//! A closed loop of HTTP requests, for measuring a server.
//!
//! ```text
//! loader URL BODIES CONCURRENCY SECONDS SEED [header=NAME: VALUE | expect=TEXT=COUNT]...
//! ```
//!
//! Each of the keep-alive connections posts a random line of the file BODIES, reads the whole answer, checks it and
//! posts the next. An answer is good when its status is 200, it has no `"errors"`, and every TEXT occurs COUNT times.
//! The program prints one line of JSON, and a sample of the bad answers to standard error.

mod connection;
mod response;

use connection::{Plan, Tally};
use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, bodies, concurrency, seconds, seed, options @ ..] = &arguments[..] else {
        return Err("the head of main.rs says which arguments it takes".into());
    };
    let started = Instant::now();
    let end = started + Duration::from_secs_f64(seconds.parse()?);
    let plan = Arc::new(plan(url, &std::fs::read_to_string(bodies)?, options, end)?);
    let seed: u64 = seed.parse()?;
    let connections: Vec<_> = (0..concurrency.parse()?)
        .map(|number: u64| tokio::spawn(connection::run(plan.clone(), seed * 1000 + number)))
        .collect();
    let mut total = Tally::default();
    for tally in connections {
        total.add(tally.await?);
    }
    if let Some(sample) = &total.sample {
        eprintln!("bad answer: {sample}");
    }
    println!("{}", total.into_json(started.elapsed()));
    Ok(())
}

fn plan(url: &str, bodies: &str, options: &[String], end: Instant) -> Result<Plan, Box<dyn Error>> {
    let (address, path) =
        url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).ok_or("URL is http://HOST:PORT/PATH")?;
    let (mut headers, mut expected) = (String::new(), Vec::new());
    for option in options {
        match option.split_once('=') {
            Some(("header", header)) => headers += &format!("{header}\r\n"),
            Some(("expect", check)) => {
                let (text, count) = check.rsplit_once('=').ok_or("expect=TEXT=COUNT")?;
                expected.push((text.to_owned(), count.parse()?));
            }
            _ => return Err(format!("unknown option {option}").into()),
        }
    }
    headers += "Content-Type: application/json\r\nAccept: application/json\r\n";
    let request = |body: &str| {
        let length = body.len();
        format!("POST /{path} HTTP/1.1\r\nHost: {address}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into()
    };
    let requests = bodies.lines().map(request).collect();
    Ok(Plan { address: address.into(), requests, expected, end })
}
