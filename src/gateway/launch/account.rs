//! The account of a workspace: whose it is, and what its processes find in their environment.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::geteuid;

use super::{Whose, docker};
use crate::api::Refusal;
use crate::config::{Config, Environment};
use crate::users::{self, Account, Error, Users};
use crate::walls;

/// The account that the image of a container has for this.
const USUAL: &str = "user";

/// What every user of a server with many gets of its environment: where programs are, the language, the way to the
/// network. The rest may be what only the server should know.
const COMMON: [&str; 12] = [
    "PATH",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TERM",
    "COLORTERM",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "JUPYTER_PATH",
];

/// What names directories that programs write to (XDG Base Directory Specification).
const WRITTEN: [&str; 6] = [
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
];

/// Whose workspaces a server with these settings has, and what had to be done for them, in words.
pub(super) fn whose(config: &Config) -> Result<(Whose, Vec<String>), String> {
    let root = geteuid().is_root();
    if config.multi_user {
        if !root {
            return Err("multi_user = true needs a server of root, which can become the users: start it as root (docker: user 0:0), or unset multi_user".to_owned());
        }
        let users = Users::open(users::Settings::of(config)).map_err(|error| error.to_string())?;
        return Ok((Whose::Users(users), Vec::new()));
    }
    let mut account = match &config.run_as {
        Some(name) => users::existing(name).map_err(|error| format!("run_as: {error}"))?,
        None if !root => return Ok((Whose::Own, Vec::new())),
        None => users::existing(USUAL).map_err(|_| {
            format!("isolation = \"process\" needs an account that commands run as, and there is no account {USUAL:?}: make one, name another with run_as, or set isolation = \"none\"")
        })?,
    };
    if account.uid == geteuid().as_raw() {
        return Ok((Whose::Own, Vec::new()));
    }
    if !root {
        return Err(format!(
            "run_as = {:?} needs a server of root: start it as root, or as that account and unset run_as",
            account.name
        ));
    }
    // Who has taken these rights away wants less of them in the container, and no container that does not start.
    if config.run_as.is_none() && !walls::may_become_others() {
        let told = format!(
            "commands run as root, without its capabilities: becoming the account {} takes SETUID and SETGID, which this server has not (docker: --cap-add SETUID --cap-add SETGID, or --user {})",
            account.name, account.uid
        );
        return Ok((Whose::Own, vec![told]));
    }
    let settled = users::settle(&mut account, &users::Settings::of(config));
    let mut told: Vec<String> = settled
        .unwrap_or_else(|problem| Some(problem.to_string()))
        .into_iter()
        .collect();
    told.extend(docker::admit(&mut account));
    Ok((Whose::Account(Box::new(account)), told))
}

/// An account that has nothing, to try things out with.
pub(super) fn nobody() -> Account {
    const NOBODY: u32 = 65_534;
    Account {
        name: "nobody".to_owned(),
        uid: NOBODY,
        gid: NOBODY,
        groups: Vec::new(),
        home: "/".into(),
        shell: "/bin/sh".into(),
    }
}

/// Why a user has no account, told to the client as far as it is the client's matter.
pub(super) fn refusal(error: Error) -> Refusal {
    match error {
        Error::Reserved(_) => Refusal::Reserved(error.to_string()),
        Error::Id(_) => Refusal::Who(error.to_string()),
        other => super::cannot(&other.to_string()),
    }
}

/// Directories beside its home in which a workspace that is the server's own user writes: the environment names them.
pub(super) fn directories(server: &Environment) -> Vec<PathBuf> {
    let named = WRITTEN.iter().filter_map(|name| server.get(name));
    named
        .map(PathBuf::from)
        .filter(|path| path.is_absolute() && path.is_dir())
        .collect()
}

/// The environment of a workspace's commands.
pub(super) fn environment(
    server: &Environment,
    account: Option<&Account>,
    many: bool,
) -> Vec<(OsString, OsString)> {
    let mut all = server.for_commands();
    let Some(account) = account else { return all };
    all.retain(|(name, _)| {
        let name = name.to_string_lossy();
        let common = COMMON.contains(&name.as_ref())
            || name.starts_with("LC_")
            || name.to_ascii_lowercase().ends_with("_proxy");
        // These name directories of the server's account.
        let anothers = name.starts_with("XDG_") || name == "TMPDIR" || name == "OLDPWD";
        let set_anew = ["HOME", "USER", "LOGNAME", "SHELL", "PWD", "MAIL"].contains(&name.as_ref());
        !set_anew && if many { common } else { !anothers }
    });
    let own = [
        ("HOME", account.home.as_os_str()),
        ("USER", account.name.as_ref()),
        ("LOGNAME", account.name.as_ref()),
        ("SHELL", account.shell.as_os_str()),
    ];
    all.extend(own.map(|(name, value)| (name.into(), value.to_owned())));
    all
}

