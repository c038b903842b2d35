//! A door for fuzzing: front matter as it is read, where a panic of the parser shows.

/// Has the beginning of a `SKILL.md` read.
pub fn read(beginning: &[u8]) {
    super::front::read_or_panic(beginning);
}
