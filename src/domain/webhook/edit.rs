//! Creating and changing webhooks: which values they can have.

use crate::domain::text::{self, Breaks};
use crate::domain::webhook::address::{AddressPolicy, WebhookUrl};
use crate::domain::webhook::{DisabledReason, PreviousSecret, Webhook, WebhookSecret, WebhookStatus, WebhookType};
use crate::domain::{CompanyId, Patch, RefusalCode, WebhookId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use strum::IntoStaticStr;

/// What a user says of a new webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewWebhook {
    /// See [`Webhook::url`].
    pub url: String,
    /// See [`Webhook::company_id`].
    pub company_id: Option<CompanyId>,
    /// See [`Webhook::types`].
    pub types: Option<Vec<WebhookType>>,
    /// See [`Webhook::description`].
    pub description: Option<String>,
}

/// What a user changes of a webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookPatch {
    /// See [`Webhook::url`].
    pub url: Patch<String>,
    /// See [`Webhook::types`].
    pub types: Patch<Vec<WebhookType>>,
    /// See [`Webhook::description`].
    pub description: Patch<String>,
    /// Whether it receives messages.
    pub enabled: Patch<bool>,
}

/// A field of a webhook, by its name in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "camelCase", const_into_str)]
pub enum WebhookField {
    /// See [`Webhook::url`].
    Url,
    /// See [`Webhook::types`].
    Types,
    /// See [`Webhook::description`].
    Description,
    /// See [`Webhook::status`].
    Status,
}

/// Why a webhook cannot have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookError {
    /// For programs.
    pub code: RefusalCode,
    /// The field at fault.
    pub field: WebhookField,
    /// For people: whole sentences.
    pub message: String,
    /// The limit that the value exceeds, in characters.
    pub limit: Option<usize>,
}

const MAX_DESCRIPTION: usize = 500;

impl WebhookError {
    fn new(code: RefusalCode, field: WebhookField, message: impl Into<String>) -> Self {
        Self { code, field, message: message.into(), limit: None }
    }

    fn cleared(field: WebhookField) -> Self {
        Self::new(RefusalCode::NullNotAllowed, field, "This field cannot be null.")
    }
}

impl NewWebhook {
    /// The webhook. Refuses with all errors at once.
    ///
    /// # Errors
    /// All errors of the input.
    pub fn create(
        self,
        secret: WebhookSecret,
        policy: AddressPolicy,
        now: DateTime<Utc>,
    ) -> Result<Webhook, Vec<WebhookError>> {
        let Self { url, company_id, types, description } = self;
        let mut errors = Vec::new();
        let url = checked_url(&url, policy).map_err(|error| errors.push(error)).unwrap_or_default();
        let types = types.map(|types| checked_types(types, &mut errors));
        let description = description.and_then(|text| checked_description(&text, &mut errors));
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Webhook {
            id: WebhookId(0),
            company_id,
            url,
            types,
            description,
            status: WebhookStatus::Enabled,
            disabled_reason: None,
            secret,
            previous_secret: None,
            failing_since: None,
            version: 1,
            created_at: now,
            updated_at: now,
            missed_after: None,
        })
    }
}

impl Webhook {
    /// The most webhooks of a company, and the most without a company.
    pub const MAX_PER_COMPANY: u64 = 20;

