//! Interviews around a date, as a screen of a week shows them: from three weeks before to three weeks after it, Monday
//! to Friday, on a grid of 30 minutes. What is before the date has taken place or was called off; what is on or after
//! it can still change.

use crate::domain::{Proposal, Side, State, StatusBeforeProposal, TimeSlot, UserId};
use crate::services::demo;
use crate::services::demo_data::plan::half_an_hour;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};

/// The weeks before and after that of the date.
const WEEKS: i64 = 3;
/// The hours of work in a week, from 08:00 to 16:00 UTC.
const HOURS_OF_WEEK: i64 = 40;
const HOURS: i64 = (2 * WEEKS + 1) * HOURS_OF_WEEK;

/// The time of an interview, its state, and its creation.
pub(super) struct Appointment {
    pub(super) slot: TimeSlot,
    pub(super) state: State,
    pub(super) created_at: DateTime<Utc>,
}

pub(super) struct Calendar {
    /// The date, or the Monday after a weekend.
    today: NaiveDate,
    monday: NaiveDate,
}

impl Calendar {
    pub(super) fn around(date: NaiveDate) -> Self {
        let is_weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        let days = 7 - u64::from(date.weekday().num_days_from_monday());
        let today = if is_weekend { date.checked_add_days(Days::new(days)).unwrap_or(date) } else { date };
        Self { today, monday: today.week(Weekday::Mon).first_day() }
    }

    /// The `n`th interview of the driver for whom a token of `dev` acts, with its interviewer. This week has one of
    /// every status, but on a Monday, when nothing has taken place yet; every other week has two. The mornings stay
    /// free for the interview of the documentation.
    pub(super) fn of_demo_driver(&self, n: i64) -> Option<(Appointment, UserId)> {
        let noon = 12;
        let left = 5 - self.day_of_week();
        let (day, hour, kind) = match n {
            0..6 => (self.day_of_week() + n % left, noon + n / left, UPCOMING[index(n, UPCOMING.len())]),
            6..8 => (self.working_day_before(), noon + n - 6, PAST[index(n - 6, PAST.len())]),
            // Tuesdays and Wednesdays of the other weeks.
            8..20 => {
                let (week, second) = ((n - 8) / 2 - WEEKS, (n - 8) % 2);
                let week = if week < 0 { week } else { week + 1 };
                let kind = if week < 0 { PAST[index(n, PAST.len())] } else { UPCOMING[index(n - 14, UPCOMING.len())] };
                (7 * week + 1 + second, noon + second, kind)
            }
            _ => return None,
        };
        let interviewer = if n % 2 == 0 { demo::STAFF } else { demo::INTERVIEWER };
        Some((self.appointment(n, day, hour, 0, kind), interviewer))
    }

    /// The `n`th of up to `capacity` interviews that are spread evenly over the weeks. The numbers of one interviewer
    /// are at least one hour of work apart. The first ones are in the weeks that come, so that a small database has
    /// some that can change, and any number has the same id and state on each day of a week.
    pub(super) fn of_others(&self, n: i64, capacity: i64, interviewer: i64) -> Appointment {
        let hour = (n * HOURS / capacity + (WEEKS + 1) * HOURS_OF_WEEK) % HOURS;
        let (week, day, hour) = (hour / HOURS_OF_WEEK - WEEKS, hour / 8 % 5, hour % 8);
        let day = 7 * week + day;
        let kinds = if day < self.day_of_week() { PAST } else { UPCOMING };
        self.appointment(n, day, 8 + hour, 30 * (interviewer % 2), kinds[index(n, kinds.len())])
    }

    /// The `n`th interview of the second company, whose staff work in the evening: its drivers have applied to the
    /// first one, too.
    pub(super) fn of_second_company(&self, n: i64) -> Appointment {
        self.appointment(n, n % 5, 18 + n / 5, 0, if n % 2 == 0 { Kind::Scheduled } else { Kind::Pending })
    }

    /// The days from this Monday until today.
    fn day_of_week(&self) -> i64 {
        i64::from(self.today.weekday().num_days_from_monday())
    }

    /// The working day before today, as days since this Monday.
    fn working_day_before(&self) -> i64 {
        if self.day_of_week() == 0 { -3 } else { self.day_of_week() - 1 }
    }

    /// `day` is counted from this Monday.
    fn appointment(&self, n: i64, day: i64, hour: i64, minute: i64, kind: Kind) -> Appointment {
        let since_monday = TimeDelta::days(day) + TimeDelta::minutes(60 * hour + minute);
        let slot = half_an_hour(midnight(self.monday) + since_monday);
        // The next working day, half an hour later: no other interview of these people begins then.
        let pause = if day.rem_euclid(7) == 4 { 3 } else { 1 };
        let proposed = half_an_hour(slot.start() + TimeDelta::days(pause) + TimeDelta::minutes(30));
        let amended = |by, before| State::Amended(Proposal { slot: proposed, by, before });
        let (state, days_of_history) = match kind {
            Kind::Pending => (State::Pending, 0),
            Kind::AwaitsDriver => (amended(Side::Interviewer, StatusBeforeProposal::Pending), 1),
            Kind::AwaitsStaff => (amended(Side::Interviewee, StatusBeforeProposal::Scheduled), 2),
            Kind::Scheduled => (State::Scheduled, 1),
            Kind::Cancelled => (State::Cancelled { reason: Some("The position was filled".to_owned()) }, 1),
            Kind::Rejected => (State::Rejected { reason: Some("Took another job".to_owned()) }, 1),
            Kind::Completed => (State::Completed, 2),
            Kind::NoShow => (State::NoShow { absent: Side::Interviewee }, 2),
        };
        // What took place was recorded at its end; everything else happened before the day of the interview and before
        // today.
        let last_event = match kind {
            Kind::Completed | Kind::NoShow => slot.end(),
            _ => slot.start().min(midnight(self.today)) - TimeDelta::days(1) - TimeDelta::seconds(11 * (n % 5000)),
        };
        Appointment { slot, state, created_at: last_event - TimeDelta::days(days_of_history) }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Pending,
    AwaitsDriver,
    AwaitsStaff,
    Scheduled,
    Cancelled,
    Rejected,
    Completed,
    NoShow,
}

/// Coprime in length with the numbers of interviewers and of days, so that all kinds occur everywhere.
const UPCOMING: &[Kind] = &[
    Kind::Pending,
    Kind::AwaitsDriver,
    Kind::AwaitsStaff,
    Kind::Scheduled,
    Kind::Cancelled,
    Kind::Rejected,
    Kind::Scheduled,
    Kind::Pending,
    Kind::Scheduled,
    Kind::Pending,
    Kind::Scheduled,
];
const PAST: &[Kind] = &[
    Kind::Completed,
    Kind::NoShow,
    Kind::Completed,
    Kind::Cancelled,
    Kind::Rejected,
    // Nobody has recorded yet that it took place.
    Kind::Scheduled,
    Kind::Completed,
];

fn index(n: i64, length: usize) -> usize {
    usize::try_from(n).unwrap_or(0) % length
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}
