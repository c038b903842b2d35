//! Previews: documents of office programs as PDF, made by `LibreOffice` where it is installed.

mod office;
mod scratch;
mod shelf;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Error;
use crate::config::Environment;
use crate::sandbox::Pool;
use crate::workspace::open_regular;
use scratch::Scratch;
use shelf::{Key, Shelf};

/// What is shown as PDF: by the ending of its name, in lower case.
const ENDINGS: [&str; 2] = ["docx", "pptx"];

/// The programs that make PDF of it; the first that commands would find is taken.
const PROGRAMS: [&str; 2] = ["soffice", "libreoffice"];

/// Previews that are made at once: each takes a core and some hundred MiB.
const AT_ONCE: usize = 2;

/// How long one may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A larger document is not made a preview of, in bytes.
const LARGEST: u64 = 100 << 20;

/// Makes previews. Cheap to clone; all clones share what they made.
#[derive(Clone, Debug)]
pub struct Previews(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    environment: Environment,
    pool: Pool,
    /// The runtime of the commands, to which the pool belongs.
    runtime: Handle,
    turns: Arc<Semaphore>,
    shelf: Mutex<Shelf>,
    stop: CancellationToken,
}

/// Why there is no preview; the file itself is shown then.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the document could not be read: {0}")]
    Document(Error),
    #[error("it has more than {} MiB", LARGEST >> 20)]
    TooLarge,
    #[error("the directory for it could not be made: {0}")]
    Scratch(io::Error),
    #[error("the office program could not be started: {0}")]
    Start(String),
    #[error("the office program took more than {} s", .0.as_secs())]
    Slow(Duration),
    #[error("the office program left no PDF; it said: {0}")]
    Nothing(String),
    #[error("the client has gone, or the server ends")]
    Unwanted,
}

impl Previews {
    /// None made yet. No more are made once `stop` is cancelled. To be called on the pool's runtime.
    pub fn new(environment: Environment, pool: Pool, stop: CancellationToken) -> Self {
        Self(Arc::new(Shared {
            environment,
            pool,
            runtime: Handle::current(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            shelf: Mutex::default(),
            stop,
        }))
    }

    /// The PDF of a document, open for reading; none when there can be none, or none was made: the log says why.
    ///
    /// When the future is dropped, the program is ended. Nothing stays behind on the disk but the
    /// documents of the last minutes, which have no names any more.
    pub async fn pdf(&self, document: &Path) -> Option<File> {
        let ending = document.extension()?.to_str()?.to_ascii_lowercase();
        if !ENDINGS.contains(&ending.as_str()) {
            return None;
        }
        let environment = &self.0.environment;
        let mut programs = PROGRAMS.iter();
        let program = programs.find_map(|name| environment.find_program(name))?;
        let pdf = match self.shelved(document).await {
            Ok(Some(pdf)) => Ok(pdf),
            Ok(None) => self.made(document, program).await,
            Err(why) => Err(why),
        };
        pdf.inspect_err(|why| {
            tracing::warn!(document = %document.display(), "there is no preview: {why}");
        })
        .ok()
    }

    /// What was made a moment ago, which waits for nobody's turn.
    async fn shelved(&self, document: &Path) -> Result<Option<File>, Failure> {
        let document = document.to_owned();
        let previews = self.clone();
        let looked = spawn_blocking(move || {
            let (_, key) = open(&document)?;
            Ok(previews.shelf(|shelf| shelf.get(&key)))
        });
        looked
            .await
            .map_err(|broken| Failure::Scratch(broken.into()))?
    }

    async fn made(&self, document: &Path, program: PathBuf) -> Result<File, Failure> {
        let turn = Arc::clone(&self.0.turns).acquire_owned().await;
        let turn = turn.map_err(|_| Failure::Unwanted)?;
        let directory = self.0.environment.get("TMPDIR").map(PathBuf::from);
        let directory = directory.filter(|directory| directory.is_absolute());
        let directory = directory.unwrap_or_else(|| "/tmp".into());
        let document = document.to_owned();
        let previews = self.clone();
        let begun = spawn_blocking(move || previews.begin(&document, &directory)).await;
        let (key, scratch) = match begun.map_err(|broken| Failure::Scratch(broken.into()))?? {
            Begun::Made(pdf) => return Ok(pdf),
            Begun::Copied(key, scratch) => (key, scratch),
        };
        // The task outlives the request: it has to end the program and to clean up.
        let (answer, answered) = oneshot::channel();
        let previews = self.clone();
        self.0.runtime.spawn(async move {
            previews.finish(program, key, scratch, answer).await;
            drop(turn);
        });
        answered.await.unwrap_or(Err(Failure::Unwanted))
    }

    /// Looks whether it was made before; else copies the document to where the program finds it, and nobody else.
    fn begin(&self, document: &Path, directory: &Path) -> Result<Begun, Failure> {
        let (file, key) = open(document)?;
        // It may have been made while this one waited for its turn.
        if let Some(pdf) = self.shelf(|shelf| shelf.get(&key)) {
            return Ok(Begun::Made(pdf));
        }
        let name = document.file_name().unwrap_or_default();
        let scratch = Scratch::new(directory, name, &file).map_err(Failure::Scratch)?;
        Ok(Begun::Copied(key, scratch))
    }

    /// Has the program make the PDF, answers with that, and cleans up.
    async fn finish(
        self,
        program: PathBuf,
        key: Key,
        scratch: Scratch,
        mut answer: oneshot::Sender<Result<File, Failure>>,
    ) {
        let unwanted = async {
            tokio::select! {
                () = answer.closed() => Failure::Unwanted,
                () = self.0.stop.cancelled() => Failure::Unwanted,
                () = sleep(PATIENCE) => Failure::Slow(PATIENCE),
            }
        };
        let said = office::run(&self.0.pool, &program, &scratch, unwanted).await;
        let done = spawn_blocking(move || {
            let pdf = said.and_then(|said| scratch.pdf().ok_or(Failure::Nothing(said)));
            if let Ok(pdf) = &pdf {
                self.shelf(|shelf| shelf.put(key, pdf));
            }
            drop(scratch);
            answer.send(pdf).ok();
        });
        done.await.ok();
    }

    fn shelf<T>(&self, act: impl FnOnce(&mut Shelf) -> T) -> T {
        act(&mut self.0.shelf.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Opens a document that a preview may be made of.
fn open(document: &Path) -> Result<(File, Key), Failure> {
    let opened = open_regular(document).map_err(|why| Error::unopened(document, why));
    let (file, found) = opened.map_err(Failure::Document)?;
    if found.len() > LARGEST {
        return Err(Failure::TooLarge);
    }
    Ok((file, Key::of(document, &found)))
}

/// How far a preview has come.
enum Begun {
    /// It was made a moment ago.
    Made(File),
    /// The document lies ready.
    Copied(Key, Scratch),
}
