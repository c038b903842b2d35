//! Docker's socket, where somebody has mounted it for the commands of a container.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use crate::users::Account;

/// Where programs look for it.
const SOCKET: &str = "/var/run/docker.sock";

/// Gives the account the group of the socket, if there is one, and says what that means.
pub(super) fn admit(account: &mut Account) -> Option<String> {
    admit_to(Path::new(SOCKET), account)
}

fn admit_to(socket: &Path, account: &mut Account) -> Option<String> {
    let found = fs::metadata(socket).ok()?;
    if !found.file_type().is_socket() {
        return None;
    }
    let (shown, group) = (socket.display(), found.gid());
    if group == 0 {
        return Some(format!(
            "{shown} belongs to the group root, which commands do not get: give it another group where it comes from (chgrp docker)"
        ));
    }
    if !account.groups.contains(&group) {
        account.groups.push(group);
    }
    Some(format!(
        "{shown} is there: commands have its group ({group}), and whoever may use it is root on the machine that runs Docker"
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_a_socket_s_own_group_is_given() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("docker.sock");
        let mut account = super::super::account::nobody();
        assert_eq!(admit_to(&path, &mut account), None);
        fs::write(&path, "").unwrap();
        assert_eq!(admit_to(&path, &mut account), None);
        fs::remove_file(&path).unwrap();
        let _socket = UnixListener::bind(&path).unwrap();
        if !nix::unistd::geteuid().is_root() {
            eprintln!("skipped: only root gives a socket away");
            return;
        }
        chown(&path, None, Some(0)).unwrap();
        let told = admit_to(&path, &mut account).unwrap();
        assert!(
            told.contains("chgrp") && account.groups.is_empty(),
            "{told}"
        );
        chown(&path, None, Some(998)).unwrap();
        for _ in 0..2 {
            let told = admit_to(&path, &mut account).unwrap();
            assert!(told.contains("root on the machine"), "{told}");
            assert_eq!(account.groups, [998]);
        }
    }
}
