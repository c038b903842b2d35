//! Lines cut short, with a mark that says so.

/// How many bytes of a line are given where there is a budget.
pub const CLIP: usize = 2000;

/// The first `bound` bytes of `line` (fewer, so that no character is cut) and a mark, when it is longer.
///
/// The mark says how much is given and how long the line is: `… [line cut: 2000 of 123456 bytes]`.
pub fn clip(line: &str, bound: usize) -> Option<String> {
    clip_begun(line, line.len() as u64, bound)
}

/// The same for a line of `whole` bytes of which only the first are at hand, `bound` of them at least.
pub fn clip_begun(head: &str, whole: u64, bound: usize) -> Option<String> {
    if whole <= bound as u64 {
        return None;
    }
    let kept = &head[..head.floor_char_boundary(bound)];
    let length = kept.len();
    Some(format!("{kept}… [line cut: {length} of {whole} bytes]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_within_the_bound_stays_as_it_is() {
        assert_eq!(clip("", 0), None);
        assert_eq!(clip("abc", 3), None);
    }

    #[test]
    fn a_longer_line_is_cut_between_characters_and_says_so() {
        assert_eq!(clip("abcd", 3).unwrap(), "abc… [line cut: 3 of 4 bytes]");
        assert_eq!(clip("a😀b", 4).unwrap(), "a… [line cut: 1 of 6 bytes]");
        assert_eq!(clip("é", 0).unwrap(), "… [line cut: 0 of 2 bytes]");
    }
}
