//! Deterministic data for trying out and for benchmarks: the same count gives the same rows, on every machine.

use crate::domain::{
    Authority, Company, CompanyId, Event, Interview, InterviewId, InterviewKind, Interviewee, IntervieweeId,
    IntervieweeKind, Names, Proposal, Side, State, StatusBeforeProposal, TimeSlot, User, UserId,
};
use crate::services::Services;
use crate::storage::{StorageError, bulk_insert};
use chrono::{DateTime, TimeDelta, Utc};

/// The people and the interview that are always there, under the ids that the REST API's documentation uses.
pub mod demo {
    use crate::domain::{InterviewId, IntervieweeId, UserId};

    /// An admin of the platform.
    pub const ADMIN: UserId = UserId(1);
    /// Jude Howell, a driver.
    pub const DRIVER: UserId = UserId(997);
    /// Staff of the first company.
    pub const STAFF: UserId = UserId(1000);
    /// Luisa Hintz, staff of the first company.
    pub const INTERVIEWER: UserId = UserId(1001);
    /// Jude Howell's application to the first company.
    pub const INTERVIEWEE: IntervieweeId = IntervieweeId(277);
    /// Luisa Hintz with Jude Howell.
    pub const INTERVIEW: InterviewId = InterviewId(27);
    /// Staff of the second company.
    pub const OTHER_STAFF: UserId = UserId(1002);
}

/// Why the database was not filled. Nothing was written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DemoDataError {
    /// There is data already.
    #[error("the database is not empty: demo data goes into an empty one only")]
    NotEmpty,
    /// No less than the one that is always there.
    #[error("at least one interview is needed")]
    NoInterviews,
    /// The database failed.
    #[error(transparent)]
    Failed(#[from] StorageError),
}

const FIRST: CompanyId = CompanyId(1);
const SECOND: CompanyId = CompanyId(2);
/// The first ids of generated people.
const INTERVIEWERS_FROM: i64 = 2_000;
const DRIVERS_FROM: i64 = 1_000_000;
const INTERVIEWEES_FROM: i64 = 1_000;
/// How many interviews the second company has.
const SECOND_COMPANY: i64 = 20;
/// How many interviews are held in memory at once. Their events are stored in the order of time.
const CHUNK: i64 = 5_000;

impl Services {
    /// Fills an empty database: `count` interviews in the first company, the documentation's among them, and a few in a second one.
    ///
    /// # Errors
    /// [`DemoDataError`]
    pub async fn fill_with_demo_data(&self, count: u32) -> Result<(), DemoDataError> {
        if count == 0 {
            return Err(DemoDataError::NoInterviews);
        }
        let plan = Plan::new(count.into());
        let transaction = self.db.begin().await?;
        if !bulk_insert::is_empty(&transaction).await? {
            return Err(DemoDataError::NotEmpty);
        }
        bulk_insert::insert_people(&transaction, plan.people()).await?;
        for from in (0..plan.total()).step_by(CHUNK.unsigned_abs().try_into().unwrap_or(1)) {
            let chunk = from..plan.total().min(from + CHUNK);
            let mut interviews: Vec<Interview> = chunk.map(|index| plan.interview(index)).collect();
            let mut events: Vec<Event> = interviews.iter_mut().flat_map(Interview::invent_history).collect();
            // In the order of time, which is also how they fill their pages: a chunk's interviews were all created within a day, and these
            // events are the large ones. Large and small in turns would leave a gap in every page; PostgreSQL fills those with later
            // events, one here and one there, and has to read and log another page for each.
            events.sort_by_key(|event| event.at);
            bulk_insert::insert_interviews(&transaction, &interviews, events).await?;
        }
        bulk_insert::continue_ids(&transaction).await?;
        transaction.commit().await.map_err(StorageError::from)?;
        Ok(())
    }
}

/// How the people and interviews of a given count are laid out. Interviewers have an interview an hour, eight on a working day, each
/// at a minute of their own; a driver's interviews are at least four hours' worth of turns apart. So no two of one person are closer
/// than 15 minutes, and a benchmark can move any of them by ten.
struct Plan {
    count: i64,
    interviewers: i64,
    drivers: i64,
}

impl Plan {
    fn new(count: i64) -> Self {
        let interviewers = (count + 199).div_euclid(200).max(5);
        let drivers = (count + 4).div_euclid(5).max(5 * interviewers);
        Self { count, interviewers, drivers }
    }

    /// Interviews of both companies: the documentation's, the generated ones, the second company's.
    fn total(&self) -> i64 {
        self.count + SECOND_COMPANY
    }

