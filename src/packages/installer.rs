//! The programs that install packages: which there are, what they are told, and what they say.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::geteuid;

use super::Kind;
use crate::config::Environment;

/// What the shell that runs a program prints behind all that this one does. The server takes its children's ends.
const ENDED: &str = "open-terminal: the installation ended with status ";
/// The last lines that are told when it fails.
const LAST: usize = 12;
/// Bytes of a line that are kept.
const WIDEST: u64 = 400;
/// How often the log tells how far it is.
const EVERY: Duration = Duration::from_secs(5);

/// A program of the system's, by the words that update what it knows and those that install.
struct Manager {
    name: &'static str,
    update: Option<&'static [&'static str]>,
    install: &'static [&'static str],
}

/// Those of the system, the first that is there counts.
const MANAGERS: [Manager; 3] = [
    Manager {
        name: "apt-get",
        update: Some(&["update", "-q"]),
        install: &[
            "install",
            "-q",
            "-y",
            "--no-install-recommends",
            "-o",
            "Dpkg::Use-Pty=0",
        ],
    },
    Manager {
        name: "apk",
        update: None,
        install: &["add", "--no-cache", "--no-progress"],
    },
    Manager {
        name: "dnf",
        update: None,
        install: &["install", "-q", "-y"],
    },
];

/// A program with its arguments.
type Line = Vec<String>;

/// How packages of one kind are installed here.
#[derive(Debug)]
pub(super) struct Installer<'a> {
    environment: &'a Environment,
    /// What is run before.
    update: Option<Line>,
    /// What is run with the names of the packages behind.
    install: Line,
}

impl<'a> Installer<'a> {
    /// Looks for the programs. Fails when there are none, or they need rights that cannot be had.
    pub(super) fn find(kind: Kind, environment: &'a Environment) -> Result<Self, String> {
        let (update, install) = match kind {
            Kind::System => system(environment)?,
            Kind::Pip => {
                let path = environment.find_program("python3").ok_or("there is no python3 on the PATH: add it to packages (python3-pip), or use an image that has it")?;
                let words = [
                    "-m",
                    "pip",
                    "install",
                    "--no-input",
                    "--progress-bar",
                    "off",
                ];
                (None, line(&path, &words))
            }
            Kind::Npm => {
                let path = environment.find_program("npm").ok_or(
                    "there is no npm on the PATH: add it to packages, or use an image that has it",
                )?;
                let words = ["install", "--global", "--no-fund", "--no-audit"];
                (None, line(&path, &words))
            }
        };
        // Python's are put in the home of who may not write elsewhere.
        let before = if kind == Kind::Pip || geteuid().is_root() {
            Vec::new()
        } else {
            let sudo = environment.find_program("sudo");
            let sudo =
                sudo.ok_or("this needs root, and there is no sudo: start the server as root")?;
            line(&sudo, &["-n"])
        };
        let as_root = |line: Line| before.iter().cloned().chain(line).collect();
        Ok(Self {
            environment,
            update: update.map(as_root),
            install: as_root(install),
        })
    }

    /// Installs these. Blocks until it has ended; fails with what the program said last.
    pub(super) fn install(&self, names: &[String]) -> Result<(), String> {
        if let Some(name) = names.iter().find(|name| name.starts_with('-')) {
            return Err(format!("{name:?} is an option and no name of a package"));
        }
        if let Some(update) = &self.update {
            self.run(update, &[])?;
        }
        self.run(&self.install, names)
    }

    fn run(&self, line: &[String], names: &[String]) -> Result<(), String> {
        let script = format!("\"$@\" 2>&1; status=$?; echo; echo \"{ENDED}$status\"");
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", &script, "sh"])
            .args(line)
            .args(names)
            .env_clear()
            .envs(self.environment.for_commands())
            .envs([
                ("DEBIAN_FRONTEND", "noninteractive"),
                ("PIP_BREAK_SYSTEM_PACKAGES", "1"),
                ("PIP_ROOT_USER_ACTION", "ignore"),
                ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
                ("NPM_CONFIG_UPDATE_NOTIFIER", "false"),
            ])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let cannot = |error: io::Error| format!("{} cannot be run: {error}", line[0]);
        let mut child = command.spawn().map_err(cannot)?;
        let output = child.stdout.take().ok_or("it has no output")?;
        let (status, last) = follow(BufReader::new(output)).map_err(cannot)?;
        match status.as_deref() {
            Some("0") => Ok(()),
            status => {
                let how = status.map_or("it was ended".to_owned(), |number| {
                    format!("exit status {number}")
                });
                let said: Vec<String> = last.into();
                Err(format!("{}: {how}: {}", line.join(" "), said.join(" | ")))
            }
        }
    }
}

/// How the system's packages are installed: what is run before, and then.
fn system(environment: &Environment) -> Result<(Option<Line>, Line), String> {
    let found = MANAGERS
        .iter()
        .find_map(|manager| Some((environment.find_program(manager.name)?, manager)));
    let (path, manager) = found.ok_or(
        "there is no apt-get, apk or dnf on the PATH: make an image that has the packages",
    )?;
    let update = manager.update.map(|words| line(&path, words));
    Ok((update, line(&path, manager.install)))
}

fn line(path: &Path, words: &[&str]) -> Line {
    let path = path.to_string_lossy().into_owned();
    let words = words.iter().map(|word| (*word).to_owned());
    [path].into_iter().chain(words).collect()
}

/// Reads what is said until it has ended: the exit status, if it came to one, and the last lines before.
fn follow(mut output: impl BufRead) -> io::Result<(Option<String>, VecDeque<String>)> {
    let mut last = VecDeque::new();
    let mut told = Instant::now();
    let mut line = Vec::new();
    // What a package has started may hold the pipe open for longer.
    while next(&mut output, &mut line)? {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if let Some(status) = text.strip_prefix(ENDED) {
            return Ok((Some(status.to_owned()), last));
        }
        if text.is_empty() {
            continue;
        }
        tracing::debug!("packages: {text}");
        if told.elapsed() >= EVERY {
            told = Instant::now();
            tracing::info!("packages: {text}");
        }
        if last.len() == LAST {
            last.pop_front();
        }
        last.push_back(text.to_owned());
    }
    Ok((None, last))
}

/// Reads a line, or the next part of a very long one; false at the end.
fn next(output: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    output.by_ref().take(WIDEST).read_until(b'\n', line)?;
    Ok(!line.is_empty())
}
