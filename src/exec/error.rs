//! Why a request about a command is refused.

use std::path::PathBuf;

use nix::errno::Errno;

use crate::sandbox::{self, Failure, Problem};

/// Why a request about a command is refused; the texts are for the one who asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such command for this caller.
    #[error("There is no command {id} here. List the commands to see the ids that exist.")]
    NotFound {
        /// As asked for.
        id: String,
    },
    /// It takes no input any more.
    #[error("Command {id} has ended and takes no input. Start a new command.")]
    Ended {
        /// As asked for.
        id: String,
    },
    /// The working directory cannot be entered.
    #[error("The working directory {} cannot be used: {problem}. Give a directory that exists.", path.display())]
    Cwd {
        /// As resolved.
        path: PathBuf,
        /// The kernel's words.
        problem: String,
    },
    /// The account of the server may not enter the working directory.
    #[error("The working directory {} may not be entered: {problem}. Give another, or have its permissions changed.", path.display())]
    Closed {
        /// As resolved.
        path: PathBuf,
        /// The kernel's words.
        problem: String,
    },
    /// The command line cannot be run.
    #[error("The command cannot be run: {problem}.")]
    Command {
        /// What is wrong with it.
        problem: String,
    },
    /// The program does not read what is typed.
    #[error(
        "The program is not reading its input: {accepted} of {total} bytes were taken, the rest was dropped. Look at its output, then send the rest or end it."
    )]
    InputStuck {
        /// Bytes that reached the terminal.
        accepted: usize,
        /// Bytes sent.
        total: usize,
    },
    /// No pseudo-terminal is free.
    #[error("No pseudo-terminal is free: {problem}.")]
    NoPty {
        /// What ran out, and what to raise.
        problem: String,
    },
    /// No process could be started.
    #[error("No command can be started now: {problem}.")]
    Start {
        /// What is missing.
        problem: String,
    },
    /// The server ends.
    #[error("The server is shutting down and starts no more commands.")]
    ShuttingDown,
}

impl Error {
    /// A start that failed, told to the one who asked for it in that directory.
    pub(super) fn of_start(error: sandbox::Error, cwd: PathBuf) -> Self {
        match error {
            sandbox::Error::Full(most) => {
                let problem =
                    format!("all {most} are in use; end commands, or raise max_processes");
                Self::NoPty { problem }
            }
            sandbox::Error::NoPty(error) => {
                let raise = "raise /proc/sys/kernel/pty/max or the limit on open files";
                Self::NoPty {
                    problem: format!("{error}; end commands, or {raise}"),
                }
            }
            error @ (sandbox::Error::NoSpawner(_)
            | sandbox::Error::NoLeaf(_)
            | sandbox::Error::Busy) => Self::Start {
                problem: error.to_string(),
            },
            sandbox::Error::Failed(failure) => Self::of_failure(failure, cwd),
        }
    }

    fn of_failure(Failure { problem, errno }: Failure, cwd: PathBuf) -> Self {
        match problem {
            Problem::Directory if errno == Errno::EACCES => Self::Closed {
                path: cwd,
                problem: errno.desc().to_lowercase(),
            },
            Problem::Directory => Self::Cwd { path: cwd, problem: errno.desc().to_lowercase() },
            Problem::Shell if errno == Errno::E2BIG => Self::Command {
                problem: "it and its environment are longer than the system takes; put the script in a file and run that"
                    .into(),
            },
            Problem::Shell => Self::Start { problem: format!("/bin/sh cannot be executed: {}", errno.desc()) },
            Problem::Limits => Self::Start { problem: format!("it could not be put under its limits: {}", errno.desc()) },
            Problem::Process => Self::Start {
                problem: format!("no process can be made ({}); end commands, or raise the limit on processes", errno.desc()),
            },
        }
    }
}
