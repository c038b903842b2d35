//! A connection: where a kernel listens, and the file that tells it so.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::message::hex;
use super::zmtp::Address;
use crate::config::Environment;

/// The longest path of a Unix socket (unix(7), `sun_path`), less what the kernel's own names take.
const LONGEST: usize = 90;
/// What the names of these directories begin with.
const MARK: &str = "open-terminal-kernel-";

/// The channels of a kernel, in the order of their numbers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Channel {
    Shell = 1,
    Iopub = 2,
    Stdin = 3,
    Control = 4,
    Heartbeat = 5,
}

/// A directory that only this user can reach, with the connection file and the sockets; it goes with the value.
#[derive(Debug)]
pub(super) struct Connection {
    directory: PathBuf,
    sockets: Vec<PathBuf>,
    /// TCP ports, when the kernel is not known to listen on Unix sockets.
    ports: Option<[u16; 5]>,
    /// What signs messages.
    pub(super) key: String,
}

impl Connection {
    /// Makes directory and file. Blocks on the file system.
    pub(super) fn make(environment: &Environment, unix_sockets: bool) -> io::Result<Self> {
        let random = |bytes: &mut [u8]| {
            getrandom::fill(bytes).map_err(|error| io::Error::other(error.to_string()))
        };
        let (mut name, mut key) = ([0; 8], [0; 32]);
        random(&mut name)?;
        random(&mut key)?;
        let directory = make_directory(environment, &format!("{MARK}{}", hex(&name)))?;
        let mut connection = Self {
            sockets: (1..=5)
                .map(|number| directory.join(format!("k-{number}")))
                .collect(),
            directory,
            ports: None,
            key: hex(&key),
        };
        if !unix_sockets {
            connection.ports = Some(free_ports()?);
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(connection.file())?;
        file.write_all(connection.description().as_bytes())?;
        Ok(connection)
    }

    /// The connection file.
    pub(super) fn file(&self) -> PathBuf {
        self.directory.join("connection.json")
    }

    /// Where a channel is.
    pub(super) fn address(&self, channel: Channel) -> Address<'_> {
        let at = channel as usize - 1;
        match &self.ports {
            Some(ports) => Address::Loopback(ports[at]),
            None => Address::Unix(&self.sockets[at]),
        }
    }

    fn description(&self) -> String {
        let port = |channel: Channel| match &self.ports {
            Some(ports) => usize::from(ports[channel as usize - 1]),
            None => channel as usize,
        };
        let (transport, ip) = match self.ports {
            Some(_) => ("tcp", "127.0.0.1".into()),
            None => (
                "ipc",
                self.directory.join("k").to_string_lossy().into_owned(),
            ),
        };
        json!({
            "transport": transport,
            "ip": ip,
            "shell_port": port(Channel::Shell),
            "iopub_port": port(Channel::Iopub),
            "stdin_port": port(Channel::Stdin),
            "control_port": port(Channel::Control),
            "hb_port": port(Channel::Heartbeat),
            "signature_scheme": "hmac-sha256",
            "key": self.key,
        })
        .to_string()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.directory).ok();
    }
}

/// Makes the directory in the first place that takes it: the user's runtime directory, else that for
/// temporary files.
fn make_directory(environment: &Environment, name: &str) -> io::Result<PathBuf> {
    let set = |variable: &str| environment.get(variable).map(PathBuf::from);
    let places = [set("XDG_RUNTIME_DIR"), set("TMPDIR"), Some("/tmp".into())];
    let mut problem = io::ErrorKind::NotFound.into();
    for place in places.into_iter().flatten() {
        let path = place.join(name);
        let fits =
            path.is_absolute() && path.as_os_str().len() <= LONGEST && path.to_str().is_some();
        if !fits {
            continue;
        }
        match make_private(&path) {
            Ok(()) => return Ok(path),
            Err(refused) => problem = refused,
        }
    }
    Err(problem)
}

fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Five ports that nobody uses at this moment.
fn free_ports() -> io::Result<[u16; 5]> {
    let mut listeners = Vec::new();
    let mut ports = [0; 5];
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_user_reaches_the_file_and_it_goes_with_the_kernel() {
        let home = tempfile::tempdir().unwrap();
        let at = home.path().to_str().unwrap();
        let environment =
            Environment::from_pairs([("TMPDIR", at), ("XDG_RUNTIME_DIR", "/none/such")]);
        for unix_sockets in [true, false] {
            let connection = Connection::make(&environment, unix_sockets).unwrap();
            let file = connection.file();
            assert!(file.starts_with(home.path()));
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
            let told: serde_json::Value =
                serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            assert_eq!(told["key"], connection.key);
            match connection.address(Channel::Control) {
                Address::Unix(path) => {
                    assert_eq!(
                        path.to_str().unwrap(),
                        format!("{}-{}", told["ip"].as_str().unwrap(), told["control_port"])
                    );
                }
                Address::Loopback(port) => assert_eq!(told["control_port"], port),
            }
            drop(connection);
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_directory_whose_sockets_would_have_too_long_names_is_not_used() {
        let long = format!("/tmp/{}", "x".repeat(100));
        let environment = Environment::from_pairs([("TMPDIR", long)]);
        let connection = Connection::make(&environment, true).unwrap();
        assert!(connection.file().as_os_str().len() < 108);
    }
}
