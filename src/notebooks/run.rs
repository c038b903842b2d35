//! A run: one cell read from its notebook, executed, and saved.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::Error;
use super::answer::Answer;
use super::execution::{Busy, Task};
use super::saving::{self, Changes, Loaded, Run};
use super::session::{Claim, Order, Session};
use super::telling::Teller;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Which cell, from 0.
    pub index: i64,
    /// What to run in place of what the cell says; it becomes what the cell says.
    pub source: Option<String>,
    /// How long it may take.
    pub timeout: Option<Duration>,
}

/// Who hears of a run before its end.
#[derive(Debug, Default)]
pub struct Listener {
    /// Is told when the cell is on its way; dropped untold when it does not get so far.
    pub begun: Option<oneshot::Sender<()>>,
    /// Gets each output as it comes.
    pub pieces: Option<Teller>,
}

/// Runs a cell from the file back to the file.
pub(super) async fn run(
    session: Arc<Session>,
    claim: Claim,
    ask: Ask,
    listener: Listener,
) -> Result<Answer, Error> {
    let claim: Busy = Arc::new(claim);
    let loaded = load(&session, ask.index).await?;
    if let Some(begun) = listener.begun {
        begun.send(()).ok();
    }
    let source = ask.source.as_ref().unwrap_or(&loaded.cell.source);
    let mut changes = Changes {
        source: ask.source.clone(),
        run: None,
    };
    if loaded.cell.kind != "code" || source.trim().is_empty() {
        let mut answer = Answer::of_nothing(&loaded);
        if changes.source.is_some() {
            answer.note(save(&session, loaded, changes).await.0);
        }
        return Ok(answer);
    }
    let (done, finished) = oneshot::channel();
    let task = Task {
        code: source.clone(),
        due: ask
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout)),
        pieces: listener.pieces,
        done,
        claim: Arc::clone(&claim),
    };
    session.orders.send(Order::Execute(task)).ok();
    let closed = || Error::NotFound {
        id: session.id.to_string(),
    };
    let finished = finished.await.map_err(|_| closed())?;
    let (mut answer, outputs) = Answer::of(finished.outcome, finished.count, finished.outputs);
    changes.run = Some(Run {
        count: finished.count,
        outputs,
        times: finished.times,
    });
    let (problem, changes) = save(&session, loaded, changes).await;
    answer.note(problem);
    if let Some(run) = changes.and_then(|changes| changes.run) {
        answer.give_outputs(run.outputs);
    }
    Ok(answer)
}

async fn load(session: &Arc<Session>, index: i64) -> Result<Loaded, Error> {
    let session = Arc::clone(session);
    let read = spawn_blocking(move || {
        let kept = session.state().kept.clone();
        saving::load(&session.path, kept.as_deref(), index)
    });
    read.await.unwrap_or_else(|error| {
        Err(Error::Start {
            problem: error.to_string(),
        })
    })
}

/// Saves; gives back why it was not, and the changes.
async fn save(
    session: &Arc<Session>,
    loaded: Loaded,
    changes: Changes,
) -> (Option<String>, Option<Changes>) {
    let session = Arc::clone(session);
    let saved = spawn_blocking(move || {
        let problem = match saving::save(&session.path, &loaded, &changes) {
            Ok(text) => {
                session.state().kept = Some(text.into());
                None
            }
            Err(problem) => Some(problem),
        };
        (problem, Some(changes))
    });
    saved
        .await
        .unwrap_or_else(|error| (Some(error.to_string()), None))
}
