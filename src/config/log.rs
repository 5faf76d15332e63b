//! Settings of the log.

use clap::{Args, ValueEnum};

/// What is logged to standard error.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct LogSettings {
    /// Log events of this level or higher, to standard error
    ///
    /// A filter such as `info` or `warn,interviews=debug`, with the levels error, warn, info, debug and trace. At
    /// debug, and with `info,access=info`, every request and every operation is one line of the target `access`. At
    /// trace only the server itself logs more, because libraries would log tokens.
    #[arg(long, value_name = "FILTER", global = true, env = "LOG", default_value = "info")]
    pub log: String,
    /// Write the log in this format
    #[arg(
        long,
        value_name = "FORMAT",
        global = true,
        env = "LOG_FORMAT",
        value_enum,
        default_value_t = LogFormat::Text
    )]
    pub log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object per line
    Json,
}
