//! The rows of the demo data.

use crate::domain::{
    Account, Authority, Company, CompanyId, CompanySettings, Interview, InterviewId, InterviewKind, Interviewee,
    IntervieweeId, IntervieweeKind, Proposal, Side, State, StatusBeforeProposal, TimeSlot, TimeZone, User, UserId,
    time,
};
use crate::services::demo;
use crate::services::demo_data::calendar::{Appointment, Calendar};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use strum::VariantArray;

const FIRST: CompanyId = CompanyId(1);
const SECOND: CompanyId = CompanyId(2);
// The first ids of generated people.
const INTERVIEWERS_FROM: i64 = 2_000;
const DRIVERS_FROM: i64 = 1_000_000;
const INTERVIEWEES_FROM: i64 = 1_000;
/// The number of interviews of the second company.
const SECOND_COMPANY: i64 = 20;
/// The people and interviews for a given count.
///
/// Without a date an interviewer has one interview an hour, eight on a working day, always at the same minute of the
/// hour; the interviews of a driver are at least four hours apart. So a person has at least 15 minutes between two
/// interviews, and a benchmark can move each of them by ten minutes. With a date they are those of [`Calendar`].
pub(super) struct Plan {
    count: i64,
    interviewers: i64,
    drivers: i64,
    calendar: Option<Calendar>,
}

impl Plan {
    pub(super) fn new(count: i64, date: Option<NaiveDate>) -> Self {
        let interviewers = (count + 199).div_euclid(200).max(5);
        let drivers = (count + 4).div_euclid(5).max(5 * interviewers);
        Self { count, interviewers, drivers, calendar: date.map(Calendar::around) }
    }

    /// The number of interviews of both companies: the documentation's, the generated ones, the second company's.
    pub(super) fn total(&self) -> i64 {
        self.count + SECOND_COMPANY
    }

    pub(super) fn users(&self) -> impl Iterator<Item = Account> {
        let staff = (0..self.interviewers).map(|n| {
            let user = user(UserId(INTERVIEWERS_FROM + n), Authority::Staff(FIRST), name(n * 7 + 3));
            let image = picture("staff", n, 5);
            User { image, contact_phone_number: Some(format!("+1666{:07}", n * 104_729 % 10_000_000)), ..user }
        });
        let drivers = (0..self.drivers).map(|n| {
            let phone_number = (n % 10 > 0).then(|| format!("+1555{:07}", n * 7919 % 10_000_000));
            let user = user(UserId(DRIVERS_FROM + n), Authority::Driver, name(n));
            User { image: picture("drivers", n, 4), phone_number, ..user }
        });
        let jude = user(demo::DRIVER, Authority::Driver, "Jude Howell".to_owned());
        let fixed = [
            user(demo::ADMIN, Authority::Admin, "Ada Prentice".to_owned()),
            User { phone_number: Some("123".to_owned()), ..jude },
            user(demo::STAFF, Authority::Staff(FIRST), "Mona Berg".to_owned()),
            user(demo::INTERVIEWER, Authority::Staff(FIRST), "Luisa Hintz".to_owned()),
            user(demo::OTHER_STAFF, Authority::Staff(SECOND), "Piet Maas".to_owned()),
            user(demo::SERVICE, Authority::Service, "Driver platform".to_owned()),
        ];
        let manager = Account {
            manager: true,
            email: Some("nora.lind@northern-haulage.example.test".to_owned()),
            ..Account::from(user(demo::MANAGER, Authority::Staff(FIRST), "Nora Lind".to_owned()))
        };
        fixed.into_iter().chain(staff).chain(drivers).map(Account::from).chain([manager])
    }

