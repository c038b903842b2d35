//! What is wanted of a search: files, directories or both.

/// What is wanted of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever has the name.
    #[default]
    All,
    /// What is no directory.
    Files,
    /// Directories.
    Directories,
}

impl Wanted {
    /// Whether a directory, or else a file, is wanted.
    pub(super) fn takes(self, directory: bool) -> bool {
        match self {
            Self::All => true,
            Self::Files => !directory,
            Self::Directories => directory,
        }
    }
}
