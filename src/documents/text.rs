//! The text that a reader finds in a document, bounded, with what is to be said about it.

/// Why a document's text cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// The file is not what its name says, or broken; the text says where, as the end of a sentence that begins
    /// with the file's name: "is damaged: …".
    #[error("{0}")]
    Damaged(String),
    /// A password is needed.
    #[error("it is encrypted")]
    Encrypted,
    /// There is more text in it than is taken.
    #[error("there is more text in it than is taken")]
    TooMuch,
    /// Something in it is larger than is taken when it is unpacked, which may be sound; the text says what.
    #[error("{0}")]
    TooLarge(String),
}

/// A document's text as it is being read.
#[derive(Debug)]
pub(crate) struct Text {
    found: String,
    most: usize,
    lines: bool,
    notices: Vec<String>,
    gaps: Vec<String>,
}

impl Text {
    /// Without text yet; there may be so many bytes of it.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            found: String::new(),
            most,
            lines: false,
            notices: Vec::new(),
            gaps: Vec::new(),
        }
    }

    /// Adds text as it is.
    pub(super) fn push(&mut self, text: &str) -> Result<(), Problem> {
        if text.len() > self.most - self.found.len() {
            return Err(Problem::TooMuch);
        }
        self.found.push_str(text);
        Ok(())
    }

    /// Adds a line: a line break goes before each but the first, none after the last.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Problem> {
        if std::mem::replace(&mut self.lines, true) {
            self.push("\n")?;
        }
        self.push(text)
    }

    /// Says what of this kind of document is not in the text, such as pictures. Who compares documents is told.
    pub(super) fn notice(&mut self, words: impl Into<String>) {
        self.notices.push(words.into());
    }

    /// Says what is missing in this very document, such as a page that is only a picture: it can be read without,
    /// but not compared.
    pub(super) fn gap(&mut self, words: impl Into<String>) {
        self.gaps.push(words.into());
    }

    /// The text so far.
    pub(crate) fn as_str(&self) -> &str {
        &self.found
    }

    /// What was said about this kind of document.
    pub(crate) fn notices(&self) -> &[String] {
        &self.notices
    }

    /// What is missing in this document.
    pub(crate) fn gaps(&self) -> &[String] {
        &self.gaps
    }
}
