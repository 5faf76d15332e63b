//! When a delivery that failed is tried again, and when a webhook that keeps failing is disabled.

use chrono::{DateTime, TimeDelta, Utc};

/// The times between the attempts of a delivery: the example of Standard Webhooks 1.0.0.
const PAUSES: [TimeDelta; 9] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(14),
    TimeDelta::hours(20),
    TimeDelta::hours(24),
];
/// Each of these times is up to this part shorter or longer: deliveries that failed together are not tried again
/// together.
const JITTER: f64 = 0.1;
/// The longest time for which a receiver can ask.
const MAX_RETRY_AFTER: TimeDelta = TimeDelta::hours(24);
/// The shortest time between the first and the last failure of a webhook that is disabled.
const MIN_FAILING: TimeDelta = TimeDelta::hours(12);

/// The time of the next attempt. None if there is no further one.
///
/// `step` is the number of attempts that the delivery had before this one since it was queued; `chance` is a random
/// number from 0 to 1; `retry_after` is the time for which the receiver asked.
#[must_use]
pub fn next_attempt_at(
    step: i32,
    failed_at: DateTime<Utc>,
    retry_after: Option<TimeDelta>,
    chance: f64,
) -> Option<DateTime<Utc>> {
    let pause = PAUSES.get(usize::try_from(step).ok()?)?;
    let factor = 1.0 + JITTER * (2.0 * chance.clamp(0.0, 1.0) - 1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a day has few milliseconds")]
    let pause = TimeDelta::milliseconds((pause.num_milliseconds() as f64 * factor).round() as i64);
    let least = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
    Some(failed_at + pause.max(least))
}

/// The time for which the `Retry-After` header of a response asks (RFC 9110, section 10.2.3): a number of seconds, or a
/// date. None if it is neither, if the date is over, or if the status is not 429 or 503.
#[must_use]
pub fn retry_after(status: u16, header: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    if !matches!(status, 429 | 503) {
        return None;
    }
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that is too large for the type is too long in any case.
        let seconds = header.parse().unwrap_or(i64::MAX);
        return Some(TimeDelta::try_seconds(seconds).unwrap_or(MAX_RETRY_AFTER).min(MAX_RETRY_AFTER));
    }
    let date = DateTime::parse_from_rfc2822(header).ok()?.to_utc();
    Some(date - now).filter(|pause| *pause > TimeDelta::zero())
}

/// Whether a webhook is disabled that failed just now, and has not succeeded since it failed first at `failing_since`.
#[must_use]
pub fn is_disabled(failing_since: DateTime<Utc>, now: DateTime<Utc>, disable_after: TimeDelta) -> bool {
    now - failing_since >= disable_after.max(MIN_FAILING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2025-03-20T10:00:00Z".parse().unwrap()
    }

    /// The pause after the attempt of a step, in milliseconds.
    fn pause(step: i32, retry_after: Option<i64>, chance: f64) -> Option<i64> {
        let next = next_attempt_at(step, now(), retry_after.map(TimeDelta::seconds), chance)?;
        Some((next - now()).num_milliseconds())
    }

    #[test]
    fn nine_pauses_follow_the_table_within_a_tenth() {
        for (step, seconds) in (0..).zip([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]) {
            assert_eq!(pause(step, None, 0.5), Some(seconds * 1_000));
            assert_eq!(pause(step, None, 0.0), Some(seconds * 900));
            assert_eq!(pause(step, None, 1.0), Some(seconds * 1_100));
        }
        for step in [-1, 9, 10, i32::MAX] {
            assert_eq!(pause(step, Some(1), 0.5), None);
        }
    }

    #[test]
    fn receiver_can_ask_for_a_longer_pause_of_up_to_a_day() {
        assert_eq!(pause(0, Some(60), 0.5), Some(60_000));
        assert_eq!(pause(1, Some(60), 0.5), Some(300_000));
        assert_eq!(pause(0, Some(1_000_000), 0.5), Some(86_400_000));
    }

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date() {
        for (header, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999999999999999", Some(86400)),
            ("9223372036854775807", Some(86400)),
            ("Thu, 20 Mar 2025 10:02:00 GMT", Some(120)),
            ("Thu, 20 Mar 2025 09:59:00 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(503, header, now()).map(|pause| pause.num_seconds()), seconds, "{header:?}");
        }
        assert_eq!(retry_after(429, "120", now()), Some(TimeDelta::minutes(2)));
        assert_eq!(retry_after(500, "120", now()), None);
    }

    #[test]
    fn webhook_is_disabled_after_failing_for_long_with_attempts_twelve_hours_apart() {
        let failing_for = |hours, after| is_disabled(now() - TimeDelta::hours(hours), now(), TimeDelta::hours(after));
        assert!(!failing_for(119, 120));
        assert!(failing_for(120, 120));
        assert!(!failing_for(11, 1));
        assert!(failing_for(12, 1));
        assert!(!is_disabled(now(), now(), TimeDelta::zero()));
    }
}
