//! The lines of an iCalendar file (RFC 5545, section 3.1): folded at 75 bytes, and between characters.

/// The longest line, in bytes, without its end.
const MAX_LINE: usize = 75;

/// A file that is being written.
#[derive(Debug, Default)]
pub(super) struct ContentLines(String);

impl ContentLines {
    pub(super) fn into_text(self) -> String {
        self.0
    }

    /// Adds a property whose value has no line breaks.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        // Most lines are short.
        if name.len() + 1 + value.len() <= MAX_LINE {
            for part in [name, ":", value] {
                self.0.push_str(part);
            }
        } else {
            self.add_folded(name, value);
        }
        self.0.push_str("\r\n");
    }

    /// Adds a property whose value is a text (section 3.3.11).
    pub(super) fn add_text(&mut self, name: &str, text: &str) {
        self.add(name, &escaped(text));
    }

    fn add_folded(&mut self, name: &str, value: &str) {
        let mut length = 0;
        for character in name.chars().chain([':']).chain(value.chars()) {
            if length + character.len_utf8() > MAX_LINE {
                self.0.push_str("\r\n ");
                length = 1;
            }
            self.0.push(character);
            length += character.len_utf8();
        }
    }
}

/// A text as a value. What ends a line for some reader is an escaped line feed, and other control characters but tabs,
/// which no value may have, are left out.
fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => value.push_str("\\n"),
            '\\' | ';' | ',' => value.extend(['\\', character]),
            '\t' => value.push(character),
            character if character.is_control() => {}
            character => value.push(character),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(name: &str, text: &str) -> String {
        let mut lines = ContentLines::default();
        lines.add_text(name, text);
        lines.into_text()
    }

    #[test]
    fn text_is_escaped() {
        for (text, expected) in [
            ("Gate 2", "L:Gate 2\r\n"),
            (r"a;b,c\d:e", "L:a\\;b\\,c\\\\d:e\r\n"),
            ("a\r\nb\rc\nd", "L:a\\nb\\nc\\nd\r\n"),
            ("a\u{2028}b\u{2029}c\u{85}d\u{b}e\u{c}f", "L:a\\nb\\nc\\nd\\ne\\nf\r\n"),
            ("a\tb\0c\u{1b}d\u{7f}e", "L:a\tbcde\r\n"),
            ("", "L:\r\n"),
        ] {
            assert_eq!(written("L", text), expected, "{text:?}");
        }
    }

    #[test]
    fn line_of_more_than_75_bytes_is_folded_before_the_character_that_is_too_much() {
        let at = |length: usize| written("L", &"x".repeat(length));
        assert_eq!(at(73), format!("L:{}\r\n", "x".repeat(73)));
        assert_eq!(at(74), format!("L:{}\r\n x\r\n", "x".repeat(73)));
        assert_eq!(at(73 + 74), format!("L:{}\r\n {}\r\n", "x".repeat(73), "x".repeat(74)));
        assert_eq!(at(73 + 75), format!("L:{}\r\n {}\r\n x\r\n", "x".repeat(73), "x".repeat(74)));
        let name = format!("L{}", "x".repeat(71));
        assert_eq!(written(&name, "aü"), format!("{name}:a\r\n ü\r\n"));
        assert_eq!(written(&name, "👩b"), format!("{name}:\r\n 👩b\r\n"));
    }

    proptest! {
        #[test]
        fn lines_are_short_and_hold_the_text(text in any::<String>()) {
            let written = written("SUMMARY", &text);
            let lines = written.strip_suffix("\r\n").unwrap();
            for line in lines.split("\r\n") {
                prop_assert!(line.len() <= MAX_LINE && !line.contains(['\r', '\n']), "{:?}", line);
            }
            prop_assert_eq!(lines.replace("\r\n ", ""), format!("SUMMARY:{}", escaped(&text)));
        }
    }
}
