//! What a test needs of the machine: root, name spaces, or the processor to itself.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

/// Whether we are root; says on stderr when not, so that a test can leave.
pub(crate) fn needs_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("skipped: needs root");
    }
    root
}

/// Whether we may mount in a name space of our own; says on stderr when not.
pub(crate) fn needs_mounts() -> bool {
    needs_root()
        && can(
            "unshare",
            &["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        )
}

/// Whether we may make a PID name space; says on stderr when not.
pub(crate) fn needs_pid_namespaces() -> bool {
    needs_root() && can("unshare", &["--pid", "--fork", "--mount-proc", "true"])
}

fn can(program: &str, args: &[&str]) -> bool {
    let status = Command::new(program)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let able = status.is_ok_and(|status| status.success());
    if !able {
        eprintln!("skipped: `{program} {}` does not work here", args.join(" "));
    }
    able
}

/// Held by a test that measures: no other test that measures runs beside it, nor one that is [`busy`].
#[must_use]
pub(crate) fn alone() -> File {
    let file = turns();
    file.lock().expect("files there can be locked");
    file
}

/// Held by a test that keeps the processor busy for long: none that measures runs beside it.
#[must_use]
pub(crate) fn busy() -> File {
    let file = turns();
    file.lock_shared().expect("files there can be locked");
    file
}

/// The file whose lock tests take, so that it also holds between test processes.
fn turns() -> File {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("alone.lock");
    // A test of another user may have made it, whose file can be read.
    let file = File::open(&path).or_else(|_| File::create(&path));
    file.expect("the target directory can be written")
}
