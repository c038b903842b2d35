//! Packages that the settings ask for: installed beside what the server does, once for each list.
//!
//! What goes wrong is told in the log and at `/readyz`, and ends nothing: a computer with a package less is a computer.

mod installer;
mod stamp;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::config::{Config, Environment};
use installer::Installer;
use stamp::Stamp;

/// What has been installed is noted where the packages themselves are: in the container's own layer, on no volume. A
/// service manager may say another place (`CACHE_DIRECTORY`, systemd.exec(5)).
const CACHE: &str = "/var/cache/open-terminal";

/// The packages and how far they are. Cheap to clone.
#[derive(Clone)]
pub struct Packages(Arc<Shared>);

struct Shared {
    wanted: Vec<(Kind, Vec<String>)>,
    environment: Environment,
    stamp: PathBuf,
    progress: Mutex<Progress>,
}

/// Where packages come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The system's archive.
    System,
    /// Python's index.
    Pip,
    /// Node's registry.
    Npm,
}

/// How far they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// They are being installed: which.
    Underway(String),
    /// All are there.
    Done,
    /// Some are not: which, and why.
    Failed(String),
}

impl Kind {
    /// The setting that lists them.
    fn setting(self) -> &'static str {
        match self {
            Self::System => "packages",
            Self::Pip => "pip_packages",
            Self::Npm => "npm_packages",
        }
    }
}

impl Packages {
    /// Those of the settings; none where these ask for none.
    pub fn of(config: &Config, environment: &Environment) -> Option<Self> {
        let all = [
            (Kind::System, &config.packages),
            (Kind::Pip, &config.pip_packages),
            (Kind::Npm, &config.npm_packages),
        ];
        let wanted: Vec<_> = all
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(kind, names)| (kind, names.clone()))
            .collect();
        let cache = environment.get("CACHE_DIRECTORY");
        let cache = cache.map_or_else(|| CACHE.into(), PathBuf::from);
        let stamp = cache.join("packages.json");
        (!wanted.is_empty()).then(|| Self::new(wanted, environment.clone(), stamp))
    }

    fn new(wanted: Vec<(Kind, Vec<String>)>, environment: Environment, stamp: PathBuf) -> Self {
        let first = wanted.first().map_or("", |(kind, _)| kind.setting());
        Self(Arc::new(Shared {
            progress: Mutex::new(Progress::Underway(first.to_owned())),
            wanted,
            environment,
            stamp,
        }))
    }

    /// How far they are.
    pub fn progress(&self) -> Progress {
        let progress = self.0.progress.lock();
        progress.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Installs them on a thread of its own. Fails when there can be none.
    pub fn begin(&self) -> std::io::Result<()> {
        let all = self.clone();
        std::thread::Builder::new()
            .name("packages".into())
            .spawn(move || all.install())
            .map(drop)
    }

    /// Installs what is not there yet. Blocks, for minutes.
    fn install(&self) {
        let Shared {
            wanted,
            environment,
            stamp,
            ..
        } = &*self.0;
        let mut stamp = Stamp::read(stamp);
        let mut problems = Vec::new();
        for (kind, names) in wanted {
            let (setting, list) = (kind.setting(), names.join(" "));
            if stamp.has(setting, &list) {
                tracing::info!("{setting}: {list}: installed before");
                continue;
            }
            self.note(Progress::Underway(format!("{setting}: {list}")));
            tracing::info!("{setting}: installing {list}");
            let began = Instant::now();
            let installed = Installer::find(*kind, environment).and_then(|all| all.install(names));
            match installed {
                Ok(()) => {
                    let seconds = began.elapsed().as_secs();
                    tracing::info!("{setting}: {list}: installed in {seconds} s");
                    if let Err(problem) = stamp.add(setting, list) {
                        tracing::warn!(
                            "{setting}: they will be installed again at the next start: {problem}"
                        );
                    }
                }
                Err(problem) => {
                    tracing::error!("{setting}: {list}: NOT INSTALLED: {problem}");
                    problems.push(format!("{setting}: {list}: {problem}"));
                }
            }
        }
        self.note(if problems.is_empty() {
            Progress::Done
        } else {
            Progress::Failed(problems.join("; "))
        });
    }

    fn note(&self, progress: Progress) {
        let mut current = self
            .0
            .progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *current = progress;
    }
}

#[cfg(test)]
mod tests;
