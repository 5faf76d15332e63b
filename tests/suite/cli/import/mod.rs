//! `interviews import` and `interviews export`: processes that read files and pipes.

mod codes;
mod input;
mod interruptions;
mod interviews;
mod live_servers;
mod same_rows;

use crate::support::shell::{Finished, Shell};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Child, Stdio};

/// The lines of a file.
pub fn lines(rows: impl IntoIterator<Item = Value>) -> String {
    rows.into_iter().map(|row| format!("{row}\n")).collect()
}

/// A company with staff 10, a driver 20 and their application 30: ids that the demo data does not have.
pub fn people() -> Vec<Value> {
    vec![
        json!({"type": "company", "id": "9000", "sourceUpdatedAt": "2025-03-20T09:00:00Z", "name": "Alpine Transport"}),
        json!({"type": "user", "id": "9010", "sourceUpdatedAt": "2025-03-20T09:00:00Z", "role": "STAFF",
            "companyId": "9000", "title": "Vera Oss"}),
        json!({"type": "user", "id": "9020", "sourceUpdatedAt": "2025-03-20T09:00:00Z", "role": "DRIVER",
            "title": "Timo Raab"}),
        json!({"type": "interviewee", "id": "9030", "sourceUpdatedAt": "2025-03-20T09:00:00Z", "companyId": "9000",
            "driverId": "9020", "kind": "VERIFIED", "title": "Long-distance driver"}),
    ]
}

/// A pending interview of these people at an hour of 2025-05-05.
pub fn interview(id: i64, hour: u32) -> Value {
    json!({"type": "interview", "id": id.to_string(), "intervieweeId": "9030", "interviewerId": "9010",
        "kind": "VIDEO_CALL", "status": "PENDING", "startAt": format!("2025-05-05T{hour:02}:00:00Z"),
        "endAt": format!("2025-05-05T{hour:02}:30:00Z"), "createdAt": "2025-04-01T08:00:00Z"})
}

impl Shell {
    /// Imports this text from standard input.
    pub fn import(&self, text: &str) -> Finished {
        self.import_with("", text)
    }

    /// The same with flags.
    pub fn import_with(&self, flags: &str, text: &str) -> Finished {
        let mut child = self.importing(flags);
        let mut input = child.stdin.take().unwrap();
        let text = text.to_owned();
        // The process may end before it has read everything.
        let writer = std::thread::spawn(move || drop(input.write_all(text.as_bytes())));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Finished { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// A running import of what is written to its standard input.
    pub fn importing(&self, flags: &str) -> Child {
        let mut command = self.script(&format!("exec interviews import {flags} -"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}
