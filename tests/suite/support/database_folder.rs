//! The folder for the files of all test databases.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A file system in memory on Linux. A database of PostgreSQL is 300 files, whose copies take seven times longer on a
/// disk than in memory.
const IN_MEMORY: &str = "/dev/shm";
/// What the files of one run need at most, in KiB.
const NEEDED: u64 = 2 * 1024 * 1024;

/// A folder in memory if there is room, otherwise the one for temporary files.
pub fn database_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| if available(IN_MEMORY) >= Some(NEEDED) { IN_MEMORY.into() } else { env::temp_dir() })
}

/// The space that is left, in KiB, by POSIX's `df`.
fn available(folder: &str) -> Option<u64> {
    let output = Command::new("df").args(["-Pk", folder]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}
