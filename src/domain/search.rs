//! Search in names: without regard to case, and to how a character is encoded. Names and searches are folded in the
//! same way, and a search finds the names whose folded form contains its own.

use crate::domain::text::{self, Breaks, TextProblem};
use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// A text to search names for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Search {
    text: String,
    folded: String,
}

impl Search {
    /// Reads a search; none if it is blank. It has the characters that a name can have.
    pub fn parse(text: &str) -> Result<Option<Self>, TextProblem> {
        text::check(text, Breaks::TabAndLineFeed)?;
        let folded = fold(text);
        Ok((!text::is_blank(text) && !folded.is_empty()).then(|| Self { text: text.to_owned(), folded }))
    }

    /// The text as the client sent it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the folded name has to contain.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

/// The form in which names are compared, as of `toNFKC_Casefold` (Unicode Standard, section 3.13): full default case
/// folding, the normal form NFKC, and without ignorable characters. So Greek sigmas are one, `ß` is `ss`, full-width
/// letters and ligatures are their letters. Accents count, and so do the dots of the Turkish `İ` and `ı`.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // What one fold yields can be folded again, where a decomposed character is in upper case.
    fold_once(&fold_once(text))
}

fn fold_once(text: &str) -> String {
    text.nfkc().default_case_fold().filter(|c| !text::is_ignorable(*c)).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_that_differ_in_case_or_encoding_are_folded_alike() {
        for spellings in [
            &["ΟΔΥΣΣΕΎΣ", "Οδυσσεύς", "οδυσσεύσ", "Οδυσσευ\u{301}ς"][..],
            &["Straße", "STRASSE", "STRAẞE", "strasse"],
            &["José", "JOSE\u{301}", "Jose\u{301}"],
            &["Ångström", "A\u{30A}NGSTRO\u{308}M", "\u{212B}ngström"],
            &["Nguyễn", "NGUYE\u{302}\u{303}N", "NGUYỄN"],
            &["ﬁnal oﬃce", "FINAL OFFICE"],
            &["Ａｎｎａ　Ｋ", "anna k"],
            &["ｶﾞ", "ガ", "カ\u{3099}"],
            &["한국", "\u{1112}\u{1161}\u{11AB}\u{1100}\u{116E}\u{11A8}"],
            &["İ", "i\u{307}", "I\u{307}"],
            &["ǅ", "ǆ", "Ǆ", "dž"],
            &["co\u{AD}operate", "cooperate", "co\u{200B}operate"],
            &["Щука", "ЩУКА"],
            &["ԱՐԱՄ", "արամ"],
            &["ᏣᎳᎩ", "ꮳꮃꭹ"],
            &["𐐀", "𐐨"],
            &["ᾳ", "ΑΙ", "α\u{345}", "ᾼ"],
            &["ŉ", "\u{2BC}N"],
            &["５０％", "50%"],
            &["a＿b", "A_b"],
        ] {
            for spelling in spellings {
                assert_eq!(fold(spelling), fold(spellings[0]), "{spelling}");
            }
        }
    }

    #[test]
    fn accents_and_dots_count() {
        for [one, other] in
            [["Müller", "Muller"], ["é", "e"], ["ı", "i"], ["I", "ı"], ["İ", "i"], ["ø", "o"], ["ł", "l"]]
        {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn every_character_is_folded_once_and_for_all() {
        // Not those of languages without case.
        let letters = ('\0'..='\u{33FF}').chain('\u{A000}'..='\u{ABFF}').chain('\u{F900}'..='\u{1FFFF}');
        for c in letters {
            let folded = fold(c.encode_utf8(&mut [0; 4]));
            assert_eq!(fold(&folded), folded, "{c:?}");
            let upper: String = c.to_uppercase().collect();
            assert_eq!(fold(&fold(&upper)), fold(&upper), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn normal_forms_are_folded_alike(text in "\\PC{0,12}") {
            let folded = fold(&text);
            prop_assert_eq!(&fold(&folded), &folded);
            let forms: [String; 4] =
                [text.nfc().collect(), text.nfd().collect(), text.nfkc().collect(), text.nfkd().collect()];
            for form in forms {
                prop_assert_eq!(&fold(&form), &folded);
            }
        }
    }

    #[test]
    fn blank_search_is_none() {
        for text in ["", " ", "\u{200B}", "\u{FEFF}", "\u{3164}", "\u{2800}\t\n"] {
            assert_eq!(Search::parse(text), Ok(None), "{text:?}");
        }
        let search = Search::parse(" Ann").unwrap().unwrap();
        assert_eq!((search.text(), search.folded()), (" Ann", " ann"));
        for text in ["\0", "a\u{202E}", "\u{FFFF}", "a\u{2028}b"] {
            assert!(Search::parse(text).is_err(), "{text:?}");
        }
    }
}
