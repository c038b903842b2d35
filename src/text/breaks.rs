//! Line breaks: which bytes of UTF-8 text end a line, found and counted block by block.

/// Bytes looked at together; the loops over them become vector instructions.
const BLOCK: usize = 32;

/// Bytes that are counted in lanes of a byte each, which overflow after 255 breaks.
const LANES_HOLD: usize = BLOCK * 255;

/// Whether `byte` ends a line by itself (`\r` also, unless `\n` follows).
const fn is_single(byte: u8) -> bool {
    (byte.wrapping_sub(b'\n') < 4) | (byte.wrapping_sub(0x1c) < 3)
}

/// The length of the line break that begins at the start of `bytes`, if one does.
fn break_at(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => Some(2),
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => Some(3),
        [byte, ..] if is_single(*byte) => Some(1),
        _ => None,
    }
}

/// Where the first line break in `bytes` begins, and where it ends.
pub(super) fn first_break(bytes: &[u8]) -> Option<(usize, usize)> {
    let (words, tail) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let mut found = candidates(u64::from_le_bytes(*word));
        while found != 0 {
            let at = number * 8 + found.trailing_zeros() as usize / 8;
            if let Some(length) = break_at(&bytes[at..]) {
                return Some((at, at + length));
            }
            found &= found - 1;
        }
    }
    (bytes.len() - tail.len()..bytes.len())
        .find_map(|at| break_at(&bytes[at..]).map(|length| (at, at + length)))
}

/// The top bit of each of eight bytes at which a line break may begin: single breaks, and 0xC2 and 0xE2.
const fn candidates(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOP: u64 = ONES << 7;
    let low = word & !TOP;
    // Adding 0x80 - n to seven bits carries into the top one when they are n or more.
    let first = (low + ONES * (0x80 - 0x0a)) & !(low + ONES * (0x80 - 0x0e));
    let second = (low + ONES * (0x80 - 0x1c)) & !(low + ONES * (0x80 - 0x1f));
    // With bit 0x20 set, 0xC2 and 0xE2 are one; a byte is zero when neither it nor its carry has the top bit.
    let differs = (word | (ONES << 5)) ^ (ONES * 0xe2);
    let lead = !(((differs & !TOP) + (ONES * 0x7f)) | differs);
    (((first | second) & !word) | lead) & TOP
}

/// Whether the text ends with a line break.
pub(super) fn ends_with_break(bytes: &[u8]) -> bool {
    match bytes {
        [.., 0xc2, 0x85] | [.., 0xe2, 0x80, 0xa8 | 0xa9] => true,
        [.., last] => is_single(*last),
        [] => false,
    }
}

/// How many line breaks end in `bytes[2..]`; the first two bytes are what comes before.
///
/// `\r\n` counts at its `\r`, so that it counts once wherever the text is cut.
pub(super) fn count_after_two(bytes: &[u8]) -> u64 {
    let Some(new) = bytes.get(2..) else {
        return 0;
    };
    // What comes before may be the beginning of a break that ends here.
    let begun = bytes[..2].iter().any(|byte| is_other(*byte));
    let plain = (!begun).then(|| count_plain(new)).flatten();
    plain.unwrap_or_else(|| count_all(bytes, new))
}

/// How many lines end in `bytes`, unless there may be breaks other than `\n`.
fn count_plain(bytes: &[u8]) -> Option<u64> {
    let mut breaks = 0;
    for part in bytes.chunks(LANES_HOLD) {
        let (blocks, tail) = part.as_chunks::<BLOCK>();
        let mut lanes = [0_u8; BLOCK];
        let mut others = [false; BLOCK];
        for block in blocks {
            for lane in 0..BLOCK {
                lanes[lane] += u8::from(block[lane] == b'\n');
                others[lane] |= is_other(block[lane]);
            }
        }
        if others.contains(&true) || tail.iter().any(|byte| is_other(*byte)) {
            return None;
        }
        breaks += lanes.iter().map(|lane| u64::from(*lane)).sum::<u64>();
        breaks += tail
            .iter()
            .map(|byte| u64::from(*byte == b'\n'))
            .sum::<u64>();
    }
    Some(breaks)
}

/// The same as [`count_after_two`], whatever is in them; `new` is `bytes[2..]`.
fn count_all(bytes: &[u8], new: &[u8]) -> u64 {
    let mut breaks = 0;
    for (number, part) in new.chunks(LANES_HOLD).enumerate() {
        let at = number * LANES_HOLD;
        let here = part.as_chunks::<BLOCK>();
        let before = bytes[at + 1..][..part.len()].as_chunks::<BLOCK>();
        let earlier = bytes[at..][..part.len()].as_chunks::<BLOCK>();
        let mut lanes = [0_u8; BLOCK];
        for ((here, before), earlier) in here.0.iter().zip(before.0).zip(earlier.0) {
            for lane in 0..BLOCK {
                lanes[lane] += u8::from(ends_at(here[lane], before[lane], earlier[lane]));
            }
        }
        breaks += lanes.iter().map(|lane| u64::from(*lane)).sum::<u64>();
        for lane in 0..here.1.len() {
            breaks += u64::from(ends_at(here.1[lane], before.1[lane], earlier.1[lane]));
        }
    }
    breaks
}

/// Whether a break other than `\n` may begin or end at `byte`.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches the loops become vector instructions"
)]
const fn is_other(byte: u8) -> bool {
    (is_single(byte) & (byte != b'\n')) | (byte == 0xc2) | (byte == 0xe2)
}

/// Whether a line break ends at `bytes[at]`; there are two bytes before it.
pub(super) fn break_ends(bytes: &[u8], at: usize) -> bool {
    ends_at(bytes[at], bytes[at - 1], bytes[at - 2])
}

/// Whether a break ends at `here`, with the two bytes before it.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches the loops become vector instructions"
)]
const fn ends_at(here: u8, before: u8, earlier: u8) -> bool {
    (is_single(here) & !((here == b'\n') & (before == b'\r')))
        | ((here == 0x85) & (before == 0xc2))
        | (((here | 1) == 0xa9) & (before == 0x80) & (earlier == 0xe2))
}
