//! ZIP archives and deflated data made by hand: what a writer that keeps the rules would not make.

use std::io::Write;

use flate2::{Compress, Compression, FlushCompress};

/// Deflated data (RFC 1951) of a text with a part that is repeated many times, without ever having it all.
pub(super) struct Deflated {
    /// As it is in the archive.
    pub(super) bytes: Vec<u8>,
    /// Its length when it is unpacked.
    pub(super) size: u64,
    /// The CRC-32 of what is unpacked.
    pub(super) crc: u32,
}

impl Deflated {
    /// The head, so many times the part, the tail.
    pub(super) fn repeated(head: &[u8], part: &[u8], times: u64, tail: &[u8]) -> Self {
        // Some repetitions at once, so that they pack well.
        let together = ((1 << 20) / part.len().max(1)).max(1) as u64;
        let together = together.min(times.max(1));
        let block = part.repeat(usize::try_from(together).expect("it is a MiB"));
        let packed = flushed(&block);
        let mut bytes = flushed(head);
        let mut crc = crc32fast::Hasher::new();
        crc.update(head);
        let mut one = crc32fast::Hasher::new();
        one.update(&block);
        let mut size = head.len() as u64;
        for _ in 0..times / together {
            bytes.extend_from_slice(&packed);
            crc.combine(&one);
            size += block.len() as u64;
        }
        bytes.extend(flushed(tail));
        crc.update(tail);
        size += tail.len() as u64;
        // An empty last block.
        bytes.extend([0x03, 0x00]);
        Self {
            bytes,
            size,
            crc: crc.finalize(),
        }
    }

    /// The same as zlib has it (RFC 1950), with a checksum that no reader waits for.
    pub(super) fn zlib(self) -> Vec<u8> {
        let mut bytes = vec![0x78, 0x9c];
        bytes.extend(self.bytes);
        bytes.extend([0; 4]);
        bytes
    }
}

/// Deflated bytes that end at a byte's border and can be followed by more.
fn flushed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = Compress::new(Compression::fast(), false);
    let mut small = Vec::with_capacity(bytes.len() + 1024);
    packer
        .compress_vec(bytes, &mut small, FlushCompress::Full)
        .expect("there is room");
    small
}

/// A ZIP archive as it is being written.
#[derive(Default)]
pub(super) struct Zip {
    bytes: Vec<u8>,
    list: Vec<u8>,
    members: u16,
}

impl Zip {
    /// Adds a part as it is.
    pub(super) fn part(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        let crc = crc32fast::hash(content);
        self.member(name, 0, content, content.len() as u64, crc)
    }

    /// Adds a part that is deflated already.
    pub(super) fn deflated(self, name: &str, content: &Deflated) -> Self {
        self.member(name, 8, &content.bytes, content.size, content.crc)
    }

    /// Adds a deflated part that says it has only so many bytes.
    pub(super) fn lying(self, name: &str, content: &Deflated, size: u64) -> Self {
        self.member(name, 8, &content.bytes, size, content.crc)
    }

    fn member(mut self, name: &str, method: u16, data: &[u8], size: u64, crc: u32) -> Self {
        let offset = self.bytes.len();
        let packed = u32::try_from(data.len()).expect("it is small");
        let size = u32::try_from(size).expect("it is below 4 GiB");
        let mut common = Vec::new();
        for word in [20, 0, method, 0, 0x21] {
            common.extend(word.to_le_bytes());
        }
        for word in [crc, packed, size] {
            common.extend(word.to_le_bytes());
        }
        let length = u16::try_from(name.len()).expect("it is short");
        common.extend(length.to_le_bytes());
        common.extend([0, 0]);
        self.bytes
            .write_all(b"PK\x03\x04")
            .expect("a vector takes all");
        self.bytes.extend(&common);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(data);
        self.list.extend(b"PK\x01\x02\x14\x00");
        self.list.extend(&common);
        self.list.extend([0; 10]);
        let offset = u32::try_from(offset).expect("it is small");
        self.list.extend(offset.to_le_bytes());
        self.list.extend(name.as_bytes());
        self.members += 1;
        self
    }

    /// The archive.
    pub(super) fn bytes(mut self) -> Vec<u8> {
        let at = u32::try_from(self.bytes.len()).expect("it is small");
        let size = u32::try_from(self.list.len()).expect("it is small");
        self.bytes.append(&mut self.list);
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        for number in [self.members; 2] {
            self.bytes.extend(number.to_le_bytes());
        }
        for number in [size, at] {
            self.bytes.extend(number.to_le_bytes());
        }
        self.bytes.extend([0, 0]);
        self.bytes
    }
}
