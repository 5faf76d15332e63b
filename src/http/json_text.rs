//! JSON text as clients send it.

/// The byte order mark of UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The text without one byte order mark at its start, which some clients write and RFC 8259 (8.1) lets a parser ignore.
pub(crate) fn without_byte_order_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mark_at_the_start_is_skipped() {
        for (text, rest) in [
            ("{}", "{}"),
            ("\u{feff}{}", "{}"),
            ("\u{feff}\u{feff}{}", "\u{feff}{}"),
            (" \u{feff}{}", " \u{feff}{}"),
            ("\u{feff}", ""),
            ("", ""),
        ] {
            assert_eq!(without_byte_order_mark(text.as_bytes()), rest.as_bytes(), "{text:?}");
        }
    }
}
