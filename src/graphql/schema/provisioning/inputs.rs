//! The rows that the platform sends, and their conversion to the domain.

use crate::domain::Patch;
use crate::domain::provisioning::{CompanyRow, IntervieweeRow, UserRow};
use crate::graphql::schema::enums::{IntervieweeKind, Role};
use crate::graphql::schema::scalars::{DateTime, TimeZone};
use async_graphql::{ID, InputObject, MaybeUndefined};

/// A company as the platform has it. A field that is left out keeps its value.
#[derive(InputObject)]
pub struct CompanyInput {
    /// The id in the platform: a whole number from 1 to 9223372036854775807 (`INVALID_ID`), once in a request
    /// (`DUPLICATE_ID`).
    id: ID,
    /// When the company changed in the platform. A row that is not newer than the stored one is `OUTDATED`.
    source_updated_at: DateTime,
    /// The name: 1 to 200 characters (`INVALID_TITLE`). A new company needs one (`REQUIRED`).
    name: MaybeUndefined<String>,
    /// The http or https URL of a picture, at most 2048 characters (`INVALID_IMAGE`). Null removes it.
    image: MaybeUndefined<String>,
    /// The time zone of its staff who have chosen no other. The default, and null, are UTC.
    time_zone: MaybeUndefined<TimeZone>,
}

/// A user as the platform has them. A field that is left out keeps its value. Null removes the value where there can be
/// none, and is `NULL_NOT_ALLOWED` elsewhere.
#[derive(InputObject)]
pub struct UserInput {
    /// The id in the platform, which is the claim `sub` of the user's tokens: a whole number from 1 to
    /// 9223372036854775807 (`INVALID_ID`), once in a request (`DUPLICATE_ID`). `ERASED` if the user was erased.
    id: ID,
    /// When the user changed in the platform. A row that is not newer than the stored one is `OUTDATED`.
    source_updated_at: DateTime,
    /// The role. A new user needs one (`REQUIRED`). A user with interviews does not become a driver, and a driver with
    /// interviews nothing else (`IMMUTABLE`).
    role: MaybeUndefined<Role>,
    /// The company of staff, who need one (`COMPANY_REQUIRED`, `COMPANY_NOT_FOUND`). Others have none
    /// (`COMPANY_NOT_ALLOWED`).
    company_id: MaybeUndefined<ID>,
    /// Whether a member of staff may administer their company. The default is false, and so it is for all others.
    manager: MaybeUndefined<bool>,
    /// The name to display: 1 to 200 characters (`INVALID_TITLE`). A new user needs one (`REQUIRED`).
    title: MaybeUndefined<String>,
    /// The http or https URL of a picture, at most 2048 characters (`INVALID_IMAGE`).
    image: MaybeUndefined<String>,
    /// A driver's own telephone number, at most 40 characters (`TEXT_TOO_LONG`, `INVALID_TEXT`). A blank text is null.
    phone_number: MaybeUndefined<String>,
    /// The telephone number under which drivers reach a member of staff, with the same limits.
    contact_phone_number: MaybeUndefined<String>,
    /// The address for electronic mail: one @, at most 254 characters (`INVALID_EMAIL`).
    email: MaybeUndefined<String>,
    /// The time zone that the user has chosen.
    time_zone: MaybeUndefined<TimeZone>,
    /// Since when the user can no longer sign in. Null lets them sign in again. Their open interviews stay.
    deactivated_at: MaybeUndefined<DateTime>,
}

/// An application as the platform has it. A field that is left out keeps its value.
#[derive(InputObject)]
pub struct IntervieweeInput {
    /// The id in the platform: a whole number from 1 to 9223372036854775807 (`INVALID_ID`), once in a request
    /// (`DUPLICATE_ID`).
    id: ID,
    /// When the application changed in the platform. A row that is not newer than the stored one is `OUTDATED`. The
    /// changes of `kind` that this server makes by itself do not count.
    source_updated_at: DateTime,
    /// The company to which the driver applied. A new application needs one (`REQUIRED`, `COMPANY_NOT_FOUND`), which
    /// never changes (`IMMUTABLE`).
    company_id: MaybeUndefined<ID>,
    /// The driver who applied. A new application needs one (`REQUIRED`, `DRIVER_NOT_FOUND`), who never changes
    /// (`IMMUTABLE`).
    driver_id: MaybeUndefined<ID>,
    /// The state of the application. A new one needs it (`REQUIRED`).
    kind: MaybeUndefined<IntervieweeKind>,
    /// What the driver applied for: 1 to 200 characters (`INVALID_TITLE`). Null removes it.
    title: MaybeUndefined<String>,
}

fn patch<T, U>(value: MaybeUndefined<T>, convert: impl FnOnce(T) -> U) -> Patch<U> {
    match value {
        MaybeUndefined::Undefined => Patch::Absent,
        MaybeUndefined::Null => Patch::Null,
        MaybeUndefined::Value(value) => Patch::Value(convert(value)),
    }
}

fn text(value: MaybeUndefined<String>) -> Patch<String> {
    patch(value, |text| text)
}

fn id(value: MaybeUndefined<ID>) -> Patch<String> {
    patch(value, |id| id.0)
}

impl From<CompanyInput> for CompanyRow {
    fn from(input: CompanyInput) -> Self {
        Self {
            id: input.id.0,
            source_updated_at: input.source_updated_at.0,
            name: text(input.name),
            image: text(input.image),
            time_zone: patch(input.time_zone, |zone| zone.0),
        }
    }
}

impl From<UserInput> for UserRow {
    fn from(input: UserInput) -> Self {
        Self {
            id: input.id.0,
            source_updated_at: input.source_updated_at.0,
            role: patch(input.role, Into::into),
            company_id: id(input.company_id),
            manager: patch(input.manager, |is_manager| is_manager),
            title: text(input.title),
            image: text(input.image),
            phone_number: text(input.phone_number),
            contact_phone_number: text(input.contact_phone_number),
            email: text(input.email),
            time_zone: patch(input.time_zone, |zone| zone.0),
            deactivated_at: patch(input.deactivated_at, |time| time.0),
        }
    }
}

impl From<IntervieweeInput> for IntervieweeRow {
    fn from(input: IntervieweeInput) -> Self {
        Self {
            id: input.id.0,
            source_updated_at: input.source_updated_at.0,
            company_id: id(input.company_id),
            driver_id: id(input.driver_id),
            kind: patch(input.kind, Into::into),
            title: text(input.title),
        }
    }
}
