//! What the server and a supervisor say to each other over their socket.
//!
//! Orders are a length and a tagged body of byte strings and numbers; notices are eight integers. Both
//! ends are the same binary, so there is no version.

use std::ffi::{CString, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use nix::errno::Errno;

use crate::limits::{OwnLimits, Ticket};
use crate::sys::Rusage;

/// The largest order taken: what one execve(2) can take is less.
const MAX_ORDER: usize = 64 << 20;

/// What to execute, where, and with which environment.
#[derive(Debug)]
pub(super) struct Program {
    /// The file to execute.
    pub(super) path: CString,
    /// Its arguments, the name first.
    pub(super) arguments: Vec<CString>,
    /// `NAME=value` words.
    pub(super) environment: Vec<CString>,
    /// The directory it starts in.
    pub(super) directory: CString,
    /// Whether its standard input is the terminal, which is its controlling one then too; else it has neither.
    pub(super) input: bool,
}

/// What the server asks of a supervisor, and of the child it keeps ready.
#[derive(Debug)]
pub(super) enum Order {
    /// Have a child ready under these limits.
    Prepare(Ticket),
    /// Become this program; the environment is added to the inherited one. For the child.
    Run(Program),
    /// End everything, and kill it after this many milliseconds (0: at once).
    End(Manner, u32),
}

/// How everything is asked to end before it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// By SIGTERM.
    Terminate,
    /// As when a terminal goes away, by SIGHUP, and by SIGTERM: an interactive shell ignores the
    /// second, a program that outlives its terminal the first.
    HangUp,
}

/// What a supervisor tells the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// The shell runs under this pid; the second is the supervisor's own.
    Started(i32, i32),
    /// Nothing was started, for this reason.
    Failed(Failure),
    /// The shell ended, with a status or by a signal (0: none); whether it left children; what all that has
    /// ended so far had used.
    Exited(i32, i32, bool, Rusage),
    /// This signal was sent to all there is.
    Sent(i32),
    /// Nothing of the command is left; what all of it had used.
    Gone(Rusage),
    /// SIGKILL was sent and something is still there.
    Stuck,
}

/// What kept a shell from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No process could be made.
    Process,
    /// It could not be put under its limits.
    Limits,
    /// The working directory could not be entered.
    Directory,
    /// The shell could not be executed.
    Shell,
}

/// Why a shell was not started: where it failed, and the kernel's reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub problem: Problem,
    /// The kernel's reason.
    pub errno: Errno,
}

/// Bytes of one encoded notice.
pub(super) const NOTICE: usize = 32;

impl Notice {
    /// As it travels.
    pub(super) fn encode(self) -> [u8; NOTICE] {
        let [cpu, cpu_high, largest, largest_high] = match self {
            Self::Exited(.., rusage) | Self::Gone(rusage) => words(rusage),
            _ => [0; 4],
        };
        let [kind, a, b, c] = match self {
            Self::Started(pid, own) => [1, pid, own, 0],
            Self::Failed(f) => [2, f.problem as i32, f.errno as i32, 0],
            Self::Exited(code, signal, children, _) => [3, code, signal, i32::from(children)],
            Self::Sent(signal) => [4, signal, 0, 0],
            Self::Gone(_) => [5, 0, 0, 0],
            Self::Stuck => [6, 0, 0, 0],
        };
        let all = [kind, a, b, c, cpu, cpu_high, largest, largest_high];
        let mut bytes = [0; NOTICE];
        for (slot, word) in bytes.chunks_exact_mut(4).zip(all) {
            slot.copy_from_slice(&word.to_ne_bytes());
        }
        bytes
    }

