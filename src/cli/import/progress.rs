//! The progress of an import on standard error: a bar on a terminal, and refusals anywhere.

use crate::services::provisioning::import::RefusedLine;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::time::{Duration, Instant};

/// A terminal shows the progress this often.
const INTERVAL: Duration = Duration::from_millis(100);
/// The width of the bar, in characters.
const WIDTH: u64 = 30;
/// Moves to the beginning of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

/// The progress.
pub struct Progress {
    is_terminal: bool,
    /// The size of the input in bytes, if it is known.
    size: Option<u64>,
    shown: Option<Instant>,
}

impl Progress {
    pub fn new(size: Option<u64>) -> Self {
        Self { is_terminal: io::stderr().is_terminal(), size, shown: None }
    }

    /// Prints refusals, and how far the import is.
    pub fn print(&mut self, refusals: &[RefusedLine], lines: u64, bytes: u64) {
        let mut text = String::new();
        if self.shown.is_some() && !refusals.is_empty() {
            text += CLEAR;
        }
        for refused in refusals {
            let _ = writeln!(text, "{refused}");
        }
        let is_due = self.shown.is_none_or(|shown| shown.elapsed() >= INTERVAL) || !refusals.is_empty();
        if self.is_terminal && is_due {
            text += CLEAR;
            text += &bar(self.size, lines, bytes);
            self.shown = Some(Instant::now());
        }
        // Nobody may be reading any more.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Removes the bar.
    pub fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = io::stderr().write_all(CLEAR.as_bytes());
        }
    }
}

fn bar(size: Option<u64>, lines: u64, bytes: u64) -> String {
    let Some(size) = size.filter(|size| *size > 0) else { return format!("{lines} lines") };
    let done = bytes.min(size);
    let filled = usize::try_from(done * WIDTH / size).unwrap_or_default();
    let rest = usize::try_from(WIDTH).unwrap_or_default() - filled;
    format!("[{}{}] {} %, {lines} lines", "#".repeat(filled), "-".repeat(rest), done * 100 / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_shows_the_part_of_a_file_and_the_number_of_lines() {
        assert_eq!(bar(Some(200), 7, 0), format!("[{}] 0 %, 7 lines", "-".repeat(30)));
        assert_eq!(bar(Some(200), 7, 100), format!("[{}{}] 50 %, 7 lines", "#".repeat(15), "-".repeat(15)));
        // A file that grows while it is read.
        assert_eq!(bar(Some(200), 7, 300), format!("[{}] 100 %, 7 lines", "#".repeat(30)));
        assert_eq!(bar(Some(0), 7, 0), "7 lines");
        assert_eq!(bar(None, 7, 100), "7 lines");
    }
}
