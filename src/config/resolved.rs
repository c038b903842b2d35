//! The resolved configuration is what the server runs with: typed, complete, unchanging.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::reading::Reading;
use super::{ApiKey, ConfigError, Demand, Environment, Isolation, LevelLimits, WallDemands};

/// Every setting by its file key, and the working directory.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one field for each setting, and settings are on or off"
)]
pub struct Config {
    /// Address or name to listen on.
    pub host: String,
    /// Port to listen on; 0 is a free one.
    pub port: u16,
    /// Key of the clients.
    pub api_key: ApiKey,
    /// Origins that browsers may call from; `*` among them is every origin.
    pub cors_allowed_origins: Vec<String>,
    /// Directory of the command logs, absolute.
    pub log_dir: PathBuf,
    /// Beginnings of media types that are returned as bytes.
    pub binary_mime_prefixes: Vec<String>,
    /// Bytes of text in an answer when its request names no bound; 0 is none.
    pub max_output_bytes: u64,
    /// Whether writers are answered only when their file is on the disk.
    pub fsync_writes: bool,
    /// How long a server behind a port may take until its answer begins; zero is no bound.
    pub proxy_timeout: Duration,
    /// Headers set on every proxied response, as `Name: value`.
    pub proxy_response_headers: Vec<String>,
    /// Interactive terminals open at once.
    pub max_terminal_sessions: u32,
    /// Whether there are interactive terminals.
    pub enable_terminal: bool,
    /// Whether there are notebooks.
    pub enable_notebooks: bool,
    /// Notebooks open at once.
    pub max_notebooks: usize,
    /// How long a notebook stays open when nobody uses it; zero is for ever.
    pub notebook_idle_ttl: Duration,
    /// Whether there is a prompt.
    pub enable_system_prompt: bool,
    /// TERM of terminals when none is inherited.
    pub term: String,
    /// Whether terminals start a login shell.
    pub terminal_login_shell: bool,
    /// How long a terminal lives on without a client; zero is not at all.
    pub terminal_detach_ttl: Duration,
    /// Bytes of a terminal's latest output that are kept.
    pub terminal_replay_size: usize,
    /// Whether a new terminal may be one that has lost its client.
    pub terminal_reuse: bool,
    /// Whether a terminal takes one client only.
    pub terminal_exclusive: bool,
    /// Time between the pings to a terminal's client; zero sends none.
    pub terminal_ping_interval: Duration,
    /// How long a request waits for its command when it does not say; none is not at all.
    pub execute_timeout: Option<Duration>,
    /// Added to the description of `run_command`; empty for nothing.
    pub execute_description: String,
    /// Notes about the machine; empty for none.
    pub info: String,
    /// In place of the built-in prompt; empty for that one.
    pub system_prompt: String,
    /// Bytes of one log before its older half goes.
    pub max_log_size: u64,
    /// How long the log of a finished command is kept.
    pub log_retention: Duration,
    /// How long output may wait before it is written; zero is not at all.
    pub log_flush_interval: Duration,
    /// Bytes of output that may wait before they are written.
    pub log_flush_buffer: u64,
    /// Whether each user has an account.
    pub multi_user: bool,
    /// What the names of these accounts begin with.
    pub user_prefix: String,
    /// Where workspaces run.
    pub isolation: Isolation,
    /// The account of the one workspace, as set.
    pub run_as: Option<String>,
    /// Directory of what the server must remember, absolute.
    pub state_dir: PathBuf,
    /// How long a workspace lives that nobody uses; zero is for ever.
    pub workspace_idle_ttl: Duration,
    /// The walls round each workspace that are asked for.
    pub walls: WallDemands,
    /// Where the file browser starts, as written.
    pub file_browser_root: String,
    /// How long a chat's working directory is remembered.
    pub session_cwd_ttl: Duration,
    /// Does nothing.
    pub uvicorn_loop: String,
    /// How long an idle connection is kept open; none is the built-in time.
    pub uvicorn_timeout_keep_alive: Option<Duration>,
    /// Domains that commands may reach; none is all. Never set in this version.
    pub allowed_domains: Option<Vec<String>>,
    /// System packages to install.
    pub packages: Vec<String>,
    /// Python packages to install.
    pub pip_packages: Vec<String>,
    /// Node packages to install.
    pub npm_packages: Vec<String>,
    /// Whether the server's log is JSON.
    pub json_logs: bool,
    /// What the server logs, as a `tracing` filter.
    pub log_level: String,
    /// Bytes of the largest JSON body.
    pub max_body_size: u64,
    /// Time between SIGTERM and SIGKILL.
    pub kill_grace: Duration,
    /// Pseudo-terminals open at once.
    pub max_processes: usize,
    /// Pseudo-terminals prepared and waiting.
    pub warm_processes: usize,
    /// How much is asked of the machine to keep the limits.
    pub limits: Demand,
    /// What each command and terminal may use.
    pub command_limits: LevelLimits,
    /// What all of a workspace may use together.
    pub user_limits: LevelLimits,
    /// What all that the server runs may use together.
    pub total_limits: LevelLimits,
    /// Files that each process may have open.
    pub limit_nofile: Option<u64>,
    /// Bytes of the largest file that each process may write.
    pub limit_fsize: Option<u64>,
    /// Bytes of the largest core dump of each process.
    pub limit_core: Option<u64>,
    /// The working directory, absolute and without links.
    pub cwd: PathBuf,
}

