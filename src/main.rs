//! The `interviews` binary.

use interviews::cli;
use interviews::cli::{Cli, CliError};
use std::io::Write;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: allocator::MiMalloc = allocator::MiMalloc;

/// The stack of a worker thread, in bytes: nested documents are parsed and executed by recursion.
const STACK: usize = 16 * 1024 * 1024;

fn main() -> ExitCode {
    allocator::return_free_memory_early();
    let cli = Cli::from_command_line();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            // Nobody may be reading any more.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build()?;
    let result = runtime.block_on(cli::run(cli));
    // Dropping the runtime instead would wait for tasks that the shutdown has given up on.
    runtime.shutdown_background();
    result
}
