//! What a workspace logs: read by the server, which puts it into its own log, so much at a time.

use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::time::sleep;

/// Read at once, in bytes; a longer line is cut.
const PIECE: usize = 8 * 1024;
/// Between two pieces: a workspace that logs without end gets no further than this.
const PAUSE: Duration = Duration::from_millis(100);

/// Passes on what comes from a workspace, until its last process has closed the pipe.
pub(super) fn pass_on(workspace: String, output: OwnedFd) {
    let mut output = match pipe::Receiver::from_owned_fd(output) {
        Ok(output) => output,
        Err(error) => return tracing::warn!(workspace, %error, "what a workspace logs is lost"),
    };
    tokio::spawn(async move {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = output.read(&mut piece).await {
            let text = String::from_utf8_lossy(&piece[..length]);
            for line in text.lines() {
                let plain: String = line.chars().filter(|c| !c.is_control()).collect();
                tracing::info!(workspace, "{plain}");
            }
            sleep(PAUSE).await;
        }
    });
}