    /// Back from the wire; none when it is not one of ours.
    pub(super) fn decode(bytes: &[u8; NOTICE]) -> Option<Self> {
        let (words, _) = bytes.as_chunks::<4>();
        let word = |i: usize| i32::from_ne_bytes(words[i]);
        let long = |i: usize| {
            u64::from(word(i).cast_unsigned()) | u64::from(word(i + 1).cast_unsigned()) << 32
        };
        let rusage = Rusage {
            cpu: Duration::from_micros(long(4)),
            largest: long(6),
        };
        Some(match word(0) {
            1 => Self::Started(word(1), word(2)),
            2 => Self::Failed(Failure {
                problem: Problem::of_number(word(1)),
                errno: Errno::from_raw(word(2)),
            }),
            3 => Self::Exited(word(1), word(2), word(3) != 0, rusage),
            4 => Self::Sent(word(1)),
            5 => Self::Gone(rusage),
            6 => Self::Stuck,
            _ => return None,
        })
    }
}

impl Problem {
    fn of_number(number: i32) -> Self {
        let all = [Self::Process, Self::Limits, Self::Directory];
        let found = all.into_iter().find(|problem| *problem as i32 == number);
        found.unwrap_or(Self::Shell)
    }
}

fn words(rusage: Rusage) -> [i32; 4] {
    let cpu = u64::try_from(rusage.cpu.as_micros()).unwrap_or(u64::MAX);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves of a number"
    )]
    let halves = |number: u64| {
        [
            (number as u32).cast_signed(),
            ((number >> 32) as u32).cast_signed(),
        ]
    };
    let ([cpu, cpu_high], [largest, largest_high]) = (halves(cpu), halves(rusage.largest));
    [cpu, cpu_high, largest, largest_high]
}

impl Order {
    /// As it travels, the length first.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        match self {
            Self::Prepare(ticket) => {
                out.push(4);
                put_ticket(&mut out, ticket);
            }
            Self::Run(program) => {
                out.push(1);
                out.push(u8::from(program.input));
                for word in [&program.path, &program.directory] {
                    out.extend_from_slice(word.as_bytes_with_nul());
                }
                for list in [&program.arguments, &program.environment] {
                    out.extend_from_slice(&u32::try_from(list.len()).unwrap_or(0).to_ne_bytes());
                    for word in list {
                        out.extend_from_slice(word.as_bytes_with_nul());
                    }
                }
            }
            Self::End(manner, grace) => {
                out.push(match manner {
                    Manner::Terminate => 2,
                    Manner::HangUp => 3,
                });
                out.extend_from_slice(&grace.to_ne_bytes());
            }
        }
        let length = u32::try_from(out.len() - 4).unwrap_or(u32::MAX);
        out[..4].copy_from_slice(&length.to_ne_bytes());
        out
    }

    /// Back from the wire, without the length; none when it is not one of ours.
    pub(super) fn decode(body: &[u8]) -> Option<Self> {
        let (tag, mut rest) = body.split_first()?;
        match tag {
            1 => {
                let (input, words) = rest.split_first()?;
                let input = *input != 0;
                rest = words;
                let path = take_word(&mut rest)?;
                let directory = take_word(&mut rest)?;
                let arguments = take_words(&mut rest)?;
                let environment = take_words(&mut rest)?;
                Some(Self::Run(Program {
                    path,
                    arguments,
                    environment,
                    directory,
                    input,
                }))
            }
            2 => Some(Self::End(Manner::Terminate, take_number(&mut rest)?)),
            3 => Some(Self::End(Manner::HangUp, take_number(&mut rest)?)),
            4 => take_ticket(&mut rest).map(Self::Prepare),
            _ => None,
        }
    }

    /// Reads one order, and nothing of the next; none when it is cut short or none of ours.
    pub(super) fn receive(mut server: &UnixStream) -> Option<Self> {
        let mut length = [0; 4];
        server.read_exact(&mut length).ok()?;
        let length = usize::try_from(u32::from_ne_bytes(length))
            .ok()
            .filter(|n| *n <= MAX_ORDER)?;
        let mut body = vec![0; length];
        server.read_exact(&mut body).ok()?;
        Self::decode(&body)
    }
}

/// What stands for a limit that is none.
const NONE: u64 = u64::MAX;

