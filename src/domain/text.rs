//! Which characters texts of clients may have. Texts are stored as they are sent: what would mislead a reader is
//! refused, and what writing needs stays, such as the joiners in words and emoji, variation selectors and flags.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Which breaks a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaks {
    /// None: the text is one line.
    None,
    /// Tabs and line feeds, which the platform's rows have.
    TabAndLineFeed,
    /// All.
    All,
}

/// Why a text is refused. It is printed as the rest of a sentence: `The location` `cannot contain control characters`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextProblem {
    /// It has a control character, or a break that its field does not take.
    #[error("cannot contain {}", if *breaks == Breaks::None {
        "line breaks or other control characters"
    } else {
        "control characters"
    })]
    Control {
        /// What the field takes.
        breaks: Breaks,
    },
    /// It changes the direction of writing for what follows it, too.
    #[error(
        "cannot contain U+{:04X} without its counterpart, because it changes the direction of text",
        u32::from(*.0)
    )]
    Direction(char),
    /// It has a noncharacter, or a mark that belongs to markup.
    #[error("cannot contain U+{:04X}, which is not a character of texts", u32::from(*.0))]
    NotACharacter(char),
}

/// Characters that are blank although no property says so: the empty Braille pattern, a note without a head, and
/// fillers of other scripts.
const BLANK: [char; 5] = ['\u{2800}', '\u{16FE4}', '\u{1D159}', '\u{13441}', '\u{13442}'];

/// Whether nothing of the text is visible. The empty text is blank.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Whether nothing is shown for the character.
pub(super) fn is_invisible(c: char) -> bool {
    let is_format = || CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format;
    c.is_whitespace() || (!c.is_ascii() && (is_ignorable(c) || is_format() || BLANK.contains(&c)))
}

/// Whether a program that does not know the character shows nothing for it (`Default_Ignorable_Code_Point`).
pub(super) fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Checks the characters of a text.
pub fn check(text: &str, breaks: Breaks) -> Result<(), TextProblem> {
    if text.chars().any(|c| is_control(c) && !is_allowed_break(c, breaks)) {
        return Err(TextProblem::Control { breaks });
    }
    if text.is_ascii() {
        return Ok(());
    }
    if let Some(c) = text.chars().find(|c| is_not_a_character(*c)) {
        return Err(TextProblem::NotACharacter(c));
    }
    unbalanced(text).map_or(Ok(()), |c| Err(TextProblem::Direction(c)))
}

/// The control characters, and the separators of lines and paragraphs, which are no control characters to Unicode.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn is_allowed_break(c: char, breaks: Breaks) -> bool {
    match breaks {
        Breaks::None => false,
        Breaks::TabAndLineFeed => matches!(c, '\t' | '\n'),
        Breaks::All => matches!(c, '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}'),
    }
}

