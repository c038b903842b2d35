//! The extractor: this program once more, which reads one document and ends.
//!
//! Standard input is the document, standard output takes the text, standard error the report: one line of JSON, or
//! what the runtime says when it dies of too little memory or stack.

use std::fs;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::panic;
use std::process::ExitCode;
use std::thread;

use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use rustix::process::nice;
use serde::{Deserialize, Serialize};

use super::Format;
use super::text::{Problem, Text};
use crate::sys;

/// The word on the command line that makes this program an extractor; after it come the format's ending and the most
/// bytes of text.
pub const EXTRACTOR_ARGUMENT: &str = "extractor-of-open-terminal";

/// Address space, in bytes, where the server has no less itself.
const MEMORY: u64 = 1 << 30;

/// Seconds of processor time; the server's patience ends before.
const CPU: u64 = 60;

/// Bytes of stack for readers, which go down into what is nested.
const STACK: usize = 64 << 20;

/// How willing the kernel is to kill an extractor when memory is short (proc(5), `oom_score_adj`): before anything else.
const SOONEST: &str = "1000";

/// How much others go before it (nice(2)): it gets a third of what another process gets, which its patience allows for.
const NICE: i32 = 5;

/// What the extractor says about a document.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Report {
    /// The text is there.
    Read {
        notices: Vec<String>,
        gaps: Vec<String>,
    },
    Damaged(String),
    Encrypted,
    TooMuch,
    TooLarge(String),
    /// It needs more memory than it may have.
    Memory,
    /// The extractor could not do its work, whatever the document is.
    Failed(String),
}

/// What the extractor process does, from start to end; `arguments` are those after [`EXTRACTOR_ARGUMENT`].
pub fn extractor_main(arguments: &[&str]) -> ExitCode {
    let done = Option::zip(
        arguments.first().and_then(|word| Format::of_ending(word)),
        arguments.get(1).and_then(|word| word.parse().ok()),
    )
    .map(|(format, most)| {
        let report = work(format, most).unwrap_or_else(|problem| Report::of_failure(&problem));
        serde_json::to_writer(io::stderr(), &report)
    });
    if matches!(done, Some(Ok(()))) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn work(format: Format, most: usize) -> io::Result<Report> {
    bound()?;
    // A reader that panics has met something it was not made for; the report says so.
    panic::set_hook(Box::new(|_| {}));
    let thread = thread::Builder::new().stack_size(STACK);
    let reading = thread.spawn(move || {
        let bytes = document()?;
        let mut text = Text::new(most);
        let read = format.read(&bytes, &mut text);
        if read.is_ok() {
            let mut out = io::stdout().lock();
            out.write_all(text.as_str().as_bytes())?;
            out.flush()?;
        }
        Ok::<_, io::Error>(Report::new(read, &text))
    })?;
    reading.join().unwrap_or_else(|_| {
        let met = "its reader met something it was not made for";
        Ok(Report::Damaged(met.to_owned()))
    })
}

/// Puts this process under its limits, and has it end with the server.
fn bound() -> io::Result<()> {
    sys::close_all_but_standard();
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    // The runtime tells of a stack that overflows when it gets this signal.
    SigSet::from(Signal::SIGSEGV).thread_unblock()?;
    // When memory or time is short, a document that eats it goes before the commands and the server. Where that cannot
    // be had, the limits below hold all the same.
    fs::write("/proc/self/oom_score_adj", SOONEST).ok();
    nice(NICE).ok();
    lower(Resource::RLIMIT_AS, MEMORY)?;
    lower(Resource::RLIMIT_CPU, CPU)?;
    lower(Resource::RLIMIT_CORE, 0)?;
    // Nothing more is opened from here on.
    lower(Resource::RLIMIT_NOFILE, 3)?;
    Ok(())
}

/// Sets a limit; one that is lower already stays, since only root may raise it.
fn lower(resource: Resource, limit: u64) -> nix::Result<()> {
    let (_, hard) = getrlimit(resource)?;
    let limit = limit.min(hard);
    setrlimit(resource, limit, limit)
}

/// The address space that an extractor may have, in bytes: [`MEMORY`], or what its parent has where that is less.
pub(super) fn memory() -> u64 {
    getrlimit(Resource::RLIMIT_AS).map_or(MEMORY, |(_, hard)| MEMORY.min(hard))
}

fn document() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Report {
    fn new(read: Result<(), Problem>, text: &Text) -> Self {
        match read {
            Ok(()) => Self::Read {
                notices: text.notices().to_vec(),
                gaps: text.gaps().to_vec(),
            },
            Err(Problem::Damaged(how)) => Self::Damaged(how),
            Err(Problem::Encrypted) => Self::Encrypted,
            Err(Problem::TooMuch) => Self::TooMuch,
            Err(Problem::TooLarge(what)) => Self::TooLarge(what),
        }
    }

    fn of_failure(problem: &io::Error) -> Self {
        if problem.kind() == ErrorKind::OutOfMemory {
            Self::Memory
        } else {
            Self::Failed(problem.to_string())
        }
    }
}
