//! Which shell a terminal runs, and what it finds in its environment.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use crate::config::{Environment, Passwd};

/// The locale of a terminal when the server has none: without one, many programs take no UTF-8.
const LOCALE: &str = "C.UTF-8";

/// A shell for people.
#[derive(Clone, Debug)]
pub struct Shell {
    pub(super) path: PathBuf,
    pub(super) arguments: &'static [&'static str],
    /// Variables that the server's own environment lacks.
    pub(super) variables: Vec<(String, String)>,
}

impl Shell {
    /// The user's shell: `$SHELL`, else bash, else sh.
    ///
    /// `term` is its TERM when the server has none of its own. A login shell reads `/etc/profile` and
    /// the like.
    pub fn find(environment: &Environment, term: &str, login: bool) -> Self {
        let own = environment.get("SHELL").map(PathBuf::from);
        let path = own
            .filter(|path| is_program(path))
            .or_else(|| environment.find_program("bash"))
            .unwrap_or_else(|| PathBuf::from("/bin/sh"));
        let account = Passwd::of_uid(Uid::effective().as_raw());
        let name = account.as_ref().map_or("root", |account| &account.name);
        let home = environment.home();
        let wanted = [
            ("TERM", term),
            ("HOME", &home.to_string_lossy()),
            ("USER", name),
            ("LOGNAME", name),
        ];
        let missing = |name: &str| environment.get(name).is_none_or(OsStr::is_empty);
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut variables: Vec<_> = wanted
            .into_iter()
            .filter(|(name, _)| missing(name))
            .map(owned)
            .collect();
        if ["LANG", "LC_ALL", "LC_CTYPE"]
            .iter()
            .all(|name| missing(name))
        {
            variables.push(owned(("LANG", LOCALE)));
        }
        variables.push(owned(("SHELL", &path.to_string_lossy())));
        Self {
            path,
            arguments: if login { &["-l"] } else { &[] },
            variables,
        }
    }
}

fn is_program(path: &Path) -> bool {
    let found = path.is_absolute().then(|| path.metadata().ok()).flatten();
    found.is_some_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(variables: &[(&str, &str)]) -> Shell {
        Shell::find(
            &Environment::from_pairs(variables.iter().copied()),
            "xterm-256color",
            false,
        )
    }

    fn variable<'a>(shell: &'a Shell, name: &str) -> Option<&'a str> {
        let mut all = shell.variables.iter();
        all.find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    #[test]
    fn the_users_shell_is_taken_if_it_is_one() {
        assert_eq!(shell(&[("SHELL", "/bin/sh")]).path, Path::new("/bin/sh"));
        for wrong in ["", "sh", "/etc/passwd", "/none/such", "/bin"] {
            let found = shell(&[("SHELL", wrong), ("PATH", "/none:/usr/bin:/bin")]).path;
            assert!(found.ends_with("bash"), "{wrong}: {}", found.display());
            assert_eq!(shell(&[("SHELL", wrong)]).path, Path::new("/bin/sh"));
        }
    }

    #[test]
    fn what_is_missing_is_added_and_what_is_there_stays() {
        let bare = shell(&[]);
        for name in ["TERM", "HOME", "USER", "LOGNAME", "LANG", "SHELL"] {
            assert!(
                variable(&bare, name).is_some_and(|value| !value.is_empty()),
                "{name}"
            );
        }
        let own = [
            ("TERM", "dumb"),
            ("HOME", "/h"),
            ("USER", "u"),
            ("LOGNAME", "u"),
            ("LC_ALL", "C"),
        ];
        let kept = shell(&own);
        assert_eq!(kept.variables.len(), 1, "{:?}", kept.variables);
        assert_eq!(variable(&kept, "SHELL"), Some("/bin/sh"));
    }
}
