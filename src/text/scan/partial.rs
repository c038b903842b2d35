//! A check for UTF-8 over pieces, which may end within a character.

use super::NotUtf8;

/// The first bytes of a character whose other bytes are to come.
#[derive(Debug, Default)]
pub(super) struct Partial {
    bytes: [u8; 4],
    length: usize,
}

impl Partial {
    /// Checks the next piece.
    pub(super) fn push(&mut self, mut piece: &[u8]) -> Result<(), NotUtf8> {
        while self.length > 0 {
            let Some((byte, rest)) = piece.split_first() else {
                return Ok(());
            };
            piece = rest;
            self.bytes[self.length] = *byte;
            self.length += 1;
            match std::str::from_utf8(&self.bytes[..self.length]) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_some() => return Err(NotUtf8),
                // No character has more than four bytes, so this ends.
                Err(_) => {}
            }
        }
        let (whole, begun) = piece.split_at(piece.len() - begun(piece));
        self.bytes[..begun.len()].copy_from_slice(begun);
        self.length = begun.len();
        match simdutf8::basic::from_utf8(whole) {
            Ok(_) => Ok(()),
            Err(_) => Err(NotUtf8),
        }
    }

    /// Checks that no character was left unfinished.
    pub(super) fn finish(&self) -> Result<(), NotUtf8> {
        match self.length {
            0 => Ok(()),
            _ => Err(NotUtf8),
        }
    }
}

/// How many bytes at the end of `piece` begin a character that is not whole yet.
fn begun(piece: &[u8]) -> usize {
    let last = &piece[piece.len().saturating_sub(3)..];
    let lead = last.iter().rev().position(|byte| *byte >= 0xc0);
    let Some(have) = lead.map(|back| back + 1) else {
        return 0;
    };
    let needed = match last[last.len() - have] {
        0xf0.. => 4,
        0xe0.. => 3,
        _ => 2,
    };
    // A byte that no character begins with is found out when the rest comes, or at the end.
    if have < needed { have } else { 0 }
}
