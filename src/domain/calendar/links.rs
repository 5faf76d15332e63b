//! Links with which a person adds one interview to a calendar.

use crate::domain::calendar::{CalendarEntry, CalendarSide};
use chrono::{DateTime, Utc};

/// Links for the calendars that people use in a browser, and to a file for all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarLinks {
    /// Google Calendar.
    pub google: String,
    /// Outlook.com.
    pub outlook: String,
    /// Outlook of a company (Microsoft 365).
    pub office365: String,
    /// An iCalendar file of this server.
    pub ics: String,
}

const GOOGLE: &str = "https://calendar.google.com/calendar/render";
const OUTLOOK: &str = "https://outlook.live.com/calendar/0/deeplink/compose";
const OFFICE_365: &str = "https://outlook.office.com/calendar/0/deeplink/compose";

/// The longest location in a link, in bytes. Browsers and calendars refuse links that are too long, and each byte can
/// take three in a link.
const MAX_LOCATION: usize = 500;

impl CalendarLinks {
    /// The links of an interview. `public_url` is the address of this server, without a slash at its end.
    #[must_use]
    pub fn new(entry: &CalendarEntry, calendar: CalendarSide, public_url: &str) -> Self {
        let (summary, description) = (entry.summary(calendar), entry.description(calendar));
        let location = entry.location.as_deref().filter(|text| text.len() <= MAX_LOCATION).unwrap_or_default();
        let (start, end) = (entry.slot.start(), entry.slot.end());
        let dates = format!("{}/{}", compact(start), compact(end));
        let google = [
            ("action", "TEMPLATE"),
            ("text", &summary),
            ("dates", &dates),
            ("details", &description),
            ("location", location),
        ];
        let (start, end) = (extended(start), extended(end));
        let outlook = [
            ("path", "/calendar/action/compose"),
            ("rru", "addevent"),
            ("subject", &summary),
            ("startdt", &start),
            ("enddt", &end),
            ("body", &description),
            ("location", location),
        ];
        Self {
            google: link(GOOGLE, &google),
            outlook: link(OUTLOOK, &outlook),
            office365: link(OFFICE_365, &outlook),
            ics: format!("{public_url}/calendar/interviews/{}.ics", entry.id),
        }
    }
}

/// A link with those parameters that have a value. Spaces are `%20`, because Outlook shows a `+` as it is.
fn link(base: &str, parameters: &[(&str, &str)]) -> String {
    let present = parameters.iter().filter(|(_, value)| !value.is_empty());
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(present).finish();
    format!("{base}?{}", query.replace('+', "%20"))
}

/// A time as iCalendar writes it.
fn compact(time: DateTime<Utc>) -> String {
    time.format("%Y%m%dT%H%M%SZ").to_string()
}

fn extended(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