    fn people(&self) -> bulk_insert::CompaniesAndPeople {
        let company = |id, name: &str| Company { id, name: name.to_owned() };
        let applied = |id, company_id, driver_id, kind| {
            let updated_at = moment("2025-03-20T10:02:08.958Z");
            Interviewee { id, company_id, driver_id, kind, updated_at }
        };
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
        let applications = (0..self.drivers).map(|n| {
            let (id, driver) = (IntervieweeId(INTERVIEWEES_FROM + n), UserId(DRIVERS_FROM + n));
            let kind = if n < self.count { IntervieweeKind::Interview } else { IntervieweeKind::Verified };
            let interviewee = applied(id, FIRST, driver, kind);
            Interviewee { updated_at: interviewee.updated_at + TimeDelta::seconds(37 * n), ..interviewee }
        });
        let elsewhere = (0..SECOND_COMPANY).map(|n| {
            let driver = if n == 0 { demo::DRIVER } else { UserId(DRIVERS_FROM + n) };
            applied(self.second_interviewee(n), SECOND, driver, IntervieweeKind::Interview)
        });
        let jude = user(demo::DRIVER, Authority::Driver, "Jude Howell".to_owned());
        let fixed = [
            user(demo::ADMIN, Authority::Admin, "Ada Prentice".to_owned()),
            User { phone_number: Some("123".to_owned()), ..jude },
            user(demo::STAFF, Authority::Staff(FIRST), "Mona Berg".to_owned()),
            user(demo::INTERVIEWER, Authority::Staff(FIRST), "Luisa Hintz".to_owned()),
            user(demo::OTHER_STAFF, Authority::Staff(SECOND), "Piet Maas".to_owned()),
        ];
        let jude_applied = applied(demo::INTERVIEWEE, FIRST, demo::DRIVER, IntervieweeKind::Verified);
        bulk_insert::CompaniesAndPeople {
            companies: vec![company(FIRST, "Northern Haulage"), company(SECOND, "Coastal Freight")],
            users: fixed.into_iter().chain(staff).chain(drivers).collect(),
            interviewees: [jude_applied].into_iter().chain(applications).chain(elsewhere).collect(),
        }
    }

    fn second_interviewee(&self, n: i64) -> IntervieweeId {
        IntervieweeId(INTERVIEWEES_FROM + self.drivers + n)
    }

    fn interview(&self, index: i64) -> Interview {
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
        let (turn, interviewer) = (n / self.interviewers, n % self.interviewers);
        let (week, day, hour) = (turn / 40, turn / 8 % 5, turn % 8);
        let start = moment("2026-01-05T08:00:00Z") // a Monday
            + TimeDelta::days(week * 7 + day)
            + TimeDelta::hours(hour)
            + TimeDelta::minutes(interviewer % 15);
        let slot = slot(start);
        let proposal = |by, before| Proposal { slot: self::slot(start + TimeDelta::days(1)), by, before };
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
        // A multiple that shares no factor with the number of drivers would scatter them; this order keeps each one's interviews
        // `drivers` apart in `n`, that is at least five turns.
        let driver = n % self.drivers;
        let kinds = InterviewKind::ALL;
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
            created_at: moment("2025-12-01T09:00:00Z") + TimeDelta::seconds(11 * n),
            updated_at: moment("2025-12-01T09:00:00Z"),
        }
    }

    fn of_second_company(&self, n: i64) -> Interview {
        let start = moment("2025-06-02T08:00:00Z") + TimeDelta::hours(n);
        Interview {
            id: InterviewId(self.count.max(demo::INTERVIEW.0) + 1 + n),
            company_id: SECOND,
            driver_id: if n == 0 { demo::DRIVER } else { UserId(DRIVERS_FROM + n) },
            interviewee_id: self.second_interviewee(n),
            interviewer_id: demo::OTHER_STAFF,
            kind: InterviewKind::PhoneCall,
            state: if n % 2 == 0 { State::Scheduled } else { State::Pending },
            slot: slot(start),
            created_at: moment("2025-05-01T09:00:00Z"),
            ..documented()
        }
    }
}

/// The documentation's interview, as it is before the documented request.
fn documented() -> Interview {
    Interview {
        id: demo::INTERVIEW,
        company_id: FIRST,
        driver_id: demo::DRIVER,
        interviewee_id: demo::INTERVIEWEE,
        interviewer_id: demo::INTERVIEWER,
        kind: InterviewKind::VideoCall,
        state: State::Pending,
        slot: slot(moment("2025-03-20T09:00:00Z")),
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

fn slot(start: DateTime<Utc>) -> TimeSlot {
    #[expect(clippy::expect_used, reason = "half an hour is a valid slot")]
    TimeSlot::try_new(start, start + TimeDelta::minutes(30)).expect("half an hour")
}

fn moment(text: &'static str) -> DateTime<Utc> {
    #[expect(clippy::expect_used, reason = "only literals of this file are read")]
    crate::domain::time::parse(text).expect("RFC 3339")
}
