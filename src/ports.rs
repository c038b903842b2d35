//! Ports: the TCP ports that commands and terminals listen on, and connections to these.
//!
//! A port is the workspace's when a process below one of our supervisors holds its socket. That is read from
//! `/proc` (proc(5)): the listening sockets of each network namespace, the tree of processes, and their
//! descriptors. What was found is kept for a moment, so that asking costs little however often it is done.

mod descriptors;
mod scan;
mod sockets;
mod table;
mod upstreams;

use std::net::SocketAddr;

pub use table::{Found, Ports};
pub use upstreams::{Slot, Upstreams};

/// A port that a process of the workspace listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its number.
    pub port: u16,
    /// The process that holds the socket; of several the one that was there before its children.
    pub pid: i32,
    /// That process' name (`/proc/PID/comm`).
    pub process: String,
    /// Whether the process has a session of its own and its parent has ended, as daemons do.
    pub detached: bool,
    /// Where it can be reached.
    pub target: Target,
}

/// Where a port can be reached, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The port's number.
    pub port: u16,
    /// Addresses of the loopback interface, the first to be tried first. There is none when the port is open only on
    /// other addresses or in another network namespace.
    pub addresses: [Option<SocketAddr>; 2],
    /// Whether it is in the server's own network namespace.
    pub here: bool,
    /// The process.
    pub pid: i32,
    /// The inode of the socket, by which it is told from a later one on the same port.
    pub inode: u64,
}

/// Why a port cannot be reached or there is no answer from its server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody of this workspace listens there.
    #[error(
        "nothing listens on port {port} here: start a server on it with a command or in a terminal (GET /ports lists what there is)"
    )]
    NotFound {
        /// The port.
        port: u16,
    },
    /// It is open on addresses only that are not tried.
    #[error(
        "port {port} is open, but not on the loopback interface: have its server listen on 127.0.0.1 or 0.0.0.0"
    )]
    Elsewhere {
        /// The port.
        port: u16,
    },
    /// It is open only where no connection from here leads.
    #[error(
        "port {port} is open in a network namespace of its own: start its server without one, as with unshare --net or a sandbox, to have it reached"
    )]
    Namespace {
        /// The port.
        port: u16,
    },
    /// This server has nothing left to make a connection with.
    #[error("no connection can be made: {problem}")]
    Exhausted {
        /// What the system says.
        problem: std::io::Error,
    },
    /// The request's own body failed on its way.
    #[error(
        "the request's body cannot be passed on ({problem}): send it whole, and framed as its headers say"
    )]
    Request {
        /// What was wrong.
        problem: String,
    },
    /// No connection.
    #[error(
        "the server on port {port} takes no connection ({problem}): see whether it still runs, and try again"
    )]
    Connect {
        /// The port.
        port: u16,
        /// What the system says.
        problem: std::io::Error,
    },
    /// The connection ended, or something else than HTTP came, before there was an answer.
    #[error(
        "the server on port {port} gave no valid HTTP answer ({problem}): see its output; only plain HTTP/1.x is passed on, not TLS"
    )]
    Answer {
        /// The port.
        port: u16,
        /// What was wrong.
        problem: String,
    },
    /// `/proc` could not be looked through.
    #[error("the ports could not be looked for: {problem}")]
    Scan {
        /// Why not.
        problem: String,
    },
}
