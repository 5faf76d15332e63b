//! Reads lines in bounded memory.

use std::io::{self, BufRead};

/// A line of the input.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Without its end; none if it is longer than [`Lines::MAX`].
    pub bytes: Option<Vec<u8>>,
}

/// The lines of an input, without those that are blank.
pub struct Lines<R> {
    input: R,
    number: u64,
}

/// The mark at the beginning of files of some programs.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl<R: BufRead> Lines<R> {
    /// The longest line, in bytes.
    pub const MAX: usize = 4 * 1024 * 1024;

    pub fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    /// The next line; none at the end.
    pub fn read(&mut self) -> io::Result<Option<Line>> {
        loop {
            let bytes = match self.read_any()? {
                Found::End => return Ok(None),
                Found::TooLong => None,
                Found::Line(bytes) => Some(bytes),
            };
            self.number += 1;
            let bytes = match bytes {
                Some(bytes) if self.number == 1 => Some(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes).to_vec()),
                bytes => bytes,
            };
            if bytes.as_ref().is_none_or(|bytes| !bytes.trim_ascii().is_empty()) {
                return Ok(Some(Line { number: self.number, bytes }));
            }
        }
    }

    /// The next line, blank or not. The rest of a line that is too long is passed over.
    fn read_any(&mut self) -> io::Result<Found> {
        let (mut line, mut is_too_long, mut has_begun) = (Vec::new(), false, false);
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = available.iter().position(|byte| *byte == b'\n');
            let is_at_end = available.is_empty();
            if is_at_end && !has_begun {
                return Ok(Found::End);
            }
            has_begun = true;
            let part = &available[..end.unwrap_or(available.len())];
            is_too_long |= line.len() + part.len() > Self::MAX;
            if is_too_long {
                line = Vec::new();
            } else {
                line.extend_from_slice(part);
            }
            let used = end.map_or(available.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() || is_at_end {
                return Ok(if is_too_long { Found::TooLong } else { Found::Line(line) });
            }
        }
    }
}

/// What was read.
enum Found {
    End,
    TooLong,
    Line(Vec<u8>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn lines(input: &[u8]) -> Vec<(u64, Option<String>)> {
        // A small buffer, so that lines and marks are in several parts.
        let mut lines = Lines::new(BufReader::with_capacity(3, input));
        std::iter::from_fn(|| lines.read().unwrap())
            .map(|line| (line.number, line.bytes.map(|bytes| String::from_utf8(bytes).unwrap())))
            .collect()
    }

    #[test]
    fn blank_lines_are_counted_and_left_out() {
        let line = |number, text: &str| (number, Some(text.to_owned()));
        assert_eq!(lines(b"a\n\n \t\r\nb\r\nc"), [line(1, "a"), line(4, "b\r"), line(5, "c")]);
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n\n"), []);
    }

    #[test]
    fn byte_order_mark_of_the_first_line_is_left_out() {
        assert_eq!(lines(b"\xEF\xBB\xBFa\nb"), [(1, Some("a".to_owned())), (2, Some("b".to_owned()))]);
        assert_eq!(lines(b"\xEF\xBB\xBF\nb"), [(2, Some("b".to_owned()))]);
    }

    #[test]
    fn line_that_is_too_long_is_passed_over() {
        let longest = "x".repeat(Lines::<&[u8]>::MAX);
        let input = format!("{longest}\n{longest}y\nz\n{longest}y");
        let found = lines(input.as_bytes());
        assert_eq!(found.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert!(found[0].1.is_some() && found[1].1.is_none() && found[3].1.is_none());
        assert_eq!(found[2].1.as_deref(), Some("z"));
    }
}
