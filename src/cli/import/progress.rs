//! The progress of an import on standard error: a bar on a terminal, and refusals anywhere.

use crate::cli::progress_bar::{ProgressBar, bar};
use crate::services::provisioning::import::RefusedLine;
use std::fmt::Write as _;
use std::io::{self, Write as _};

/// The progress.
pub struct Progress {
    bar: ProgressBar,
    /// The size of the input in bytes, if it is known.
    size: Option<u64>,
}

impl Progress {
    pub fn new(size: Option<u64>) -> Self {
        Self { bar: ProgressBar::new(), size }
    }

    /// Prints refusals, and how far the import is.
    pub fn print(&mut self, refusals: &[RefusedLine], lines: u64, bytes: u64) {
        if !refusals.is_empty() {
            self.bar.clear();
            let mut text = String::new();
            for refused in refusals {
                let _ = writeln!(text, "{refused}");
            }
            // Nobody may be reading any more.
            let _ = io::stderr().write_all(text.as_bytes());
        }
        let size = self.size;
        self.bar.show(|| line(size, lines, bytes));
    }

    /// Removes the bar.
    pub fn clear(&mut self) {
        self.bar.clear();
    }
}

fn line(size: Option<u64>, lines: u64, bytes: u64) -> String {
    size.filter(|size| *size > 0)
        .map_or_else(|| format!("{lines} lines"), |size| format!("{}, {lines} lines", bar(bytes, size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_shows_the_part_of_a_file_and_the_number_of_lines() {
        assert_eq!(line(Some(200), 7, 0), format!("[{}] 0 %, 7 lines", "-".repeat(30)));
        assert_eq!(line(Some(200), 7, 100), format!("[{}{}] 50 %, 7 lines", "#".repeat(15), "-".repeat(15)));
        // A file that grows while it is read.
        assert_eq!(line(Some(200), 7, 300), format!("[{}] 100 %, 7 lines", "#".repeat(30)));
        assert_eq!(line(Some(0), 7, 0), "7 lines");
        assert_eq!(line(None, 7, 100), "7 lines");
    }
}
