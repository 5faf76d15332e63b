//! Waiting for what no event announces.

use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Between two looks the processor is free for what the test waits for.
const PAUSE: Duration = Duration::from_millis(5);
/// A test that waits this long has failed: what it waits for takes seconds at most.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// Returns once the condition holds.
pub async fn until(condition: impl AsyncFn() -> bool) {
    assert!(is_true_in_time(condition).await, "the condition does not hold within a minute");
}

/// Whether the condition holds before the deadline.
pub async fn is_true_in_time(condition: impl AsyncFn() -> bool) -> bool {
    let polling = async {
        while !condition().await {
            sleep(PAUSE).await;
        }
    };
    timeout(DEADLINE, polling).await.is_ok()
}
