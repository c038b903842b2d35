//! The state: what the handlers need, made once and cheap to clone.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use axum::extract::FromRef;
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Error;
use super::blocking::blocking;
use super::elsewhere::Elsewhere;
use super::health::Protection;
use super::proxy::Proxy;
use super::turns::{Turn, Turns};
use crate::config::Config;
use crate::documents::Format;
use crate::exec::Processes;
use crate::files::{Parts, Previews, Watches};
use crate::limits::Limits;
use crate::notebooks::Notebooks;
use crate::packages::Packages;
use crate::ports::Ports;
use crate::prompt::Prompt;
use crate::search;
use crate::skills::Skills;
use crate::terminal::Terminals;
use crate::workspace::Workspace;

/// The services and settings behind the routes.
#[derive(Clone)]
pub struct State(Arc<Shared>);

struct Shared {
    config: Arc<Config>,
    processes: Processes,
    terminals: Terminals,
    notebooks: Notebooks,
    workspace: Workspace,
    prompt: Prompt,
    protections: Vec<Protection>,
    /// Searches take all cores; more of them at once only wait for each other with more memory in use.
    searches: Semaphore,
    documents: Turns,
    comparisons: Turns,
    parts: Parts,
    watches: Watches,
    previews: Previews,
    skills: Skills,
    limits: Limits,
    ports: Ports,
    proxy: Proxy,
    elsewhere: Option<Elsewhere>,
    packages: Option<Packages>,
    document: OnceLock<Bytes>,
}

/// Searches at work at once; others wait for their turn.
const SEARCHES: usize = 8;

/// Documents read at once; others wait for their turn. Each may take a gibibyte of memory.
const DOCUMENTS: usize = 4;

/// Comparisons at once; others wait for their turn. Each may take tens of MiB of the server's memory.
const COMPARISONS: usize = 4;

/// What a state is made of: one for each service.
pub struct Services {
    /// The settings.
    pub config: Arc<Config>,
    /// The commands.
    pub processes: Processes,
    /// The terminals.
    pub terminals: Terminals,
    /// The notebooks.
    pub notebooks: Notebooks,
    /// Where requests act.
    pub workspace: Workspace,
    /// What models are told.
    pub prompt: Prompt,
    /// What tells of changes to files.
    pub watches: Watches,
    /// Documents as PDF.
    pub previews: Previews,
    /// What commands may use.
    pub limits: Limits,
    /// The ports that they listen on.
    pub ports: Ports,
    /// What `/readyz` tells of protections.
    pub protections: Vec<Protection>,
    /// Where requests are served, when that is not here.
    pub elsewhere: Option<Elsewhere>,
    /// What is being installed, or was.
    pub packages: Option<Packages>,
    /// Ends connections that would not end by themselves.
    pub stop: CancellationToken,
}

impl State {
    /// Brings the services together.
    pub fn new(services: Services) -> Self {
        let Services {
            config,
            processes,
            terminals,
            notebooks,
            workspace,
            prompt,
            watches,
            previews,
            limits,
            ports,
            protections,
            elsewhere,
            packages,
            stop,
        } = services;
        let proxy = Proxy::new(&config, stop);
        Self(Arc::new(Shared {
            config,
            processes,
            terminals,
            notebooks,
            workspace,
            prompt,
            protections,
            searches: Semaphore::new(SEARCHES),
            documents: Turns::new(DOCUMENTS, "documents are being read"),
            comparisons: Turns::new(COMPARISONS, "files are being compared"),
            parts: Parts::default(),
            watches,
            previews,
            skills: Skills::default(),
            limits,
            ports,
            proxy,
            elsewhere,
            packages,
            document: OnceLock::new(),
        }))
    }

    /// What is being installed, or was.
    pub(super) fn packages(&self) -> Option<&Packages> {
        self.0.packages.as_ref()
    }

    /// Where requests are served, when that is not here.
    pub(super) fn elsewhere(&self) -> Option<&Elsewhere> {
        self.0.elsewhere.as_ref()
    }

    /// The settings.
    pub(super) fn config(&self) -> &Config {
        &self.0.config
    }

