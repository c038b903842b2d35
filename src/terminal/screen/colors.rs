//! Colours and other looks of text, as sequences set them.

/// Kinds of looks. Of each kind, the last that is set holds.
const KINDS: usize = 8;

/// Looks that a run of sequences comes to, as the parameters that set them.
#[derive(Clone, Debug, Default)]
pub(super) struct Colors<'s> {
    /// Whether all that was before is forgotten.
    reset: bool,
    last: [Option<&'s [u8]>; KINDS],
}

/// What a parameter sets.
#[derive(Clone, Copy)]
enum Looks {
    Reset,
    Kind(usize),
    Nothing,
}

impl<'s> Colors<'s> {
    /// Takes the parameters of a sequence; none if they are not all known.
    pub(super) fn set(&mut self, parameters: &'s [u8]) -> Option<()> {
        let mut at = 0;
        while at <= parameters.len() {
            let rest = &parameters[at..];
            let (looks, length) = looks(rest)?;
            match looks {
                Looks::Reset => {
                    *self = Self {
                        reset: true,
                        ..Self::default()
                    }
                }
                Looks::Kind(kind) => self.last[kind] = Some(&rest[..length]),
                Looks::Nothing => {}
            }
            at += length + 1;
        }
        Some(())
    }

    /// The sequence that comes to the same; nothing if there is nothing to set.
    pub(super) fn sequence(&self) -> Vec<u8> {
        let reset = self.reset.then_some(&b"0"[..]);
        let parameters: Vec<&[u8]> = reset
            .into_iter()
            .chain(self.last.into_iter().flatten())
            .collect();
        if parameters.is_empty() {
            return Vec::new();
        }
        [b"\x1b[", parameters.join(&b';').as_slice(), b"m"].concat()
    }
}

/// Whether parameters begin with a reset, so that what was set before does not matter.
pub(super) fn resets(parameters: &[u8]) -> bool {
    matches!(looks(parameters), Some((Looks::Reset, _)))
}

/// What the first parameter sets, and its length with those that belong to it.
fn looks(parameters: &[u8]) -> Option<(Looks, usize)> {
    let (code, length) = number(parameters)?;
    let kind = match code {
        0 => return Some((Looks::Reset, length)),
        8 | 28 => return Some((Looks::Nothing, length)),
        1 | 2 | 22 => 0,
        3 | 23 => 1,
        4 | 24 => 2,
        5 | 25 => 3,
        7 | 27 => 4,
        9 | 29 => 5,
        30..=37 | 39 | 90..=97 => 6,
        40..=47 | 49 | 100..=107 => 7,
        38 | 48 => {
            let length = length + 1 + color(parameters.get(length + 1..)?)?;
            return Some((Looks::Kind(if code == 38 { 6 } else { 7 }), length));
        }
        _ => return None,
    };
    Some((Looks::Kind(kind), length))
}

/// The length of the parameters that name a colour.
fn color(parameters: &[u8]) -> Option<usize> {
    let (form, mut length) = number(parameters)?;
    let numbers = match form {
        2 => 3,
        5 => 1,
        _ => return None,
    };
    for _ in 0..numbers {
        length += 1 + number(parameters.get(length + 1..)?)?.1;
    }
    Some(length)
}

/// The number at the start, and its length; zero where there is none.
fn number(parameters: &[u8]) -> Option<(u16, usize)> {
    let mut value: u16 = 0;
    for (at, byte) in parameters.iter().enumerate() {
        match byte {
            b';' => return Some((value, at)),
            b'0'..=b'9' if at < 4 => value = value * 10 + u16::from(byte - b'0'),
            _ => return None,
        }
    }
    Some((value, parameters.len()))
}

/// Parameters as the emulator understands them: an underline of any kind is one, and the colour of an
/// underline, which it does not know, is left out with the numbers that belong to it. None if they
/// are so already.
pub(super) fn plain(parameters: &str) -> Option<String> {
    let suspect = |pair: &[u8]| matches!(pair, b"58" | b"21" | b"4:");
    if !parameters.as_bytes().windows(2).any(suspect) {
        return None;
    }
    let mut plain = Vec::new();
    let mut rest = parameters.split(';');
    let mut changed = false;
    while let Some(parameter) = rest.next() {
        let kept = match parameter {
            "21" => "4",
            "4:0" => "24",
            "58" => {
                let numbers = match rest.next() {
                    Some("2") => 3,
                    Some("5") => 1,
                    _ => 0,
                };
                rest.by_ref().take(numbers).for_each(drop);
                changed = true;
                continue;
            }
            "38" | "48" => {
                let form = rest.next();
                let numbers = if form == Some("2") { 3 } else { 1 };
                plain.push(parameter);
                plain.extend(form.into_iter().chain(rest.by_ref().take(numbers)));
                continue;
            }
            _ if parameter.starts_with("4:") => "4",
            _ => parameter,
        };
        changed |= kept != parameter;
        plain.push(kept);
    }
    changed.then(|| plain.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(sequences: &[&str]) -> String {
        let mut colors = Colors::default();
        for parameters in sequences {
            colors.set(parameters.as_bytes()).unwrap();
        }
        colors.sequence().escape_ascii().to_string()
    }

    #[test]
    fn the_last_of_each_kind_holds() {
        assert_eq!(after(&["31", "1", "38;5;7", "44", "39"]), r"\x1b[1;39;44m");
        assert_eq!(
            after(&["4;7", "27", "38;2;1;2;3;3"]),
            r"\x1b[3;4;27;38;2;1;2;3m"
        );
    }

    #[test]
    fn a_reset_forgets_what_was_before() {
        assert_eq!(after(&["31", ""]), r"\x1b[0m");
        assert_eq!(after(&["31;0;32"]), r"\x1b[0;32m");
        assert_eq!(after(&["1;;4", "48;5;200"]), r"\x1b[0;4;48;5;200m");
        assert_eq!(after(&[]), "");
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for parameters in [
            "58;5;1", "4:3", "38:5:1", "38;5", "38;2;1;2", "38", "12345", "6",
        ] {
            let known = Colors::default().set(parameters.as_bytes());
            assert_eq!(known, None, "{parameters}");
        }
    }

    #[test]
    fn underlines_are_made_plain() {
        assert_eq!(plain("1;4:3;58;2;1;7;3;31").as_deref(), Some("1;4;31"));
        assert_eq!(plain("58;5;1").as_deref(), Some(""));
        assert_eq!(plain("4:0;21").as_deref(), Some("24;4"));
        assert_eq!(plain("38;2;21;4;58;1"), None);
    }
}
