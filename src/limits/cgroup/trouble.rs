//! Trouble: why cgroups cannot be had, each with the way to get them.

use std::fs;
use std::io;

use nix::unistd::geteuid;

use super::files;
use super::mounts::Place;

/// How to get a cgroup of one's own from systemd. In a session, root has to ask for one too: it shares that of the
/// session with the shell, and with who let it in.
fn delegate() -> String {
    delegate_for(geteuid().is_root())
}

fn delegate_for(root: bool) -> String {
    let user = if root { "" } else { "--user " };
    format!(
        "start the server by `systemd-run {user}--scope -p Delegate=yes open-terminal run`, or as a systemd unit with \
         `Delegate=yes`"
    )
}

/// The words are the same for every mount, so that they are said once.
pub(super) fn read_only() -> String {
    "cgroups are mounted read-only, as in a plain `docker run`; give the container `--privileged`, or \
     `--cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw`"
        .to_owned()
}

/// A directory could not be made.
pub(super) fn cannot_make(place: &Place, error: &io::Error) -> String {
    let delegate = delegate();
    let own = place.own.display();
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => read_only(),
        io::ErrorKind::PermissionDenied => {
            format!(
                "this user may not make cgroups below the server's own; run it as root, or {delegate}"
            )
        }
        io::ErrorKind::NotFound => {
            format!("{own}, the cgroup of the server, is not there; {delegate}")
        }
        _ => format!("no cgroup can be made in {own}: {error}; {delegate}"),
    }
}

pub(super) fn cannot_move(place: &Place, error: &io::Error) -> String {
    let delegate = delegate();
    let own = place.own.display();
    format!("the server cannot move into a cgroup of its own in {own}: {error}; {delegate}")
}

pub(super) fn no_controller(place: &Place, controller: &str) -> String {
    let delegate = delegate();
    let own = place.own.display();
    format!(
        "{own}/cgroup.controllers has no `{controller}`: {delegate}, and start the kernel without \
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
    let delegate = delegate();
    let own = place.own.display();
    format!("`{controller}` cannot be enabled in {own}/cgroup.subtree_control: {error}; {delegate}")
}

/// Other processes are where the server was found.
pub(super) fn not_alone(place: &Place) -> String {
    let delegate = delegate();
    let pids = files::processes(&place.own).unwrap_or_default();
    let name = |pid: &i32| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        format!("{} ({pid})", name.trim())
    };
    let names: Vec<String> = pids.iter().take(3).map(name).collect();
    format!(
        "{} has other processes than the server: {}{}; {delegate}",
        place.own.display(),
        names.join(", "),
        if pids.len() > names.len() { " …" } else { "" }
    )
}

/// A place for a command could not be made.
pub(super) fn no_leaf(error: &io::Error) -> String {
    format!(
        "no cgroup for a command can be made: {error}; see whether `cgroup.max.descendants` or `cgroup.max.depth` allow it"
    )
}

#[test]
fn root_is_told_what_works_for_root() {
    assert!(delegate_for(true).contains("`systemd-run --scope -p Delegate=yes"));
    assert!(delegate_for(false).contains("`systemd-run --user --scope -p Delegate=yes"));
}
