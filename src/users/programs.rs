//! Accounts changed by useradd(8) and its like, where the files cannot be replaced.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::edit::New;
use super::standing::Missing;
use super::{Error, is_system};

/// Where these programs are.
const PLACES: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/// Adds what is missing; `problem` is why it has come to this.
pub(super) fn add(etc: &Path, new: &New, missing: Missing, problem: &str) -> Result<(), Error> {
    let failed = |tried| Error::Uneditable {
        name: new.name.to_owned(),
        what: "made",
        problem: problem.to_owned(),
        tried,
    };
    let (uid, gid) = (new.uid.to_string(), new.gid.to_string());
    if missing.group {
        run(etc, "groupadd", &["--gid", &gid, new.name]).map_err(failed)?;
    }
    if missing.account {
        let args = [
            "--uid",
            &uid,
            "--gid",
            &gid,
            "--no-create-home",
            "--home-dir",
            new.home,
            "--shell",
            new.shell,
            "--comment",
            new.comment,
            new.name,
        ];
        run(etc, "useradd", &args).map_err(failed)?;
    }
    Ok(())
}

/// Takes out an account, and its group where it has one.
pub(super) fn remove(
    etc: &Path,
    name: &str,
    has_group: impl Fn() -> bool,
    problem: &str,
) -> Result<(), Error> {
    let failed = |tried| Error::Uneditable {
        name: name.to_owned(),
        what: "removed",
        problem: problem.to_owned(),
        tried,
    };
    run(etc, "userdel", &[name]).map_err(failed)?;
    // The group may have gone with it (login.defs(5), USERGROUPS_ENAB).
    if has_group() {
        run(etc, "groupdel", &[name]).map_err(failed)?;
    }
    Ok(())
}

/// Runs a program to its end. A failure is what to say of it.
fn run(etc: &Path, program: &str, args: &[&str]) -> Result<(), String> {
    let found = PLACES.iter().map(|place| Path::new(place).join(program));
    let Some(path) = found.into_iter().find(|path: &PathBuf| path.is_file()) else {
        return Err(format!("there is no {program}"));
    };
    let mut command = Command::new(path);
    if !is_system(etc) {
        let (true, Some(root)) = (etc.ends_with("etc"), etc.parent()) else {
            return Err(format!("{program} knows of /etc only"));
        };
        command.arg("--prefix").arg(root);
    }
    let output = command
        .args(args)
        .env_clear()
        .env("PATH", PLACES.join(":"))
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output();
    let output = match output {
        // The server takes every child that ends, so the status may be gone: what was done is looked at afterwards.
        Err(problem) if problem.raw_os_error() == Some(nix::libc::ECHILD) => return Ok(()),
        output => output.map_err(|problem| format!("{program} cannot be run: {problem}"))?,
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().replace('\n', "; ");
    Err(format!("{program} failed ({}): {said}", output.status))
}
