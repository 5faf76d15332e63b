//! Optimistic concurrency control by the client.

/// The version of the interview that a request was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// The client does not check the version.
    Any,
    /// The request is only valid for one of these versions.
    OneOf(Vec<i32>),
}

impl ExpectedVersion {
    /// Whether a request may change an interview at this version.
    #[must_use]
    pub fn matches(&self, version: i32) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

impl From<Option<i32>> for ExpectedVersion {
    fn from(version: Option<i32>) -> Self {
        version.map_or(Self::Any, |version| Self::OneOf(vec![version]))
    }
}
