//! Python's version: which `python3` commands would find, asked of itself.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::facts::lookup;

/// How long it may take to say its version.
const PATIENCE: Duration = Duration::from_secs(2);

/// The version of the `python3` on the path that `environment` sets, such as `3.12.1`; none when there is none.
pub(super) async fn version(environment: Vec<(OsString, OsString)>) -> Option<String> {
    let mut child = spawn_blocking(move || start(&environment)).await.ok()??;
    let output = child.stdout.take()?;
    let answer = timeout(PATIENCE, spawn_blocking(move || first_line(output))).await;
    if answer.is_err() {
        // Whoever takes this process's children takes note of its end, here as elsewhere.
        child.kill().ok();
    }
    let line = answer.ok()?.ok()??;
    let number = line.strip_prefix("Python ")?.trim();
    Some(number.to_owned()).filter(|number| !number.is_empty())
}

fn start(environment: &[(OsString, OsString)]) -> Option<Child> {
    let program = find(environment)?;
    let environment = environment.iter().map(|(name, value)| (name, value));
    let mut command = Command::new(program);
    command.arg("--version").env_clear().envs(environment);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command.spawn().ok()
}

fn find(environment: &[(OsString, OsString)]) -> Option<PathBuf> {
    let path = lookup(environment, "PATH")?;
    let places = path
        .as_bytes()
        .split(|byte| *byte == b':')
        .map(OsStr::from_bytes);
    places
        .map(|place| Path::new(place).join("python3"))
        .find(|program| is_program(program))
}

fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn first_line(output: impl Read) -> Option<String> {
    let mut text = String::new();
    output.take(200).read_to_string(&mut text).ok()?;
    text.lines().next().map(str::to_owned)
}
