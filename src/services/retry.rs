//! How often a change is attempted that the database gives up for a transient reason.

use std::time::Duration;

/// Attempts for one change, the first included. The pauses between them grow to about one second in total.
pub const ATTEMPTS: u32 = 8;

/// Pauses after this many failed attempts, for a random time, so that two changes do not meet again.
pub async fn pause_before_retry(failed_attempts: u32) {
    let longest = Duration::from_millis(8 << failed_attempts);
    tokio::time::sleep(longest.mul_f64(rand::random_range(0.5..1.0))).await;
}
