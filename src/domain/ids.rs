//! Ids, one type for each table, so that the id of an interviewee cannot be used to look up a user.

use serde::Serialize;
use std::fmt;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub struct $name(pub i64);

        impl $name {
            /// Parses an id as the API prints it: a positive decimal number without leading zeros. Any other text
            /// becomes 0, an id that no row has, so that a malformed id is not found, like any unknown one.
            #[must_use]
            pub fn from_text(text: &str) -> Self {
                let canonical = text.starts_with(|first: char| matches!(first, '1'..='9'));
                Self(text.parse().ok().filter(|_| canonical).unwrap_or(0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id! {
    /// A company, the tenant.
    CompanyId;
    /// A user. Drivers, staff and admins share one sequence.
    UserId;
    /// One driver's application to one company.
    IntervieweeId;
    /// An interview.
    InterviewId;
    /// An event of the log. Later events of one interview have greater ids.
    EventId;
    /// A feed of a calendar.
    FeedId;
    /// A webhook.
    WebhookId;
    /// One message to one webhook.
    DeliveryId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_canonical_positive_decimal_is_an_id() {
        assert_eq!(InterviewId::from_text("27"), InterviewId(27));
        for nothing in ["", "0", "-27", "+27", "027", " 27", "27.0", "0x1b", "abc", "9223372036854775808"] {
            assert_eq!(InterviewId::from_text(nothing), InterviewId(0), "{nothing:?}");
        }
    }
}
