//! Files with secrets that commands could read, where no wall hides them.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::users::Account;
use crate::walls::Wall;

/// Walls that hide files whatever their modes are.
const HIDING: [&str; 2] = ["mount_namespace", "landlock"];
/// Bits of a mode, as they are for others.
const READ: u32 = 0o4;
const SEARCH: u32 = 0o1;

/// Warns of files of the server that an account may read and no wall hides.
pub(super) fn warnings(files: &[PathBuf], account: &Account, walls: &[Wall]) -> Vec<String> {
    let hides = |wall: &Wall| wall.active && HIDING.contains(&wall.name.as_str());
    if walls.iter().any(hides) {
        return Vec::new();
    }
    let readable = files.iter().filter(|file| reads(file, account));
    readable
        .map(|file| {
            format!(
                "{} can be read by commands: no wall hides it here, so make it root's with mode 0600 where it comes from",
                file.display()
            )
        })
        .collect()
}

/// Whether the modes of a file and the directories above let the account read it.
fn reads(file: &Path, account: &Account) -> bool {
    let Ok(file) = fs::canonicalize(file) else {
        return false;
    };
    let allows =
        |path: &Path, bit| fs::metadata(path).is_ok_and(|found| allows(&found, account, bit));
    allows(&file, READ) && file.ancestors().skip(1).all(|path| allows(path, SEARCH))
}

/// Whether the mode of what was found gives this to the account (`path_resolution(7)`).
fn allows(found: &Metadata, account: &Account, bit: u32) -> bool {
    let bit = if found.uid() == account.uid {
        bit << 6
    } else if account.groups.contains(&found.gid()) {
        bit << 3
    } else {
        bit
    };
    found.mode() & bit != 0
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn wall(name: &str, active: bool) -> Wall {
        Wall {
            asked: true,
            name: name.to_owned(),
            active,
            detail: String::new(),
        }
    }

    #[test]
    fn a_file_that_an_account_may_read_is_named_where_nothing_hides_it() {
        let directory = tempfile::tempdir().unwrap();
        let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
        set(directory.path(), 0o755).unwrap();
        let file = directory.path().join("key");
        fs::write(&file, "k").unwrap();
        let found = fs::metadata(&file).unwrap();
        let mut account = super::super::account::nobody();
        let missing = directory.path().join("missing");
        let files = [file.clone(), missing];
        let told = |account: &Account, walls: &[Wall]| warnings(&files, account, walls);
        for (mode, named) in [(0o604, true), (0o660, false), (0o644, true), (0o600, false)] {
            set(&file, mode).unwrap();
            assert_eq!(told(&account, &[]).len(), usize::from(named), "{mode:o}");
        }
        set(&file, 0o644).unwrap();
        let open = [wall("landlock", false), wall("seccomp", true)];
        let warned = told(&account, &open);
        assert!(
            warned[0].contains("/key can be read") && warned[0].contains("0600"),
            "{warned:?}"
        );
        assert!(told(&account, &[wall("landlock", true)]).is_empty());
        assert!(told(&account, &[wall("mount_namespace", true)]).is_empty());

        // Its group and its owner have bits of their own.
        account.groups = vec![found.gid()];
        assert_eq!(told(&account, &[]).len(), 1);
        set(&file, 0o604).unwrap();
        assert!(told(&account, &[]).is_empty());
        account.uid = found.uid();
        assert_eq!(told(&account, &[]).len(), 1);
        account.groups.clear();
        // Who may not go through its directory does not reach it.
        set(directory.path(), 0o100).unwrap();
        assert_eq!(told(&account, &[]).len(), 1);
        set(directory.path(), 0o055).unwrap();
        assert!(told(&account, &[]).is_empty());
        set(directory.path(), 0o700).unwrap();
    }
}
