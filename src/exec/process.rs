//! One command: what the table keeps of it, while it runs and after.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::log::Log;
use super::{Killed, Report, Spent, Status, Struck, Summary, Window};
use crate::limits::Leaf;
use crate::sandbox::Running;
use crate::workspace::Owner;

/// A command. Its task ([`super::watch`]) writes; everybody else asks.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: Arc<str>,
    pub(super) owner: Owner,
    pub(super) command: Box<str>,
    pub(super) log: Log,
    /// When its shell began.
    pub(super) began: Instant,
    state: Mutex<State>,
    /// The state has changed.
    changed: Notify,
    /// There are orders for the task.
    pub(super) ordered: Notify,
}

/// Where a command is.
#[derive(Debug)]
pub(super) struct State {
    pub(super) status: Status,
    pub(super) exit_code: Option<i32>,
    pub(super) signal: Option<&'static str>,
    pub(super) timed_out: bool,
    /// The limit that struck.
    pub(super) limit: Option<Struck>,
    /// What it had used at its shell's end, or when nothing was left.
    pub(super) spent: Option<Spent>,
    /// Where it is limited and measured; none when nothing of it is left.
    leaf: Option<Arc<Leaf>>,
    /// The supervisor's pid; none when nothing of the command is left.
    supervisor: Option<i32>,
    /// What the task is to do next.
    orders: Vec<Order>,
}

/// What is known of a command's end.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) exit_code: Option<i32>,
    pub(super) signal: Option<&'static str>,
    pub(super) spent: Option<Spent>,
    pub(super) limit: Option<Struck>,
}

/// What the task of a command is asked to do.
#[derive(Debug)]
pub(super) enum Order {
    /// Type this; answer with how many bytes were taken, when all were or patience ended.
    Input(Vec<u8>, oneshot::Sender<usize>),
    /// End everything after this grace; answer when nothing is left, or what remains.
    End(Duration, oneshot::Sender<Killed>),
}

impl Process {
    pub(super) fn new(
        id: Arc<str>,
        owner: Owner,
        command: &str,
        log: Log,
        running: &Running,
    ) -> Self {
        let (leaf, supervisor) = (Some(running.leaf()), Some(running.supervisor()));
        Self::with(id, owner, command, log, (leaf, supervisor))
    }

    fn with(
        id: Arc<str>,
        owner: Owner,
        command: &str,
        log: Log,
        (leaf, supervisor): (Option<Arc<Leaf>>, Option<i32>),
    ) -> Self {
        let state = State {
            status: Status::Running,
            exit_code: None,
            signal: None,
            timed_out: false,
            limit: None,
            spent: None,
            leaf,
            supervisor,
            orders: Vec::new(),
        };
        let (changed, ordered) = (Notify::new(), Notify::new());
        Self {
            id,
            owner,
            command: command.into(),
            log,
            began: Instant::now(),
            state: Mutex::new(state),
            changed,
            ordered,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and tells all who wait.
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_waiters();
    }

    /// To be called when its task has failed: the supervisor ends what there is, nobody waits for ever.
    pub(super) fn abandon(&self) {
        tracing::error!(id = %self.id, "the task of a command has failed; the command is ended");
        self.change(|state| {
            state.is_gone();
            state.orders.clear();
            if state.status == Status::Running {
                state.status = Status::Killed;
            }
        });
    }

    /// Notes a limit that struck; false when what is noted weighs as much.
    pub(super) fn note_limit(&self, limit: Struck) -> bool {
        let mut state = self.state();
        let new = limit.outweighs(state.limit.as_ref());
        if new {
            state.limit = Some(limit);
        }
        new
    }

    /// What is known of its end by now.
    pub(super) fn told(&self) -> Told {
        let state = self.state();
        Told {
            exit_code: state.exit_code,
            signal: state.signal,
            spent: state.spent,
            limit: state.limit.clone(),
        }
    }

    /// Waits until the shell has ended, at most this long.
    pub(super) async fn ended(&self, wait: Duration) {
        let deadline = Instant::now() + wait;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed, so the state may be looked at.
            changed.as_mut().enable();
            if self.state().status != Status::Running
                || timeout_at(deadline, changed).await.is_err()
            {
                return;
            }
        }
    }

