//! Standard output of commands. It can be closed or full: `println!` would panic.

use crate::cli::CliError;
use std::fmt::Display;
use std::io::{self, Write};

/// Writes a text to standard output.
pub fn print(text: impl Display) -> Result<(), CliError> {
    let mut output = io::stdout().lock();
    write!(output, "{text}").and_then(|()| output.flush()).map_err(CliError::Output)
}

/// Writes a line to standard output.
pub fn print_line(line: impl Display) -> Result<(), CliError> {
    print(format_args!("{line}\n"))
}
