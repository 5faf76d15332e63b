//! Settings of background work.

use crate::config::duration_within;
use clap::{Args, ValueEnum};
use std::time::Duration;

/// Whether a server does background work, and how often.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Background work")]
pub struct WorkSettings {
    /// Do background work in this server
    ///
    /// That is to write reminders, to send webhooks and to delete old rows. Any number of servers can do it. Where all
    /// servers have `off`, run `interviews work` beside them.
    #[arg(long, value_name = "SWITCH", env = "WORKERS", value_enum, default_value_t = Switch::On)]
    pub workers: Switch,
    /// How often it is done.
    #[command(flatten)]
    pub interval: WorkInterval,
}

/// How often background work is done.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Background work")]
pub struct WorkInterval {
    /// Look for background work at this interval
    ///
    /// Events and deliveries of webhooks are looked for at this interval; reminders every 15s, and old rows every
    /// minute, or at this interval if it is longer. A full batch is followed by the next one at once.
    #[arg(
        long,
        value_name = "DURATION",
        env = "WORK_INTERVAL",
        default_value = "1s",
        value_parser = duration_within(Duration::from_millis(10), Duration::from_hours(1))
    )]
    pub work_interval: Duration,
}

/// A setting that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes
    On,
    /// No
    Off,
}

impl WorkSettings {
    /// The interval, if this server does background work.
    pub(crate) fn interval(&self) -> Option<Duration> {
        (self.workers == Switch::On).then_some(self.interval.work_interval)
    }
}
