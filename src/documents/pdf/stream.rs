//! The bytes of streams, as many as one document may have.

use std::io::Read as _;

use flate2::read::ZlibDecoder;
use hayro_syntax::Filter;
use hayro_syntax::object::Stream;
use hayro_syntax::object::dict::keys::{DECODE_PARMS, DP};

use super::super::Problem;

/// What all content of a document may have unpacked, each time it is drawn, in bytes.
const MOST: usize = 512 << 20;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    /// All of it.
    pub(super) fn new() -> Self {
        Self(MOST)
    }

    /// A stream's bytes; none when they cannot be had.
    pub(super) fn unpack(&mut self, stream: &Stream<'_>) -> Result<Vec<u8>, Problem> {
        let plain = !stream.dict().contains_key(DECODE_PARMS) && !stream.dict().contains_key(DP);
        let mut bytes = Vec::new();
        if plain && stream.filters().as_slice() == [Filter::FlateDecode] {
            // What comes before an error is content, too.
            let most = self.0 as u64 + 1;
            let raw = stream.raw_data();
            ZlibDecoder::new(&*raw)
                .take(most)
                .read_to_end(&mut bytes)
                .ok();
        }
        if bytes.is_empty() {
            bytes = stream.decoded_data().unwrap_or_default().into_owned();
        }
        self.spend(bytes.len())?;
        Ok(bytes)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Problem> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            Problem::Damaged(format!("its pages draw more than {} MiB", MOST >> 20))
        })?;
        Ok(())
    }
}
