//! A user as the platform sends them.

use super::texts::{email, image, optional, optional_text, phone_number, required, required_text, title};
use super::{Judgement, PlatformRow, References, RowError, RowField, Wanted, ids, is_outdated};
use crate::domain::{Account, Authority, CompanyId, Patch, RefusalCode, Role, TimeZone, User, UserId};
use chrono::{DateTime, Utc};

/// A user as the platform sends them. An absent field keeps what is stored; null clears what can be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The id in the platform: the `sub` claim of the user's tokens.
    pub id: String,
    /// When the row changed in the platform.
    pub source_updated_at: DateTime<Utc>,
    /// Required in a new row. The role of a user with interviews does not change between driver and others.
    pub role: Patch<Role>,
    /// The company of staff. Others have none.
    pub company_id: Patch<String>,
    /// Whether the user may administer their company. No for all who are not staff.
    pub manager: Patch<bool>,
    /// The name. Required in a new row.
    pub title: Patch<String>,
    /// The URL of a picture.
    pub image: Patch<String>,
    /// A driver's own number.
    pub phone_number: Patch<String>,
    /// The number under which drivers reach a member of staff.
    pub contact_phone_number: Patch<String>,
    /// The user's address.
    pub email: Patch<String>,
    /// The zone that the user has chosen.
    pub time_zone: Patch<TimeZone>,
    /// Since when the user can no longer sign in.
    pub deactivated_at: Patch<DateTime<Utc>>,
}

impl UserRow {
    /// The company that the row sets and the stored user is not in.
    fn other_company(&self, stored: Option<&Account>) -> Option<Result<CompanyId, RowError>> {
        let Patch::Value(text) = &self.company_id else { return None };
        let stored = stored.and_then(|stored| stored.user.authority.company());
        match ids::parse(text, RowField::CompanyId).map(CompanyId) {
            Ok(id) if stored == Some(id) => None,
            other => Some(other),
        }
    }

    /// Whether the row makes a driver of another user, or the reverse.
    fn changes_side(&self, stored: Option<&Account>) -> bool {
        let is_driver = |role| role == Role::Driver;
        match (self.role, stored) {
            (Patch::Value(role), Some(stored)) => is_driver(role) != is_driver(stored.user.authority.role()),
            _ => false,
        }
    }

    /// The role with the company, if they fit together.
    fn authority(
        &self,
        stored: Option<&Account>,
        references: &References,
        errors: &mut Vec<RowError>,
    ) -> Option<Authority> {
        let stored_role = stored.map(|stored| stored.user.authority.role());
        let role = required(self.role, stored_role, RowField::Role, errors);
        let kept = stored.and_then(|stored| stored.user.authority.company());
        let company = match (self.other_company(stored), &self.company_id) {
            (Some(Ok(company)), _) => {
                if !references.companies.contains(&company) && role == Some(Role::Staff) {
                    let message = "There is no company with this id: send the company first.";
                    errors.push(RowError::new(RefusalCode::CompanyNotFound, RowField::CompanyId, message));
                    return None;
                }
                Some(company)
            }
            (Some(Err(error)), _) => {
                errors.push(error);
                return None;
            }
            (None, Patch::Null) => None,
            (None, Patch::Absent | Patch::Value(_)) => kept,
        };
        let error = |code, message| Some(RowError::new(code, RowField::CompanyId, message));
        let (authority, error) = match (role?, company) {
            (Role::Staff, Some(company)) => (Some(Authority::Staff(company)), None),
            (Role::Staff, None) => (None, error(RefusalCode::CompanyRequired, "Staff need a company.")),
            (_, Some(_)) => (None, error(RefusalCode::CompanyNotAllowed, "Only staff have a company.")),
            (Role::Driver, None) => (Some(Authority::Driver), None),
            (Role::Admin, None) => (Some(Authority::Admin), None),
            (Role::Service, None) => (Some(Authority::Service), None),
        };
        errors.extend(error);
        authority
    }
}

impl PlatformRow for UserRow {
    type Stored = Account;

    fn id(&self) -> &str {
        &self.id
    }

    fn source_updated_at(&self) -> DateTime<Utc> {
        self.source_updated_at
    }

    fn want(&self, stored: Option<&Account>, wanted: &mut Wanted) {
        wanted.companies.extend(self.other_company(stored).and_then(Result::ok));
        if self.changes_side(stored) {
            wanted.interviewed.extend(stored.map(|stored| stored.user.id));
        }
    }

    fn judge(
        &self,
        id: i64,
        stored: Option<&Account>,
        references: &References,
        _: DateTime<Utc>,
    ) -> Judgement<Account> {
        if stored.is_some_and(|stored| stored.erased_at.is_some()) {
            return Judgement::Refused(vec![RowError::erased(RowField::Id)]);
        }
        if is_outdated(self.source_updated_at, stored.and_then(|stored| stored.source_updated_at)) {
            return Judgement::Outdated;
        }
        let id = UserId(id);
        let mut errors = Vec::new();
        let authority = self.authority(stored, references, &mut errors);
        if self.changes_side(stored) && references.interviewed.contains(&id) {
            let message = "A user with interviews cannot become a driver, and a driver with interviews nothing else.";
            errors.push(RowError::immutable(RowField::Role, message));
        }
        // Destructured in full, so that a new field does not compile until it is handled.
        let Self {
            id: _,
            source_updated_at,
            role: _,
            company_id: _,
            manager,
            title: name,
            image: picture,
            phone_number: number,
            contact_phone_number,
            email: address,
            time_zone,
            deactivated_at,
        } = self;
        let user = stored.map(|stored| &stored.user);
        let manager = required(*manager, Some(stored.is_some_and(|it| it.manager)), RowField::Manager, &mut errors);
        let title = required_text(name, user.map(|user| &user.title), RowField::Title, &mut errors, title);
        let mut text = |given, stored, field, check| optional_text(given, stored, field, &mut errors, check);
        let image = text(picture, user.and_then(|user| user.image.as_ref()), RowField::Image, image);
        let kept = user.and_then(|user| user.phone_number.as_ref());
        let own_number = text(number, kept, RowField::PhoneNumber, phone_number);
        let kept = user.and_then(|user| user.contact_phone_number.as_ref());
        let contact_phone_number = text(contact_phone_number, kept, RowField::ContactPhoneNumber, phone_number);
        let email = text(address, stored.and_then(|stored| stored.email.as_ref()), RowField::Email, email);
        let (Some(authority), Some(title), Some(manager), true) = (authority, title, manager, errors.is_empty()) else {
            return Judgement::Refused(errors);
        };
        let account = Account {
            user: User { id, authority, title, image, phone_number: own_number, contact_phone_number },
            manager: manager && matches!(authority, Authority::Staff(_)),
            email,
            time_zone: optional(*time_zone, stored.and_then(|stored| stored.time_zone)),
            deactivated_at: optional(*deactivated_at, stored.and_then(|stored| stored.deactivated_at)),
            tokens_valid_after: stored.and_then(|stored| stored.tokens_valid_after),
            erased_at: None,
            source_updated_at: Some(*source_updated_at),
        };
        let is_same =
            |stored: &Account| *stored == Account { source_updated_at: stored.source_updated_at, ..account.clone() };
        if stored.is_some_and(is_same) { Judgement::Stamp(account) } else { Judgement::Write(account) }
    }
}
