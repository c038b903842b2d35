//! An environment is what the process was started in: its variables and its directory.
//!
//! It is read once, here, and handed on as a value, so that nothing else depends on the process.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use nix::unistd::Uid;

use super::accounts::Passwd;
use super::table::PREFIX;

/// The arguments of this process, the program's name first.
pub fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// Variables and working directory, as they were when it was made.
#[derive(Clone, Default)]
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
    directory: Option<PathBuf>,
}

impl Environment {
    /// Those of this process. `HOME` is a directory that may be written for who has no account, too.
    pub fn from_process() -> Self {
        let found = Self {
            variables: std::env::vars_os().collect(),
            directory: std::env::current_dir().ok(),
        };
        let user = Uid::current();
        if user.is_root() || !found.is_homeless() || Passwd::of_uid(user.as_raw()).is_some() {
            return found;
        }
        found.housed()
    }

    /// Whether there is no `HOME`, or the one that container engines give to a number without an account.
    fn is_homeless(&self) -> bool {
        self.path("HOME").is_none_or(|home| home == Path::new("/"))
    }

    /// The same with the working directory for a home, or one for temporary files where that may not be written.
    fn housed(mut self) -> Self {
        let writable = |path: &&Path| access(*path, AccessFlags::W_OK | AccessFlags::X_OK).is_ok();
        let home = self.directory().filter(writable);
        let home = home.unwrap_or(Path::new("/tmp")).into();
        self.variables.retain(|(name, _)| name != "HOME");
        self.variables.push(("HOME".into(), home));
        self
    }

    /// The given variables, and no directory.
    pub fn from_pairs<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = pairs.into_iter();
        Self {
            variables: variables.map(|(k, v)| (k.into(), v.into())).collect(),
            directory: None,
        }
    }

    /// The same variables in `directory`.
    #[must_use]
    pub fn in_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        let mut variables = self.variables.iter();
        variables
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_os_str())
    }

    /// The working directory; none when it is gone.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The home directory: `HOME`, else that of the account, else `/`.
    pub fn home(&self) -> PathBuf {
        if let Some(home) = self.path("HOME") {
            return home;
        }
        let account = Passwd::of_uid(Uid::current().as_raw());
        account.map_or_else(|| PathBuf::from("/"), |account| account.home)
    }

    /// The directory in `variable`, one of the XDG base directories, else `fallback` below home.
    pub(super) fn base(&self, variable: &str, fallback: &str) -> PathBuf {
        self.path(variable)
            .unwrap_or_else(|| self.home().join(fallback))
    }

    /// The file that a shell would run for this name (PATH, execvp(3)).
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        let path = self.get("PATH")?;
        std::env::split_paths(path)
            .map(|directory| directory.join(name))
            .find(|file| access(file, AccessFlags::X_OK).is_ok() && file.is_file())
    }

    /// What a command may see: everything but our own variables, which hold the key.
    pub fn for_commands(&self) -> Vec<(OsString, OsString)> {
        let variables = self.variables.iter();
        variables
            .filter(|(name, _)| suffix(name).is_none())
            .cloned()
            .collect()
    }

    /// Our own variables: the name without the prefix, and the value.
    pub(super) fn own(&self) -> impl Iterator<Item = (&[u8], &OsStr)> {
        let variables = self.variables.iter();
        variables.filter_map(|(name, value)| Some((suffix(name)?, value.as_os_str())))
    }

    fn path(&self, variable: &str) -> Option<PathBuf> {
        let value = self.get(variable).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    }
}

/// Shows no value: one of them may be the key.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.len())
            .field("directory", &self.directory)
            .finish()
    }
}

fn suffix(name: &OsStr) -> Option<&[u8]> {
    name.as_encoded_bytes().strip_prefix(PREFIX.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_home_gets_one_that_may_be_written() {
        let directory = tempfile::tempdir().unwrap();
        for homeless in [&[][..], &[("HOME", "")], &[("HOME", "/")]] {
            let env = Environment::from_pairs(homeless.iter().copied());
            assert!(env.is_homeless());
            let housed = env.clone().in_directory(directory.path()).housed();
            assert_eq!(housed.home(), directory.path());
            assert!(!housed.is_homeless());
            assert_eq!(housed.for_commands().len(), 1);
            let gone = env.clone().in_directory("/no/such").housed();
            assert_eq!(gone.home(), PathBuf::from("/tmp"));
            assert_eq!(env.housed().home(), PathBuf::from("/tmp"));
        }
        assert!(!Environment::from_pairs([("HOME", "/home/x")]).is_homeless());
    }

    #[test]
    fn commands_see_everything_but_our_variables() {
        let env = Environment::from_pairs([
            ("PATH", "/bin"),
            ("OPEN_TERMINAL_API_KEY", "secret"),
            ("OPEN_TERMINAL_API_KEY_FILE", "/run/key"),
            ("MY_OPEN_TERMINAL_X", "1"),
        ]);
        let names: Vec<_> = env
            .for_commands()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["PATH", "MY_OPEN_TERMINAL_X"]);
        assert!(!format!("{env:?}").contains("secret"));
    }

    #[test]
    fn empty_directories_count_as_unset() {
        let env = Environment::from_pairs([("HOME", "/h"), ("XDG_STATE_HOME", "")]);
        assert_eq!(env.base("XDG_STATE_HOME", "s"), PathBuf::from("/h/s"));
        let env = Environment::from_pairs([("HOME", "/h"), ("XDG_STATE_HOME", "/x")]);
        assert_eq!(env.base("XDG_STATE_HOME", "s"), PathBuf::from("/x"));
    }

    #[test]
    fn without_home_the_account_has_one() {
        let home = Environment::default().home();
        assert!(home.is_absolute(), "{}", home.display());
    }
}
