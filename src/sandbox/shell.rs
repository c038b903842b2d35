//! The shell to be: a child of the supervisor, under its limits already, that waits for its program.
//!
//! To enter a cgroup can take the kernel many milliseconds, so it is done before anybody waits for it. The
//! child takes the one order that says what to become from the server itself: while it waits, the
//! supervisor does not read.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::prctl;
use nix::sys::signal::SigSet;
use nix::sys::stat::Mode;
use nix::unistd::{ForkResult, Pid, chdir, dup2_stdin, execve, getpid, pipe2, setpgid, tcsetpgrp};

use super::wire::{Failure, NOTICE, Notice, Order, Problem, Program};
use crate::limits::Ticket;
use crate::sys;
use crate::walls::CommandWall;

/// Written by the child just before it becomes its program.
const NOW: &[u8] = b"n";

/// A child that waits for its program, in a process group of its own, the terminal's foreground.
#[derive(Debug)]
pub(super) struct Shell {
    pid: Pid,
    /// Closed by execve(2); before, the child tells what went wrong.
    status: File,
}

/// What became of it.
pub(super) enum Outcome {
    /// It runs its program.
    Runs(Pid),
    /// It does not.
    Failed(Failure),
    /// The server has gone, or somebody killed it, before it had a program.
    Nothing,
}

impl Shell {
    /// Forks the child and has it enter the limits of a ticket.
    pub(super) fn prepare(
        server: &UnixStream,
        ticket: &Ticket,
        environment: &[CString],
        wall: Option<&CommandWall>,
    ) -> nix::Result<Self> {
        let (ours, theirs) = pipe2(OFlag::O_CLOEXEC)?;
        match sys::fork_single_threaded()? {
            ForkResult::Parent { child } => {
                drop(theirs);
                // Both sides do it, so that it is done whoever comes first (setpgid(2)).
                setpgid(child, child).ok();
                Ok(Self {
                    pid: child,
                    status: ours.into(),
                })
            }
            ForkResult::Child => {
                drop(ours);
                let failure = become_program(server, ticket, environment, wall, &theirs);
                if let Some(failure) = failure {
                    let notice = Notice::Failed(failure).encode();
                    File::from(theirs).write_all(&notice).ok();
                }
                sys::exit_now(127)
            }
        }
    }

    /// Waits until it runs its program, or never will.
    pub(super) fn outcome(mut self) -> Outcome {
        let mut said = Vec::new();
        if self.status.read_to_end(&mut said).is_err() {
            return Outcome::Nothing;
        }
        if said == NOW {
            return Outcome::Runs(self.pid);
        }
        let notice = said.last_chunk::<NOTICE>().and_then(Notice::decode);
        match notice {
            Some(Notice::Failed(failure)) => Outcome::Failed(failure),
            _ => Outcome::Nothing,
        }
    }
}

/// The whole life of the child; returns only when it fails, with nothing when there is no server any more.
fn become_program(
    server: &UnixStream,
    ticket: &Ticket,
    environment: &[CString],
    wall: Option<&CommandWall>,
    status: &OwnedFd,
) -> Option<Failure> {
    let failed = |problem| move |errno| Some(Failure { problem, errno });
    let own = Pid::from_raw(0);
    let foreground = setpgid(own, own)
        // SIGTTOU is blocked like all others, so a background process may do this (tcsetpgrp(3)).
        .and_then(|()| tcsetpgrp(std::io::stdin().as_fd(), getpid()));
    if let Err(errno) = foreground {
        return failed(Problem::Process)(errno);
    }
    // The spawner hides itself, and so its children, from its own user; then even their own /proc is closed to
    // them (proc(5)). There is nothing in this one that its program will not know.
    prctl::set_dumpable(true).ok();
    // Under the limits first: behind the wall they can be neither entered nor raised.
    let limited = ticket
        .enter()
        .and_then(|()| wall.map_or(Ok(()), CommandWall::enter));
    if let Err(error) = limited {
        let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
        return failed(Problem::Limits)(errno);
    }
    let Some(Order::Run(program)) = Order::receive(server) else {
        return None;
    };
    let Program {
        path,
        arguments,
        environment: added,
        directory,
        input,
    } = program;
    let environment = merge(environment, added);
    if let Err(errno) = SigSet::empty().thread_set_mask() {
        return failed(Problem::Process)(errno);
    }
    if !input && let Err(errno) = leave_input() {
        return failed(Problem::Process)(errno);
    }
    if let Err(errno) = chdir(directory.as_c_str()) {
        return failed(Problem::Directory)(errno);
    }
    nix::unistd::write(status, NOW).ok();
    let Err(errno) = execve(&path, &arguments, &environment);
    failed(Problem::Shell)(errno)
}

/// Leaves the terminal for reading: standard input is at its end, and `/dev/tty` is no device (`tty_ioctl(4)`).
fn leave_input() -> nix::Result<()> {
    sys::leave_controlling(std::io::stdin().as_fd())?;
    let nothing = nix::fcntl::open(
        "/dev/null",
        OFlag::O_RDONLY | OFlag::O_CLOEXEC,
        Mode::empty(),
    )?;
    dup2_stdin(nothing)
}

/// The inherited environment with some variables replaced or added.
fn merge(inherited: &[CString], added: Vec<CString>) -> Vec<CString> {
    let name = |word: &CString| {
        word.to_bytes()
            .split(|b| *b == b'=')
            .next()
            .unwrap_or_default()
            .to_vec()
    };
    let replaced: Vec<Vec<u8>> = added.iter().map(name).collect();
    let kept = inherited
        .iter()
        .filter(|word| replaced.is_empty() || !replaced.contains(&name(word)));
    kept.cloned().chain(added).collect()
}
