//! The process of a workspace: this program once more, with nothing of the server's but one end of a socket.

use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::fs::{MemfdFlags, memfd_create};

use crate::gateway::{Control, Handover};
use crate::sys;

/// The word on the command line that makes this program a workspace.
pub const WORKSPACE_ARGUMENT: &str = "workspace-of-open-terminal";

/// A workspace whose process has been started.
pub(super) struct Begun {
    /// For the log.
    pub(super) name: String,
    /// What it takes for a key.
    pub(super) key: String,
    /// What it logs.
    pub(super) output: OwnedFd,
    /// The server's end of its control socket.
    pub(super) socket: OwnedFd,
    /// Its number, until it says another.
    pub(super) pid: i32,
}

/// Starts the process and hands everything over to it.
pub(super) fn begin(name: &str, key: String, handover: &Handover) -> io::Result<Begun> {
    let (ours, theirs) = Control::pair()?;
    let file = memfd_create("handover", MemfdFlags::CLOEXEC)?;
    let mut file = std::fs::File::from(file);
    file.write_all(&serde_json::to_vec(handover)?)?;
    file.seek(SeekFrom::Start(0))?;
    sys::send_with_fds(ours.as_fd(), [file.as_fd()])?;
    let mut command = Command::new("/proc/self/exe");
    command.arg0("open-terminal").arg(WORKSPACE_ARGUMENT);
    let (output, said) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    command
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(theirs))
        // What the server writes to may be a file or a terminal, which are not the user's to touch.
        .stdout(said.try_clone()?)
        .stderr(said);
    let child = command.spawn()?;
    Ok(Begun {
        output,
        name: name.to_owned(),
        key,
        socket: ours,
        pid: child.id().cast_signed(),
    })
}