    /// Gives the task an order; false when there is no task any more.
    pub(super) fn order(&self, order: Order) -> bool {
        let mut state = self.state();
        if state.supervisor.is_none() {
            return false;
        }
        state.orders.push(order);
        drop(state);
        self.ordered.notify_one();
        true
    }

    /// The orders so far.
    pub(super) fn take_orders(&self) -> Vec<Order> {
        std::mem::take(&mut self.state().orders)
    }

    pub(super) fn status(&self) -> Status {
        self.state().status
    }

    /// The command's line in the list.
    pub(super) fn summary(&self) -> Summary {
        let state = self.state();
        let supervisor = state.supervisor.filter(|_| state.status != Status::Running);
        let (status, exit_code, signal) = (state.status, state.exit_code, state.signal);
        drop(state);
        Summary {
            id: self.id.to_string(),
            command: self.command.to_string(),
            status,
            exit_code,
            signal,
            log_path: self.log.path(),
            survivors: supervisor.map(Running::processes).unwrap_or_default(),
        }
    }

    /// What is still there of it.
    pub(super) fn remaining(&self) -> Vec<i32> {
        let supervisor = self.state().supervisor;
        supervisor.map(Running::processes).unwrap_or_default()
    }

    /// What it has used so far.
    async fn spent(&self) -> Option<Spent> {
        let leaf = {
            let state = self.state();
            if state.spent.is_some() {
                return state.spent;
            }
            state.leaf.clone()?
        };
        let usage = if leaf.is_slow_to_ask() {
            spawn_blocking(move || leaf.usage()).await.ok()?
        } else {
            leaf.usage()
        };
        Some(Spent::new(usage, self.began.elapsed()))
    }

    /// The limit that has struck, also one that strikes while something of it is left.
    fn limit(&self) -> Option<Struck> {
        let (noted, leaf) = {
            let state = self.state();
            (state.limit.clone(), state.leaf.clone())
        };
        let present = leaf.and_then(|leaf| leaf.strike()).map(Struck::from);
        present
            .filter(|present| present.outweighs(noted.as_ref()))
            .or(noted)
    }

    /// The answer to a question about it.
    pub(super) async fn report(&self, window: Window) -> Report {
        // The status first: output that comes in between is no harm, output that is missing is.
        let summary = self.summary();
        let timed_out = self.state().timed_out;
        // What holds a command back is worth knowing while it runs.
        let limit = self.limit();
        let usage = self.spent().await;
        let excerpt = self.log.read(window).await;
        Report {
            summary,
            log_error: excerpt.error,
            timed_out,
            usage,
            limit,
            output: excerpt.output,
            next_offset: excerpt.next_offset,
            truncated: excerpt.truncated,
        }
    }
}

impl State {
    /// Notes that nothing of the command is left.
    pub(super) fn is_gone(&mut self) {
        self.supervisor = None;
        self.leaf = None;
    }
}

#[cfg(test)]
impl Process {
    /// One that runs, has no task, and keeps its log in memory.
    pub(super) fn sample(id: &str, command: &str) -> Self {
        let (id, owner): (Arc<str>, _) = (id.into(), Owner::default());
        let limits = super::Limits {
            max_size: 1000,
            flush_interval: Duration::ZERO,
            flush_buffer: 0,
        };
        let start = super::log::Start {
            command,
            pid: 1,
            cwd: "/",
            owner: (&owner).into(),
        };
        let place = super::log::Place::new(std::path::Path::new("/").into(), Arc::clone(&id));
        let no_file = Err(std::io::ErrorKind::NotFound.into());
        let log = Log::create(place, no_file, limits, &start);
        Self::with(id, owner, command, log, (None, Some(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_command_whose_task_has_failed() {
        let process = Arc::new(Process::sample("id", "x"));
        let waiting = tokio::spawn({
            let process = Arc::clone(&process);
            async move { process.ended(Duration::from_mins(5)).await }
        });
        tokio::task::yield_now().await;
        let (answer, taken) = oneshot::channel();
        assert!(process.order(Order::Input(vec![1], answer)));
        let began = Instant::now();
        process.abandon();
        waiting.await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(1));
        assert!(taken.await.is_err(), "who types is told");
        assert_eq!(process.status(), Status::Killed);
        let (answer, _) = oneshot::channel();
        assert!(!process.order(Order::End(Duration::ZERO, answer)));
    }
}
