//! Starting processes: a fork for those that have one thread.

use nix::unistd::ForkResult;

/// Forks a process that has one thread (fork(2)).
pub fn fork_single_threaded() -> nix::Result<ForkResult> {
    // SAFETY: callers have one thread (spawner and supervisors never start another), so the child may do
    // whatever the parent could.
    unsafe { nix::unistd::fork() }
}

/// Ends this process at once, without anything a library would do at its end (`_exit(2)`): for a forked child.
pub fn exit_now(status: i32) -> ! {
    // SAFETY: it does not return, and leaves everything to the kernel.
    unsafe { libc::_exit(status) }
}
