//! The task of one notebook: it speaks with the kernel, and decides when that ends.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::Error;
use super::execution::{Execution, Outcome, Task};
use super::kernel::{Ground, Kernel, News};
use super::session::{Order, Session};

/// How long what was printed may follow the reply to its cell, or the reply the kernel's word that it is done.
const SETTLE: Duration = Duration::from_secs(4);
/// How long an interrupted cell may take to end.
const INTERRUPTED: Duration = Duration::from_secs(5);
/// How long what a kernel had published may take to be read when it has ended: a child of it may hold the
/// connection open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Runs a notebook from its kernel's start to its end; tells `ready` whether there is a kernel.
pub(super) async fn pump(
    session: Arc<Session>,
    ground: Ground,
    orders: mpsc::UnboundedReceiver<Order>,
    idle_ttl: Duration,
    ready: oneshot::Sender<Result<(), Error>>,
) {
    let mut pump = Pump {
        session,
        ground,
        orders,
        idle_ttl,
        kernel: None,
        execution: None,
        why_dead: String::new(),
    };
    let started = pump.start().await;
    let failed = started.is_err();
    // Who asked may have hung up: then nobody knows the notebook's id.
    if ready.send(started).is_ok() && !failed {
        while pump.step().await {}
    }
    // Nobody finds it from now on, though its kernel may take a while to end.
    pump.session.stop.cancel();
    pump.answer_death("the notebook was closed");
    if let Some(kernel) = pump.kernel.take() {
        kernel.end(&pump.ground, true).await;
    }
}

struct Pump {
    session: Arc<Session>,
    ground: Ground,
    orders: mpsc::UnboundedReceiver<Order>,
    idle_ttl: Duration,
    kernel: Option<Kernel>,
    execution: Option<Execution>,
    /// Why there is no kernel, in words.
    why_dead: String,
}

impl Pump {
    async fn start(&mut self) -> Result<(), Error> {
        let started = tokio::select! {
            () = self.session.stop.cancelled() => Err(Error::ShuttingDown),
            started = Kernel::start(&self.ground, &self.session.spec) => started,
        };
        match started {
            Ok(kernel) => {
                self.kernel = Some(kernel);
                self.session.state().dead = false;
                self.session.touch();
                Ok(())
            }
            Err(error) => {
                self.why_dead = error.to_string();
                self.session.state().dead = true;
                Err(error)
            }
        }
    }

    /// Waits for one thing and acts on it; false when all is over.
    async fn step(&mut self) -> bool {
        let due = self.due();
        let (session, stop) = (Arc::clone(&self.session), self.session.stop.clone());
        let kernel = &mut self.kernel;
        let news = async {
            match kernel {
                Some(kernel) => kernel.next().await,
                None => std::future::pending().await,
            }
        };
        // A flood of output must keep no order out.
        tokio::select! {
            biased;
            () = stop.cancelled() => return false,
            // From now on it counts as idle.
            () = session.released.notified() => {}
            order = self.orders.recv() => match order {
                // A kernel that takes nothing must not keep the notebook open.
                Some(order) => tokio::select! {
                    biased;
                    () = stop.cancelled() => return false,
                    () = self.on_order(order) => {}
                },
                None => return false,
            },
            () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => {
                return self.on_due().await;
            }
            news = news => self.on_news(news).await,
        }
        true
    }

    /// When something is to be done.
    fn due(&self) -> Option<Instant> {
        let given_up = self.kernel.as_ref().and_then(|kernel| kernel.given_up_at);
        let cell = self.execution.as_ref().and_then(|execution| execution.due);
        given_up
            .into_iter()
            .chain(cell)
            .chain(self.idle_due())
            .min()
    }

    /// When the notebook has been idle for too long.
    fn idle_due(&self) -> Option<Instant> {
        let state = self.session.state();
        let idle = self.execution.is_none() && !state.claimed && !self.idle_ttl.is_zero();
        idle.then_some(state.used + self.idle_ttl)
    }

