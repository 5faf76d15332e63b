//! A calendar as an iCalendar file (RFC 5545, with the properties of RFC 7986).

use crate::domain::calendar::{EntryStatus, PublishedEntry};
use crate::http::calendar::content_lines::ContentLines;
use crate::services::Calendar;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::hash::{Hash, Hasher};
use uuid::Uuid;

/// How often programs are asked to read a feed again. Many have their own idea of it.
const REFRESH_INTERVAL: &str = "PT1H";

/// The version of the form of a file. A release that writes another one for the same calendar changes it.
const FORM: u8 = 1;

/// Hashes all values of a calendar, so that another value gives another hash for certain.
struct ValueHasher(Sha256);

impl Hasher for ValueHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// The tag of the file that [`write()`] would write. It is weak, because proxies may compress the file.
pub(super) fn entity_tag(calendar: &Calendar) -> String {
    let mut hasher = ValueHasher(Sha256::new());
    (FORM, calendar).hash(&mut hasher);
    let tag = hasher.0.finalize()[..16].iter().fold(String::new(), |mut tag, byte| {
        // Writing to a String never fails.
        let _ = write!(tag, "{byte:02x}");
        tag
    });
    format!("W/\"{tag}\"")
}

/// The file. It has no METHOD, which would ask programs to answer, and no VTIMEZONE, because all times are in UTC.
pub(super) fn write(calendar: &Calendar) -> String {
    let mut lines = ContentLines::default();
    lines.add("BEGIN", "VCALENDAR");
    lines.add("VERSION", "2.0");
    lines.add("PRODID", "-//interviews//EN");
    lines.add("CALSCALE", "GREGORIAN");
    lines.add_text("NAME", &calendar.name);
    lines.add_text("X-WR-CALNAME", &calendar.name);
    lines.add("REFRESH-INTERVAL;VALUE=DURATION", REFRESH_INTERVAL);
    lines.add("X-PUBLISHED-TTL", REFRESH_INTERVAL);
    for entry in &calendar.entries {
        add_event(&mut lines, calendar, entry);
    }
    lines.add("END", "VCALENDAR");
    lines.into_text()
}

fn add_event(
    lines: &mut ContentLines,
    calendar: &Calendar,
    PublishedEntry { entry, sequence, created_at, updated_at }: &PublishedEntry,
) {
    let uid = Uuid::new_v5(&calendar.namespace, format!("interview:{}", entry.id).as_bytes());
    let status = match entry.status {
        EntryStatus::Tentative => "TENTATIVE",
        EntryStatus::Confirmed => "CONFIRMED",
        EntryStatus::Cancelled => "CANCELLED",
    };
    lines.add("BEGIN", "VEVENT");
    lines.add("UID", &uid.to_string());
    lines.add("DTSTAMP", &time(*updated_at));
    lines.add("CREATED", &time(*created_at));
    lines.add("LAST-MODIFIED", &time(*updated_at));
    lines.add("SEQUENCE", &sequence.to_string());
    lines.add("DTSTART", &time(entry.slot.start()));
    lines.add("DTEND", &time(entry.slot.end()));
    lines.add_text("SUMMARY", &entry.summary(calendar.side));
    lines.add_text("DESCRIPTION", &entry.description(calendar.side));
    if let Some(location) = &entry.location {
        lines.add_text("LOCATION", location);
    }
    if let Some(url) = entry.url() {
        lines.add("URL", url.as_str());
    }
    lines.add("STATUS", status);
    lines.add("TRANSP", "OPAQUE");
    lines.add("END", "VEVENT");
}

/// A time in UTC. Calendars have no milliseconds.
fn time(time: DateTime<Utc>) -> String {
    time.format("%Y%m%dT%H%M%SZ").to_string()
}
