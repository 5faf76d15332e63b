//! An application as the platform sends it.

use super::texts::{optional_text, required, title};
use super::{Judgement, PlatformRow, References, RowError, RowField, Wanted, ids, is_outdated};
use crate::domain::{CompanyId, Interviewee, IntervieweeId, IntervieweeKind, Patch, RefusalCode, UserId};
use chrono::{DateTime, Utc};

/// An application with what only the platform knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// What interviews show of the application.
    pub interviewee: Interviewee,
    /// What the driver applied for.
    pub title: Option<String>,
    /// When the application last changed in the platform, as far as this server knows. The server's own changes of the
    /// kind do not count.
    pub source_updated_at: Option<DateTime<Utc>>,
}

/// An application as the platform sends it. An absent field keeps what is stored; null clears the title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntervieweeRow {
    /// The id in the platform.
    pub id: String,
    /// When the row changed in the platform.
    pub source_updated_at: DateTime<Utc>,
    /// The company to which the driver applied. Required in a new row, and never changed.
    pub company_id: Patch<String>,
    /// The driver who applied. Required in a new row, and never changed.
    pub driver_id: Patch<String>,
    /// The progress of the application. Required in a new row.
    pub kind: Patch<IntervieweeKind>,
    /// What the driver applied for.
    pub title: Patch<String>,
}

/// The number that a field has after the row, and whether it is another one than before.
fn reference(
    given: &Patch<String>,
    stored: Option<i64>,
    field: RowField,
    message: &str,
    errors: &mut Vec<RowError>,
) -> Option<i64> {
    let Patch::Value(text) = given else {
        return required(given.clone().map(|_| 0), stored, field, errors);
    };
    match ids::parse(text, field) {
        Ok(id) if stored.is_none_or(|stored| stored == id) => Some(id),
        Ok(_) => {
            errors.push(RowError::immutable(field, message));
            None
        }
        Err(error) => {
            errors.push(error);
            None
        }
    }
}

impl IntervieweeRow {
    fn company(&self, stored: Option<&Application>, errors: &mut Vec<RowError>) -> Option<CompanyId> {
        let stored = stored.map(|stored| stored.interviewee.company_id.0);
        let message = "An application stays with its company.";
        reference(&self.company_id, stored, RowField::CompanyId, message, errors).map(CompanyId)
    }

    fn driver(&self, stored: Option<&Application>, errors: &mut Vec<RowError>) -> Option<UserId> {
        let stored = stored.map(|stored| stored.interviewee.driver_id.0);
        let message = "An application stays with its driver.";
        reference(&self.driver_id, stored, RowField::DriverId, message, errors).map(UserId)
    }
}

impl PlatformRow for IntervieweeRow {
    type Stored = Application;

    fn id(&self) -> &str {
        &self.id
    }

    fn source_updated_at(&self) -> DateTime<Utc> {
        self.source_updated_at
    }

    fn want(&self, stored: Option<&Application>, wanted: &mut Wanted) {
        if stored.is_none() {
            wanted.companies.extend(self.company(None, &mut Vec::new()));
            wanted.drivers.extend(self.driver(None, &mut Vec::new()));
        }
    }

    fn judge(
        &self,
        id: i64,
        stored: Option<&Application>,
        references: &References,
        now: DateTime<Utc>,
    ) -> Judgement<Application> {
        if is_outdated(self.source_updated_at, stored.and_then(|stored| stored.source_updated_at)) {
            return Judgement::Outdated;
        }
        let mut errors = Vec::new();
        let company = self.company(stored, &mut errors);
        let driver = self.driver(stored, &mut errors);
        if stored.is_none() {
            if company.is_some_and(|company| !references.companies.contains(&company)) {
                let message = "There is no company with this id: send the company first.";
                errors.push(RowError::new(RefusalCode::CompanyNotFound, RowField::CompanyId, message));
            }
            match driver.map(|driver| references.drivers.get(&driver)) {
                Some(None) => {
                    let message = "There is no driver with this id: send the driver first.";
                    errors.push(RowError::new(RefusalCode::DriverNotFound, RowField::DriverId, message));
                }
                Some(Some(true)) => errors.push(RowError::erased(RowField::DriverId)),
                Some(Some(false)) | None => {}
            }
        }
        // Destructured in full, so that a new field does not compile until it is handled.
        let Self { id: _, source_updated_at, company_id: _, driver_id: _, kind, title: text } = self;
        let kind = required(*kind, stored.map(|stored| stored.interviewee.kind), RowField::Kind, &mut errors);
        let kept = stored.and_then(|stored| stored.title.as_ref());
        let title = optional_text(text, kept, RowField::Title, &mut errors, title);
        let (Some(company_id), Some(driver_id), Some(kind), true) = (company, driver, kind, errors.is_empty()) else {
            return Judgement::Refused(errors);
        };
        let application = |updated_at| Application {
            interviewee: Interviewee { id: IntervieweeId(id), company_id, driver_id, kind, updated_at },
            title: title.clone(),
            source_updated_at: Some(*source_updated_at),
        };
        if let Some(stored) = stored {
            let same = application(stored.interviewee.updated_at);
            if *stored == (Application { source_updated_at: stored.source_updated_at, ..same.clone() }) {
                return Judgement::Stamp(same);
            }
        }
        Judgement::Write(application(now))
    }
}
