//! A bar on standard error that shows how far a command is, if standard error is a terminal.

use std::io::{self, IsTerminal, Write as _};
use std::time::{Duration, Instant};

/// A terminal shows the progress this often.
const INTERVAL: Duration = Duration::from_millis(100);
/// The width of the bar, in characters.
const WIDTH: u64 = 30;
/// Moves to the beginning of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

/// The bar.
pub struct ProgressBar {
    is_terminal: bool,
    shown: Option<Instant>,
}

impl ProgressBar {
    pub fn new() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), shown: None }
    }

    /// Shows this text in place of the last one, unless that was a moment ago.
    pub fn show(&mut self, text: impl FnOnce() -> String) {
        if self.shown.is_none_or(|shown| shown.elapsed() >= INTERVAL) {
            self.show_now(text);
        }
    }

    /// Shows this text in any case.
    pub fn show_now(&mut self, text: impl FnOnce() -> String) {
        if self.is_terminal {
            // Nobody may be reading any more.
            let _ = io::stderr().write_all(format!("{CLEAR}{}", text()).as_bytes());
            self.shown = Some(Instant::now());
        }
    }

    /// Removes the bar.
    pub fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = io::stderr().write_all(CLEAR.as_bytes());
        }
    }
}

/// A bar with the part that is done, in percent. `size` is not 0.
pub fn bar(done: u64, size: u64) -> String {
    let done = done.min(size);
    let filled = usize::try_from(done * WIDTH / size).unwrap_or_default();
    let rest = usize::try_from(WIDTH).unwrap_or_default() - filled;
    format!("[{}{}] {} %", "#".repeat(filled), "-".repeat(rest), done * 100 / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_shows_the_part_that_is_done() {
        assert_eq!(bar(0, 7), format!("[{}] 0 %", "-".repeat(30)));
        assert_eq!(bar(5, 10), format!("[{}{}] 50 %", "#".repeat(15), "-".repeat(15)));
        assert_eq!(bar(11, 10), format!("[{}] 100 %", "#".repeat(30)));
    }
}
