//! The spawner: a small process with one thread that forks supervisors when asked.
//!
//! It is this program executed anew, so nothing of the server's memory (its key above all) is in it
//! or in what it forks. The server may start another at any time.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};

use super::supervisor;
use crate::config::Environment;
use crate::sys::{self, tree};
use crate::walls::CommandWall;

/// The word on the command line that makes this program a spawner.
pub const SPAWNER_ARGUMENT: &str = "spawner-of-open-terminal";

/// The word on a spawner's command line that puts each command behind a [`CommandWall`].
pub const GUARD_ARGUMENT: &str = "guard";

/// The word in its place that does not.
const NO_GUARD: &str = "-";

/// Starts a spawner whose commands inherit this environment and this soft limit on open files, and are kept from the
/// files of cgroups where `guard` says so.
///
/// Returns the socket on which it is asked ([`sys::send_with_fds`]); it ends when that is closed.
pub(super) fn start(
    environment: &Environment,
    open_files: u64,
    guard: bool,
) -> io::Result<OwnedFd> {
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )?;
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("open-terminal")
        .arg(SPAWNER_ARGUMENT)
        .arg(open_files.to_string())
        .arg(if guard { GUARD_ARGUMENT } else { NO_GUARD });
    command.env_clear().envs(environment.for_commands());
    // Its own group: a Ctrl-C at the server's terminal is for the server, which ends commands in order.
    command
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .process_group(0);
    command.spawn()?;
    Ok(ours)
}

/// What the spawner process does, from start to end; `open_files` is the soft limit to hand on, and `guard` keeps
/// commands from the files of cgroups.
pub fn spawner_main(
    environment: &Environment,
    open_files: Option<u64>,
    guard: bool,
) -> nix::Result<()> {
    sys::start_clean().map_err(|_| Errno::last())?;
    sys::hide_memory()?;
    prctl::set_child_subreaper(true)?;
    if let (Some(soft), Ok((_, hard))) = (open_files, getrlimit(Resource::RLIMIT_NOFILE)) {
        setrlimit(Resource::RLIMIT_NOFILE, soft.min(hard), hard)?;
    }
    let wall = guard.then(CommandWall::prepare).flatten();
    let environment: Vec<CString> = environment
        .for_commands()
        .into_iter()
        .filter_map(assignment)
        .collect();
    let mut supervisors = std::collections::HashSet::new();
    let mut child_ended = SigSet::empty();
    child_ended.add(Signal::SIGCHLD);
    let children =
        SignalFd::with_flags(&child_ended, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let stdin = io::stdin();
    loop {
        let mut fds = [
            PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
            PollFd::new(children.as_fd(), PollFlags::POLLIN),
        ];
        if !matches!(poll(&mut fds, PollTimeout::NONE), Ok(_) | Err(Errno::EINTR)) {
            return Err(Errno::last());
        }
        let asked = fds[0].revents().is_some_and(|e| !e.is_empty());
        while let Ok(Some(_)) = children.read_signal() {}
        reap(&mut supervisors);
        if !asked {
            continue;
        }
        let Some([terminal, server]) = sys::receive_with_fds(stdin.as_fd())? else {
            return Ok(());
        };
        // When no process can be had, both descriptors are closed here, and the server sees that.
        if let Ok(fork) = sys::fork_single_threaded() {
            match fork {
                ForkResult::Child => {
                    drop(children);
                    return supervisor::supervise(terminal, server, &environment, wall.as_ref());
                }
                ForkResult::Parent { child } => supervisors.insert(child),
            };
        }
    }
}

fn assignment((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<CString> {
    let mut word = name.into_vec();
    word.push(b'=');
    word.extend(value.into_vec());
    CString::new(word).ok()
}

/// Takes ended supervisors. One that was killed, or failed, leaves its processes to us: they are ended.
fn reap(supervisors: &mut std::collections::HashSet<Pid>) {
    let mut violent = false;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(_) => break,
            Ok(status) => {
                violent |= !matches!(status, WaitStatus::Exited(_, 0));
                if let Some(pid) = status.pid() {
                    supervisors.remove(&pid);
                }
            }
        }
    }
    if violent {
        end_orphans(supervisors);
    }
}

/// Kills every child that is not a supervisor, with all below it.
fn end_orphans(supervisors: &std::collections::HashSet<Pid>) {
    let own = std::process::id().cast_signed();
    for orphan in tree::children_of(own)
        .into_iter()
        .filter(|pid| !supervisors.contains(&Pid::from_raw(*pid)))
    {
        tree::kill_all(orphan);
        kill(Pid::from_raw(orphan), Signal::SIGKILL).ok();
    }
}
