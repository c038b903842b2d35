//! The clipping of long lines: a window around what was found.

/// What stands where a line was cut.
const CUT: &str = "…";

/// A window of `line` of at most `most` bytes, with the byte `place` in it; cut at characters.
///
/// The whole line when it fits. `most` is at least a few characters.
pub(super) fn clip(line: &str, place: usize, most: usize) -> String {
    if line.len() <= most {
        return line.to_owned();
    }
    let room = most.saturating_sub(2 * CUT.len());
    let ahead = room / 4;
    let start = place.min(line.len()).saturating_sub(ahead);
    let start = line.floor_char_boundary(start.min(line.len() - room));
    let end = line.floor_char_boundary(start + room);
    let cut = |is_cut: bool| if is_cut { CUT } else { "" };
    [cut(start > 0), &line[start..end], cut(end < line.len())].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_shows_what_was_found_and_where_it_was_cut() {
        let line = format!("{}needle{}", "a".repeat(5000), "b".repeat(5000));
        let shown = clip(&line, 5000, 100);
        assert!(shown.len() <= 100 && shown.contains("aneedleb"), "{shown}");
        assert!(shown.starts_with('…') && shown.ends_with('…'));
        let shown = clip(&line, 0, 100);
        assert!(shown.starts_with("aaa") && shown.ends_with("a…"), "{shown}");
        let shown = clip(&line, 10_005, 100);
        assert!(shown.starts_with('…') && shown.ends_with("bbb"), "{shown}");
        assert_eq!(clip("short", 0, 100), "short");
    }

    #[test]
    fn characters_stay_whole() {
        let line = "é😀".repeat(1000);
        for start in 0..40 {
            for most in 20..40 {
                let shown = clip(&line, start, most);
                assert!(shown.len() <= most, "{start} {most}: {shown}");
            }
        }
    }
}
