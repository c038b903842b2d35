//! Starting processes: a fork for the spawner, and a shell that shares nothing but the terminal.

use std::ffi::{CStr, CString, c_char, c_int, c_void};

use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid};

/// Forks a process that has one thread (fork(2)).
pub fn fork_single_threaded() -> nix::Result<ForkResult> {
    // SAFETY: callers have one thread (the spawner never starts another), so the child may do
    // whatever the parent could.
    unsafe { nix::unistd::fork() }
}

/// What to execute, where, and with which environment.
#[derive(Debug)]
pub struct Program {
    /// The file to execute.
    pub path: CString,
    /// Its arguments, the name first.
    pub arguments: Vec<CString>,
    /// `NAME=value` words.
    pub environment: Vec<CString>,
    /// The directory it starts in.
    pub directory: CString,
}

/// The step at which a start failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Stage {
    /// A new process could not be made (limits, memory).
    Clone = 1,
    /// The working directory could not be entered.
    Directory = 2,
    /// The program could not be executed.
    Execute = 3,
}

/// Why nothing was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpawnError {
    /// At which step.
    pub stage: Stage,
    /// The kernel's reason.
    pub errno: Errno,
}

struct Child<'a> {
    program: &'a Program,
    arguments: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    failure: Option<SpawnError>,
}

const STACK: usize = 64 * 1024;

/// Starts a program in a new process group that is the foreground group of the terminal on
/// descriptor 0, with no signal blocked; returns once it runs or has failed.
///
/// The child borrows this process's memory until it executes the program (clone(2) with `CLONE_VM`
/// and `CLONE_VFORK`), which spares copying page tables. All signals must be blocked in the caller.
pub fn spawn_in_foreground(program: &Program) -> Result<Pid, SpawnError> {
    let pointers = |words: &[CString]| -> Vec<*const c_char> {
        words
            .iter()
            .map(|word| word.as_ptr())
            .chain([std::ptr::null()])
            .collect()
    };
    let mut child = Child {
        program,
        arguments: pointers(&program.arguments),
        environment: pointers(&program.environment),
        failure: None,
    };
    let mut stack = vec![0_u8; STACK];
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the stack is ours and grows down from its aligned end; `child` and `stack` outlive the
    // call because CLONE_VFORK suspends us until the child has executed a program or exited; the
    // child touches nothing but `child` and its own stack.
    let pid = unsafe {
        let top = stack.as_mut_ptr().add(STACK - 64);
        let top = top.sub(top.addr() % 16);
        libc::clone(run_child, top.cast(), flags, (&raw mut child).cast())
    };
    if pid < 0 {
        return Err(SpawnError {
            stage: Stage::Clone,
            errno: Errno::last(),
        });
    }
    match child.failure {
        Some(failure) => Err(failure),
        None => Ok(Pid::from_raw(pid)),
    }
}

extern "C" fn run_child(argument: *mut c_void) -> c_int {
    // SAFETY: `argument` is the `Child` of the suspended parent, valid and not otherwise used until we end.
    let child = unsafe { &mut *argument.cast::<Child<'_>>() };
    let fail = |child: &mut Child<'_>, stage| {
        child.failure = Some(SpawnError {
            stage,
            errno: Errno::last(),
        });
        127
    };
    let directory: &CStr = &child.program.directory;
    // SAFETY: plain system calls on values that live in the suspended parent; the vectors end with a
    // null pointer; nothing is allocated or freed here.
    unsafe {
        libc::setpgid(0, 0);
        // SIGTTOU is blocked like all others, so a background process may do this (tcsetpgrp(3)).
        let own = libc::getpid();
        libc::ioctl(0, libc::TIOCSPGRP, &raw const own);
        let mut none = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        if libc::chdir(directory.as_ptr()) != 0 {
            return fail(child, Stage::Directory);
        }
        libc::execve(
            child.program.path.as_ptr(),
            child.arguments.as_ptr(),
            child.environment.as_ptr(),
        );
    }
    fail(child, Stage::Execute)
}
