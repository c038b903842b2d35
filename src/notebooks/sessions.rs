//! All open notebooks: opening, running, finding and closing them.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::Answer;
use super::kernel::Ground;
use super::message::hex;
use super::pump::pump;
use super::run::{self, Ask, Listener};
use super::session::{Order, Session};
use super::{Error, Summary, file, saving, spec};
use crate::config::Environment;
use crate::sandbox::Pool;

/// A request to close a notebook is answered within this.
const ANSWER: Duration = Duration::from_millis(2900);

/// What the settings say about notebooks.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Notebooks open at once.
    pub most: usize,
    /// How long a notebook stays open when nobody uses it; zero is for ever.
    pub idle_ttl: Duration,
    /// Time between asking a kernel's processes to end and killing them.
    pub kill_grace: Duration,
    /// Where kernels start.
    pub home: PathBuf,
    /// What kernels are found in.
    pub environment: Environment,
}

/// The open notebooks of a workspace. Cheap to clone.
#[derive(Clone)]
pub struct Notebooks(Arc<Shared>);

struct Shared {
    ground: Ground,
    most: usize,
    idle_ttl: Duration,
    table: Mutex<Table>,
    tasks: TaskTracker,
    /// Ends all of them, those too that are being opened.
    stop: CancellationToken,
}

#[derive(Default)]
struct Table {
    sessions: Vec<Arc<Session>>,
    /// Notebooks on their way into it.
    starting: usize,
}

/// The place in the table of a notebook that is being opened.
struct Place(Notebooks);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.table().starting -= 1;
    }
}

