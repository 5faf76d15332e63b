//! One entry of `CORS_ORIGINS`. What would never match is refused at the start, instead of never matching.

use crate::http::origin::Origin;
use std::str::FromStr;

/// An entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsOrigin {
    /// The entry is empty, because a variable can be, or a list can end with a comma.
    Empty,
    /// Any origin: `*`.
    Any,
    One(Origin),
}

/// Why an entry is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigin {
    #[error("`*` stands for all origins and can only be an entry of its own: list each origin")]
    Wildcard,
    #[error("`null` is the origin of sandboxed pages and of files of any site: use `*` to let them call")]
    Null,
    #[error("origins are separated by commas")]
    Blank,
    #[error("it has no scheme: write https://{0}")]
    NoScheme(String),
    #[error("a page has the scheme http or https, also one that opens WebSockets")]
    Scheme,
    #[error("an origin has no user name and no password")]
    UserInfo,
    #[error("an origin has no path, query and fragment: write {0}")]
    Path(String),
    #[error("it has to be like https://app.example.com or http://localhost:3000")]
    Malformed,
}

impl FromStr for CorsOrigin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let text = text.trim();
        match text {
            "" => return Ok(Self::Empty),
            "*" => return Ok(Self::Any),
            _ if text.contains('*') => return Err(InvalidOrigin::Wildcard),
            _ if text.eq_ignore_ascii_case("null") => return Err(InvalidOrigin::Null),
            _ if text.contains(char::is_whitespace) => return Err(InvalidOrigin::Blank),
            _ => {}
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            let is_host = Origin::of("https", text).is_some();
            return Err(if is_host { InvalidOrigin::NoScheme(text.to_owned()) } else { InvalidOrigin::Malformed });
        };
        if ["ws", "wss", "ftp", "file"].iter().any(|other| scheme.eq_ignore_ascii_case(other)) {
            return Err(InvalidOrigin::Scheme);
        }
        let (authority, path) = rest.split_at(rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(InvalidOrigin::UserInfo);
        }
        let origin = Origin::of(scheme, authority).ok_or(InvalidOrigin::Malformed)?;
        // A browser shows the address of a site with a slash.
        if matches!(path, "" | "/") { Ok(Self::One(origin)) } else { Err(InvalidOrigin::Path(origin.to_string())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_normalised() {
        for (entry, origin) in [
            ("https://app.example", "https://app.example"),
            (" https://app.example\n", "https://app.example"),
            ("https://app.example/", "https://app.example"),
            ("HTTPS://App.Example:443/", "https://app.example"),
            ("https://app.example.", "https://app.example"),
            ("http://localhost:3000/", "http://localhost:3000"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://[0::1]:80", "http://[::1]"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(entry.parse(), Ok(CorsOrigin::One(Origin::parse(origin).unwrap())), "{entry:?}");
        }
        for blank in ["", " ", "\n"] {
            assert_eq!(blank.parse(), Ok(CorsOrigin::Empty));
        }
        assert_eq!(" * ".parse(), Ok(CorsOrigin::Any));
    }

    #[test]
    fn entries_that_would_never_match_are_refused_with_the_reason() {
        let path = || InvalidOrigin::Path("https://app.example".to_owned());
        for (entry, reason) in [
            ("https://*.example", InvalidOrigin::Wildcard),
            ("https://app.example:*", InvalidOrigin::Wildcard),
            ("**", InvalidOrigin::Wildcard),
            ("null", InvalidOrigin::Null),
            ("NULL", InvalidOrigin::Null),
            ("https://app.example https://other.example", InvalidOrigin::Blank),
            ("https://app.example\nhttps://other.example", InvalidOrigin::Blank),
            ("app.example", InvalidOrigin::NoScheme("app.example".to_owned())),
            ("localhost:3000", InvalidOrigin::NoScheme("localhost:3000".to_owned())),
            ("wss://app.example", InvalidOrigin::Scheme),
            ("file://app.example", InvalidOrigin::Scheme),
            ("https://me@app.example", InvalidOrigin::UserInfo),
            ("https://me:secret@app.example/path", InvalidOrigin::UserInfo),
            ("https://app.example/path", path()),
            ("https://app.example//", path()),
            (r"https://app.example\", path()),
            ("https://app.example?", path()),
            ("https://App.example:443/?query", path()),
            ("https://app.example#fragment", path()),
            ("https://", InvalidOrigin::Malformed),
            ("https:///app.example", InvalidOrigin::Malformed),
            ("https:app.example", InvalidOrigin::Malformed),
            ("://app.example", InvalidOrigin::Malformed),
            ("https://app.example:65536", InvalidOrigin::Malformed),
            ("https://app.example;https", InvalidOrigin::Malformed),
            ("\"https://app.example\"", InvalidOrigin::Malformed),
            ("javascript:alert(1)", InvalidOrigin::Malformed),
            ("data:text/html", InvalidOrigin::Malformed),
        ] {
            assert_eq!(entry.parse::<CorsOrigin>(), Err(reason), "{entry:?}");
        }
    }
}