    pub(super) fn interviewees(&self) -> impl Iterator<Item = Interviewee> {
        let applied = |id, company_id, driver_id, kind| {
            let updated_at = moment("2025-03-20T10:02:08.958Z");
            Interviewee { id, company_id, driver_id, kind, updated_at }
        };
        let applications = (0..self.drivers).map(move |n| {
            let (id, driver) = (IntervieweeId(INTERVIEWEES_FROM + n), UserId(DRIVERS_FROM + n));
            let kind = if n < self.count { IntervieweeKind::Interview } else { IntervieweeKind::Verified };
            let interviewee = applied(id, FIRST, driver, kind);
            Interviewee { updated_at: interviewee.updated_at + TimeDelta::seconds(37 * n), ..interviewee }
        });
        let elsewhere = (0..SECOND_COMPANY).map(move |n| {
            let driver = if n == 0 { demo::DRIVER } else { UserId(DRIVERS_FROM + n) };
            applied(self.second_interviewee(n), SECOND, driver, IntervieweeKind::Interview)
        });
        let jude_applied = applied(demo::INTERVIEWEE, FIRST, demo::DRIVER, IntervieweeKind::Verified);
        [jude_applied].into_iter().chain(applications).chain(elsewhere)
    }

    fn second_interviewee(&self, n: i64) -> IntervieweeId {
        IntervieweeId(INTERVIEWEES_FROM + self.drivers + n)
    }

    pub(super) fn interview(&self, index: i64) -> Interview {
        if index == 0 {
            documented()
        } else if index < self.count {
            self.generated(index - 1)
        } else {
            self.of_second_company(index - self.count)
        }
    }

    fn generated(&self, n: i64) -> Interview {
        let id = if n + 1 < demo::INTERVIEW.0 { n + 1 } else { n + 2 };
        // In this order the interviews of a driver are `drivers` apart in `n`, that is at least five hours of work.
        let driver = n % self.drivers;
        let kinds = InterviewKind::VARIANTS;
        let of_demo_driver = self.calendar.as_ref().and_then(|calendar| calendar.of_demo_driver(n));
        if let Some((Appointment { slot, state, created_at }, interviewer_id)) = of_demo_driver {
            let kind = kinds[usize::try_from(n % 3).unwrap_or(0)];
            return Interview { id: InterviewId(id), interviewer_id, kind, state, slot, created_at, ..documented() };
        }
        let interviewer = n % self.interviewers;
        let appointment = match &self.calendar {
            Some(calendar) => calendar.of_others(n, self.capacity(), interviewer),
            None => self.without_date(n),
        };
        let Appointment { slot, state, created_at } = appointment;
        Interview {
            id: InterviewId(id),
            company_id: FIRST,
            driver_id: UserId(DRIVERS_FROM + driver),
            interviewee_id: IntervieweeId(INTERVIEWEES_FROM + driver),
            interviewer_id: UserId(INTERVIEWERS_FROM + interviewer),
            kind: kinds[usize::try_from(n % 3).unwrap_or(0)],
            state,
            slot,
            location: (n % 6 > 0).then(|| format!("Room {}, Building {}", n % 97, n % 11)),
            allow_overlap: false,
            version: 1,
            created_at,
            updated_at: created_at,
        }
    }

    /// The generated interviews if every interviewer had as many.
    fn capacity(&self) -> i64 {
        let of_interviewer = (self.count + self.interviewers - 1).div_euclid(self.interviewers);
        of_interviewer * self.interviewers
    }

    fn without_date(&self, n: i64) -> Appointment {
        let (hour_of_work, interviewer) = (n / self.interviewers, n % self.interviewers);
        let (week, day, hour) = (hour_of_work / 40, hour_of_work / 8 % 5, hour_of_work % 8);
        let start = moment("2026-01-05T08:00:00Z") // a Monday
            + TimeDelta::days(week * 7 + day)
            + TimeDelta::hours(hour)
            + TimeDelta::minutes(interviewer % 15);
        let proposal = |by, before| Proposal { slot: half_an_hour(start + TimeDelta::days(1)), by, before };
        let state = match n % 10 {
            0 => State::Amended(proposal(Side::Interviewee, StatusBeforeProposal::Scheduled)),
            1 => State::Amended(proposal(Side::Interviewer, StatusBeforeProposal::Pending)),
            2 => State::Completed,
            3 => State::Cancelled { reason: (n % 4 == 0).then(|| "The position was filled".to_owned()) },
            4 if n % 20 == 4 => State::NoShow { absent: Side::Interviewee },
            4 => State::Rejected { reason: Some("Took another job".to_owned()) },
            5..=7 => State::Scheduled,
            _ => State::Pending,
        };
        let created_at = moment("2025-12-01T09:00:00Z") + TimeDelta::seconds(11 * n);
        Appointment { slot: half_an_hour(start), state, created_at }
    }