/// The noncharacters, and the marks of interlinear annotations.
fn is_not_a_character(c: char) -> bool {
    let code = u32::from(c);
    code & 0xFFFE == 0xFFFE || matches!(c, '\u{FDD0}'..='\u{FDEF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// The first control of the direction of writing without its counterpart in the same paragraph (Unicode Standard Annex
/// 9, section 2). Left alone, it reorders what a program shows after the text.
fn unbalanced(text: &str) -> Option<char> {
    let mut open: Vec<char> = Vec::new();
    for c in text.chars() {
        match c {
            '\u{202A}' | '\u{202B}' | '\u{202D}' | '\u{202E}' | '\u{2066}'..='\u{2068}' => open.push(c),
            '\u{202C}' => match open.pop() {
                Some('\u{202A}'..='\u{202E}') => {}
                _ => return Some(c),
            },
            '\u{2069}' => match open.pop() {
                Some('\u{2066}'..='\u{2068}') => {}
                _ => return Some(c),
            },
            '\n' | '\r' | '\u{2029}' if !open.is_empty() => break,
            _ => {}
        }
    }
    open.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILY: &str = "👨\u{200D}👩\u{200D}👧";
    const SCOTLAND: &str = "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}";

    #[test]
    fn text_without_anything_visible_is_blank() {
        for text in [
            "",
            " \t\n",
            "\u{A0}\u{2003}\u{3000}",
            "\u{200B}",
            "\u{FEFF}",
            "\u{AD}",
            "\u{3164}",
            "\u{FFA0}",
            "\u{115F}\u{1160}",
            "\u{2800}",
            "\u{200C}\u{200D}",
            "\u{200E}\u{200F}\u{61C}",
            "\u{2060}\u{2064}",
            "\u{180E}",
            "\u{FE0F}",
            "\u{E0100}",
            "\u{E0067}\u{E007F}",
            "\u{34F}",
            "\u{17B4}",
            "\u{1D159}",
            "\u{1BCA0}",
            "\u{2066}\u{2069}",
            "\u{2028}",
            " \u{200B} \u{2800}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in
            [".", "\u{200B}x", "\u{301}", "é", FAMILY, SCOTLAND, "☎\u{FE0F}", "\u{FFFD}", "ᅠㄱ", "می\u{200C}خواهم"]
        {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn what_writing_needs_stays() {
        for text in [
            "Gate 2",
            "Straße",
            "e\u{301}",
            "می\u{200C}خواهم",
            "क\u{94D}\u{200D}ष",
            FAMILY,
            SCOTLAND,
            "☎\u{FE0F}",
            "葛\u{E0100}城",
            "שלום\u{200F}!",
            "\u{200E}+49",
            "\u{61C}مرحبا",
            "\u{2067}مرحبا\u{2069} x",
            "\u{202B}שלום\u{202C} x",
            "\u{202E}x\u{202C}",
            "\u{2068}a \u{202A}b\u{202C} c\u{2069}",
            "co\u{AD}operate",
            "\u{FFFC}\u{FFFD}",
            "\u{E000}",
        ] {
            for breaks in [Breaks::None, Breaks::TabAndLineFeed, Breaks::All] {
                assert_eq!(check(text, breaks), Ok(()), "{text:?}");
            }
        }
    }

    #[test]
    fn breaks_are_those_of_the_field() {
        for (c, taken) in [
            ("\t", [false, true, true]),
            ("\n", [false, true, true]),
            ("\r", [false, false, true]),
            ("\u{2028}", [false, false, true]),
            ("\u{2029}", [false, false, true]),
            ("\u{85}", [false; 3]),
            ("\u{B}", [false; 3]),
            ("\u{C}", [false; 3]),
            ("\0", [false; 3]),
            ("\u{1B}", [false; 3]),
            ("\u{7F}", [false; 3]),
            ("\u{9B}", [false; 3]),
        ] {
            for (breaks, taken) in [Breaks::None, Breaks::TabAndLineFeed, Breaks::All].into_iter().zip(taken) {
                assert_eq!(check(&format!("a{c}b"), breaks).is_ok(), taken, "{c:?} {breaks:?}");
                assert_eq!(check(&format!("ä{c}b"), breaks).is_ok(), taken, "{c:?} {breaks:?}");
            }
        }
    }

    #[test]
    fn change_of_direction_needs_its_counterpart_in_the_paragraph() {
        for (text, c) in [
            ("\u{202A}x", '\u{202A}'),
            ("x\u{202B}", '\u{202B}'),
            ("a\u{202D}x", '\u{202D}'),
            ("file\u{202E}gpj.exe", '\u{202E}'),
            ("\u{2066}x", '\u{2066}'),
            ("\u{2067}x", '\u{2067}'),
            ("\u{2068}x", '\u{2068}'),
            ("x\u{202C}", '\u{202C}'),
            ("x\u{2069}", '\u{2069}'),
            ("\u{202E}x\u{2069}", '\u{2069}'),
            ("\u{2066}x\u{202C}", '\u{202C}'),
            ("\u{2067}\u{202B}x\u{2069}\u{202C}", '\u{2069}'),
            ("\u{202E}\u{202E}x\u{202C}", '\u{202E}'),
            ("\u{202E}x\n\u{202C}", '\u{202E}'),
            ("\u{2067}x\u{2029}y\u{2069}", '\u{2067}'),
        ] {
            assert_eq!(check(text, Breaks::All), Err(TextProblem::Direction(c)), "{text:?}");
        }
        // A line separator begins no paragraph.
        assert_eq!(check("\u{2067}x\u{2028}y\u{2069}\nz", Breaks::All), Ok(()));
    }

    #[test]
    fn what_is_no_character_of_texts_is_refused() {
        for c in [
            '\u{FDD0}',
            '\u{FDEF}',
            '\u{FFFE}',
            '\u{FFFF}',
            '\u{1FFFE}',
            '\u{10FFFF}',
            '\u{FFF9}',
            '\u{FFFA}',
            '\u{FFFB}',
        ] {
            assert_eq!(check(&format!("a{c}"), Breaks::All), Err(TextProblem::NotACharacter(c)), "{c:?}");
        }
    }

    #[test]
    fn problem_is_the_end_of_a_sentence() {
        for (text, problem) in [
            ("\n", "cannot contain line breaks or other control characters"),
            ("\u{202E}", "cannot contain U+202E without its counterpart, because it changes the direction of text"),
            ("\u{1FFFE}", "cannot contain U+1FFFE, which is not a character of texts"),
        ] {
            assert_eq!(check(text, Breaks::None).unwrap_err().to_string(), problem);
        }
        assert_eq!(check("\0", Breaks::TabAndLineFeed).unwrap_err().to_string(), "cannot contain control characters");
    }
}
