//! The table of settings: every name, type, default and meaning, written down once.
//!
//! File key, variable, flag, help, example file and the README's table all come from here. To add a
//! setting: a row here and a field in [`Config`](super::Config).

use ::config::ValueKind;

use super::demand::DEMANDS;
use super::isolation::ISOLATIONS;
use super::kind::{self, Kind, Parsed};

/// The section of limits, whose settings take the word `none`.
pub(super) const LIMITS: &str = "Limits";

/// What a setting is when nobody sets it.
#[derive(Clone, Copy, Debug)]
pub enum Initial {
    /// This value, written as a user would write it.
    Value(&'static str),
    /// Unset, with what happens then.
    Described {
        /// What happens, in a word or two.
        unset: &'static str,
        /// A value one might set.
        sample: &'static str,
    },
}

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// The key in a settings file.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Its value when not set.
    pub initial: Initial,
    /// What it does, in a sentence.
    pub doc: &'static str,
    /// Whether its value is never shown.
    pub secret: bool,
    /// Whether the word `none` unsets it, and an empty value says nothing.
    pub or_none: bool,
    variable: Option<&'static str>,
}

/// Settings that belong together.
#[derive(Debug)]
pub struct Section {
    /// Heading, as in the help text.
    pub title: &'static str,
    /// The settings, in reading order.
    pub settings: &'static [Setting],
}

/// What every variable of ours begins with.
pub(super) const PREFIX: &str = "OPEN_TERMINAL_";

impl Setting {
    const fn new(name: &'static str, kind: Kind, initial: Initial, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            initial,
            doc,
            secret: false,
            or_none: false,
            variable: None,
        }
    }

    const fn variable_named(mut self, variable: &'static str) -> Self {
        self.variable = Some(variable);
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    const fn or_none(mut self) -> Self {
        self.or_none = true;
        self
    }

    /// Reads a value; the error says what it is instead, in words that follow the value.
    pub(super) fn parse(&self, value: &ValueKind) -> Result<Parsed, &'static str> {
        match value {
            ValueKind::String(text)
                if self.or_none && text.trim().eq_ignore_ascii_case(kind::NONE) =>
            {
                Ok(Parsed::Unset)
            }
            value => self.kind.parse(value),
        }
    }

    /// What would be right, in words that follow "give".
    pub(super) fn wanted(&self) -> String {
        let wanted = self.kind.wanted();
        if self.or_none {
            format!("{wanted}, or {}", kind::NONE)
        } else {
            wanted
        }
    }

    /// The environment variable, prefix included.
    pub fn variable(&self) -> String {
        match self.variable {
            Some(own) => format!("{PREFIX}{own}"),
            None => format!("{PREFIX}{}", self.name.to_ascii_uppercase()),
        }
    }

    /// The name of the flag, without the dashes before it.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// Whether `suffix`, a variable's name without the prefix, is this setting's.
    fn is_variable(&self, suffix: &str) -> bool {
        match self.variable {
            Some(own) => own == suffix,
            None => (self.name.bytes())
                .map(|byte| byte.to_ascii_uppercase())
                .eq(suffix.bytes()),
        }
    }
}

/// All settings, one after the other.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|section| section.settings)
}

/// The setting with this file key.
pub(super) fn by_name(name: &str) -> Option<&'static Setting> {
    settings().find(|setting| setting.name == name)
}

/// The setting whose variable, without the prefix, has this name.
pub(super) fn by_variable(suffix: &str) -> Option<&'static Setting> {
    settings().find(|setting| setting.is_variable(suffix))
}

use Initial::Value;

const fn row(name: &'static str, kind: Kind, initial: Initial, doc: &'static str) -> Setting {
    Setting::new(name, kind, initial, doc)
}

const fn unset(unset: &'static str, sample: &'static str) -> Initial {
    Initial::Described { unset, sample }
}

