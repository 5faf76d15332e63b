//! The values of rows: texts are trimmed, have the characters of [`text`](crate::domain::text), and are measured in
//! characters.

use super::{RowError, RowField};
use crate::domain::text::{self, Breaks};
use crate::domain::{Patch, RefusalCode};

/// The longest name of a company or a user, and the longest title of an application.
const MAX_TITLE: usize = 200;
const MAX_PHONE_NUMBER: usize = 40;
/// The longest address that mail servers accept (RFC 5321, section 4.5.3.1.3).
const MAX_EMAIL: usize = 254;
const MAX_IMAGE: usize = 2048;

/// The value after the row of a field that always has one: none if the row does not set it in a new row, or clears it.
pub(super) fn required<T>(
    patch: Patch<T>,
    stored: Option<T>,
    field: RowField,
    errors: &mut Vec<RowError>,
) -> Option<T> {
    match patch {
        Patch::Value(value) => Some(value),
        Patch::Null => {
            errors.push(RowError::cleared(field));
            None
        }
        Patch::Absent => {
            if stored.is_none() {
                errors.push(RowError::required(field));
            }
            stored
        }
    }
}

/// The value after the row of a field that may have none.
pub(super) fn optional<T>(patch: Patch<T>, stored: Option<T>) -> Option<T> {
    match patch {
        Patch::Value(value) => Some(value),
        Patch::Null => None,
        Patch::Absent => stored,
    }
}

/// Checks a text.
pub(super) type Check = fn(&str, RowField) -> Result<(), RowError>;

/// The same for a text, which is trimmed and checked.
pub(super) fn required_text(
    patch: &Patch<String>,
    stored: Option<&String>,
    field: RowField,
    errors: &mut Vec<RowError>,
    check: Check,
) -> Option<String> {
    match patch {
        Patch::Value(text) => checked(text, field, errors, check),
        Patch::Null | Patch::Absent => required(patch.clone(), stored.cloned(), field, errors),
    }
}

/// The same for a text that may be missing. A blank text that the check admits is none.
pub(super) fn optional_text(
    patch: &Patch<String>,
    stored: Option<&String>,
    field: RowField,
    errors: &mut Vec<RowError>,
    check: Check,
) -> Option<String> {
    match patch {
        Patch::Value(text) => checked(text, field, errors, check).filter(|text| !text::is_blank(text)),
        Patch::Null => None,
        Patch::Absent => stored.cloned(),
    }
}

fn checked(text: &str, field: RowField, errors: &mut Vec<RowError>, check: Check) -> Option<String> {
    let text = text.trim();
    check(text, field).map_err(|error| errors.push(error)).ok().map(|()| text.to_owned())
}

/// A name, or what a driver applied for.
pub(super) fn title(text: &str, field: RowField) -> Result<(), RowError> {
    let refusal = |problem: &str| {
        let message = format!("The {} {problem}.", field.label());
        Err(RowError::new(RefusalCode::InvalidTitle, field, message))
    };
    if text::is_blank(text) || text.chars().count() > MAX_TITLE {
        return refusal(&format!("has to have from 1 to {MAX_TITLE} characters, and not only invisible ones"));
    }
    text::check(text, Breaks::TabAndLineFeed).or_else(|problem| refusal(&problem.to_string()))
}

/// A telephone number, in any notation.
pub(super) fn phone_number(text: &str, field: RowField) -> Result<(), RowError> {
    if text.chars().count() > MAX_PHONE_NUMBER {
        return Err(RowError::too_long(field, MAX_PHONE_NUMBER));
    }
    let refusal = |problem| {
        let message = format!("The {} {problem}.", field.label());
        RowError::new(RefusalCode::InvalidText, field, message)
    };
    text::check(text, Breaks::TabAndLineFeed).map_err(refusal)
}

/// An address with something on both sides of its only @.
pub(super) fn email(text: &str, field: RowField) -> Result<(), RowError> {
    let parts = text.split_once('@');
    let is_address =
        parts.is_some_and(|(name, host)| !text::is_blank(name) && !text::is_blank(host) && !host.contains('@'));
    if is_address && is_plain(text) && text.chars().count() <= MAX_EMAIL {
        return Ok(());
    }
    let message = format!("Enter an address with one @, of at most {MAX_EMAIL} characters.");
    Err(RowError::new(RefusalCode::InvalidEmail, field, message))
}

