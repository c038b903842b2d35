//! The direction of writing: Hebrew and Arabic are drawn from left to right, but read from right to left.

/// What a character says about the direction of the text around it (Unicode Annex 9, much simplified).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// As letters of most scripts, and digits of all.
    Right,
    /// As Hebrew and Arabic letters.
    Left,
    /// As spaces and punctuation: what is around them decides.
    Either,
}

/// Whether some of a text is read from right to left.
pub(super) fn any_turned(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|character| way(character) == Way::Left)
}

/// A text as it is drawn from left to right, when it is known as it is read.
pub(in super::super) fn as_drawn(text: String) -> String {
    if any_turned(&text) {
        text.chars().rev().collect()
    } else {
        text
    }
}

/// A line as it is read, when it is known as it is drawn.
pub(super) fn as_read(line: &str) -> String {
    let mut characters = line.chars().collect::<Vec<_>>();
    let count = |wanted| characters.iter().filter(|c| way(**c) == wanted).count();
    if count(Way::Left) > count(Way::Right) {
        let tail = tail(&characters);
        let (read, _) = characters.split_at_mut(tail);
        read.reverse();
        turn_runs(read, Way::Right);
    } else {
        turn_runs(&mut characters, Way::Left);
    }
    characters.into_iter().collect()
}

/// Where the end of a sentence begins that is drawn at the right, as in a paragraph that runs to the right though its
/// words do not; the length of the line when there is none.
fn tail(line: &[char]) -> usize {
    let end = line.iter().rposition(|c| way(*c) != Way::Either);
    let end = end.map_or(line.len(), |last| last + 1);
    let ends = line[end..]
        .iter()
        .any(|c| matches!(c, '.' | '!' | '?' | ':' | '…' | '؟'));
    let begins = line.first().is_some_and(|c| way(*c) != Way::Either);
    if ends && begins { end } else { line.len() }
}

/// Turns each run of one way round.
fn turn_runs(characters: &mut [char], turned: Way) {
    let mut at = 0;
    while at < characters.len() {
        if way(characters[at]) != turned {
            at += 1;
            continue;
        }
        // A run ends with the last of its characters before one of the other way.
        let mut end = at + 1;
        for (place, character) in characters.iter().enumerate().skip(at) {
            match way(*character) {
                Way::Either => {}
                other if other == turned => end = place + 1,
                _ => break,
            }
        }
        characters[at..end].reverse();
        at = end;
    }
}

fn way(character: char) -> Way {
    match character {
        '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' => Way::Right,
        '\u{590}'..='\u{8ff}'
        | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}' => Way::Left,
        _ if character.is_alphanumeric() => Way::Right,
        _ => Way::Either,
    }
}

#[cfg(test)]
mod tests {
    use super::{as_drawn, as_read};

    #[test]
    fn a_hebrew_word_in_an_english_line_is_turned_in_its_place() {
        assert_eq!(as_read("say it: םלוע םולש here"), "say it: שלום עולם here");
    }

    #[test]
    fn a_hebrew_line_is_turned_and_its_numbers_are_not() {
        assert_eq!(as_read(".abc 12.5 םלוע םולש"), "שלום עולם abc 12.5.");
    }

    #[test]
    fn a_sentence_in_a_paragraph_that_runs_to_the_right_keeps_its_end() {
        assert_eq!(as_read("טסקט הז ,םלוע םולש."), "שלום עולם, זה טקסט.");
        assert_eq!(as_read(".םלוע םולש"), "שלום עולם.");
    }

    #[test]
    fn what_is_drawn_is_what_is_read_turned() {
        assert_eq!(as_drawn("לא".to_owned()), "אל");
        assert_eq!(as_drawn("ffi".to_owned()), "ffi");
    }
}
