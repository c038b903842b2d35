//! What the server and a supervisor say to each other over their socket.
//!
//! Orders are a length and a tagged body of byte strings; events are three integers. Both ends are
//! the same binary, so there is no version.

use std::ffi::CString;

use nix::errno::Errno;

use crate::sys::{Program, SpawnError, Stage};

/// What the server asks of a supervisor.
#[derive(Debug)]
pub(super) enum Order {
    /// Start this program; the environment is added to the inherited one.
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
    /// The shell ended, with a status or by a signal (0: none); the last says whether it left children.
    Exited(i32, i32, bool),
    /// This signal was sent to all there is.
    Sent(i32),
    /// Nothing of the command is left; the supervisor ends.
    Gone,
    /// SIGKILL was sent and something is still there.
    Stuck,
}

/// What kept a shell from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No process could be made.
    Process,
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

impl From<SpawnError> for Failure {
    fn from(error: SpawnError) -> Self {
        let problem = match error.stage {
            Stage::Clone => Problem::Process,
            Stage::Directory => Problem::Directory,
            Stage::Execute => Problem::Shell,
        };
        Self {
            problem,
            errno: error.errno,
        }
    }
}

/// Bytes of one encoded notice.
pub(super) const NOTICE: usize = 16;

impl Notice {
    /// As it travels.
    pub(super) fn encode(self) -> [u8; NOTICE] {
        let words: [i32; 4] = match self {
            Self::Started(pid, own) => [1, pid, own, 0],
            Self::Failed(f) => [2, f.problem as i32, f.errno as i32, 0],
            Self::Exited(code, signal, children) => [3, code, signal, i32::from(children)],
            Self::Sent(signal) => [4, signal, 0, 0],
            Self::Gone => [5, 0, 0, 0],
            Self::Stuck => [6, 0, 0, 0],
        };
        let mut bytes = [0; NOTICE];
        for (slot, word) in bytes.chunks_exact_mut(4).zip(words) {
            slot.copy_from_slice(&word.to_ne_bytes());
        }
        bytes
    }

    /// Back from the wire; none when it is not one of ours.
    pub(super) fn decode(bytes: &[u8; NOTICE]) -> Option<Self> {
        let word = |i: usize| {
            let four = [
                bytes[4 * i],
                bytes[4 * i + 1],
                bytes[4 * i + 2],
                bytes[4 * i + 3],
            ];
            i32::from_ne_bytes(four)
        };
        Some(match word(0) {
            1 => Self::Started(word(1), word(2)),
            2 => {
                let problem = match word(1) {
                    0 => Problem::Process,
                    1 => Problem::Directory,
                    _ => Problem::Shell,
                };
                Self::Failed(Failure {
                    problem,
                    errno: Errno::from_raw(word(2)),
                })
            }
            3 => Self::Exited(word(1), word(2), word(3) != 0),
            4 => Self::Sent(word(1)),
            5 => Self::Gone,
            6 => Self::Stuck,
            _ => return None,
        })
    }
}

impl Order {
    /// As it travels, the length first.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        match self {
            Self::Run(program) => {
                out.push(1);
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
                let path = take_word(&mut rest)?;
                let directory = take_word(&mut rest)?;
                let arguments = take_words(&mut rest)?;
                let environment = take_words(&mut rest)?;
                Some(Self::Run(Program {
                    path,
                    arguments,
                    environment,
                    directory,
                }))
            }
            2 => Some(Self::End(Manner::Terminate, take_number(&mut rest)?)),
            3 => Some(Self::End(Manner::HangUp, take_number(&mut rest)?)),
            _ => None,
        }
    }
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
        let failed = Failure {
            problem: Problem::Directory,
            errno: Errno::ENOENT,
        };
        for notice in [
            Notice::Started(7, 6),
            Notice::Failed(failed),
            Notice::Exited(3, 0, true),
            Notice::Exited(0, 9, false),
            Notice::Sent(15),
            Notice::Gone,
            Notice::Stuck,
        ] {
            assert_eq!(Notice::decode(&notice.encode()), Some(notice));
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
        });
        let bytes = order.encode();
        let Some(Order::Run(back)) = Order::decode(&bytes[4..]) else {
            panic!("not a run")
        };
        assert_eq!(back.arguments.len(), 3);
        assert_eq!(back.environment, [word("A=1")]);
        assert_eq!(back.directory, word("/tmp"));
        assert!(
            Order::decode(&bytes[4..bytes.len() - 1]).is_none(),
            "a cut order was taken"
        );
    }
}