    /// The webhook with the changes of a request. None if it changes nothing. Refuses with all errors at once.
    ///
    /// # Errors
    /// All errors of the input.
    pub fn update(
        &self,
        patch: WebhookPatch,
        policy: AddressPolicy,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, Vec<WebhookError>> {
        let WebhookPatch { url, types, description, enabled } = patch;
        let (mut updated, mut errors) = (self.clone(), Vec::new());
        match url {
            Patch::Absent => {}
            Patch::Null => errors.push(WebhookError::cleared(WebhookField::Url)),
            Patch::Value(url) => match checked_url(&url, policy) {
                Ok(url) => updated.url = url,
                Err(error) => errors.push(error),
            },
        }
        match types {
            Patch::Absent => {}
            Patch::Null => updated.types = None,
            Patch::Value(types) => updated.types = Some(checked_types(types, &mut errors)),
        }
        match description {
            Patch::Absent => {}
            Patch::Null => updated.description = None,
            Patch::Value(text) => updated.description = checked_description(&text, &mut errors),
        }
        match enabled {
            Patch::Absent => {}
            Patch::Null => errors.push(WebhookError::cleared(WebhookField::Status)),
            Patch::Value(true) => updated.status = WebhookStatus::Enabled,
            Patch::Value(false) => updated.status = WebhookStatus::Paused,
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        if updated == *self {
            return Ok(None);
        }
        if updated.status != WebhookStatus::Disabled {
            updated.disabled_reason = None;
        }
        // Another receiver, or one that was repaired, has not failed yet.
        if updated.url != self.url || (updated.is_enabled() && !self.is_enabled()) {
            updated.failing_since = None;
        }
        Ok(Some(updated.changed(now)))
    }

    /// The webhook with a new secret. The present one remains valid for `overlap`.
    #[must_use]
    pub fn rotate_secret(&self, secret: WebhookSecret, overlap: TimeDelta, now: DateTime<Utc>) -> Self {
        let previous = PreviousSecret { secret: self.secret.clone(), until: now + overlap };
        let previous_secret = Some(previous).filter(|_| overlap > TimeDelta::zero());
        Self { secret, previous_secret, ..self.clone() }.changed(now)
    }

    /// The webhook after a user has switched it off.
    #[must_use]
    pub fn paused(&self, now: DateTime<Utc>) -> Self {
        Self { status: WebhookStatus::Paused, disabled_reason: None, ..self.clone() }.changed(now)
    }

    /// The webhook after the server has switched it off.
    #[must_use]
    pub fn disabled(&self, reason: DisabledReason, now: DateTime<Utc>) -> Self {
        Self { status: WebhookStatus::Disabled, disabled_reason: Some(reason), ..self.clone() }.changed(now)
    }

    /// Whether it receives messages.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.status == WebhookStatus::Enabled
    }

    fn changed(self, now: DateTime<Utc>) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

fn checked_url(text: &str, policy: AddressPolicy) -> Result<String, WebhookError> {
    let invalid =
        |error: &dyn ToString| WebhookError::new(RefusalCode::InvalidUrl, WebhookField::Url, error.to_string());
    WebhookUrl::parse(text, policy).map(|url| url.as_str().to_owned()).map_err(|error| invalid(&error))
}

/// Each type once, in the order of the enum.
fn checked_types(mut types: Vec<WebhookType>, errors: &mut Vec<WebhookError>) -> Vec<WebhookType> {
    if types.is_empty() {
        let message = "Name at least one type, or null for all types. Pause a webhook that needs none.";
        errors.push(WebhookError::new(RefusalCode::Required, WebhookField::Types, message));
    }
    types.sort_unstable();
    types.dedup();
    types
}

fn checked_description(text: &str, errors: &mut Vec<WebhookError>) -> Option<String> {
    let text = text.trim();
    let field = WebhookField::Description;
    if text.chars().count() > MAX_DESCRIPTION {
        let message = format!("The description can have at most {MAX_DESCRIPTION} characters.");
        let error = WebhookError::new(RefusalCode::TextTooLong, field, message);
        errors.push(WebhookError { limit: Some(MAX_DESCRIPTION), ..error });
    } else if let Err(problem) = text::check(text, Breaks::TabAndLineFeed) {
        let message = format!("The description {problem}.");
        errors.push(WebhookError::new(RefusalCode::InvalidText, field, message));
    }
    Some(text.to_owned()).filter(|text| !text::is_blank(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2025-03-20T10:00:00Z".parse().unwrap()
    }

    fn webhook() -> Webhook {
        let url = "https://example.com/hook".to_owned();
        let new = NewWebhook { url, company_id: Some(CompanyId(1)), types: None, description: None };
        new.create(WebhookSecret::from_bytes([1; 32]), AddressPolicy::default(), now()).unwrap()
    }

    fn update(webhook: &Webhook, patch: WebhookPatch) -> Option<Webhook> {
        webhook.update(patch, AddressPolicy::default(), now() + TimeDelta::hours(1)).unwrap()
    }

    #[test]
    fn values_that_are_equal_change_nothing() {
        for patch in [
            WebhookPatch::default(),
            WebhookPatch { url: Patch::Value("https://EXAMPLE.com/hook".to_owned()), ..WebhookPatch::default() },
            WebhookPatch { types: Patch::Null, description: Patch::Null, ..WebhookPatch::default() },
            WebhookPatch { description: Patch::Value(" \n".to_owned()), ..WebhookPatch::default() },
            WebhookPatch { enabled: Patch::Value(true), ..WebhookPatch::default() },
        ] {
            assert_eq!(update(&webhook(), patch), None);
        }
    }

    #[test]
    fn each_change_has_a_version_and_types_are_sorted() {
        let types = vec![WebhookType::Cancelled, WebhookType::Created, WebhookType::Cancelled];
        let updated = update(&webhook(), WebhookPatch { types: Patch::Value(types), ..WebhookPatch::default() });
        let updated = updated.unwrap();
        assert_eq!((updated.version, updated.updated_at), (2, now() + TimeDelta::hours(1)));
        assert_eq!(updated.types, Some(vec![WebhookType::Created, WebhookType::Cancelled]));
        assert!(updated.wants(WebhookType::Created) && !updated.wants(WebhookType::Updated));
    }

    #[test]
    fn all_errors_are_found_at_once() {
        let patch = WebhookPatch {
            url: Patch::Value("ftp://example.com".to_owned()),
            types: Patch::Value(Vec::new()),
            description: Patch::Value("x".repeat(501)),
            enabled: Patch::Null,
        };
        let errors = webhook().update(patch, AddressPolicy::default(), now()).unwrap_err();
        let found: Vec<_> = errors.into_iter().map(|error| (error.code, error.field, error.limit)).collect();
        let expected = [
            (RefusalCode::InvalidUrl, WebhookField::Url, None),
            (RefusalCode::Required, WebhookField::Types, None),
            (RefusalCode::TextTooLong, WebhookField::Description, Some(500)),
            (RefusalCode::NullNotAllowed, WebhookField::Status, None),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn webhook_that_is_enabled_again_or_has_another_url_has_not_failed() {
        let failing = Webhook {
            status: WebhookStatus::Disabled,
            disabled_reason: Some(crate::domain::webhook::DisabledReason::Failing),
            failing_since: Some(now()),
            ..webhook()
        };
        let enabled =
            update(&failing, WebhookPatch { enabled: Patch::Value(true), ..WebhookPatch::default() }).unwrap();
        assert_eq!(
            (enabled.status, enabled.disabled_reason, enabled.failing_since),
            (WebhookStatus::Enabled, None, None)
        );
        let url = Patch::Value("https://example.org".to_owned());
        let moved = update(&failing, WebhookPatch { url, ..WebhookPatch::default() }).unwrap();
        assert_eq!((moved.status, moved.failing_since), (WebhookStatus::Disabled, None));
        let description = Patch::Value("Payroll".to_owned());
        let described = update(&failing, WebhookPatch { description, ..WebhookPatch::default() }).unwrap();
        assert_eq!(
            (described.disabled_reason, described.failing_since),
            (failing.disabled_reason, failing.failing_since)
        );
        let paused =
            update(&failing, WebhookPatch { enabled: Patch::Value(false), ..WebhookPatch::default() }).unwrap();
        assert_eq!((paused.status, paused.disabled_reason), (WebhookStatus::Paused, None));
    }

    #[test]
    fn previous_secret_is_valid_during_the_overlap_only() {
        let (first, second) = (WebhookSecret::from_bytes([1; 32]), WebhookSecret::from_bytes([2; 32]));
        let rotated = webhook().rotate_secret(second.clone(), TimeDelta::minutes(30), now());
        assert_eq!((rotated.secret.clone(), rotated.version), (second, 2));
        let until = now() + TimeDelta::minutes(30);
        assert_eq!(rotated.previous_secret, Some(PreviousSecret { secret: first.clone(), until }));
        let at_once = rotated.rotate_secret(first, TimeDelta::zero(), now());
        assert_eq!(at_once.previous_secret, None);
    }
}
