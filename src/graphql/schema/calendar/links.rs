//! The type `CalendarLinks`.

use crate::domain::calendar;
use async_graphql::SimpleObject;

/// Links with which a person adds an interview to their calendar as it is now. Later changes do not reach it: a feed
/// has them.
#[derive(SimpleObject)]
pub struct CalendarLinks {
    /// Opens a new entry in Google Calendar.
    google: String,
    /// Opens a new entry in the calendar of Outlook.com.
    outlook: String,
    /// Opens a new entry in the calendar of Outlook for companies (Microsoft 365).
    office365: String,
    /// An iCalendar file on this server, for all other calendars. It needs the token of the viewer in the header
    /// `Authorization`, as every request.
    ics: String,
}

impl From<calendar::CalendarLinks> for CalendarLinks {
    fn from(links: calendar::CalendarLinks) -> Self {
        let calendar::CalendarLinks { google, outlook, office365, ics } = links;
        Self { google, outlook, office365, ics }
    }
}
