//! What keeps commands in, and the key from them: as far as it goes in this version.

use nix::unistd::geteuid;

use crate::api::Protection;
use crate::config::Startup;
use crate::limits::Status;

/// What `/readyz` tells of protections.
pub(super) fn active(startup: &Startup, limits: &Status) -> Vec<Protection> {
    let root = geteuid().is_root();
    let key = if root {
        "the key is in no environment and no argument list; but commands run as root, like the server, and root can read its memory: run the server as another user"
    } else if startup.hidden {
        "the key is in no environment and no argument list, and the server's memory cannot be read by its own user"
    } else {
        "the arguments, the environment and the memory of the server could not be hidden from its own user"
    };
    let protection = |name, asked, active, detail: &str| Protection {
        name,
        asked,
        active,
        detail: detail.to_owned(),
    };
    vec![
        // Root reading root's memory is no failure of a protection that was asked for.
        protection("key_hiding", !root, startup.hidden && !root, key),
        protection(
            "isolation",
            false,
            false,
            "none: commands run as the user of the server and see its files",
        ),
        protection(
            "limits",
            limits.by != "off",
            limits.by != "off",
            &limits.detail,
        ),
    ]
}
