//! An edit: text replaced in a file, all of it or nothing, with no other write of ours in between.

use std::path::Path;

use super::replace::{Chunk, ReplaceError, replaced};
use super::write::{Written, update};
use super::{Error, media};

/// Replaces text in the file at `path`, which must be UTF-8; with `expected_hash` only if that is still its hash.
/// `durable` waits for the disk. On any error the file is as it was.
pub fn replace(
    path: &Path,
    chunks: &[Chunk],
    expected_hash: Option<&str>,
    durable: bool,
) -> Result<Written, Error> {
    update(path, expected_hash, durable, |content| {
        let text = simdutf8::basic::from_utf8(content).map_err(|_| Error::NotText {
            path: path.to_owned(),
            media_type: media::media_type(path).0,
        })?;
        replaced(text, chunks)
            .map(String::into_bytes)
            .map_err(Error::from)
    })
}

impl From<ReplaceError> for Error {
    fn from(error: ReplaceError) -> Self {
        let shown = error.to_string();
        match error {
            ReplaceError::NotFound { .. } | ReplaceError::Ambiguous { .. } => Self::Unfit(shown),
            ReplaceError::TooLarge { .. } => Self::TooLarge(shown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_text_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("f.bin");
        std::fs::write(&path, b"here \xff").unwrap();
        let chunk = Chunk {
            target: "here".to_owned(),
            ..Chunk::default()
        };
        let refused = replace(&path, std::slice::from_ref(&chunk), None, false);
        assert!(matches!(refused, Err(Error::NotText { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"here \xff");
        std::fs::write(&path, b"here it is").unwrap();
        let written = replace(&path, &[chunk], None, false).unwrap();
        assert_eq!(written.size, 6);
        assert_eq!(std::fs::read(&path).unwrap(), b" it is");
    }
}
