//! Who manages webhooks, and why a request about webhooks is refused.

use crate::domain::webhook::{WebhookError, WebhookStatus};
use crate::domain::{Authority, CompanyId, Refusal, RefusalCode, Viewer};

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookRefusal {
    /// The viewer manages no webhook with this id.
    UnknownWebhook,
    /// The viewer manages no webhook with this delivery.
    UnknownDelivery,
    /// The viewer manages no company with this id.
    UnknownCompany,
    /// The viewer sees no event with this id.
    UnknownEvent,
    /// The webhook has this version, and not the one that the request expects.
    Stale(i32),
    /// The values have these errors.
    Invalid(Vec<WebhookError>),
    /// The company has as many webhooks as it may have, or there are as many without a company.
    TooMany,
    /// The webhook receives nothing, because it has this status.
    NotEnabled(WebhookStatus),
    /// See [`Refusal::KeyReused`].
    KeyReused,
}

/// What a request about webhooks leads to.
pub type WebhookResult<T> = Result<T, WebhookRefusal>;

impl WebhookRefusal {
    /// The code; of several errors, that of the first one.
    #[must_use]
    pub fn code(&self) -> RefusalCode {
        match self {
            Self::UnknownWebhook | Self::UnknownDelivery | Self::UnknownCompany | Self::UnknownEvent => {
                RefusalCode::NotFound
            }
            Self::Stale(_) => RefusalCode::StaleVersion,
            Self::Invalid(errors) => errors.first().map_or(RefusalCode::Required, |error| error.code),
            Self::TooMany => RefusalCode::TooManyWebhooks,
            Self::NotEnabled(_) => RefusalCode::InvalidState,
            Self::KeyReused => RefusalCode::IdempotencyKeyReused,
        }
    }
}

impl Viewer {
    /// Checks whether the viewer manages any webhooks. Refuses drivers, and staff who are no managers.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`]
    pub fn permit_webhooks(&self) -> Result<(), Refusal> {
        match self.authority {
            Authority::Admin | Authority::Service => Ok(()),
            Authority::Staff(_) if self.manager => Ok(()),
            Authority::Staff(_) | Authority::Driver => {
                Err(Refusal::Forbidden("Only managers, admins and services can manage webhooks."))
            }
        }
    }

    /// The same for webhooks without a company, which receive the events of all.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`]
    pub fn permit_webhooks_of_all_companies(&self) -> Result<(), Refusal> {
        match self.authority {
            Authority::Admin | Authority::Service => Ok(()),
            Authority::Staff(_) | Authority::Driver => {
                Err(Refusal::Forbidden("Only admins and services can manage webhooks without a company."))
            }
        }
    }

    /// Whether the viewer manages the webhooks of a company, or those without one. Others do not exist for the viewer.
    #[must_use]
    pub fn manages_webhooks_of(&self, company: Option<CompanyId>) -> bool {
        match self.authority {
            Authority::Admin | Authority::Service => true,
            Authority::Staff(own) => self.manager && company == Some(own),
            Authority::Driver => false,
        }
    }
}
