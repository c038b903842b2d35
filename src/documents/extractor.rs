//! The extractor: this program once more, which reads one document and ends.
//!
//! Standard input is the document, standard output takes the text, standard error the report: one line of JSON, or
//! what the runtime says when it dies of too little memory or stack.

use std::io::{self, Read as _, Write as _};
use std::panic;
use std::process::ExitCode;
use std::thread;

use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::Format;
use super::text::{Problem, Text};
use crate::sys;

/// The word on the command line that makes this program an extractor; after it come the format's ending and the most
/// bytes of text.
pub const EXTRACTOR_ARGUMENT: &str = "extractor-of-open-terminal";

/// Address space, in bytes.
pub(super) const MEMORY: u64 = 1 << 30;

/// Seconds of processor time; the server's patience ends before.
const CPU: u64 = 60;

/// Bytes of stack for readers, which go down into what is nested.
const STACK: usize = 64 << 20;

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
}

/// What the extractor process does, from start to end; `arguments` are those after [`EXTRACTOR_ARGUMENT`].
pub fn extractor_main(arguments: &[&str]) -> ExitCode {
    let done = Option::zip(
        arguments.first().and_then(|word| Format::of_ending(word)),
        arguments.get(1).and_then(|word| word.parse().ok()),
    )
    .map(|(format, most)| work(format, most));
    if matches!(done, Some(Ok(()))) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn work(format: Format, most: usize) -> io::Result<()> {
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
    let report = match reading.join() {
        Ok(report) => report?,
        Err(_) => Report::Damaged("its reader met something it was not made for".to_owned()),
    };
    serde_json::to_writer(io::stderr(), &report)?;
    Ok(())
}

/// Puts this process under its limits, and has it end with the server.
fn bound() -> io::Result<()> {
    sys::start_clean()?;
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    setrlimit(Resource::RLIMIT_AS, MEMORY, MEMORY)?;
    setrlimit(Resource::RLIMIT_CPU, CPU, CPU)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    // Nothing more is opened from here on.
    setrlimit(Resource::RLIMIT_NOFILE, 3, 3)?;
    Ok(())
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
        }
    }
}
