//! The cursors of the event log, which clients get with each event and pass as `since`.

use crate::domain::{Epoch, EventId, LogCursor, Since};
use crate::graphql::engine::error::{Code, error_with_code};
use crate::services::LogEntry;
use async_graphql::Error;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;

/// The first part, so that a cursor of another list is none of the log.
const LETTER: &str = "l";

/// The start of the log.
const START: &str = "0";

/// The cursor as text.
pub fn encode(cursor: LogCursor) -> String {
    let LogCursor { epoch, event, at } = cursor;
    URL_SAFE_NO_PAD.encode(format!("{LETTER}.{}.{event}.{}", epoch.0, at.timestamp_micros()))
}

/// The argument `since` that begins there.
pub fn print(since: Since) -> String {
    match since {
        Since::Start => START.to_owned(),
        Since::After(cursor) => encode(cursor),
    }
}

/// The cursor of an entry of the log.
pub fn of_entry(LogEntry { epoch, event, .. }: &LogEntry) -> String {
    encode(LogCursor { epoch: *epoch, event: event.id, at: event.at })
}

/// Why `since` is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidSince {
    pub code: Code,
    pub message: &'static str,
}

/// An id does not tell the history to which it belongs. A client that has nothing else can do the same as after a
/// restore.
const BARE_ID: InvalidSince = InvalidSince {
    code: Code::CursorExpired,
    message: "The argument `since` takes the `cursor` of an event, not its id. Query anew, then subscribe from now on.",
};
/// What never was a cursor or an id.
const MALFORMED: InvalidSince =
    InvalidSince { code: Code::BadUserInput, message: "The argument `since` is not the `cursor` of an event." };

/// The argument `since`.
pub fn parse(since: &str) -> Result<Since, InvalidSince> {
    match since {
        START => Ok(Since::Start),
        id if is_number(id) => Err(BARE_ID),
        cursor => decode(cursor).map(Since::After).ok_or(MALFORMED),
    }
}

/// The header `Last-Event-ID` of an event stream.
pub fn parse_last_event_id(cursor: &str) -> Result<Since, InvalidSince> {
    parse(cursor).map_err(|InvalidSince { code, .. }| {
        let message = if code == Code::CursorExpired {
            "The header `Last-Event-ID` takes an `id:` of the stream, not the id of an event. Query anew, then \
             subscribe from now on."
        } else {
            "The header `Last-Event-ID` is not an `id:` of the stream."
        };
        InvalidSince { code, message }
    })
}

impl From<InvalidSince> for Error {
    fn from(InvalidSince { code, message }: InvalidSince) -> Self {
        error_with_code(code, message)
    }
}

/// Whether an event has the number makes no difference.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn decode(cursor: &str) -> Option<LogCursor> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.split('.');
    let (letter, epoch, event, at) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_cursor = letter == LETTER && parts.next().is_none();
    is_cursor.then_some(LogCursor {
        epoch: Epoch(epoch.parse().ok()?),
        event: EventId(event.parse().ok()?),
        at: DateTime::from_timestamp_micros(at.parse().ok()?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::relay::cursor;

    #[test]
    fn cursor_is_read_as_it_was_written() {
        let at = DateTime::from_timestamp_micros(1_742_466_728_958_123).unwrap();
        for epoch in [i64::MIN, -1, 0, i64::MAX] {
            let cursor = LogCursor { epoch: Epoch(epoch), event: EventId(1645), at };
            assert_eq!(parse(&encode(cursor)), Ok(Since::After(cursor)));
        }
    }

    #[test]
    fn number_is_the_start_or_an_id_that_is_no_position() {
        assert_eq!(parse("0"), Ok(Since::Start));
        for id in ["1", "1645", "99999999999999999999", "-1", "00", "007"] {
            assert_eq!(parse(id), Err(BARE_ID), "{id}");
        }
    }

    #[test]
    fn other_texts_are_malformed() {
        let of_history = cursor::encode(EventId(7), ());
        let forged = ["l.1.2", "l.1.2.3.4", "l.x.2.3", "l..2.3", "l.1.2.", "e.1.2.3", "l.1.2.9223372036854775807"];
        let forged = forged.map(|text| URL_SAFE_NO_PAD.encode(text));
        let texts = ["", "abc", "-", "1e3", "1.5", "+1", " 1", "%%%", &of_history];
        for text in texts.into_iter().chain(forged.iter().map(String::as_str)) {
            assert_eq!(parse(text), Err(MALFORMED), "{text}");
        }
    }
}