impl Notebooks {
    /// No notebooks yet. To be called on the pool's runtime.
    pub fn new(settings: Settings, pool: Pool) -> Self {
        let ground = Ground {
            pool,
            runtime: Handle::current(),
            environment: settings.environment,
            home: settings.home,
            grace: settings.kill_grace,
        };
        Self(Arc::new(Shared {
            ground,
            most: settings.most,
            idle_ttl: settings.idle_ttl,
            table: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, user: Option<&str>, id: &str) -> Result<Arc<Session>, Error> {
        let table = self.table();
        let mut own = table
            .sessions
            .iter()
            .filter(|session| session.user.as_deref() == user && !session.stop.is_cancelled());
        let found = own.find(|session| *session.id == *id);
        found
            .cloned()
            .ok_or_else(|| Error::NotFound { id: id.to_owned() })
    }

    /// Opens the notebook at `path` for a user: reads it, and starts its kernel. Who goes away before it is
    /// there leaves none. Its task runs on the current runtime.
    pub async fn open(&self, user: Option<Arc<str>>, path: PathBuf) -> Result<Summary, Error> {
        let place = self.reserve()?;
        let environment = self.0.ground.environment.clone();
        let read = {
            let path = path.clone();
            spawn_blocking(move || {
                let document = saving::parse(&path, file::read(&path)?)?;
                let spec = spec::find(&environment, document.kernel())?;
                Ok((Arc::<str>::from(document.text()), spec))
            })
        };
        let (text, spec) = read.await.unwrap_or_else(|error| {
            Err(Error::Start {
                problem: error.to_string(),
            })
        })?;
        let (session, orders) = Session::new(
            self.new_id()?,
            user,
            path,
            spec,
            text,
            self.0.stop.child_token(),
        );
        let (ready, started) = oneshot::channel();
        let unless_left = session.stop.clone().drop_guard();
        self.see_to(&session, orders, ready);
        started.await.unwrap_or(Err(Error::ShuttingDown))?;
        let summary = summary(&session);
        {
            let mut table = self.table();
            if session.ended.is_cancelled() || self.0.stop.is_cancelled() {
                return Err(Error::ShuttingDown);
            }
            table.sessions.push(session);
        }
        unless_left.disarm();
        drop(place);
        Ok(summary)
    }

    /// Starts the task of a notebook.
    fn see_to(
        &self,
        session: &Arc<Session>,
        orders: mpsc::UnboundedReceiver<Order>,
        ready: oneshot::Sender<Result<(), Error>>,
    ) {
        let (this, session) = (self.clone(), Arc::clone(session));
        self.0.tasks.spawn(async move {
            let ground = this.0.ground.clone();
            let pumped = pump(Arc::clone(&session), ground, orders, this.0.idle_ttl, ready);
            if AssertUnwindSafe(pumped).catch_unwind().await.is_err() {
                tracing::error!("the task of a notebook has failed; the notebook is closed");
            }
            this.table()
                .sessions
                .retain(|other| !Arc::ptr_eq(other, &session));
            session.ended.cancel();
        });
    }

    fn reserve(&self) -> Result<Place, Error> {
        if self.0.stop.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        let most = self.0.most;
        let mut table = self.table();
        if table.sessions.len() + table.starting >= most {
            return Err(Error::TooMany { most });
        }
        table.starting += 1;
        Ok(Place(self.clone()))
    }

    /// Twelve hexadecimal digits that nobody has.
    fn new_id(&self) -> Result<Arc<str>, Error> {
        loop {
            let mut bytes = [0; 6];
            getrandom::fill(&mut bytes).map_err(|error| Error::Start {
                problem: format!("no random number for its id: {error}"),
            })?;
            let id: Arc<str> = hex(&bytes).into();
            if self.table().sessions.iter().all(|session| session.id != id) {
                return Ok(id);
            }
        }
    }

    /// One of the user's notebooks.
    pub fn get(&self, user: Option<&str>, id: &str) -> Result<Summary, Error> {
        let session = self.find(user, id)?;
        session.touch();
        Ok(summary(&session))
    }

    /// Runs a cell and saves what it gave. Goes on when the caller goes away.
    pub async fn execute(&self, user: Option<&str>, id: &str, ask: Ask) -> Result<Answer, Error> {
        self.execute_telling(user, id, ask, Listener::default())
            .await
    }

    /// The same, telling of each output as it comes.
    pub async fn execute_telling(
        &self,
        user: Option<&str>,
        id: &str,
        ask: Ask,
        listener: Listener,
    ) -> Result<Answer, Error> {
        let session = self.find(user, id)?;
        let claim = session.claim()?;
        let run = self.0.tasks.spawn(run::run(session, claim, ask, listener));
        run.await.unwrap_or_else(|error| {
            Err(Error::Start {
                problem: format!("the task of a cell has failed: {error}"),
            })
        })
    }

    /// Interrupts the cell that runs; says whether there was one.
    pub async fn interrupt(&self, user: Option<&str>, id: &str) -> Result<bool, Error> {
        let session = self.find(user, id)?;
        session.touch();
        if session.status() == super::Status::Dead {
            return Err(Error::Dead { id: id.to_owned() });
        }
        let (answer, interrupted) = oneshot::channel();
        session.orders.send(Order::Interrupt(answer)).ok();
        interrupted
            .await
            .map_err(|_| Error::NotFound { id: id.to_owned() })
    }

    /// Ends the kernel and starts another in its place.
    pub async fn restart(&self, user: Option<&str>, id: &str) -> Result<Summary, Error> {
        let session = self.find(user, id)?;
        session.touch();
        let (answer, restarted) = oneshot::channel();
        session.orders.send(Order::Restart(answer)).ok();
        restarted
            .await
            .unwrap_or_else(|_| Err(Error::NotFound { id: id.to_owned() }))?;
        session.touch();
        Ok(summary(&session))
    }

    /// Closes a notebook and ends its kernel; answers within three seconds.
    pub async fn close(&self, user: Option<&str>, id: &str) -> Result<(), Error> {
        let session = self.find(user, id)?;
        self.table()
            .sessions
            .retain(|other| !Arc::ptr_eq(other, &session));
        session.stop.cancel();
        timeout(ANSWER, session.ended.cancelled()).await.ok();
        Ok(())
    }

    /// Opens no more notebooks, closes all, and waits for them at most this long.
    pub async fn shut_down(&self, most: Duration) {
        self.0.stop.cancel();
        self.0.tasks.close();
        if timeout(most, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("some notebooks could not be closed");
        }
    }
}

fn summary(session: &Session) -> Summary {
    Summary {
        id: session.id.to_string(),
        path: session.path.clone(),
        kernel: session.spec.name.clone(),
        status: session.status(),
    }
}
