//! A company as the platform sends it.

use super::texts::{image, optional, optional_text, required_text, title};
use super::{Judgement, PlatformRow, References, RowField, Wanted, is_outdated};
use crate::domain::{Company, CompanyId, Patch, TimeZone};
use chrono::{DateTime, Utc};

/// A company as the platform sends it. An absent field keeps what is stored; null clears the picture, and resets the
/// time zone to UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyRow {
    /// The id in the platform.
    pub id: String,
    /// When the row changed in the platform.
    pub source_updated_at: DateTime<Utc>,
    /// Required in a new row.
    pub name: Patch<String>,
    /// The URL of a picture.
    pub image: Patch<String>,
    /// The zone of staff who have chosen no other.
    pub time_zone: Patch<TimeZone>,
}

impl PlatformRow for CompanyRow {
    type Stored = Company;

    fn id(&self) -> &str {
        &self.id
    }

    fn source_updated_at(&self) -> DateTime<Utc> {
        self.source_updated_at
    }

    fn want(&self, _: Option<&Company>, _: &mut Wanted) {}

    fn judge(&self, id: i64, stored: Option<&Company>, _: &References, _: DateTime<Utc>) -> Judgement<Company> {
        if is_outdated(self.source_updated_at, stored.and_then(|stored| stored.source_updated_at)) {
            return Judgement::Outdated;
        }
        // Destructured in full, so that a new field does not compile until it is handled.
        let Self { id: _, source_updated_at, name, image: picture, time_zone } = self;
        let mut errors = Vec::new();
        let stored_name = stored.map(|stored| &stored.name);
        let name = required_text(name, stored_name, RowField::Name, &mut errors, title);
        let stored_image = stored.and_then(|stored| stored.image.as_ref());
        let picture = optional_text(picture, stored_image, RowField::Image, &mut errors, image);
        let time_zone = optional(*time_zone, stored.map(|stored| stored.time_zone)).unwrap_or(TimeZone::UTC);
        let (Some(name), true) = (name, errors.is_empty()) else { return Judgement::Refused(errors) };
        let company =
            Company { id: CompanyId(id), name, image: picture, time_zone, source_updated_at: Some(*source_updated_at) };
        let is_same =
            |stored: &Company| *stored == Company { source_updated_at: stored.source_updated_at, ..company.clone() };
        if stored.is_some_and(is_same) { Judgement::Stamp(company) } else { Judgement::Write(company) }
    }
}
