//! Facts: what a prompt can say of the machine and the account that commands run as.

use std::ffi::{OsStr, OsString};

use nix::unistd::geteuid;

use crate::config::Passwd;

/// What is known at start. Each is text for people; one that cannot be found out reads `unknown`.
#[derive(Debug)]
pub(super) struct Facts {
    /// The system's name, `Linux`.
    pub(super) os: String,
    /// The kernel's release.
    pub(super) kernel: String,
    /// The processor's architecture, such as `x86_64`.
    pub(super) arch: String,
    /// The host's name.
    pub(super) hostname: String,
    /// The account's name.
    pub(super) user: String,
    /// The account's shell. Commands run by `/bin/sh` whatever it is.
    pub(super) shell: String,
    /// The account's home directory.
    pub(super) home: String,
}

impl Facts {
    /// Asks the system, and `environment` first for what is the account's.
    pub(super) fn gather(environment: &[(OsString, OsString)]) -> Self {
        let system = nix::sys::utsname::uname().ok();
        let told =
            |name: fn(&nix::sys::utsname::UtsName) -> &OsStr| known(system.as_ref().map(name));
        let set = |name: &str| {
            lookup(environment, name).map(|value| value.to_string_lossy().into_owned())
        };
        let account = || Passwd::of_uid(geteuid().as_raw());
        Self {
            os: told(nix::sys::utsname::UtsName::sysname),
            kernel: told(nix::sys::utsname::UtsName::release),
            arch: told(nix::sys::utsname::UtsName::machine),
            hostname: told(nix::sys::utsname::UtsName::nodename),
            user: set("USER")
                .or_else(|| set("LOGNAME"))
                .or_else(|| account().map(|account| account.name))
                .unwrap_or_else(|| geteuid().to_string()),
            shell: set("SHELL").unwrap_or_else(|| "/bin/sh".to_owned()),
            home: set("HOME")
                .or_else(|| account().map(|account| account.home.to_string_lossy().into_owned()))
                .unwrap_or_else(|| "/".to_owned()),
        }
    }

    /// The fact a template calls `name`, if there is one of that name.
    pub(super) fn named<'a>(&'a self, name: &str, python: Option<&'a str>) -> Option<&'a str> {
        Some(match name {
            "os" => &self.os,
            "kernel" => &self.kernel,
            "arch" => &self.arch,
            "hostname" => &self.hostname,
            "user" => &self.user,
            "shell" => &self.shell,
            "home" => &self.home,
            "python_version" => python.unwrap_or("not installed"),
            _ => return None,
        })
    }
}

/// The value of `name` in `environment`; an empty one counts as none.
pub(super) fn lookup<'a>(environment: &'a [(OsString, OsString)], name: &str) -> Option<&'a OsStr> {
    let found = environment.iter().find(|(key, _)| key == name)?;
    Some(found.1.as_os_str()).filter(|value| !value.is_empty())
}

fn known(value: Option<&OsStr>) -> String {
    value.map_or_else(
        || "unknown".to_owned(),
        |value| value.to_string_lossy().into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    #[test]
    fn the_environment_is_asked_before_the_account() {
        let facts = Facts::gather(&environment(&[
            ("USER", "ada"),
            ("SHELL", "/bin/zsh"),
            ("HOME", "/h"),
        ]));
        assert_eq!(
            (
                facts.user.as_str(),
                facts.shell.as_str(),
                facts.home.as_str()
            ),
            ("ada", "/bin/zsh", "/h")
        );
        assert_eq!(facts.os, "Linux");
    }

    #[test]
    fn without_it_there_is_still_an_answer() {
        let facts = Facts::gather(&environment(&[("USER", "")]));
        assert!(!facts.user.is_empty() && !facts.home.is_empty());
        assert_eq!(facts.shell, "/bin/sh");
    }
}