    fn of_second_company(&self, n: i64) -> Interview {
        let without_date = || Appointment {
            slot: half_an_hour(moment("2025-06-02T08:00:00Z") + TimeDelta::hours(n)),
            state: if n % 2 == 0 { State::Scheduled } else { State::Pending },
            created_at: moment("2025-05-01T09:00:00Z"),
        };
        let appointment = self.calendar.as_ref().map(|calendar| calendar.of_second_company(n));
        let Appointment { slot, state, created_at } = appointment.unwrap_or_else(without_date);
        Interview {
            id: InterviewId(self.count.max(demo::INTERVIEW.0) + 1 + n),
            company_id: SECOND,
            driver_id: if n == 0 { demo::DRIVER } else { UserId(DRIVERS_FROM + n) },
            interviewee_id: self.second_interviewee(n),
            interviewer_id: demo::OTHER_STAFF,
            kind: InterviewKind::PhoneCall,
            state,
            slot,
            created_at,
            ..documented()
        }
    }
}

pub(super) fn companies() -> Vec<Company> {
    let company = |id, name: &str, time_zone| Company {
        id,
        name: name.to_owned(),
        image: None,
        time_zone,
        source_updated_at: None,
    };
    vec![
        company(FIRST, "Northern Haulage", TimeZone(Tz::Europe__London)),
        company(SECOND, "Coastal Freight", TimeZone(Tz::Europe__Amsterdam)),
    ]
}

/// What the companies have set, and when.
pub(super) fn settings() -> [(CompanyId, CompanySettings, DateTime<Utc>); 2] {
    let settings = CompanySettings { version: 1, reminders: vec![1440, 60], answer_reminder_hours: Vec::new() };
    [FIRST, SECOND].map(|company| (company, settings.clone(), moment("2025-03-19T16:00:00Z")))
}

/// The documentation's interview, before the documented request.
fn documented() -> Interview {
    Interview {
        id: demo::INTERVIEW,
        company_id: FIRST,
        driver_id: demo::DRIVER,
        interviewee_id: demo::INTERVIEWEE,
        interviewer_id: demo::INTERVIEWER,
        kind: InterviewKind::VideoCall,
        state: State::Pending,
        slot: half_an_hour(moment("2025-03-20T09:00:00Z")),
        location: None,
        allow_overlap: false,
        version: 1,
        created_at: moment("2025-03-19T16:20:41.250Z"),
        updated_at: moment("2025-03-19T16:20:41.250Z"),
    }
}

fn user(id: UserId, authority: Authority, title: String) -> User {
    User { id, authority, title, image: None, phone_number: None, contact_phone_number: None }
}

fn name(n: i64) -> String {
    const FIRST_NAMES: [&str; 16] = [
        "Alex", "Bruna", "Chidi", "Dana", "Emre", "Fatima", "Goran", "Hana", "Ivo", "Jana", "Kofi", "Lena", "Mateo",
        "Nora", "Omar", "Petra",
    ];
    const LAST_NAMES: [&str; 13] = [
        "Abel", "Bakker", "Costa", "Duran", "Eriksen", "Fischer", "Garcia", "Horvat", "Ito", "Jansen", "Kaya", "Lopez",
        "Moreau",
    ];
    let pick = |names: &[&'static str]| names[usize::try_from(n).unwrap_or(0) % names.len()];
    format!("{} {}", pick(&FIRST_NAMES), pick(&LAST_NAMES))
}

fn picture(folder: &str, n: i64, of: i64) -> Option<String> {
    (n % of > 0).then(|| format!("https://cdn.example.test/{folder}/{n}.jpg"))
}

pub(super) fn half_an_hour(start: DateTime<Utc>) -> TimeSlot {
    #[expect(clippy::expect_used, reason = "half an hour is a valid slot")]
    TimeSlot::try_new(start, start + TimeDelta::minutes(30)).expect("half an hour")
}

fn moment(text: &'static str) -> DateTime<Utc> {
    #[expect(clippy::expect_used, reason = "only literals of this file are read")]
    time::parse(text).expect("RFC 3339")
}