impl Config {
    /// Puts the readings into their fields.
    #[expect(clippy::too_many_lines, reason = "one for each setting")]
    pub(super) fn from_reading(
        mut read: Reading,
        cwd: PathBuf,
        env: &Environment,
    ) -> Result<Self, ConfigError> {
        let read = &mut read;
        let multi_user = set(read.bool("multi_user"));
        Ok(Self {
            host: set(read.text("host")),
            port: set(read.number("port")),
            api_key: api_key(read.text("api_key"))?,
            cors_allowed_origins: set(read.list("cors_allowed_origins")),
            log_dir: log_dir(read.text("log_dir"), &cwd, env),
            binary_mime_prefixes: set(read.list("binary_mime_prefixes")),
            max_output_bytes: set(read.number("max_output_bytes")),
            fsync_writes: set(read.bool("fsync_writes")),
            proxy_timeout: set(read.span("proxy_timeout")),
            proxy_response_headers: read.headers("proxy_response_headers").unwrap_or_default(),
            max_terminal_sessions: set(read.number("max_terminal_sessions")),
            enable_terminal: set(read.bool("enable_terminal")),
            enable_notebooks: set(read.bool("enable_notebooks")),
            max_notebooks: set(read.number("max_notebooks")),
            notebook_idle_ttl: set(read.span("notebook_idle_ttl")),
            enable_system_prompt: set(read.bool("enable_system_prompt")),
            term: set(read.text("term")),
            terminal_login_shell: set(read.bool("terminal_login_shell")),
            terminal_detach_ttl: set(read.span("terminal_detach_ttl")),
            terminal_replay_size: set(read.number("terminal_replay_size")),
            terminal_reuse: set(read.bool("terminal_reuse")),
            terminal_exclusive: set(read.bool("terminal_exclusive")),
            terminal_ping_interval: set(read.span("terminal_ping_interval")),
            execute_timeout: read.span("execute_timeout").filter(|span| !span.is_zero()),
            execute_description: set(read.text("execute_description")),
            info: set(read.text("info")),
            system_prompt: set(read.text("system_prompt")),
            max_log_size: set(read.number("max_log_size")),
            log_retention: set(read.span("log_retention")),
            log_flush_interval: set(read.span("log_flush_interval")),
            log_flush_buffer: set(read.number("log_flush_buffer")),
            multi_user,
            user_prefix: set(read.text("user_prefix")),
            isolation: Isolation::of(read.text("isolation").as_deref(), multi_user)?,
            run_as: read.text("run_as").filter(|name| !name.is_empty()),
            state_dir: state_dir(read.text("state_dir"), &cwd, env),
            workspace_idle_ttl: set(read.span("workspace_idle_ttl")),
            walls: WallDemands::take(read),
            file_browser_root: set(read.text("file_browser_root")),
            session_cwd_ttl: set(read.span("session_cwd_ttl")),
            uvicorn_loop: set(read.text("uvicorn_loop")),
            uvicorn_timeout_keep_alive: read.span("uvicorn_timeout_keep_alive"),
            allowed_domains: read.list("allowed_domains"),
            packages: set(read.list("packages")),
            pip_packages: set(read.list("pip_packages")),
            npm_packages: set(read.list("npm_packages")),
            json_logs: set(read.bool("json_logs")),
            log_level: set(read.text("log_level")),
            max_body_size: set(read.number("max_body_size")),
            kill_grace: set(read.span("kill_grace")),
            max_processes: set(read.number("max_processes")),
            warm_processes: set(read.number("warm_processes")),
            limits: Demand::of_word(&set(read.text("limits"))),
            command_limits: LevelLimits::take(read, "command"),
            user_limits: LevelLimits::take(read, "user"),
            total_limits: LevelLimits::take(read, "total"),
            limit_nofile: read.number("limit_nofile"),
            limit_fsize: read.number("limit_fsize"),
            limit_core: read.number("limit_core"),
            cwd,
        })
    }
}

/// A value that has a default in the table.
fn set<T>(value: Option<T>) -> T {
    value.expect("the built-in layer sets it")
}

/// The key as configured, else a new one.
fn api_key(configured: Option<String>) -> Result<ApiKey, ConfigError> {
    Ok(match configured {
        Some(key) => ApiKey::configured(key),
        None => ApiKey::generate()?,
    })
}

/// The log directory: as configured, `~` expanded, else in the state directory.
fn log_dir(configured: Option<String>, cwd: &Path, env: &Environment) -> PathBuf {
    match configured {
        Some(path) => expanded(&path, cwd, env),
        None => usual_state(cwd, env).join("logs"),
    }
}

/// What the server must remember: as configured, `~` expanded, else where states are kept.
fn state_dir(configured: Option<String>, cwd: &Path, env: &Environment) -> PathBuf {
    match configured {
        Some(path) => expanded(&path, cwd, env),
        None => usual_state(cwd, env),
    }
}

fn usual_state(cwd: &Path, env: &Environment) -> PathBuf {
    let state = env.base("XDG_STATE_HOME", ".local/state");
    cwd.join(state).join("open-terminal")
}

/// A path as it was written in the settings, from the top of the file system.
fn expanded(path: &str, cwd: &Path, env: &Environment) -> PathBuf {
    let path = match path.strip_prefix('~') {
        Some("") => env.home(),
        Some(rest) if rest.starts_with('/') => env.home().join(rest.trim_start_matches('/')),
        _ => PathBuf::from(path),
    };
    cwd.join(path)
}
