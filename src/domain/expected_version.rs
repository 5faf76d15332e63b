//! Optimistic concurrency control by the client.

use serde::Serialize;

/// The versions of the interview for which a request is valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpectedVersion {
    /// The interview has one of these versions.
    pub required: Versions,
    /// The interview has none of these versions.
    pub excluded: Versions,
}

/// A set of versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Versions {
    /// Every version.
    All,
    /// These versions.
    OneOf(Vec<i32>),
}

impl Versions {
    /// No version.
    pub const NONE: Self = Self::OneOf(Vec::new());

    fn contains(&self, version: i32) -> bool {
        match self {
            Self::All => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

impl ExpectedVersion {
    /// The client does not check the version.
    pub const ANY: Self = Self { required: Versions::All, excluded: Versions::NONE };

    /// Whether a request may change an interview at this version.
    #[must_use]
    pub fn matches(&self, version: i32) -> bool {
        self.is_required(version) && !self.excluded.contains(version)
    }

    /// Whether the version is one of the required ones. Of two conditions that fail, this is the first.
    #[must_use]
    pub fn is_required(&self, version: i32) -> bool {
        self.required.contains(version)
    }
}

impl From<Option<i32>> for ExpectedVersion {
    fn from(version: Option<i32>) -> Self {
        version.map_or(Self::ANY, |version| Self { required: Versions::OneOf(vec![version]), ..Self::ANY })
    }
}
