//! A temporary public URL by Cloudflare's `cloudflared`, when it is installed.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::config::Environment;

/// The connector, found but not started.
#[derive(Debug)]
pub(super) struct Tunnel {
    program: PathBuf,
    environment: Environment,
}

/// A connector that runs; dropping it ends it.
#[derive(Debug)]
pub(super) struct Open(Pid);

impl Tunnel {
    /// Looks for `cloudflared` on the PATH.
    pub(super) fn find(environment: &Environment) -> Result<Self, String> {
        let program = environment.find_program("cloudflared").ok_or(
            "--cftunnel needs the program cloudflared on the PATH: install it from Cloudflare's packages, then start again",
        )?;
        Ok(Self {
            program,
            environment: environment.clone(),
        })
    }

    /// Starts it; the URL is logged when it is known.
    pub(super) fn open(self, port: u16) -> Result<Open, String> {
        let url = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(&self.program);
        command
            .args(["tunnel", "--no-autoupdate", "--url", &url])
            .env_clear()
            .envs(self.environment.for_commands());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| format!("{} cannot be run: {error}", self.program.display()))?;
        let pid = Pid::from_raw(child.id().cast_signed());
        if let Some(lines) = child.stderr.take() {
            thread::Builder::new()
                .name("tunnel".into())
                .spawn(move || follow(BufReader::new(lines)))
                .map_err(|error| format!("no thread can be started: {error}"))?;
        }
        Ok(Open(pid))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // It may have ended by itself.
        kill(self.0, Signal::SIGTERM).ok();
    }
}

/// Reads what the connector prints, to its end.
fn follow(lines: impl BufRead) {
    for line in lines.lines().map_while(Result::ok) {
        if let Some(url) = url(&line) {
            tracing::info!("Public:  {url}");
        } else {
            tracing::debug!("cloudflared: {line}");
        }
    }
    tracing::warn!("cloudflared has ended: the public URL is gone");
}

/// The public URL in a line, if there is one.
fn url(line: &str) -> Option<&str> {
    line.split_whitespace()
        .find(|word| word.starts_with("https://") && word.ends_with(".trycloudflare.com"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_url_is_found_in_the_box_around_it() {
        let line = "2026-01-01T00:00:00Z INF |  https://some-words.trycloudflare.com   |";
        assert_eq!(
            super::url(line),
            Some("https://some-words.trycloudflare.com")
        );
        assert_eq!(
            super::url("INF Visit https://developers.cloudflare.com/ for terms"),
            None
        );
    }
}
