//! Text as the inside of a JSON string, its line ends made `\n` on the way.

/// Adds `text` to `json`, escaped; `\r\n` and `\r` become `\n`.
///
/// Characters outside ASCII stay as they are.
pub(super) fn escape(text: &str, json: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let special = specials(u64::from_le_bytes(*word));
        json.extend_from_slice(word);
        if special == 0 {
            rest = after;
            continue;
        }
        // What follows the special byte is written over.
        let clean = special.trailing_zeros() as usize / 8;
        json.truncate(json.len() - (8 - clean));
        rest = &rest[clean..];
        rest = escape_first(rest, json);
    }
    while !rest.is_empty() {
        rest = escape_first(rest, json);
    }
}

/// Adds the first character (or byte of one) of `bytes`, and gives what follows it.
fn escape_first<'a>(bytes: &'a [u8], json: &mut Vec<u8>) -> &'a [u8] {
    match bytes {
        [b'\r', b'\n', rest @ ..] | [b'\n' | b'\r', rest @ ..] => {
            json.extend_from_slice(b"\\n");
            rest
        }
        [byte, rest @ ..] => {
            match byte {
                b'"' => json.extend_from_slice(b"\\\""),
                b'\\' => json.extend_from_slice(b"\\\\"),
                b'\t' => json.extend_from_slice(b"\\t"),
                0..0x20 => {
                    const DIGITS: &[u8; 16] = b"0123456789abcdef";
                    let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
                    json.extend_from_slice(&[b'\\', b'u', b'0', b'0', DIGITS[high], DIGITS[low]]);
                }
                _ => json.push(*byte),
            }
            rest
        }
        [] => bytes,
    }
}

/// Has the top bit of the first of eight bytes that cannot stand in a JSON string as it is, and of none
/// before it; what it says of later bytes means nothing.
const fn specials(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOP: u64 = ONES << 7;
    // A byte less than n borrows into its top bit when n is taken from it; the borrow goes upwards only.
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    (control | quote | backslash) & TOP
}
