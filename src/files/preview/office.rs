//! One run of an office program, under the limits that commands have.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use super::Failure;
use super::scratch::Scratch;
use crate::sandbox::{Event, Happening, Launch, Manner, Pool, Running};

/// How long it may take until nothing of an ended program is left; the supervisor kills what is.
const END: Duration = Duration::from_secs(5);

/// Of what the program says, so many bytes are kept for the log.
const SAID: usize = 500;

/// Runs the program until all of it is gone; gives what it said. `enough` ends it before, and says why.
///
/// To be called on the runtime that runs the commands.
pub(super) async fn run(
    pool: &Pool,
    program: &Path,
    scratch: &Scratch,
    enough: impl Future<Output = Failure>,
) -> Result<String, Failure> {
    let launch = launch(program, scratch).ok_or_else(|| {
        Failure::Start("a path has characters that cannot be given to it".to_owned())
    })?;
    let started = async { pool.begin(launch)?.finish().await };
    let running = started
        .await
        .map_err(|problem| Failure::Start(problem.to_string()))?;
    let mut run = Run {
        running,
        said: Vec::new(),
    };
    let ended = tokio::select! {
        () = run.until_gone() => Ok(()),
        why = enough => Err(why),
    };
    if ended.is_err() {
        run.running.end(Manner::Terminate, Duration::ZERO).await;
        timeout(END, run.until_gone()).await.ok();
    }
    pool.take_back(run.running);
    ended.map(|()| String::from_utf8_lossy(&run.said).trim().to_owned())
}

/// The command line: a profile of its own, so that runs do not wait for each other nor change the user's.
fn launch(program: &Path, scratch: &Scratch) -> Option<Launch> {
    let profile = scratch.profile();
    let profile = format!("-env:UserInstallation=file://{}", in_url(profile.to_str()?));
    let out = scratch.out();
    let arguments = [
        &profile,
        "--headless",
        "--norestore",
        "--convert-to",
        "pdf",
        "--outdir",
        out.to_str()?,
        scratch.document().to_str()?,
    ];
    let tmp = scratch.top().join("tmp");
    let variables = [("TMPDIR".to_owned(), tmp.to_str()?.to_owned())];
    Launch::program(program, &arguments, scratch.top(), &variables).ok()
}

/// A path as it is written in a URL.
fn in_url(path: &str) -> String {
    let mut url = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            write!(url, "%{byte:02X}").expect("a string takes all");
        }
    }
    url
}

/// A program that runs, and what it has said.
struct Run {
    running: Running,
    said: Vec<u8>,
}

impl Run {
    /// Waits until nothing is left of it; what outlives the program itself is ended. Loses nothing when dropped half-way.
    async fn until_gone(&mut self) {
        loop {
            match self.running.next(true, false).await {
                Happening::Event(Event::Exited(_, survivors, _)) => {
                    if survivors {
                        self.running.end(Manner::Terminate, Duration::ZERO).await;
                    }
                }
                Happening::Event(Event::Gone(_) | Event::Lost | Event::Stuck) => return,
                Happening::Event(Event::Sent(_)) | Happening::Writable => {}
                Happening::Readable => self.listen(),
            }
        }
    }

    fn listen(&mut self) {
        let mut buffer = [0; 4096];
        let (filled, _) = self.running.fill(&mut buffer, false);
        let room = SAID - self.said.len().min(SAID);
        self.said.extend_from_slice(&buffer[..filled.min(room)]);
    }
}
