//! Asking a running server whether it is well, as the health check of a container does.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use clap::ArgMatches;

use super::{flags, output, refuse};
use crate::config::{self, Environment};

/// Time for each step: connecting, asking, answering.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of an answer that are looked at.
const MOST: u64 = 16 * 1024;

/// Asks the server that has these settings. The exit status is 0 when it is well, 1 when it is not, or is not there, and
/// 2 when the settings cannot be read.
pub(super) fn main(matches: &ArgMatches, env: &Environment) -> ExitCode {
    let config = match config::load(&flags(matches), env) {
        Ok(loaded) => loaded.config,
        Err(error) => return refuse(&error),
    };
    match ask(&config.host, config.port) {
        Ok(()) => {
            output::line("well");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            output::complain(&problem);
            ExitCode::FAILURE
        }
    }
}

fn ask(host: &str, port: u16) -> Result<(), String> {
    let at = |problem: &dyn std::fmt::Display| format!("no server at {host}:{port}: {problem}");
    let addresses = (host, port).to_socket_addrs();
    let addresses = addresses.map_err(|problem| at(&problem))?;
    let mut problem = "there is no such address".to_owned();
    for address in addresses {
        match status_of(reachable(address)) {
            Ok(status) if status.contains(" 200 ") => return Ok(()),
            Ok(status) => return Err(format!("the server at {host}:{port} answers {status:?}")),
            Err(error) => problem = error.to_string(),
        }
    }
    Err(at(&problem))
}

/// Where who listens on all addresses is reached.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port())
}

/// The first line of the answer to `GET /health`.
fn status_of(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    // At once, for who answers at the first bytes may close before the rest.
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Answers once, and gives the port.
    fn answering(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 1024];
            let length = stream.read(&mut asked).unwrap();
            assert!(asked[..length].starts_with(b"GET /health HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        port
    }

    #[test]
    fn only_who_answers_200_is_well() {
        let ok = answering("HTTP/1.1 200 OK\r\n\r\n{}");
        assert_eq!(ask("0.0.0.0", ok), Ok(()));
        let problem = ask("127.0.0.1", answering("HTTP/1.1 503 Gone\r\n\r\n")).unwrap_err();
        assert!(problem.contains("503 Gone"), "{problem}");
        let problem = ask("127.0.0.1", answering("")).unwrap_err();
        assert!(problem.contains("answers \"\""), "{problem}");
    }

    #[test]
    fn who_is_not_there_is_named() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let problem = ask("127.0.0.1", port).unwrap_err();
        assert!(
            problem.contains(&format!("127.0.0.1:{port}")) && problem.contains("refused"),
            "{problem}"
        );
    }
}
