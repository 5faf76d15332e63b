//! Signatures of Standard Webhooks 1.0.0 (<https://www.standardwebhooks.com>): HMAC-SHA256 over the id, the time and
//! the body of a message, separated by dots.

use crate::domain::webhook::WebhookSecret;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The version of the signatures.
const VERSION: &str = "v1,";
/// How far the time of a message may be from that of its receiver.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Why a receiver refuses a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The time is no number of seconds.
    #[error("webhook-timestamp is not a number of seconds")]
    MalformedTime,
    /// The message is too old, or from the future.
    #[error("webhook-timestamp is more than 5 minutes off")]
    Expired,
    /// No signature is right.
    #[error("webhook-signature does not match")]
    Mismatch,
}

/// The value of `webhook-signature`: a signature with each of the secrets.
pub fn sign<'a>(
    secrets: impl IntoIterator<Item = &'a WebhookSecret>,
    id: &str,
    sent_at: DateTime<Utc>,
    body: &[u8],
) -> String {
    let signature = |secret| {
        let mac = mac(secret, id, sent_at.timestamp(), body).finalize();
        VERSION.to_owned() + &STANDARD.encode(mac.into_bytes())
    };
    secrets.into_iter().map(signature).collect::<Vec<_>>().join(" ")
}

/// Checks the headers of a message as a receiver does.
///
/// # Errors
/// [`SignatureError`]
pub fn verify(
    secret: &WebhookSecret,
    id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    let seconds: i64 = timestamp.parse().map_err(|_| SignatureError::MalformedTime)?;
    if now.timestamp().abs_diff(seconds) > TOLERANCE.num_seconds().unsigned_abs() {
        return Err(SignatureError::Expired);
    }
    let is_right = |signature: &str| {
        let signature = signature.strip_prefix(VERSION).and_then(|signature| STANDARD.decode(signature).ok());
        signature.is_some_and(|signature| mac(secret, id, seconds, body).verify_slice(&signature).is_ok())
    };
    if signatures.split(' ').any(is_right) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn mac(secret: &WebhookSecret, id: &str, seconds: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("a key of any length");
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    /// As Python's `hmac` computes it. Libraries for receivers verify signatures in `.ci/clients`.
    const SIGNATURE: &str = "v1,d8asl+kiM8rGYv5f96CWaB7DltT12R+GlcKk/tAeKa8=";

    fn sent_at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_614_265_330, 0).unwrap()
    }

    fn secret() -> WebhookSecret {
        WebhookSecret::from_bytes([1; 32])
    }

    #[test]
    fn signature_is_an_hmac_of_id_time_and_body() {
        assert_eq!(sign([&secret()], ID, sent_at(), BODY), SIGNATURE);
    }

    #[test]
    fn any_signature_of_several_may_be_right() {
        let new = WebhookSecret::from_bytes([2; 32]);
        let signatures = sign([&new, &secret()], ID, sent_at(), BODY);
        assert!(signatures.ends_with(&format!(" {SIGNATURE}")), "{signatures}");
        for secret in [new, secret()] {
            assert_eq!(verify(&secret, ID, "1614265330", &signatures, BODY, sent_at()), Ok(()));
        }
    }

    #[test]
    fn message_that_was_changed_is_refused() {
        let verify = |id, time, signatures, body| verify(&secret(), id, time, signatures, body, sent_at());
        assert_eq!(verify(ID, "1614265330", SIGNATURE, BODY), Ok(()));
        for (id, time, signatures, body) in [
            ("msg_other", "1614265330", SIGNATURE, BODY),
            (ID, "1614265331", SIGNATURE, BODY),
            (ID, "1614265330", SIGNATURE, b"{}".as_slice()),
            (ID, "1614265330", "", BODY),
            (ID, "1614265330", "v1,", BODY),
            (ID, "1614265330", "v1,AAAA", BODY),
            (ID, "1614265330", &SIGNATURE.replace("v1", "v2"), BODY),
            (ID, "1614265330", &SIGNATURE.replace(',', " "), BODY),
        ] {
            assert_eq!(verify(id, time, signatures, body), Err(SignatureError::Mismatch), "{signatures}");
        }
    }

    #[test]
    fn time_may_be_five_minutes_off() {
        let at = |seconds| {
            let now = sent_at() + TimeDelta::seconds(seconds);
            verify(&secret(), ID, "1614265330", SIGNATURE, BODY, now)
        };
        for seconds in [-300, 0, 300] {
            assert_eq!(at(seconds), Ok(()));
        }
        for seconds in [-301, 301] {
            assert_eq!(at(seconds), Err(SignatureError::Expired));
        }
        let malformed = verify(&secret(), ID, "2021-02-25T15:02:10Z", SIGNATURE, BODY, sent_at());
        assert_eq!(malformed, Err(SignatureError::MalformedTime));
    }
}
