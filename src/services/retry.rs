//! How often a change is attempted that the database gives up for a transient reason.

use crate::storage::StorageError;
use std::time::Duration;

/// Attempts for one change, the first included. The pauses between them grow to about one second in total.
pub const ATTEMPTS: u32 = 8;

/// Pauses after this many failed attempts, for a random time, so that two changes do not meet again.
pub async fn pause_before_retry(failed_attempts: u32) {
    let longest = Duration::from_millis(8 << failed_attempts);
    tokio::time::sleep(longest.mul_f64(rand::random_range(0.5..1.0))).await;
}

/// Repeats a transaction that wrote nothing: after a transient error, a lost connection, and the errors that
/// `may_also_repeat` accepts.
pub async fn repeat<T, F: Future<Output = Result<T, StorageError>>>(
    may_also_repeat: impl Fn(&StorageError) -> bool,
    attempt: impl Fn() -> F,
) -> Result<T, StorageError> {
    let mut attempts = 1;
    loop {
        match attempt().await {
            Err(error) if attempts < ATTEMPTS && (is_given_up(&error) || may_also_repeat(&error)) => {}
            result => return result,
        }
        pause_before_retry(attempts).await;
        attempts += 1;
    }
}

fn is_given_up(error: &StorageError) -> bool {
    matches!(error, StorageError::Transient(_) | StorageError::ConnectionLost(_))
}
