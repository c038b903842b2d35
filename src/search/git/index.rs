//! The index of a git work tree, as far as the names in it go (gitformat-index(5), versions 2 to 4).

use std::io::{self, BufRead, ErrorKind};

/// The longest name that is believed, in bytes; a longer one is damage.
const LONGEST_NAME: usize = 1 << 16;

/// Bytes of an entry before its object's hash.
const STAT: usize = 40;

/// Where the mode is among them.
const MODE: usize = 24;

/// The flag of an entry that has a second word of flags.
const EXTENDED: u16 = 0x4000;

/// The mode of a whole directory in a sparse index.
const DIRECTORY: u32 = 0o040_000;

/// Tells the names in an index, in its order, each once; `hash` is the length of a hash in bytes.
pub(super) fn names(
    mut index: impl BufRead,
    hash: usize,
    mut each: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut head = [0; 12];
    index.read_exact(&mut head)?;
    let version = word(&head, 4);
    if !head.starts_with(b"DIRC") || !(2..=4).contains(&version) {
        return Err(damaged("it does not begin as an index does"));
    }
    let mut fixed = vec![0; STAT + hash + 2];
    let (mut name, mut last) = (Vec::new(), Vec::new());
    for _ in 0..word(&head, 8) {
        index.read_exact(&mut fixed)?;
        let mut length = fixed.len();
        let flags = u16::from_be_bytes([fixed[STAT + hash], fixed[STAT + hash + 1]]);
        if flags & EXTENDED != 0 {
            index.read_exact(&mut [0; 2])?;
            length += 2;
        }
        if version == 4 {
            let cut = offset(&mut index)?;
            let kept = name.len().checked_sub(cut);
            name.truncate(kept.ok_or_else(|| damaged("a name is cut by more than it has"))?);
        } else {
            name.clear();
        }
        let own = name_end(&mut index, &mut name)?;
        if version != 4 {
            // NULs follow up to a multiple of eight; one of them has ended the name.
            let padding = 7 - (length + own) % 8;
            index.read_exact(&mut [0; 7][..padding])?;
        }
        // A file in conflict has an entry for each of its versions.
        if name != last && !name.is_empty() && word(&fixed, MODE) & 0o170_000 != DIRECTORY {
            each(&name);
        }
        last.clone_from(&name);
    }
    Ok(())
}

/// Adds what comes before the next NUL, and passes that; gives how much it was.
fn name_end(index: &mut impl BufRead, name: &mut Vec<u8>) -> io::Result<usize> {
    let before = name.len();
    loop {
        let ready = index.fill_buf()?;
        if ready.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let end = memchr::memchr(0, ready);
        let part = &ready[..end.unwrap_or(ready.len())];
        if name.len() + part.len() > LONGEST_NAME {
            return Err(damaged("a name has no end"));
        }
        name.extend_from_slice(part);
        let passed = part.len() + usize::from(end.is_some());
        index.consume(passed);
        if end.is_some() {
            return Ok(name.len() - before);
        }
    }
}

/// A number of variable length: seven bits a byte, the highest first, each byte but the last marked
/// and counting one more than it says.
fn offset(index: &mut impl BufRead) -> io::Result<usize> {
    let mut value = 0usize;
    for place in 0..9 {
        let mut byte = [0];
        index.read_exact(&mut byte)?;
        if place > 0 {
            value += 1;
        }
        value = value << 7 | usize::from(byte[0] & 0x7f);
        if byte[0] & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(damaged("a number has no end"))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_be_bytes(word)
}

fn damaged(problem: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An index of that version with these names, each with its mode; version 3 has second flags.
    fn index(version: u32, names: &[(&str, u32)]) -> Vec<u8> {
        let mut bytes = [b"DIRC".as_slice(), &version.to_be_bytes()].concat();
        bytes.extend(u32::try_from(names.len()).unwrap().to_be_bytes());
        let mut last = "";
        for (name, mode) in names {
            let begun = bytes.len();
            bytes.extend([7; MODE]);
            bytes.extend(mode.to_be_bytes());
            bytes.extend([7; STAT - MODE - 4 + 20]);
            let flags: u16 = if version == 3 { EXTENDED } else { 0 };
            bytes.extend(flags.to_be_bytes());
            if version == 3 {
                bytes.extend([0x20, 0]);
            }
            if version == 4 {
                let common = name.bytes().zip(last.bytes()).take_while(|(a, b)| a == b);
                let common = common.count();
                let mut cut = vec![u8::try_from((last.len() - common) & 0x7f).unwrap()];
                let mut rest = (last.len() - common) >> 7;
                while rest > 0 {
                    cut.insert(0, u8::try_from((rest - 1) & 0x7f).unwrap() | 0x80);
                    rest = (rest - 1) >> 7;
                }
                bytes.extend(cut);
                bytes.extend(&name.as_bytes()[common..]);
                bytes.push(0);
            } else {
                bytes.extend(name.as_bytes());
                let length = (bytes.len() - begun) / 8 * 8 + 8;
                bytes.resize(begun + length, 0);
            }
            last = name;
        }
        bytes
    }

    fn read(bytes: &[u8]) -> (Vec<String>, bool) {
        let mut found = Vec::new();
        let whole = names(bytes, 20, |name| {
            found.push(String::from_utf8_lossy(name).into_owned());
        });
        (found, whole.is_ok())
    }

    #[test]
    fn a_conflict_is_one_name_and_a_sparse_directory_none() {
        let entries = [
            ("a", 0o100_644),
            ("b", 0o100_644),
            ("b", 0o100_644),
            ("d/", DIRECTORY),
            ("l", 0o120_000),
        ];
        for version in 2..=4 {
            assert_eq!(read(&index(version, &entries)).0, ["a", "b", "l"]);
        }
        assert_eq!(read(&index(5, &entries)), (vec![], false));
        let cut = &index(2, &entries)[..100];
        assert_eq!(read(cut), (vec!["a".into()], false));
    }

    proptest! {
        #[test]
        fn the_names_come_back_from_every_version(
            names in proptest::collection::btree_set("[ab/é]{1,300}|[ab]{1,3}", 0..20), version in 2u32..=4
        ) {
            let entries: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 0o100_755)).collect();
            let (found, whole) = read(&index(version, &entries));
            prop_assert!(whole && found.iter().eq(&names));
        }

        #[test]
        fn nothing_in_an_index_does_harm(
            version in 2u32..=4, damage in proptest::collection::vec((0usize..300, any::<u8>()), 1..20)
        ) {
            let mut bytes = index(version, &[("a", 1), ("ab", 2), ("ab/c", 3)]);
            for (at, byte) in damage {
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
            }
            read(&bytes);
        }
    }
}