    /// The bytes of text an answer may have: as many as were asked for, else what the settings say; none is no
    /// bound, which 0 asks for.
    pub(super) fn output_budget(&self, asked: Option<u64>) -> Option<u64> {
        Some(asked.unwrap_or(self.config().max_output_bytes)).filter(|most| *most > 0)
    }

    /// The commands.
    pub(super) fn processes(&self) -> &Processes {
        &self.0.processes
    }

    /// The terminals.
    pub(super) fn terminals(&self) -> &Terminals {
        &self.0.terminals
    }

    /// Where requests act.
    pub(super) fn workspace(&self) -> &Workspace {
        &self.0.workspace
    }

    /// What models are told.
    pub(super) fn prompt(&self) -> &Prompt {
        &self.0.prompt
    }

    /// What keeps commands in, as far as there is anything.
    pub(super) fn protections(&self) -> &[Protection] {
        &self.0.protections
    }

    /// What commands may use.
    pub(super) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Documents as PDF.
    pub(super) fn previews(&self) -> &Previews {
        &self.0.previews
    }

    /// What models are taught.
    pub(super) fn skills(&self) -> &Skills {
        &self.0.skills
    }

    /// The ports that commands and terminals listen on.
    pub(super) fn ports(&self) -> &Ports {
        &self.0.ports
    }

    /// What passes requests on to these ports.
    pub(super) fn proxy(&self) -> &Proxy {
        &self.0.proxy
    }

    /// The uploads that come in parts.
    pub(super) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// Does a search when it is its turn; it is told by the flag when nobody waits for it any more.
    ///
    /// In what may not be read nothing is found; the text with it says why.
    pub(super) async fn searching<T: Default + Send + 'static>(
        &self,
        search: impl FnOnce(&AtomicBool) -> Result<T, search::Error> + Send + 'static,
    ) -> Result<(T, Option<String>), Error> {
        let _turn = self.0.searches.acquire().await;
        blocking(|stop| match search(stop) {
            Err(denied @ search::Error::Denied { .. }) => {
                Ok((T::default(), Some(denied.to_string())))
            }
            found => found.map(|found| (found, None)),
        })
        .await
    }

    /// Waits for the turn to read a file, when it is a document; it ends when it is dropped.
    pub(super) async fn turn_to_read(&self, path: &Path) -> Result<Option<Turn>, Error> {
        self.turn_for_documents([path]).await
    }

    /// Waits for the turn to compare two files; it ends when it is dropped.
    pub(super) async fn turn_to_compare(
        &self,
        paths: [&Path; 2],
    ) -> Result<(Turn, Option<Turn>), Error> {
        let turn = self.0.comparisons.next().await?;
        Ok((turn, self.turn_for_documents(paths).await?))
    }

    async fn turn_for_documents<const N: usize>(
        &self,
        paths: [&Path; N],
    ) -> Result<Option<Turn>, Error> {
        if paths.iter().all(|path| Format::of(path).is_none()) {
            return Ok(None);
        }
        self.0.documents.next().await.map(Some)
    }

    /// The `OpenAPI` document, made by `make` when it is first asked for.
    pub(super) fn document(&self, make: impl FnOnce(&Config) -> String) -> Bytes {
        self.0
            .document
            .get_or_init(|| make(&self.0.config).into())
            .clone()
    }
}

impl FromRef<State> for Processes {
    fn from_ref(state: &State) -> Self {
        state.processes().clone()
    }
}

impl FromRef<State> for Terminals {
    fn from_ref(state: &State) -> Self {
        state.terminals().clone()
    }
}

impl FromRef<State> for Notebooks {
    fn from_ref(state: &State) -> Self {
        state.0.notebooks.clone()
    }
}

impl FromRef<State> for Workspace {
    fn from_ref(state: &State) -> Self {
        state.workspace().clone()
    }
}

impl FromRef<State> for Watches {
    fn from_ref(state: &State) -> Self {
        state.0.watches.clone()
    }
}

impl FromRef<State> for Prompt {
    fn from_ref(state: &State) -> Self {
        state.prompt().clone()
    }
}

impl FromRef<State> for Arc<Config> {
    fn from_ref(state: &State) -> Self {
        Arc::clone(&state.0.config)
    }
}
