//! Which events of the log a client asks for.

use crate::domain::filter::InterviewFilter;
use crate::domain::{Event, Interview, ValuesAtEvent, Viewer};

/// The events that a client asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventFilter {
    /// The conditions that the interview fulfils before or after the event.
    pub interviews: InterviewFilter,
    /// Whether reminders are among them.
    pub includes_reminders: bool,
}

impl EventFilter {
    /// See [`InterviewFilter::admits`].
    #[must_use]
    pub fn admits(
        &self,
        event: &Event,
        values: Option<&ValuesAtEvent>,
        now: Option<&Interview>,
        viewer: &Viewer,
    ) -> Option<bool> {
        if event.event_type.is_reminder() && !self.includes_reminders {
            return None;
        }
        self.interviews.admits(event, values, now, viewer)
    }
}
