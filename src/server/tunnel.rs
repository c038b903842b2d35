//! A temporary public URL by Cloudflare's `cloudflared`, when it is installed.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::config::Environment;
use crate::sys::Process;

/// The connector, found but not started.
#[derive(Debug)]
pub(super) struct Tunnel {
    program: PathBuf,
    environment: Environment,
    /// Where it leads.
    address: SocketAddr,
}

/// A connector that runs; dropping it ends it. None when it has ended at once.
#[derive(Debug)]
pub(super) struct Open(Option<Process>);

impl Tunnel {
    /// Looks for `cloudflared` on the PATH, to lead to the server that listens at `address`.
    pub(super) fn find(environment: &Environment, address: SocketAddr) -> Result<Self, String> {
        let program = environment.find_program("cloudflared").ok_or(
            "--cftunnel needs the program cloudflared on the PATH: install it from Cloudflare's packages, then start again",
        )?;
        Ok(Self {
            program,
            environment: environment.clone(),
            address: reachable(address),
        })
    }

    /// Starts it; the URL is logged when it is known.
    pub(super) fn open(self) -> Result<Open, String> {
        let url = format!("http://{}", self.address);
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
        let process = Process::read(child.id().cast_signed());
        if let Some(lines) = child.stderr.take() {
            thread::Builder::new()
                .name("tunnel".into())
                .spawn(move || follow(BufReader::new(lines)))
                .map_err(|error| format!("no thread can be started: {error}"))?;
        }
        Ok(Open(process))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Some(process) = self.0 else { return };
        // It may have ended by itself, and its number be another's by now. The thread that takes ended children is this
        // one, so that nothing changes between the look and the signal.
        if Process::read(process.pid).is_some_and(|now| now.started == process.started) {
            kill(Pid::from_raw(process.pid), Signal::SIGTERM).ok();
        }
    }
}

/// Where who listens at `address` is reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let host = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    SocketAddr::new(host, address.port())
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
    use super::*;

    #[test]
    fn an_address_that_stands_for_all_is_reached_on_the_loopback_interface() {
        for (address, expected) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("10.0.0.9:80", "10.0.0.9:80"),
            ("[::1]:80", "[::1]:80"),
        ] {
            let reached = reachable(address.parse().unwrap());
            assert_eq!(reached.to_string(), expected);
        }
    }

    #[test]
    fn what_has_got_the_number_of_a_connector_that_ended_is_left_alone() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let now = Process::read(child.id().cast_signed()).unwrap();
        drop(Open(Some(Process {
            started: now.started - 1,
            ..now
        })));
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(child.try_wait().unwrap().is_none());
        drop(Open(Some(now)));
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn the_url_is_found_in_the_box_around_it() {
        let line = "2026-01-01T00:00:00Z INF |  https://some-words.trycloudflare.com   |";
        assert_eq!(url(line), Some("https://some-words.trycloudflare.com"));
        assert_eq!(
            url("INF Visit https://developers.cloudflare.com/ for terms"),
            None
        );
    }
}
