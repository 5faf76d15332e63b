//! Optimistic locking.

/// Which version of an interview a request was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Whatever is stored.
    Any,
    /// One of these.
    OneOf(Vec<i32>),
}

impl ExpectedVersion {
    /// Whether this version is among the expected ones.
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