fn put_ticket(out: &mut Vec<u8>, ticket: &Ticket) {
    let own = &ticket.own;
    for limit in [own.nofile, own.fsize, own.core, own.data] {
        out.extend_from_slice(&limit.unwrap_or(NONE).to_ne_bytes());
    }
    let mut put_path = |path: &PathBuf| {
        out.extend_from_slice(path.as_os_str().as_encoded_bytes());
        out.push(0);
    };
    put_path(&ticket.kill.clone().unwrap_or_default());
    ticket.join.iter().for_each(put_path);
}

fn take_ticket(rest: &mut &[u8]) -> Option<Ticket> {
    let mut limit = || {
        let (number, tail) = rest.split_first_chunk::<8>()?;
        *rest = tail;
        Some(Some(u64::from_ne_bytes(*number)).filter(|number| *number != NONE))
    };
    let own = OwnLimits {
        nofile: limit()?,
        fsize: limit()?,
        core: limit()?,
        data: limit()?,
    };
    let path = |word: CString| PathBuf::from(OsString::from_vec(word.into_bytes()));
    let kill = take_word(rest).map(path)?;
    let mut join = Vec::new();
    while !rest.is_empty() {
        join.push(path(take_word(rest)?));
    }
    Some(Ticket {
        join,
        kill: Some(kill).filter(|path| !path.as_os_str().is_empty()),
        own,
    })
}

fn take_number(rest: &mut &[u8]) -> Option<u32> {
    let (number, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    Some(u32::from_ne_bytes(*number))
}

fn take_word(rest: &mut &[u8]) -> Option<CString> {
    let end = memchr::memchr(0, rest)?;
    let (word, tail) = rest.split_at(end + 1);
    *rest = tail;
    CString::from_vec_with_nul(word.to_vec()).ok()
}

fn take_words(rest: &mut &[u8]) -> Option<Vec<CString>> {
    let count = take_number(rest)?;
    (0..count).map(|_| take_word(rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_survives_the_wire() {
        let used = Rusage {
            cpu: Duration::from_micros(u64::MAX / 3),
            largest: u64::MAX / 5,
        };
        let failed = Failure {
            problem: Problem::Directory,
            errno: Errno::ENOENT,
        };
        for notice in [
            Notice::Started(7, 6),
            Notice::Failed(failed),
            Notice::Exited(3, 0, true, Rusage::default()),
            Notice::Exited(0, 9, false, used),
            Notice::Sent(15),
            Notice::Gone(used),
            Notice::Stuck,
        ] {
            assert_eq!(Notice::decode(&notice.encode()), Some(notice));
        }
    }

    #[test]
    fn a_ticket_survives_the_wire() {
        let own = OwnLimits {
            nofile: Some(64),
            core: Some(0),
            ..OwnLimits::default()
        };
        let join = vec![PathBuf::from("/a b/é"), PathBuf::from("/c")];
        for ticket in [
            Ticket::default(),
            Ticket {
                kill: Some("/c".into()),
                join,
                own,
            },
        ] {
            let bytes = Order::Prepare(ticket.clone()).encode();
            let Some(Order::Prepare(back)) = Order::decode(&bytes[4..]) else {
                panic!("not a ticket")
            };
            assert_eq!(back, ticket);
            assert!(Order::decode(&bytes[4..bytes.len() - 1]).is_none());
        }
    }

    #[test]
    fn an_order_survives_the_wire() {
        let word = |s: &str| CString::new(s).unwrap();
        let order = Order::Run(Program {
            path: word("/bin/sh"),
            arguments: vec![word("sh"), word("-c"), word("")],
            environment: vec![word("A=1")],
            directory: word("/tmp"),
            input: true,
        });
        let bytes = order.encode();
        let Some(Order::Run(back)) = Order::decode(&bytes[4..]) else {
            panic!("not a run")
        };
        assert_eq!(back.arguments.len(), 3);
        assert_eq!(back.environment, [word("A=1")]);
        assert_eq!((back.directory, back.input), (word("/tmp"), true));
        assert!(
            Order::decode(&bytes[4..bytes.len() - 1]).is_none(),
            "a cut order was taken"
        );
    }
}