/// The same, so that it can be written down whatever bytes are in it.
pub(super) fn spelled(environment: &[(OsString, OsString)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pairs = environment.iter().cloned();
    pairs
        .map(|(name, value)| (name.into_vec(), value.into_vec()))
        .collect()
}

/// Whether directories for accounts can be made at a path as root: nobody else may change where it leads. With `many`,
/// they are made below it.
pub(super) fn check_log_dir(path: &Path, many: bool) -> Result<(), String> {
    let above = if many { Some(path) } else { path.parent() };
    let above = above.unwrap_or(Path::new("/"));
    let failed = |at: &Path, why: String| {
        Err(format!(
            "log_dir = {:?}: {}: {why}; name a directory that only root can change, or unset it to have logs in the homes",
            path.display().to_string(),
            at.display()
        ))
    };
    if let Err(error) = DirBuilder::new().recursive(true).mode(0o711).create(above) {
        return failed(above, error.to_string());
    }
    let real = match above.canonicalize() {
        Ok(real) => real,
        Err(error) => return failed(above, error.to_string()),
    };
    for at in real.ancestors() {
        match at.metadata() {
            // In a sticky directory nobody replaces what is root's, but others can be there first.
            Ok(found)
                if found.uid() == 0
                    && (found.mode() & 0o022 == 0 || (sticky(&found) && (at != real || !many))) => {
            }
            Ok(_) => return failed(at, "others can change it".to_owned()),
            Err(error) => return failed(at, error.to_string()),
        }
    }
    Ok(())
}

fn sticky(directory: &std::fs::Metadata) -> bool {
    directory.mode() & 0o1000 != 0
}

/// Makes a directory of an account's own in one that only root can change. One that is there must be the account's.
pub(super) fn make_own(directory: &Path, account: &Account) -> io::Result<()> {
    let made = match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        made => made.map(|()| true)?,
    };
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let opened = File::from(open(directory, flags, Mode::empty())?);
    if made {
        fchown(&opened, Some(account.uid), Some(account.gid))?;
    } else if opened.metadata()?.uid() != account.uid {
        return Err(io::Error::other(format!(
            "{} is there and is not the account's: remove it, or give it to {}",
            directory.display(),
            account.name
        )));
    }
    opened.set_permissions(Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account {
            name: "u1".into(),
            uid: 10_001,
            gid: 10_001,
            groups: vec![10_001],
            home: "/home/u1".into(),
            shell: "/bin/bash".into(),
        }
    }

    fn names(many: bool) -> Vec<String> {
        let server = Environment::from_pairs([
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("https_proxy", "p"),
            ("DATABASE_PASSWORD", "s"),
            ("XDG_STATE_HOME", "/root/s"),
            ("HOME", "/root"),
            ("OPEN_TERMINAL_API_KEY", "k"),
        ]);
        let found = environment(&server, Some(&account()), many);
        let text = |(name, value): &(OsString, OsString)| {
            format!("{}={}", name.to_string_lossy(), value.to_string_lossy())
        };
        found.iter().map(text).collect()
    }

    #[test]
    fn users_get_what_is_common_and_their_own() {
        assert_eq!(
            names(true),
            [
                "PATH=/bin",
                "LC_ALL=C",
                "https_proxy=p",
                "HOME=/home/u1",
                "USER=u1",
                "LOGNAME=u1",
                "SHELL=/bin/bash"
            ]
        );
    }

    #[test]
    fn one_account_gets_what_the_server_has_for_commands() {
        let names = names(false);
        assert!(
            names.contains(&"DATABASE_PASSWORD=s".to_owned()),
            "{names:?}"
        );
        assert!(names.contains(&"HOME=/home/u1".to_owned()), "{names:?}");
        for gone in ["XDG_", "OPEN_TERMINAL", "/root"] {
            assert!(!names.iter().any(|line| line.contains(gone)), "{names:?}");
        }
    }
}