/// An absolute URL that a browser loads pictures from.
pub(super) fn image(text: &str, field: RowField) -> Result<(), RowError> {
    let scheme = |name: &str| {
        let (given, rest) = text.split_at_checked(name.len())?;
        given.eq_ignore_ascii_case(name).then_some(rest)
    };
    let host = scheme("https://").or_else(|| scheme("http://"));
    let has_host = host.is_some_and(|rest| !text::is_blank(rest) && !rest.starts_with(['/', '?', '#', ':']));
    if has_host && is_plain(text) && text.chars().count() <= MAX_IMAGE {
        return Ok(());
    }
    let message = format!("Enter an http or https URL of at most {MAX_IMAGE} characters.");
    Err(RowError::new(RefusalCode::InvalidImage, field, message))
}

/// Whether the text is one word, and all of it is visible.
fn is_plain(text: &str) -> bool {
    !text.contains(text::is_invisible) && text::check(text, Breaks::None).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(check: Check, text: &str) -> bool {
        check(text, RowField::Title).is_ok()
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        for (check, longest) in [
            (title as Check, "ü".repeat(200)),
            (phone_number, "☎".repeat(40)),
            (email, format!("{}@example.test", "ü".repeat(241))),
            (image, format!("https://example.test/{}", "ü".repeat(2027))),
        ] {
            assert!(is_valid(check, &longest), "{longest}");
            assert!(!is_valid(check, &format!("{longest}x")), "{longest}");
        }
    }

    #[test]
    fn image_is_an_http_url_with_a_host() {
        for url in ["http://a", "https://cdn.example.test/1.jpg?x=ü#y", "HTTPS://Example.test:8443", "https://[::1]/a"]
        {
            assert!(is_valid(image, url), "{url}");
        }
        for text in [
            "",
            "a.jpg",
            "//a/b",
            "ftp://a",
            "javascript:alert(1)",
            "https://",
            "https:///a",
            "https://a b",
            "http:/a",
            "https://?a",
            "https://a\n",
            "data:image/png;base64,AA==",
            "https://a/\u{200b}",
            "https://a/\u{2800}",
        ] {
            assert!(!is_valid(image, text), "{text}");
        }
    }

    #[test]
    fn address_has_one_at_sign_with_something_on_both_sides() {
        for address in ["a@b", "first.last+tag@mail.example.test", "ü@ü"] {
            assert!(is_valid(email, address), "{address}");
        }
        for text in ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\u{0}", "a\u{200b}b@c"] {
            assert!(!is_valid(email, text), "{text}");
        }
    }

    #[test]
    fn control_characters_are_refused_except_tabs_and_line_feeds() {
        for check in [title as Check, phone_number] {
            assert!(is_valid(check, "a\tb\nc"));
            for text in ["a\u{0}", "a\u{1b}[0m", "a\rb", "a\u{85}b", "a\u{2028}b", "a\u{202e}b", "a\u{ffff}"] {
                assert!(!is_valid(check, text), "{text:?}");
            }
        }
    }

    #[test]
    fn name_address_and_host_are_visible() {
        for text in ["", " ", "\u{200b}", "\u{feff}", "\u{3164}\u{2800}"] {
            assert!(!is_valid(title, text), "{text:?}");
            assert!(!is_valid(email, &format!("{text}@b")) && !is_valid(email, &format!("a@{text}")), "{text:?}");
            assert!(!is_valid(image, &format!("https://{text}")), "{text:?}");
        }
    }

    #[test]
    fn addresses_and_urls_do_not_mislead() {
        for c in ['\u{202e}', '\u{2028}', '\u{85}', '\u{ffff}', '\u{fff9}', '\u{2066}'] {
            assert!(!is_valid(email, &format!("a{c}@b")), "{c:?}");
            assert!(!is_valid(image, &format!("https://a/{c}")), "{c:?}");
        }
    }
}
