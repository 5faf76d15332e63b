//! The signals that stop a command.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The two steps in which signals stop the process. Either step is SIGTERM, SIGINT (Ctrl-C), or SIGHUP where it stops
/// the command.
pub struct ShutdownSignals {
    /// Cancelled by the first signal: the command stops gracefully.
    pub drain: CancellationToken,
    /// Cancelled by the second signal: the process ends at once.
    pub abort: CancellationToken,
    is_from_terminal: Arc<AtomicBool>,
}

/// What SIGHUP means for a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// The terminal was closed: the command stops.
    Stops,
    /// The command does something else with it.
    IsHandled,
}

impl ShutdownSignals {
    /// Whether the first signal is what a terminal sends. Then its user waits for the end of the process, and no load
    /// balancer has to notice it.
    pub fn is_from_terminal(&self) -> bool {
        self.is_from_terminal.load(Ordering::Acquire)
    }
}

/// Listens for the signals that stop the process.
///
/// # Errors
/// The process cannot listen for signals.
pub fn listen(hangup: Hangup) -> io::Result<ShutdownSignals> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = match hangup {
        Hangup::Stops if !is_hangup_ignored() => Some(signal(SignalKind::hangup())?),
        Hangup::Stops | Hangup::IsHandled => None,
    };
    let (drain, abort) = (CancellationToken::new(), CancellationToken::new());
    let (steps, is_from_terminal) = ([drain.clone(), abort.clone()], Arc::new(AtomicBool::new(false)));
    let signals = ShutdownSignals { drain, abort, is_from_terminal: is_from_terminal.clone() };
    tokio::spawn(async move {
        for step in steps {
            let from_terminal = tokio::select! {
                _ = terminate.recv() => false,
                _ = interrupt.recv() => true,
                () = received(hangup.as_mut()) => true,
            };
            if !step.is_cancelled() {
                is_from_terminal.store(from_terminal, Ordering::Release);
            }
            step.cancel();
        }
    });
    Ok(signals)
}

async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether the process was started with SIGHUP ignored, as `nohup` does: then the end of its terminal must not stop it.
#[cfg(target_os = "linux")]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Bit 0 is signal 1, SIGHUP.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Other systems do not tell, so that SIGHUP keeps its effect.
#[cfg(not(target_os = "linux"))]
fn is_hangup_ignored() -> bool {
    true
}