    async fn on_order(&mut self, order: Order) {
        match order {
            Order::Execute(task) => self.execute(task).await,
            Order::Interrupt(answer) => {
                let running = self.execution.is_some();
                if let (true, Some(kernel)) = (running, &mut self.kernel) {
                    kernel.interrupt().await;
                }
                answer.send(running).ok();
            }
            Order::Restart(answer) => {
                self.answer_death("the kernel was restarted");
                if let Some(kernel) = self.kernel.take() {
                    kernel.end(&self.ground, false).await;
                }
                let started = self.start().await;
                answer.send(started).ok();
            }
        }
    }

    async fn execute(&mut self, task: Task) {
        let sent = match &mut self.kernel {
            Some(kernel) => kernel
                .execute(&task.code)
                .await
                .map_err(|error| error.to_string()),
            None => Err(self.why_dead.clone()),
        };
        match sent {
            Ok(request) => self.execution = Some(Execution::new(request, task)),
            Err(why) => {
                let words = self.in_words(&why);
                Execution::new(String::new(), task).end(Outcome::Died(words));
            }
        }
    }

    async fn on_news(&mut self, news: News) {
        match news {
            News::Died(why) => return self.on_death(why).await,
            News::Nothing => return,
            News::Published(message) => {
                if let Some(execution) = &mut self.execution {
                    execution.on_published(&message);
                }
            }
            News::Reply(message) => {
                if let Some(execution) = &mut self.execution {
                    execution.on_reply(&message);
                }
            }
            News::Lost => {
                if let Some(execution) = &mut self.execution {
                    execution.on_loss();
                }
            }
        }
        if let Some(execution) = &mut self.execution
            && execution.is_done()
        {
            if execution.is_over() {
                self.finish();
            } else if !execution.is_settling() {
                execution.settle_by(Instant::now() + SETTLE);
            }
        }
    }

    fn finish(&mut self) {
        if let Some(mut execution) = self.execution.take() {
            execution.finish();
        }
    }

    /// Does what is due; false when the notebook is to end.
    async fn on_due(&mut self) -> bool {
        let now = Instant::now();
        let passed = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        if passed(self.kernel.as_ref().and_then(|kernel| kernel.given_up_at)) {
            self.on_death("the connection to the kernel broke".to_owned())
                .await;
        }
        if let Some(execution) = &mut self.execution
            && passed(execution.due)
        {
            execution.due = None;
            if execution.is_done() {
                self.finish();
            } else if !std::mem::replace(&mut execution.timed_out, true) {
                execution.due = Some(now + INTERRUPTED);
                if let Some(kernel) = &mut self.kernel {
                    kernel.interrupt().await;
                }
            } else if execution.is_awaited() {
                let words = format!(
                    "the cell took longer than its timeout and does not react to being interrupted; it still runs: end it with POST /notebooks/{}/restart",
                    self.session.id
                );
                execution.answer(Outcome::TimedOut(words));
            }
        }
        if passed(self.idle_due()) {
            tracing::info!(id = %self.session.id, "a notebook is closed: it was not used for long");
            return false;
        }
        true
    }

    async fn on_death(&mut self, why: String) {
        self.hear_last().await;
        tracing::debug!(id = %self.session.id, why, "a kernel has ended");
        self.why_dead = why;
        self.session.state().dead = true;
        if let Some(kernel) = self.kernel.take() {
            let ground = self.ground.clone();
            // What it left running ends too; nobody waits for that.
            tokio::spawn(async move { kernel.end(&ground, false).await });
        }
        let why = self.in_words(&self.why_dead);
        self.answer_death(&why);
    }

    /// Takes what the kernel had published before it ended, and nobody has read yet.
    async fn hear_last(&mut self) {
        let until = Instant::now() + LAST_WORDS;
        if let (Some(kernel), Some(execution)) = (&mut self.kernel, &mut self.execution) {
            while let Some(message) = kernel.last_words(until).await {
                execution.on_published(&message);
            }
        }
    }

    fn in_words(&self, why: &str) -> String {
        format!(
            "{why}\nIts variables are gone. Start it anew with POST /notebooks/{}/restart",
            self.session.id
        )
    }

    fn answer_death(&mut self, why: &str) {
        if let Some(mut execution) = self.execution.take() {
            execution.end(Outcome::Died(why.to_owned()));
        }
    }
}
