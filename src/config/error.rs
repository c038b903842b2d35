//! A configuration error is why the server does not start: one line, and the exit status for it.

use std::path::PathBuf;

/// What is wrong with a configuration, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Two sources of the same layer.
    #[error("{variable} and {variable}_FILE are both set, even if to nothing; unset one of them")]
    Both {
        /// The variable without `_FILE`.
        variable: String,
    },
    /// The file that a `_FILE` variable names cannot be used.
    #[error("{variable}: cannot read {}: {problem}; name a readable text file", path.display())]
    ValueFile {
        /// The variable, `_FILE` included.
        variable: String,
        /// The file it names.
        path: PathBuf,
        /// What went wrong.
        problem: String,
    },
    /// The settings file that was named cannot be read.
    #[error("cannot read the settings file {}: {problem}; name a readable TOML file", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        problem: String,
    },
    /// The settings of the machine cannot be read, and one of them may be a limit.
    #[error("cannot read {}: {problem}; make it readable or remove it", path.display())]
    SystemFile {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        problem: String,
    },
    /// A settings file is not TOML.
    #[error("{} is not TOML: {problem}; correct it there", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Place and kind of the error.
        problem: String,
    },
    /// A value that its setting does not take.
    #[error("{setting} from {origin}: {problem}; give {wanted}")]
    Value {
        /// The setting.
        setting: &'static str,
        /// File, variable or flag.
        origin: String,
        /// The value and what is wrong with it.
        problem: String,
        /// What the setting takes.
        wanted: String,
    },
    /// A key that is no setting but looks like one.
    #[error("{}: {key:?} is not a setting; did you mean {nearest:?}?", path.display())]
    Misspelt {
        /// The settings file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The setting it resembles.
        nearest: &'static str,
    },
    /// A key that is no setting, where all must be.
    #[error("{}: {key:?} is not a setting; remove it, or see config.example.toml for the names", path.display())]
    Unknown {
        /// The settings file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// A protection is asked for that does not exist yet.
    #[error("{setting} from {origin}: {what} not available in this version; {remedy}")]
    Missing {
        /// The setting.
        setting: &'static str,
        /// File, variable or flag.
        origin: String,
        /// What it asks for, with its verb.
        what: &'static str,
        /// How to start without it.
        remedy: &'static str,
    },
    /// Users would share what isolation keeps apart.
    #[error(
        "isolation = \"none\" gives all users one workspace, which multi_user = true does not allow; set isolation = \"process\", or unset one of the two"
    )]
    SharedWorkspace,
    /// The working directory cannot be used.
    #[error("--cwd: {}: {problem}; name an existing directory", path.display())]
    Directory {
        /// The directory asked for.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The process stands in no directory.
    #[error("the current directory is gone; give --cwd DIR, or start in one that exists")]
    NoDirectory,
    /// The tunnel cannot be opened with these settings.
    #[error("--cftunnel: {0}")]
    Tunnel(&'static str),
    /// The system gives no random bits for a key.
    #[error("cannot make an API key: {0}; set OPEN_TERMINAL_API_KEY")]
    Random(#[from] getrandom::Error),
}

impl ConfigError {
    /// The status the process ends with: 2 for what was asked, 1 for what was found.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::ValueFile { .. }
            | Self::SystemFile { .. }
            | Self::NotToml { .. }
            | Self::Random(_) => 1,
            Self::Both { .. }
            | Self::File { .. }
            | Self::Value { .. }
            | Self::Misspelt { .. }
            | Self::Unknown { .. }
            | Self::Missing { .. }
            | Self::SharedWorkspace
            | Self::Directory { .. }
            | Self::NoDirectory
            | Self::Tunnel(_) => 2,
        }
    }
}
