//! What a company has set for itself, and who sees and changes it.

use crate::domain::{Authority, CompanyId, Patch, Refusal, RefusalCode, Viewer};
use strum::IntoStaticStr;

/// The settings of a company.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompanySettings {
    /// Incremented with every change; 0 for a company that has the defaults because it has set nothing.
    pub version: i32,
    /// How many minutes before an agreed interview a reminder of it is due, from the greatest to the smallest.
    pub reminders: Vec<i32>,
    /// After how many hours of waiting an answer is overdue, from the greatest to the smallest.
    pub answer_reminder_hours: Vec<i32>,
}

/// The settings that a request changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsPatch {
    /// See [`CompanySettings::reminders`].
    pub reminders: Patch<Vec<i32>>,
    /// See [`CompanySettings::answer_reminder_hours`].
    pub answer_reminder_hours: Patch<Vec<i32>>,
}

/// A setting, by its name in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "camelCase", const_into_str)]
pub enum Setting {
    /// See [`CompanySettings::reminders`].
    Reminders,
    /// See [`CompanySettings::answer_reminder_hours`].
    AnswerReminderHours,
}

/// Why a setting cannot have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    /// For programs.
    pub code: RefusalCode,
    /// The setting at fault.
    pub setting: Setting,
    /// Which of its items is at fault; none for the list.
    pub item: Option<usize>,
    /// For people: whole sentences.
    pub message: String,
}

/// What became of a request to change settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsUpdate {
    /// The settings afterwards. A request that changes nothing writes nothing.
    Done(CompanySettings),
    /// The viewer sees no company with this id.
    UnknownCompany,
    /// The settings have this version, and not the one that the request expects.
    Stale(i32),
    /// The values have these errors.
    Invalid(Vec<SettingError>),
}

impl SettingsUpdate {
    /// The code of the refusal, if it is one; of several errors, that of the first one.
    #[must_use]
    pub fn refusal_code(&self) -> Option<RefusalCode> {
        match self {
            Self::Done(_) => None,
            Self::UnknownCompany => Some(RefusalCode::NotFound),
            Self::Stale(_) => Some(RefusalCode::StaleVersion),
            Self::Invalid(errors) => errors.first().map(|error| error.code),
        }
    }
}

impl Setting {
    /// The most items of a list.
    pub const MAX_ITEMS: usize = 5;

    /// The values of its items.
    const fn range(self) -> (i32, i32) {
        match self {
            Self::Reminders => (5, 40_320),                // minutes: four weeks
            Self::AnswerReminderHours => (1, 40_320 / 60), // the same in hours
        }
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::Reminders => "minutes before an interview",
            Self::AnswerReminderHours => "hours of waiting",
        }
    }

    fn error(self, code: RefusalCode, item: Option<usize>, message: impl Into<String>) -> SettingError {
        SettingError { code, setting: self, item, message: message.into() }
    }

    /// The list that a patch makes of the stored one.
    fn over(self, patch: Patch<Vec<i32>>, stored: &[i32], errors: &mut Vec<SettingError>) -> Vec<i32> {
        let mut list = match patch {
            Patch::Absent => return stored.to_vec(),
            Patch::Null => {
                let message = "The list of reminders cannot be null. An empty one stands for no reminders.";
                errors.push(self.error(RefusalCode::NullNotAllowed, None, message));
                return Vec::new();
            }
            Patch::Value(list) => list,
        };
        if list.len() > Self::MAX_ITEMS {
            let message = format!("There can be at most {} reminders of a kind.", Self::MAX_ITEMS);
            errors.push(self.error(RefusalCode::InvalidSetting, None, message));
            return list;
        }
        let ((least, most), unit) = (self.range(), self.unit());
        for (index, item) in list.iter().enumerate() {
            let message = if !(least..=most).contains(item) {
                format!("A reminder comes {least} to {most} {unit}.")
            } else if list[..index].contains(item) {
                "This reminder is in the list already.".to_owned()
            } else {
                continue;
            };
            errors.push(self.error(RefusalCode::InvalidSetting, Some(index), message));
        }
        list.sort_unstable_by(|a, b| b.cmp(a));
        list
    }
}

