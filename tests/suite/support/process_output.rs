//! What a process writes, line by line.

use super::polling::DEADLINE;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};

/// The lines that a process has written so far.
pub struct Lines(Arc<(Mutex<Written>, Condvar)>);

#[derive(Default)]
struct Written {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    pub fn follow(stream: impl Read + Send + 'static) -> Self {
        let shared: Arc<(Mutex<Written>, Condvar)> = Arc::default();
        let writer = shared.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                writer.0.lock().unwrap().lines.push(line.unwrap());
                writer.1.notify_all();
            }
            writer.0.lock().unwrap().ended = true;
            writer.1.notify_all();
        });
        Self(shared)
    }

    /// Waits for a line that holds this text.
    pub fn wait_for(&self, text: &str) -> String {
        let (written, changed) = &*self.0;
        let found = |written: &Written| written.lines.iter().find(|line| line.contains(text)).cloned();
        let waiting = |written: &mut Written| found(written).is_none() && !written.ended;
        let (written, _) = changed.wait_timeout_while(written.lock().unwrap(), DEADLINE, waiting).unwrap();
        found(&written).unwrap_or_else(|| panic!("no line with {text:?} in {:#?}", written.lines))
    }

    /// Waits for a line that holds this text, and removes all lines up to it.
    pub fn wait_for_new(&self, text: &str) -> String {
        let line = self.wait_for(text);
        let mut written = self.0.0.lock().unwrap();
        let position = written.lines.iter().position(|line| line.contains(text)).unwrap();
        written.lines.drain(..=position);
        line
    }

    /// Waits for the end; all lines.
    pub fn all(&self) -> Vec<String> {
        let (written, changed) = &*self.0;
        let (written, _) = changed.wait_timeout_while(written.lock().unwrap(), DEADLINE, |it| !it.ended).unwrap();
        assert!(written.ended, "the process does not end: {:#?}", written.lines);
        written.lines.clone()
    }
}
