//! A supervisor: the process that leads a session, starts a shell in it, and sees it to its end.
//!
//! It holds the terminal open, so what the shell leaves behind keeps it and is not hung up on. It is
//! a subreaper (prctl(2)), so whatever the shell forks, however often, stays below it. When the
//! server goes, it ends everything.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::sys::{prctl, socket};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, getpid, setsid};

use super::shell::{Outcome, Shell};
use super::wire::{Failure, Manner, Notice, Order, Problem};
use crate::limits::Ticket;
use crate::sys::{self, Rusage, tree};
use crate::walls::CommandWall;

/// How long SIGKILL may take before what is left counts as stuck.
const KILL_BOUND: Duration = Duration::from_millis(400);
/// How often a tree that is being killed is looked at again.
const KILL_AGAIN: Duration = Duration::from_millis(10);
/// Time for SIGTERM when the server is gone and nobody can say otherwise.
const ORPHAN_GRACE: u32 = 2000;

/// Becomes a supervisor: one command after the other, each on a terminal of its own, until the server
/// has gone or a command had to be ended.
pub(super) fn supervise(
    terminal: OwnedFd,
    server: OwnedFd,
    environment: &[CString],
    wall: Option<&CommandWall>,
) -> nix::Result<()> {
    setsid()?;
    prctl::set_child_subreaper(true)?;
    let mut child_ended = SigSet::empty();
    child_ended.add(Signal::SIGCHLD);
    let children =
        SignalFd::with_flags(&child_ended, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let mut server = UnixStream::from(server);
    adopt(terminal)?;
    loop {
        let Some(Order::Prepare(ticket)) = Order::receive(&server) else {
            return Ok(());
        };
        let Some(shell) = start(&server, &ticket, environment, wall) else {
            return Ok(());
        };
        let supervisor = Supervisor {
            server: Some(server),
            said: Vec::new(),
            shell: Some(shell),
            ticket,
            used: Rusage::default(),
            ending: None,
        };
        let Some(still_there) = supervisor.run(&children)? else {
            return Ok(());
        };
        server = still_there;
        let Some([terminal]) = sys::receive_with_fds(server.as_fd())? else {
            return Ok(());
        };
        // Nobody is left in the session who could use the old one.
        sys::leave_controlling(std::io::stdin().as_fd()).ok();
        adopt(terminal)?;
    }
}

/// Makes a terminal the controlling one of the session, and standard input, output and error.
fn adopt(terminal: OwnedFd) -> nix::Result<()> {
    dup2_stdin(&terminal)?;
    dup2_stdout(&terminal)?;
    dup2_stderr(&terminal)?;
    drop(terminal);
    sys::make_controlling(std::io::stdin().as_fd())
}

/// Has a child ready and waits until it has become the shell; none, and the server knows why, when it has not.
fn start(
    server: &UnixStream,
    ticket: &Ticket,
    environment: &[CString],
    wall: Option<&CommandWall>,
) -> Option<Pid> {
    let outcome = match Shell::prepare(server, ticket, environment, wall) {
        Ok(shell) => shell.outcome(),
        Err(errno) => Outcome::Failed(Failure {
            problem: Problem::Process,
            errno,
        }),
    };
    let (notice, pid) = match outcome {
        Outcome::Runs(pid) => (Notice::Started(pid.as_raw(), getpid().as_raw()), Some(pid)),
        Outcome::Failed(failure) => (Notice::Failed(failure), None),
        Outcome::Nothing => return None,
    };
    tell(server, &notice.encode());
    pid
}

/// Tells the server something; if it has gone, that is noticed when the next order is awaited.
fn tell(server: &UnixStream, notices: &[u8]) {
    socket::send(server.as_raw_fd(), notices, socket::MsgFlags::MSG_NOSIGNAL).ok();
}

struct Supervisor {
    /// The server's end; none once it has gone.
    server: Option<UnixStream>,
    /// Notices not yet sent.
    said: Vec<u8>,
    /// The shell, until its end has been noticed.
    shell: Option<Pid>,
    /// The limits of the shell and of all it starts.
    ticket: Ticket,
    /// What all that has ended had used.
    used: Rusage,
    ending: Option<Ending>,
}

/// How far the end of everything has come.
enum Ending {
    /// SIGTERM was sent; SIGKILL follows at this time.
    Asked(Instant),
    /// SIGKILL was sent; at this time what is left is stuck.
    Killing(Instant),
    /// That has been said, once; trying goes on, slowly.
    Stuck,
}

impl Supervisor {
    /// Sees one command to the moment when nothing of it is left; gives the server's end back when
    /// another command may follow.
    fn run(mut self, children: &SignalFd) -> nix::Result<Option<UnixStream>> {
        loop {
            let (ended, asked) = self.wait(children)?;
            if ended {
                while let Ok(Some(_)) = children.read_signal() {}
            }
            if asked && !self.read_order() {
                self.send();
                return Ok(None);
            }
            if self.reap() {
                self.say(Notice::Gone(self.used));
                self.send();
                return Ok(self.server.filter(|_| self.ending.is_none()));
            }
            self.go_on_ending();
            self.send();
        }
    }

    /// Sleeps until a child ends, an order comes, or a deadline passes; says which of the first two.
    fn wait(&self, children: &SignalFd) -> nix::Result<(bool, bool)> {
        let timeout = match &self.ending {
            None => PollTimeout::NONE,
            Some(Ending::Asked(at)) => {
                let left = at.saturating_duration_since(Instant::now()).as_millis() + 1;
                PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
            }
            Some(Ending::Killing(_)) => {
                PollTimeout::try_from(KILL_AGAIN).unwrap_or(PollTimeout::ZERO)
            }
            Some(Ending::Stuck) => PollTimeout::from(200_u16),
        };
        let child = PollFd::new(children.as_fd(), PollFlags::POLLIN);
        let happened = |fd: &PollFd<'_>| fd.revents().is_some_and(|events| !events.is_empty());
        let polled = if let Some(server) = &self.server {
            let mut fds = [child, PollFd::new(server.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, timeout).map(|_| (happened(&fds[0]), happened(&fds[1])))
        } else {
            let mut fds = [child];
            poll(&mut fds, timeout).map(|_| (happened(&fds[0]), false))
        };
        match polled {
            Err(Errno::EINTR) => Ok((true, false)),
            other => other,
        }
    }

    /// Reads the order that has come; false when there is nothing left to supervise.
    fn read_order(&mut self) -> bool {
        let Some(server) = &self.server else {
            return true;
        };
        match Order::receive(server) {
            Some(Order::End(manner, grace)) => {
                self.end(manner, grace);
                true
            }
            _ => self.server_has_gone(),
        }
    }

    /// Without a server nobody reads the terminal: end what runs, or just end.
    fn server_has_gone(&mut self) -> bool {
        self.server = None;
        let alive = !matches!(
            waitpid(None, Some(WaitPidFlag::WNOHANG)),
            Err(Errno::ECHILD)
        );
        if alive {
            self.end(Manner::Terminate, ORPHAN_GRACE);
        }
        alive
    }

    /// Takes all children that ended; true when none is left.
    fn reap(&mut self) -> bool {
        let mut end = None;
        let none_left = loop {
            match sys::take_ended() {
                Ok(Some(child)) => {
                    self.used = self.used.and(child.used);
                    if Some(child.pid) == self.shell {
                        end = Some((child.code, child.signal));
                    }
                }
                Ok(None) => break false,
                Err(Errno::ECHILD) => break true,
                Err(_) => {}
            }
        };
        if let Some((code, signal)) = end {
            self.shell = None;
            self.say(Notice::Exited(code, signal, !none_left, self.used));
        }
        none_left
    }

    fn end(&mut self, manner: Manner, grace: u32) {
        let own = getpid().as_raw();
        match self.ending {
            None if grace > 0 => {
                if manner == Manner::HangUp {
                    tree::signal_all(own, Signal::SIGHUP);
                }
                tree::signal_all(own, Signal::SIGTERM);
                self.say(Notice::Sent(Signal::SIGTERM as i32));
                self.ending = Some(Ending::Asked(
                    Instant::now() + Duration::from_millis(grace.into()),
                ));
            }
            None | Some(Ending::Asked(_)) if grace == 0 => self.kill(),
            _ => {}
        }
    }

    fn kill(&mut self) {
        self.kill_all();
        self.say(Notice::Sent(Signal::SIGKILL as i32));
        self.ending = Some(Ending::Killing(Instant::now() + KILL_BOUND));
    }

    /// The limits' own way is of one piece; what may have got out of them is below this process all the same.
    fn kill_all(&self) {
        self.ticket.kill_all();
        tree::kill_all(getpid().as_raw());
    }

    fn go_on_ending(&mut self) {
        let now = Instant::now();
        match self.ending {
            Some(Ending::Asked(at)) if now >= at => self.kill(),
            Some(Ending::Killing(at)) => {
                self.kill_all();
                if now >= at {
                    self.say(Notice::Stuck);
                    self.ending = Some(Ending::Stuck);
                }
            }
            Some(Ending::Stuck) => self.kill_all(),
            Some(Ending::Asked(_)) | None => {}
        }
    }

    fn say(&mut self, notice: Notice) {
        self.said.extend_from_slice(&notice.encode());
    }

    /// Tells the server what was said.
    fn send(&mut self) {
        if let Some(server) = &self.server
            && !self.said.is_empty()
        {
            tell(server, &self.said);
        }
        self.said.clear();
    }
}
