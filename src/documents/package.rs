//! Packages: ZIP archives of XML parts, as office programs and books have them.
//!
//! ECMA-376 part 2 (Open Packaging Conventions) and ISO 26300 part 3 (`OpenDocument` packages). Nothing is unpacked
//! before it is asked for, and never more than [`LARGEST`] bytes of a part.

mod relationships;
mod xml;

use std::io::{Cursor, Read as _};

use memchr::memmem;
use zip::ZipArchive;
use zip::result::ZipError;

pub(super) use relationships::Relationships;
pub(super) use xml::{Element, Piece, Xml};

use super::Problem;

/// The most bytes a part may have, unpacked.
const LARGEST: u64 = 256 << 20;

/// How often smaller than what comes out of it deflated data can be at best.
const DEFLATE: u64 = 1032;

/// The first bytes of a compound file (MS-CFB): what Office wrote up to 2003, and what it puts encrypted packages into.
const COMPOUND: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// A ZIP archive whose members are the parts of a document.
#[derive(Debug)]
pub(super) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Package<'a> {
    /// Opens the archive, which reads its list of members.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        if bytes.starts_with(&COMPOUND) {
            return Err(compound(bytes));
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|problem| match problem {
            ZipError::InvalidArchive(_) if !bytes.starts_with(b"PK") => {
                Problem::Damaged("it is no ZIP archive, as its ending promises".to_owned())
            }
            problem => Problem::Damaged(format!("its ZIP archive is broken ({problem})")),
        })?;
        Ok(Self { archive })
    }

    /// Whether there is such a part.
    pub(super) fn has(&self, name: &str) -> bool {
        self.archive.index_for_name_raw(name.as_bytes()).is_some()
    }

    /// A part, unpacked; none when the package has no such part. Names are taken as they stand, without a slash at
    /// the beginning.
    pub(super) fn part(&self, name: &str) -> Result<Option<Vec<u8>>, Problem> {
        let Some(index) = self.archive.index_for_name_raw(name.as_bytes()) else {
            return Ok(None);
        };
        let broken = |problem: &dyn std::fmt::Display| {
            Problem::Damaged(format!("its part {name} cannot be unpacked ({problem})"))
        };
        // A copy of the archive is a reference to its list of members and a place in the bytes.
        let mut archive = self.archive.clone();
        let member = archive.by_index(index).map_err(|problem| match problem {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)
            | ZipError::InvalidPassword => Problem::Encrypted,
            problem => broken(&problem),
        })?;
        // The size that the archive tells may be a lie, but no more can come out of so many bytes.
        let likely = member
            .size()
            .min(member.compressed_size().saturating_mul(DEFLATE))
            .min(LARGEST);
        let mut part = Vec::with_capacity(usize::try_from(likely).unwrap_or(0));
        let mut bounded = member.take(LARGEST + 1);
        bounded
            .read_to_end(&mut part)
            .map_err(|problem| broken(&problem))?;
        if part.len() as u64 > LARGEST {
            return Err(Problem::TooLarge(format!(
                "its part {name} has more than {} MiB when unpacked",
                LARGEST >> 20
            )));
        }
        Ok(Some(part))
    }

    /// A part of XML as text; none when the package has no such part.
    pub(super) fn xml(&self, name: &str) -> Result<Option<String>, Problem> {
        self.part(name)?
            .map(|part| xml::decode(name, part))
            .transpose()
    }

    /// A part of XML that a document of this kind cannot be without.
    pub(super) fn needed_xml(&self, name: &str) -> Result<String, Problem> {
        self.xml(name)?
            .ok_or_else(|| Problem::Damaged(format!("its archive has no part {name}")))
    }

    /// The relationships of a part, or with an empty name those of the package; empty when it has none.
    pub(super) fn relationships(&self, part: &str) -> Result<Relationships, Problem> {
        relationships::read(self, part)
    }

    /// The text of an `OpenDocument` package: its part `content.xml`.
    pub(super) fn open_document(&self) -> Result<String, Problem> {
        // Since LibreOffice 24.8 an encrypted document may be one member that is a package itself.
        if self.has("encrypted-package") {
            return Err(Problem::Encrypted);
        }
        if let Some(manifest) = self.part("META-INF/manifest.xml")?
            && memmem::find(&manifest, b"encryption-data").is_some()
            && xml::encrypts(&manifest, "content.xml")
        {
            return Err(Problem::Encrypted);
        }
        self.needed_xml("content.xml")
    }
}

/// What is to be said about a compound file whose name promises a package.
fn compound(bytes: &[u8]) -> Problem {
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    if memmem::find(bytes, &name).is_some() {
        Problem::Encrypted
    } else {
        Problem::Damaged(
            "it is in the format of Office up to 2003, not the one its ending promises".to_owned(),
        )
    }
}

#[cfg(test)]
pub(super) mod tests;
