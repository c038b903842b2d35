//! What keeps commands in, and the key from them: as far as it goes here.

use nix::unistd::geteuid;

use crate::api::Protection;
use crate::config::Startup;
use crate::gateway::Gateway;
use crate::limits::Status;

/// What `/readyz` tells of protections. What is required and cannot be had stops the start, so what does not hold here
/// was optional.
pub(super) fn active(
    startup: &Startup,
    limits: &Status,
    gateway: Option<&Gateway>,
) -> Vec<Protection> {
    let mut all = vec![key_hiding(startup, gateway)];
    match gateway {
        None => all.push(protection(
            "isolation",
            false,
            false,
            "none: commands run as the user of the server and see its files",
        )),
        Some(gateway) => {
            all.push(protection("isolation", true, true, &gateway.whose()));
            let walls = gateway.walls().iter();
            all.extend(walls.map(|wall| protection(&wall.name, false, wall.active, &wall.detail)));
        }
    }
    let limited = limits.by != "off";
    all.push(protection("limits", limited, limited, &limits.detail));
    all
}

fn key_hiding(startup: &Startup, gateway: Option<&Gateway>) -> Protection {
    // Root reading root's memory is no failure of a protection that was asked for.
    let others = gateway.is_some_and(|gateway| {
        let walls = gateway.walls().iter();
        walls
            .clone()
            .any(|wall| wall.name == "identity" && wall.active)
    });
    let readable = geteuid().is_root() && !others;
    let words = if readable {
        "the key is in no environment and no argument list; but commands run as root, like the server, and root can read its memory: run the server as another user, or set isolation = \"process\" and run_as"
    } else if startup.hidden {
        "the key is in no environment and no argument list, and the server's memory cannot be read by those who run commands"
    } else {
        "the arguments, the environment and the memory of the server could not be hidden from its own user"
    };
    protection("key_hiding", !readable, startup.hidden && !readable, words)
}

fn protection(name: &str, asked: bool, active: bool, detail: &str) -> Protection {
    Protection {
        name: name.to_owned(),
        asked,
        active,
        detail: detail.to_owned(),
    }
}
