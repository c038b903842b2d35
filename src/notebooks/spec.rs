//! A kernelspec: how a kernel is started, as Jupyter's data directories say it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Error;
use crate::config::Environment;

/// Where the system's own kernels are described.
const SYSTEM: &[&str] = &["/usr/local/share/jupyter", "/usr/share/jupyter"];
/// The kernel that is there wherever Python has ipykernel, kernelspec or not.
const NATIVE: &str = "python3";
/// Bytes of the largest description read.
const LARGEST: u64 = 1 << 20;

/// How a kernel is started.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spec {
    /// Its name.
    pub(super) name: String,
    /// The program.
    pub(super) program: PathBuf,
    /// Its arguments; `{connection_file}` stands for that file's path.
    pub(super) arguments: Vec<String>,
    /// Variables on top of the inherited ones.
    pub(super) environment: Vec<(String, String)>,
    /// Whether it is interrupted by a message instead of SIGINT.
    pub(super) interrupt_by_message: bool,
    /// Whether it is known to listen on Unix sockets.
    pub(super) unix_sockets: bool,
}

#[derive(Deserialize)]
struct File {
    argv: Vec<String>,
    #[serde(default)]
    env: Map<String, Value>,
    #[serde(default)]
    interrupt_mode: String,
}

/// Finds kernels as commands would: in the environment they get. Blocks on the file system.
pub(super) fn find(environment: &Environment, name: &str) -> Result<Spec, Error> {
    find_in(&directories(environment, SYSTEM), environment, name)
}

fn find_in(directories: &[PathBuf], environment: &Environment, name: &str) -> Result<Spec, Error> {
    // A name is that of a directory; it must not lead elsewhere.
    let plain = !name.is_empty() && !name.contains(['/', '\0']) && ![".", ".."].contains(&name);
    let mut found = None;
    if plain {
        // Jupyter writes names in lower case when it installs them.
        let names = [name.to_owned(), name.to_lowercase()];
        let places = directories
            .iter()
            .flat_map(|at| names.iter().map(move |name| at.join(name)));
        found = places
            .into_iter()
            .find(|place| place.join("kernel.json").is_file());
    }
    match found {
        Some(place) => read(environment, name, &place),
        None => native(environment)
            .filter(|_| name == NATIVE)
            .ok_or_else(|| Error::NoKernel {
                name: name.to_owned(),
                known: known(directories),
            }),
    }
}

/// Where kernels are described, the first counts, those of the system last.
fn directories(environment: &Environment, system: &[&str]) -> Vec<PathBuf> {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let mut all = Vec::new();
    if let Some(path) = set("JUPYTER_PATH") {
        let parts = path.as_bytes().split(|byte| *byte == b':');
        all.extend(
            parts
                .filter(|part| !part.is_empty())
                .map(|part| PathBuf::from(OsStr::from_bytes(part))),
        );
    }
    let data =
        set("XDG_DATA_HOME").map_or_else(|| environment.home().join(".local/share"), PathBuf::from);
    all.push(set("JUPYTER_DATA_DIR").map_or_else(|| data.join("jupyter"), PathBuf::from));
    for program in ["python3", "jupyter"] {
        if let Some(program) = environment.find_program(program) {
            let real = program.canonicalize().ok();
            let prefixes = [Some(program), real];
            let prefixes = prefixes
                .iter()
                .flatten()
                .filter_map(|program| program.parent()?.parent());
            all.extend(prefixes.map(|prefix| prefix.join("share/jupyter")));
        }
    }
    all.extend(system.iter().map(PathBuf::from));
    let mut seen = BTreeSet::new();
    let all = all.into_iter().map(|directory| directory.join("kernels"));
    all.filter(|directory| seen.insert(directory.clone()))
        .collect()
}

fn read(environment: &Environment, name: &str, place: &Path) -> Result<Spec, Error> {
    let bad = |problem: String| Error::BadKernel {
        name: name.to_owned(),
        problem,
    };
    let path = place.join("kernel.json");
    let shown = path.display();
    let size = fs::metadata(&path).map_or(0, |found| found.len());
    let text = if size > LARGEST {
        Err(std::io::ErrorKind::FileTooLarge.into())
    } else {
        fs::read(&path)
    };
    let text = text.map_err(|error| bad(format!("{shown} cannot be read: {error}")))?;
    let file: File = serde_json::from_slice(&text)
        .map_err(|error| bad(format!("{shown} is no kernelspec: {error}")))?;
    let resources = place.to_string_lossy();
    let mut words = file
        .argv
        .iter()
        .map(|word| word.replace("{resource_dir}", &resources));
    let program = words.next().filter(|program| !program.is_empty());
    let program = program.ok_or_else(|| {
        bad(format!(
            "\"argv\" in {shown} is empty; it names the program"
        ))
    })?;
    let arguments: Vec<String> = words.collect();
    let program = find_program(environment, place, &program).ok_or_else(|| {
        bad(format!(
            "its program {program:?} ({shown}) is not there; install the kernel again, or correct \"argv\""
        ))
    })?;
    let variables = file
        .env
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), expanded(environment, value.as_str()?))));
    Ok(Spec {
        name: name.to_owned(),
        environment: variables.collect(),
        interrupt_by_message: file.interrupt_mode == "message",
        unix_sockets: arguments.iter().any(|word| word.starts_with("ipykernel")),
        program,
        arguments,
    })
}

/// The program's file. Plain `python` means the one of the installation the kernelspec lies in.
fn find_program(environment: &Environment, place: &Path, program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        let path = PathBuf::from(program);
        return path.is_file().then_some(path);
    }
    if program.starts_with("python") {
        // {prefix}/share/jupyter/kernels/NAME
        let beside = place
            .ancestors()
            .nth(4)
            .map(|prefix| prefix.join("bin").join(program));
        if let Some(beside) = beside.filter(|beside| beside.is_file()) {
            return Some(beside);
        }
    }
    let found = environment.find_program(program);
    found.or_else(|| {
        environment
            .find_program("python3")
            .filter(|_| program == "python")
    })
}

/// The Python on the path; whether it has ipykernel shows when it starts.
fn native(environment: &Environment) -> Option<Spec> {
    let arguments = ["-m", "ipykernel_launcher", "-f", "{connection_file}"];
    Some(Spec {
        name: NATIVE.to_owned(),
        program: environment.find_program("python3")?,
        arguments: arguments.map(str::to_owned).into(),
        environment: Vec::new(),
        interrupt_by_message: false,
        unix_sockets: true,
    })
}

/// A value with `${NAME}` filled in, as Jupyter does it.
fn expanded(environment: &Environment, value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        out.push_str(before);
        match environment.get(name) {
            Some(value) => out.push_str(&value.to_string_lossy()),
            None => out.extend(["${", name, "}"]),
        }
        rest = after;
    }
    out + rest
}

/// Which kernels there are, in words.
fn known(directories: &[PathBuf]) -> String {
    let entries = directories
        .iter()
        .filter_map(|directory| fs::read_dir(directory).ok())
        .flatten();
    let names: BTreeSet<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("kernel.json").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    if names.is_empty() {
        return "none is described in Jupyter's directories".to_owned();
    }
    format!(
        "there are: {}",
        names.into_iter().collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests;