impl CompanySettings {
    /// The settings with the changes of a request, and their next version. None if it changes nothing. Refuses with all
    /// errors at once.
    pub fn update(&self, patch: SettingsPatch) -> Result<Option<Self>, Vec<SettingError>> {
        let SettingsPatch { reminders, answer_reminder_hours } = patch;
        let mut errors = Vec::new();
        let reminders = Setting::Reminders.over(reminders, &self.reminders, &mut errors);
        let hours = Setting::AnswerReminderHours.over(answer_reminder_hours, &self.answer_reminder_hours, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let updated = Self { version: self.version, reminders, answer_reminder_hours: hours };
        Ok((updated != *self).then_some(Self { version: self.version + 1, ..updated }))
    }
}

impl Viewer {
    /// Whether the viewer sees the settings of a company. Drivers see none.
    #[must_use]
    pub fn sees_settings_of(&self, company: CompanyId) -> bool {
        match self.authority {
            Authority::Admin | Authority::Service => true,
            Authority::Staff(own) => own == company,
            Authority::Driver => false,
        }
    }

    /// Checks whether the viewer may change the settings of companies that they see. Refuses drivers, and staff who are
    /// no managers.
    pub fn permit_settings(&self) -> Result<(), Refusal> {
        match self.authority {
            Authority::Admin | Authority::Service => Ok(()),
            Authority::Staff(_) if self.manager => Ok(()),
            Authority::Staff(_) | Authority::Driver => {
                Err(Refusal::Forbidden("Only managers, admins and services can change the settings of a company."))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> CompanySettings {
        CompanySettings { version: 3, reminders: vec![1440, 60], answer_reminder_hours: vec![24] }
    }

    fn reminders(list: &[i32]) -> SettingsPatch {
        SettingsPatch { reminders: Patch::Value(list.to_vec()), ..SettingsPatch::default() }
    }

    fn hours(list: &[i32]) -> SettingsPatch {
        SettingsPatch { answer_reminder_hours: Patch::Value(list.to_vec()), ..SettingsPatch::default() }
    }

    /// The items at fault.
    fn at_fault(patch: SettingsPatch) -> Vec<(RefusalCode, Setting, Option<usize>)> {
        let errors = stored().update(patch).unwrap_err();
        errors.into_iter().map(|error| (error.code, error.setting, error.item)).collect()
    }

    #[test]
    fn lists_are_sorted_and_absent_ones_are_kept() {
        let updated = stored().update(reminders(&[60, 40_320, 5])).unwrap().unwrap();
        let expected = CompanySettings { version: 4, reminders: vec![40_320, 60, 5], ..stored() };
        assert_eq!(updated, expected);
        let updated = stored().update(hours(&[1, 672])).unwrap().unwrap();
        assert_eq!(updated, CompanySettings { version: 4, answer_reminder_hours: vec![672, 1], ..stored() });
        assert_eq!(stored().update(reminders(&[])).unwrap().unwrap().reminders, Vec::<i32>::new());
    }

    #[test]
    fn equal_lists_in_any_order_change_nothing() {
        for patch in [SettingsPatch::default(), reminders(&[60, 1440]), reminders(&[1440, 60]), hours(&[24])] {
            assert_eq!(stored().update(patch), Ok(None));
        }
    }

    #[test]
    fn items_outside_of_the_range_and_repeated_ones_are_refused() {
        let invalid = |setting, item| (RefusalCode::InvalidSetting, setting, item);
        let (first, second) = (Setting::Reminders, Setting::AnswerReminderHours);
        assert_eq!(at_fault(reminders(&[4, 5, 40_321, -1])), [0, 2, 3].map(|item| invalid(first, Some(item))));
        assert_eq!(at_fault(hours(&[0, 1, 673])), [0, 2].map(|item| invalid(second, Some(item))));
        assert_eq!(at_fault(reminders(&[60, 30, 60])), [invalid(first, Some(2))]);
        assert_eq!(at_fault(reminders(&[10, 20, 30, 40, 50, 60])), [invalid(first, None)]);
        let both = SettingsPatch { reminders: Patch::Null, answer_reminder_hours: Patch::Value(vec![0]) };
        assert_eq!(at_fault(both), [(RefusalCode::NullNotAllowed, first, None), invalid(second, Some(0))]);
    }
}
