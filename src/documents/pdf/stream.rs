//! The bytes of streams, as many as one document may have.

use std::io::Read as _;

use flate2::read::ZlibDecoder;
use hayro_syntax::Filter;
use hayro_syntax::object::Stream;
use hayro_syntax::object::dict::keys::{DECODE_PARMS, DP};

use super::super::Problem;

/// What the content of any document may have unpacked, each time it is drawn, in bytes.
const FREE: usize = 64 << 20;

/// What each byte of the file adds to that: content is seldom packed into less than a tenth.
const FOR_A_BYTE: usize = 50;

/// What is never allowed, in bytes.
const MOST: usize = 512 << 20;

/// What drawing costs even if there is nothing in it, in bytes.
const DRAWING: usize = 512;

/// The bytes of content a document may still draw.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    /// That of a file of so many bytes.
    pub(super) fn new(file: usize) -> Self {
        Self(
            file.saturating_mul(FOR_A_BYTE)
                .saturating_add(FREE)
                .min(MOST),
        )
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
        self.spend(bytes.len() + DRAWING)?;
        Ok(bytes)
    }

    /// Takes note of content that was gone through.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Problem> {
        let left = self.0.checked_sub(bytes).ok_or_else(|| {
            let how = "its pages draw far more than they should, as those made to do harm do";
            Problem::Damaged(how.to_owned())
        });
        self.0 = left?;
        Ok(())
    }
}