const ANY: Kind = Kind::count(0, u32::MAX as u64);
const EVER: Kind = Kind::seconds(1e9);
/// With less memory than 1 MiB not even a shell starts.
const MEMORY: Kind = Kind::Memory { min: 1 << 20 };
const SWAP: Kind = Kind::Memory { min: 0 };
/// A shell, a program it starts, and two of which one may be a pipe's other end.
const COMMAND_PIDS: Kind = Kind::count(4, 1 << 22);
/// Linux numbers no more processes (proc(5), `pid_max`).
const PIDS: Kind = Kind::count(1, 1 << 22);
const WEIGHT: Kind = Kind::count(1, 10_000);
/// From what a shell and its loader need to the most the kernel can be told (proc(5), `nr_open`).
const FILES: Kind = Kind::count(16, 1 << 30);

/// The table.
#[rustfmt::skip]
pub const SECTIONS: &[Section] = &[
    Section { title: "Listening", settings: &[
        row("host", Kind::Word, Value("0.0.0.0"),
            "Address to listen on; 127.0.0.1 keeps it to this machine."),
        row("port", Kind::count(0, 65535), Value("8000"),
            "Port to listen on; 0 takes a free one and prints it."),
        row("cors_allowed_origins", Kind::List, Value("*"),
            "Origins whose pages may call the server from a browser, comma-separated; * is every origin."),
        row("uvicorn_timeout_keep_alive", EVER, unset("90", "90"),
            "Seconds an idle connection is kept open."),
        row("uvicorn_loop", Kind::Text, Value("auto"),
            "Accepted for configurations of the Python server; does nothing."),
        row("max_body_size", Kind::bytes(1), Value("64MiB"),
            "Bytes of the largest JSON body that is accepted."),
    ]},
    Section { title: "Access", settings: &[
        row("api_key", Kind::Text, unset("generated", "choose-a-long-one"),
            "Key that clients send as a bearer token; prefer the file variant, a flag can be seen in `ps`.").secret(),
        row("multi_user", Kind::Bool, Value("false"),
            "One account of the operating system, and one workspace, for each user id that clients send in X-User-Id."),
        row("user_prefix", Kind::Text, Value(""),
            "What the names of these accounts begin with."),
        row("allowed_domains", Kind::List, unset("all", "pypi.org, *.debian.org"),
            "Domains that commands may reach, comma-separated, empty for none; not available in this version."),
    ]},
    Section { title: "Isolation", settings: &[
        row("isolation", Kind::Choice(ISOLATIONS), unset("process with multi_user, else none", "process"),
            "Where workspaces run: in the server itself (none), or each in a process of its own that is the user (process)."),
        row("run_as", Kind::Text, unset("user, if there is that account", "user"),
            "Account that a server of root, with isolation and without multi_user, runs its one workspace as."),
        row("state_dir", Kind::Text, unset("$XDG_STATE_HOME/open-terminal", "/var/lib/open-terminal"),
            "Directory of what the server must remember, such as which user id has which account."),
        row("workspace_idle_ttl", EVER, Value("900"),
            "Seconds after which a workspace that nobody uses and that runs nothing is ended; 0 is never."),
        row("mount_namespace", Kind::Choice(DEMANDS), Value("optional"),
            "Whether a workspace has temporary directories of its own and does not see the server's files."),
        row("pid_namespace", Kind::Choice(DEMANDS), Value("optional"),
            "Whether a workspace sees no processes but its own."),
        row("landlock", Kind::Choice(DEMANDS), Value("optional"),
            "Whether a workspace is kept to its home and the system's files, and from signalling others, by Landlock; programs such as sudo do not work with it."),
        row("no_new_privs", Kind::Choice(DEMANDS), Value("optional"),
            "Whether programs such as sudo give a workspace no rights; off keeps the capabilities that they need."),
        row("seccomp", Kind::Choice(DEMANDS), Value("optional"),
            "Whether system calls that no shell needs are refused to a workspace."),
    ]},
    Section { title: "Commands", settings: &[
        row("execute_timeout", EVER, unset("none", "10"),
            "Seconds a request waits for its command when it does not say how long; 0 is none, an answer at once."),
        row("kill_grace", Kind::seconds(2.5), Value("2"),
            "Seconds between SIGTERM and SIGKILL when a command is ended."),
        row("max_processes", Kind::count(1, u32::MAX as u64), Value("2048"),
            "Pseudo-terminals open at once."),
        row("warm_processes", Kind::count(0, 64), Value("4"),
            "Pseudo-terminals prepared and waiting, for a quick start of the next command."),
        row("session_cwd_ttl", EVER, Value("604800"),
            "Seconds a chat's working directory is remembered after its last use."),
    ]},
    Section { title: LIMITS, settings: &[
        row("limits", Kind::Choice(DEMANDS), Value("optional"),
            "Whether the limits must be kept by cgroups or the server does not start (required), are kept as well as it goes here (optional), or not at all (off)."),
        row("command_memory_limit", MEMORY, unset("none", "2GiB"),
            "Memory of each command and terminal, as 512M, 2GiB or 25% of what there is here; over it, processes are killed.").or_none(),
        row("command_swap_limit", SWAP, unset("0 with a memory limit", "0"),
            "Swap of each command and terminal beside its memory.").or_none(),
        row("command_cpu_limit", Kind::Cores, unset("none", "1.5"),
            "Processors of each command and terminal, as 1.5; over it, processes wait.").or_none(),
        row("command_pids_limit", COMMAND_PIDS, unset("none", "512"),
            "Processes and threads of each command and terminal at once; over it, no more can be made.").or_none(),
        row("command_io_weight", WEIGHT, unset("none", "100"),
            "Share of the disk's time of each command and terminal against others, 1 to 10000; 100 is usual.").or_none(),
        row("user_memory_limit", MEMORY, unset("none", "50%"),
            "Memory of all commands and terminals of a workspace together.").or_none(),
        row("user_swap_limit", SWAP, unset("none", "1GiB"),
            "Swap of all commands and terminals of a workspace together.").or_none(),
        row("user_cpu_limit", Kind::Cores, unset("none", "2"),
            "Processors of all commands and terminals of a workspace together.").or_none(),
        row("user_pids_limit", PIDS, unset("none", "2048"),
            "Processes and threads of all commands and terminals of a workspace together.").or_none(),
        row("user_io_weight", WEIGHT, unset("none", "100"),
            "Share of the disk's time of a workspace against others.").or_none(),
        row("total_memory_limit", MEMORY, Value("90%"),
            "Memory of all that the server runs, so that the server and the machine keep the rest; none is no limit.").or_none(),
        row("total_swap_limit", SWAP, unset("none", "2GiB"),
            "Swap of all that the server runs.").or_none(),
        row("total_cpu_limit", Kind::Cores, unset("none", "3.5"),
            "Processors of all that the server runs.").or_none(),
        row("total_pids_limit", PIDS, Value("8192"),
            "Processes and threads of all that the server runs, so that a fork bomb leaves room for the rest; none is no limit.").or_none(),
        row("total_io_weight", WEIGHT, unset("none", "50"),
            "Share of the disk's time of all that the server runs against the rest of the machine.").or_none(),
        row("limit_nofile", FILES, unset("none", "4096"),
            "Files that each process of a command may have open, RLIMIT_NOFILE.").or_none(),
        row("limit_fsize", Kind::bytes(0), unset("none", "10GB"),
            "Bytes of the largest file that a process of a command may write, RLIMIT_FSIZE.").or_none(),
        row("limit_core", Kind::bytes(0), unset("none", "0"),
            "Bytes of the largest core dump of a process of a command, RLIMIT_CORE.").or_none(),
    ]},
    Section { title: "Command logs", settings: &[
        row("log_dir", Kind::Text, unset("$XDG_STATE_HOME/open-terminal/logs", "/var/log/open-terminal"),
            "Directory of the command logs, kept in `processes/` below it; `~` is the home directory."),
        row("max_log_size", Kind::bytes(0), Value("50000000"),
            "Bytes of one command's log before its older half goes."),
        row("log_retention", EVER, Value("604800"),
            "Seconds the log of a finished command is kept."),
        row("log_flush_interval", EVER, Value("0"),
            "Seconds output may wait before it is written to the log; 0 writes at once."),
        row("log_flush_buffer", Kind::bytes(0), Value("0"),
            "Bytes of output that may wait before they are written to the log; 0 writes at once."),
    ]},
    Section { title: "Terminals and notebooks", settings: &[
        row("enable_terminal", Kind::Switch, Value("true"),
            "Interactive terminals; off only for false, 0 or no."),
        row("max_terminal_sessions", ANY, Value("16"),
            "Interactive terminals open at once.").variable_named("MAX_SESSIONS"),
        row("term", Kind::Text, Value("xterm-256color"),
            "TERM of interactive terminals when the server has none of its own."),
        row("terminal_login_shell", Kind::Bool, Value("false"),
            "Whether terminals start a login shell, which reads /etc/profile and may set PATH anew."),
        row("terminal_detach_ttl", EVER, Value("600"),
            "Seconds a terminal lives on when its last client has gone; 0 ends it at once."),
        row("terminal_replay_size", Kind::bytes_up_to(4096, 1 << 30), Value("1MiB"),
            "Bytes of a terminal's latest output that are kept for clients that come back."),
        row("terminal_reuse", Kind::Bool, Value("true"),
            "Whether a user who asks for a terminal in a chat gets the one there that has lost its client."),
        row("terminal_exclusive", Kind::Bool, Value("false"),
            "Whether a terminal takes one client only and refuses a second, as the Python server does."),
        row("terminal_ping_interval", EVER, Value("30"),
            "Seconds between the pings that keep a terminal's connection open; 0 sends none."),
        row("enable_notebooks", Kind::Switch, Value("true"),
            "Notebooks; off only for false, 0 or no."),
        row("max_notebooks", ANY, Value("16"),
            "Notebooks open at once, each with a kernel."),
        row("notebook_idle_ttl", EVER, Value("3600"),
            "Seconds a notebook stays open, with its kernel, when nobody uses it; 0 is for ever."),
    ]},
    Section { title: "Files", settings: &[
        row("file_browser_root", Kind::Text, Value("home"),
            "Where the file browser starts: home, filesystem, a path, ~/path or {{home}}/path."),
        row("binary_mime_prefixes", Kind::List, Value("image"),
            "Media types, or their beginnings, that read_file returns as bytes, comma-separated."),
        row("max_output_bytes", Kind::bytes(0), Value("0"),
            "Bytes of text that reading, searching, listing and commands answer with when a request gives no max_bytes; 0 is no bound."),
        row("fsync_writes", Kind::Bool, Value("false"),
            "Whether a file is on the disk, and not only in the system's memory, before its writer is answered."),
    ]},
    Section { title: "Proxy", settings: &[
        row("proxy_timeout", EVER, Value("300"),
            "Seconds the server behind a proxied port may take until its answer begins; 0 is no bound."),
        row("proxy_response_headers", Kind::Headers, unset("none", "Content-Security-Policy: sandbox allow-scripts allow-forms"),
            "Headers set on every proxied response, as `Name: value`, one on each line or in an array."),
    ]},
    Section { title: "Words for the model", settings: &[
        row("enable_system_prompt", Kind::Switch, Value("true"),
            "The prompt at /system; off only for false, 0 or no."),
        row("system_prompt", Kind::Text, Value(""),
            "Text in place of the built-in prompt; {{os}}, {{hostname}}, {{user}} and the like are filled in."),
        row("info", Kind::Text, Value(""),
            "Notes about this machine, served at /info and added to the prompt."),
        row("execute_description", Kind::Text, Value(""),
            "Text added to the description of run_command."),
    ]},
    Section { title: "Packages", settings: &[
        row("packages", Kind::Words, Value(""),
            "System packages to install at start, separated by blanks: by apt-get, apk or dnf, as root or with sudo."),
        row("pip_packages", Kind::Words, Value(""),
            "Python packages to install at start, separated by blanks: by pip, for all when the server is root."),
        row("npm_packages", Kind::Words, Value(""),
            "Node packages to install at start, separated by blanks: by npm, globally, as root or with sudo."),
    ]},
    Section { title: "Server log", settings: &[
        row("log_level", Kind::LogFilter, Value("info"),
            "What the server logs: error, warn, info, debug or trace, also by module as in `info,open_terminal=debug`."),
        row("json_logs", Kind::Bool, Value("false"),
            "One JSON object for each line of the server's log; the flag needs no value."),
    ]},
];

#[cfg(test)]
mod tests;
