//! Time zones by the names of the IANA database (<https://www.iana.org/time-zones>).

use chrono_tz::Tz;

/// A time zone that this server knows. Links such as `Europe/Kiev` keep their name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone(pub Tz);

/// The text names no time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Enter a time zone by its name in the IANA database, such as \"Europe/Berlin\" or \"UTC\".")]
pub struct UnknownTimeZone;

impl TimeZone {
    /// The zone of those who have none of their own.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone with this name, in the spelling of the database.
    pub fn parse(name: &str) -> Result<Self, UnknownTimeZone> {
        name.parse().map(Self).map_err(|_| UnknownTimeZone)
    }

    /// The name as it was given.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_links_of_the_iana_database_are_kept() {
        for name in ["UTC", "Europe/Berlin", "Europe/Kiev", "America/Argentina/Buenos_Aires", "Etc/GMT+5"] {
            assert_eq!(TimeZone::parse(name).map(TimeZone::name), Ok(name));
        }
        assert_eq!(TimeZone::UTC.name(), "UTC");
    }

    #[test]
    fn other_texts_are_no_time_zones() {
        for text in ["", " ", "europe/berlin", "Europe/Berlin ", "+01:00", "CEST", "Mars/Olympus", "UTC\0"] {
            assert_eq!(TimeZone::parse(text), Err(UnknownTimeZone), "{text:?}");
        }
    }
}
