//! Trouble: why cgroups cannot be had, each with the way to get them.

use std::fs;
use std::io;

use super::files;
use super::mounts::Place;

const DELEGATE: &str = "start the server by `systemd-run --user --scope -p Delegate=yes open-terminal run`, \
    or as a systemd unit with `Delegate=yes`";

/// The words are the same for every mount, so that they are said once.
pub(super) fn read_only() -> String {
    "cgroups are mounted read-only, as in a plain `docker run`; give the container `--privileged`, or \
     `--cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw`"
        .to_owned()
}

/// A directory could not be made.
pub(super) fn cannot_make(place: &Place, error: &io::Error) -> String {
    let own = place.own.display();
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => read_only(),
        io::ErrorKind::PermissionDenied => {
            format!(
                "this user may not make cgroups below the server's own; run it as root, or {DELEGATE}"
            )
        }
        io::ErrorKind::NotFound => {
            format!("{own}, the cgroup of the server, is not there; {DELEGATE}")
        }
        _ => format!("no cgroup can be made in {own}: {error}; {DELEGATE}"),
    }
}

pub(super) fn cannot_move(place: &Place, error: &io::Error) -> String {
    let own = place.own.display();
    format!("the server cannot move into a cgroup of its own in {own}: {error}; {DELEGATE}")
}

pub(super) fn no_controller(place: &Place, controller: &str) -> String {
    let own = place.own.display();
    format!(
        "{own}/cgroup.controllers has no `{controller}`: {DELEGATE}, and start the kernel without \
         `cgroup_disable={controller}`"
    )
}

/// No hierarchy at all has it.
pub(super) fn no_such_controller(controller: &str) -> String {
    format!(
        "the kernel has no cgroup controller `{controller}` here; start it without `cgroup_disable={controller}`"
    )
}

pub(super) fn cannot_enable(place: &Place, controller: &str, error: &io::Error) -> String {
    let own = place.own.display();
    format!("`{controller}` cannot be enabled in {own}/cgroup.subtree_control: {error}; {DELEGATE}")
}

/// Other processes are where the server was found.
pub(super) fn not_alone(place: &Place) -> String {
    let pids = files::processes(&place.own).unwrap_or_default();
    let name = |pid: &i32| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        format!("{} ({pid})", name.trim())
    };
    let names: Vec<String> = pids.iter().take(3).map(name).collect();
    format!(
        "{} has other processes than the server: {}{}; {DELEGATE}",
        place.own.display(),
        names.join(", "),
        if pids.len() > names.len() { " …" } else { "" }
    )
}
