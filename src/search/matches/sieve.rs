//! A quick look at bytes: whether a text can be in them, in whatever case.

use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;

/// Characters of the text that are looked for; the rest of a longer one changes little.
const LOOKED_FOR: usize = 64;

/// A quick look at bytes, which passes all that has the text and little else.
pub(super) struct Sieve(Option<Regex>);

impl Sieve {
    /// A sieve for a text in lower case.
    pub(super) fn new(text: &str) -> Self {
        // What takes the place of bytes that are no UTF-8 is in the text shown, not in the bytes.
        if text.contains(char::REPLACEMENT_CHARACTER) {
            return Self(None);
        }
        let start: String = text.chars().take(LOOKED_FOR).collect();
        let syntax = syntax::Config::new().case_insensitive(true).utf8(false);
        let config = Config::new().utf8_empty(false);
        let mut builder = Regex::builder();
        let built = builder
            .syntax(syntax)
            .configure(config)
            .build(&pattern(&start));
        Self(built.ok())
    }

    /// Whether the text can be in the bytes.
    pub(super) fn passes(&self, bytes: &[u8]) -> bool {
        self.0.as_ref().is_none_or(|regex| regex.is_match(bytes))
    }
}

/// A pattern, to be matched in whatever case, of all that is the text when it is put in lower case.
///
/// İ is the only character that becomes two, i and a dot above (Unicode's `SpecialCasing`); the others
/// become one that they also match in whatever case.
fn pattern(text: &str) -> String {
    let mut pattern = regex_syntax::escape(text).replace("i\u{307}", "(?:i\u{307}|\u{130})");
    if pattern.starts_with('\u{307}') {
        pattern.replace_range(..'\u{307}'.len_utf8(), "[\u{307}\u{130}]");
    }
    if pattern.ends_with('i') {
        pattern.replace_range(pattern.len() - 1.., "[i\u{130}]");
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_character_passes_for_what_it_becomes_in_lower_case() {
        // A letter that is newer than the engine's Unicode is itself only.
        let unknown = Regex::new(r"\p{Unassigned}").unwrap();
        let letters = ('\0'..=char::MAX).filter(|c| !c.to_lowercase().eq([*c]));
        let known = |c: &char| !unknown.is_match(c.to_string().as_bytes());
        let letters: Vec<char> = letters.filter(known).collect();
        assert!(letters.len() > 1000);
        for some in letters.chunks(LOOKED_FOR / 2) {
            let lowered: String = some.iter().flat_map(|c| c.to_lowercase()).collect();
            let text: String = some.iter().collect();
            assert!(Sieve::new(&lowered).passes(text.as_bytes()), "{text:?}");
        }
        assert!(!Sieve::new("word").passes(b"a wor d"));
        assert!(Sieve::new("\u{fffd}").passes(b"\xff"));
    }

    proptest! {
        #[test]
        fn what_is_in_the_text_in_lower_case_passes(
            text in "[a-zA-Z\u{130}\u{307}\u{131}\u{212a}\u{17f}\u{3a3}\u{3c3}\u{3c2}ßẞ.*ÄéÉ\u{1f600}]{1,12}", from in 0usize..12, length in 1usize..12
        ) {
            let lowered: Vec<char> = text.to_lowercase().chars().collect();
            let from = from.min(lowered.len() - 1);
            let part: String = lowered[from..].iter().take(length).collect();
            prop_assert!(Sieve::new(&part).passes(text.as_bytes()), "{part:?}");
        }
    }
}
