//! The services of a workspace: made from the settings, brought together as a state, begun and ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api::{self, Elsewhere, Protection, State};
use crate::config::{Config, Environment};
use crate::exec::{self, Processes};
use crate::files::{Previews, Watches};
use crate::limits::Limits;
use crate::notebooks::{self, Notebooks};
use crate::packages::Packages;
use crate::ports::Ports;
use crate::prompt::Prompt;
use crate::sandbox::{self, Pool};
use crate::terminal::{self, Terminals};
use crate::workspace::Workspace;

/// In which process the services are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The server, which runs commands itself.
    Server,
    /// A server whose workspaces are elsewhere.
    Edge,
    /// A workspace's own.
    Workspace,
}

/// What serves a workspace's requests. In a server whose workspaces are elsewhere, it serves those who have none: with
/// nothing.
pub(super) struct Services {
    config: Arc<Config>,
    environment: Environment,
    limits: Limits,
    pool: Pool,
    processes: Processes,
    terminals: Terminals,
    notebooks: Notebooks,
    ports: Ports,
}

impl Services {
    /// To be called on the runtime that runs the commands.
    pub(super) fn new(
        config: Arc<Config>,
        environment: &Environment,
        limits: &Limits,
        place: Place,
    ) -> Self {
        let settings = sandbox::Settings {
            most: config.max_processes,
            warm: config.warm_processes,
            // Without limits of each command there is nothing to guard, and debuggers reach across commands.
            guard_cgroups: place == Place::Workspace && !limits.settings().command.is_empty(),
        };
        let pool = Pool::new(settings, environment.clone(), limits.clone());
        Self {
            processes: Processes::new(command_settings(&config), pool.clone()),
            terminals: Terminals::new(terminal_settings(&config, environment), pool.clone()),
            notebooks: Notebooks::new(notebook_settings(&config, environment), pool.clone()),
            ports: match place {
                Place::Server | Place::Workspace => Ports::new(std::process::id()),
                Place::Edge => Ports::none(),
            },
            environment: environment.clone(),
            limits: limits.clone(),
            config,
            pool,
        }
    }

    /// What the routes work with.
    pub(super) fn state(
        &self,
        protections: Vec<Protection>,
        elsewhere: Option<Elsewhere>,
        packages: Option<Packages>,
        stop: &CancellationToken,
    ) -> State {
        State::new(api::Services {
            config: Arc::clone(&self.config),
            processes: self.processes.clone(),
            terminals: self.terminals.clone(),
            notebooks: self.notebooks.clone(),
            workspace: Workspace::new(&self.config),
            prompt: Prompt::new(&self.config, self.environment.for_commands()),
            watches: Watches::new(stop.clone()),
            previews: Previews::new(self.environment.clone(), self.pool.clone(), stop.clone()),
            limits: self.limits.clone(),
            ports: self.ports.clone(),
            protections,
            elsewhere,
            packages,
            stop: stop.clone(),
        })
    }

    /// Starts what goes on by itself.
    pub(super) fn begin(&self) -> [JoinHandle<()>; 2] {
        self.pool.warm_up();
        [
            tokio::spawn(self.processes.clone().expire()),
            tokio::spawn(self.processes.clone().sweep()),
        ]
    }

    /// Whether a command, a terminal or a kernel runs.
    pub(super) fn are_in_use(&self) -> bool {
        self.pool.in_use() > 0
    }

    /// Ends all commands, terminals and notebooks, which have so long for it.
    pub(super) async fn shut_down(&self, most: Duration) {
        tokio::join!(
            self.processes.shut_down(most),
            self.terminals.shut_down(most),
            self.notebooks.shut_down(most),
        );
    }
}

fn command_settings(config: &Config) -> exec::Settings {
    exec::Settings {
        log_dir: config.log_dir.clone(),
        limits: exec::Limits {
            max_size: config.max_log_size,
            flush_interval: config.log_flush_interval,
            flush_buffer: config.log_flush_buffer,
        },
        retention: config.log_retention,
        kill_grace: config.kill_grace,
        shell: shell(config),
    }
}

/// Each user's commands are run by bash where there is one, as the Python server does it; those of one user by sh.
fn shell(config: &Config) -> PathBuf {
    let bash = Path::new("/bin/bash");
    let shell = if config.multi_user && bash.is_file() {
        bash
    } else {
        Path::new("/bin/sh")
    };
    shell.to_owned()
}

fn terminal_settings(config: &Config, environment: &Environment) -> terminal::Settings {
    terminal::Settings {
        most: usize::try_from(config.max_terminal_sessions).unwrap_or(usize::MAX),
        detach_ttl: config.terminal_detach_ttl,
        replay: config.terminal_replay_size,
        exclusive: config.terminal_exclusive,
        reuse: config.terminal_reuse,
        kill_grace: config.kill_grace,
        shell: terminal::Shell::find(environment, &config.term, config.terminal_login_shell),
    }
}

fn notebook_settings(config: &Config, environment: &Environment) -> notebooks::Settings {
    notebooks::Settings {
        most: config.max_notebooks,
        idle_ttl: config.notebook_idle_ttl,
        kill_grace: config.kill_grace,
        home: config.cwd.clone(),
        environment: environment.clone(),
    }
}
