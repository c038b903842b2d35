//! The state: what the handlers need, made once and cheap to clone.

use std::sync::{Arc, OnceLock};

use axum::extract::FromRef;
use bytes::Bytes;

use super::health::Protection;
use crate::config::Config;
use crate::exec::Processes;
use crate::prompt::Prompt;
use crate::terminal::Terminals;
use crate::workspace::Workspace;

/// The services and settings behind the routes.
#[derive(Clone)]
pub struct State(Arc<Shared>);

struct Shared {
    config: Arc<Config>,
    processes: Processes,
    terminals: Terminals,
    workspace: Workspace,
    prompt: Prompt,
    protections: Vec<Protection>,
    document: OnceLock<Bytes>,
}

impl State {
    /// Brings the services together. `protections` is what `/readyz` tells of them.
    pub fn new(
        config: Arc<Config>,
        processes: Processes,
        terminals: Terminals,
        workspace: Workspace,
        prompt: Prompt,
        protections: Vec<Protection>,
    ) -> Self {
        let document = OnceLock::new();
        Self(Arc::new(Shared {
            config,
            processes,
            terminals,
            workspace,
            prompt,
            protections,
            document,
        }))
    }

    /// The settings.
    pub(super) fn config(&self) -> &Config {
        &self.0.config
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

impl FromRef<State> for Workspace {
    fn from_ref(state: &State) -> Self {
        state.workspace().clone()
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
