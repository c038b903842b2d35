//! Users on a system of their own: `etc`, homes and state in a temporary directory.

mod making;
mod many;
mod persistence;
mod removing;
mod taking_over;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Settings, Users};

/// What a new container has in its `passwd`.
const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/sbin/nologin\n\
    backupper:x:34:34::/:/sbin/nologin\nnobody:x:65534:65534::/:/sbin/nologin\n\
    user:x:1000:1000::/home/user:/bin/bash\n";

/// What a new container has in its `group`.
const GROUP: &str = "root:x:0:\ndaemon:x:1:\nbackupper:x:34:\nprinting:x:7:\nuser:x:1000:\n\
    helpers:x:1500:memberof\n";

/// A machine with accounts.
struct Machine(TempDir);

impl Machine {
    /// A new one; none, said on stderr, where accounts cannot be made since we are not root.
    fn new() -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("skipped: needs root");
            return None;
        }
        let machine = Self(tempfile::tempdir().unwrap());
        for directory in ["etc", "homes", "skel"] {
            fs::create_dir(machine.at(directory)).unwrap();
        }
        machine.recreate();
        Some(machine)
    }

    /// A path on it.
    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Gives it the accounts of a new container; homes and state stay.
    fn recreate(&self) {
        for (file, text, mode) in [
            ("passwd", PASSWD, 0o644),
            ("group", GROUP, 0o644),
            ("shadow", "root:*:1::::::\n", 0o640),
            ("gshadow", "root:*::\n", 0o640),
        ] {
            let path = self.at("etc").join(file);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            prefix: String::new(),
            state_dir: self.at("state"),
            etc: self.at("etc"),
            homes: self.at("homes"),
            skeleton: self.at("skel"),
            logs: self.at("logs"),
        }
    }

    fn users(&self) -> Users {
        Users::open(self.settings()).unwrap()
    }

    /// A file of `etc`.
    fn etc(&self, name: &str) -> String {
        fs::read_to_string(self.at("etc").join(name)).unwrap()
    }

    fn map(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.at("state/users.json")).unwrap()).unwrap()
    }

    /// A home of another server's.
    fn home(&self, name: &str, uid: u32, gid: u32) -> PathBuf {
        let path = self.at("homes").join(name);
        fs::create_dir(&path).unwrap();
        chown(&path, Some(uid), Some(gid)).unwrap();
        path
    }
}
