//! A scan: one pass over the processes below the server, their sockets and the tables these are in.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;

use nix::unistd::{Pid, getsid};

use super::descriptors::Names;
use super::sockets::{self, Socket};
use super::{Port, Target};
use crate::sys::{Process, tree};

/// How far below the server the first process of a command is: under the spawner and its supervisor.
const COMMANDS: usize = 3;
const ANY_V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const LOOPBACK_V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ANY_V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
const LOOPBACK_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Looks for the ports, with room that it uses again.
#[derive(Default)]
pub(super) struct Scanner {
    names: Names,
    table: Vec<u8>,
    /// What listened at the last scan, to be looked at again by itself.
    last: Vec<Candidate>,
}

/// A process whose sockets may count.
#[derive(Clone, Copy)]
struct Candidate {
    pid: i32,
    started: u64,
    detached: bool,
}

/// A listening socket and where it is.
struct Listed {
    socket: Socket,
    /// Whether it is in the server's own network namespace.
    here: bool,
}

/// A listening socket of one of ours.
struct Held<'a> {
    listed: &'a Listed,
    by: Candidate,
}

impl Scanner {
    /// The ports of the processes below `server`, in order of their numbers.
    pub(super) fn scan(&mut self, server: i32) -> Vec<Port> {
        let listened = self.last.clone();
        let ports = self.look(server);
        // One that ended meanwhile may have left its socket to a child that it made after the children were looked at.
        let is_seen = |one: &Candidate| self.last.iter().any(|each| each.pid == one.pid);
        if listened.iter().any(|one| !is_seen(one) && !one.is_there()) {
            return self.look(server);
        }
        ports
    }

    fn look(&mut self, server: i32) -> Vec<Port> {
        let mut candidates = below(server);
        // While it is read, the kernel's list of children may skip one whose sibling or parent ends. What listened
        // before and is still the same process is not lost by that.
        let known: HashSet<i32> = candidates.iter().map(|each| each.pid).collect();
        let lost = (self.last.iter()).filter(|each| !known.contains(&each.pid) && each.is_there());
        candidates.extend(lost);
        let listed = self.listed(&candidates);
        let mut held: BTreeMap<u16, Vec<Held<'_>>> = BTreeMap::new();
        self.last.clear();
        if !listed.is_empty() {
            for by in candidates {
                let mut listens = false;
                self.names.sockets(by.pid, |inode| {
                    if let Some(listed) = listed.get(&inode) {
                        listens = true;
                        let port = held.entry(listed.socket.port).or_default();
                        port.push(Held { listed, by });
                    }
                });
                if listens {
                    self.last.push(by);
                }
            }
        }
        held.into_iter()
            .map(|(port, held)| describe(port, &held, &listed))
            .collect()
    }

    /// The listening sockets of all network namespaces that these processes are in, by inode.
    fn listed(&mut self, candidates: &[Candidate]) -> HashMap<u64, Listed> {
        let own = namespace("self");
        let mut seen = HashSet::new();
        let mut listed = HashMap::new();
        for candidate in candidates {
            let pid = candidate.pid.to_string();
            // What cannot be seen, as of another user's process, is most likely the same.
            let space = namespace(&pid).or(own);
            if !seen.insert(space) {
                continue;
            }
            let here = space == own;
            let of = if here { "self" } else { &pid };
            for table in ["tcp", "tcp6"] {
                self.read(&format!("/proc/{of}/net/{table}"));
                for socket in sockets::listening(&self.table) {
                    listed.insert(socket.inode, Listed { socket, here });
                }
            }
        }
        listed
    }

    fn read(&mut self, path: &str) {
        self.table.clear();
        // There is no table where there is no IPv6, or the process has ended.
        if let Ok(mut file) = File::open(path) {
            file.read_to_end(&mut self.table).ok();
        }
    }
}

impl Candidate {
    fn is_there(&self) -> bool {
        Process::read(self.pid).is_some_and(|now| now.started == self.started && !now.is_dead())
    }
}

/// The processes of commands and terminals, parents before children.
fn below(server: i32) -> Vec<Candidate> {
    let mut places = HashMap::from([(server, (0, false))]);
    let mut found = Vec::new();
    for process in tree::processes(server, u64::MAX) {
        // A parent that is not known has ended: then a supervisor is the parent by now.
        let above = places.get(&process.parent).copied();
        let (depth, detached) = above.unwrap_or((COMMANDS - 1, false));
        let detached =
            detached || depth + 1 == COMMANDS && above.is_some() && session_of_its_own(&process);
        places.insert(process.pid, (depth + 1, detached));
        if depth + 1 >= COMMANDS && !process.is_dead() {
            found.push(Candidate {
                pid: process.pid,
                started: process.started,
                detached,
            });
        }
    }
    found
}

/// Whether a child of a supervisor, which leads the session of its command, is in another session.
fn session_of_its_own(process: &Process) -> bool {
    let session = getsid(Some(Pid::from_raw(process.pid)));
    session.is_ok_and(|session| session.as_raw() != process.parent)
}

/// The inode of a process' network namespace.
fn namespace(pid: &str) -> Option<u64> {
    let entry = fs::metadata(format!("/proc/{pid}/ns/net")).ok()?;
    Some(entry.ino())
}

/// One port, from all sockets on it.
fn describe(port: u16, held: &[Held<'_>], listed: &HashMap<u64, Listed>) -> Port {
    let shown = held.iter().find(|each| !each.by.detached);
    let shown = shown.or(held.first()).expect("a port has a socket");
    let (addresses, reached) = reach(port, held, listed);
    let owner = reached.unwrap_or(shown);
    Port {
        port,
        pid: shown.by.pid,
        process: name(shown.by.pid),
        detached: shown.by.detached,
        target: Target {
            port,
            addresses,
            here: held.iter().any(|each| each.listed.here),
            pid: owner.by.pid,
            inode: owner.listed.socket.inode,
        },
    }
}

/// The addresses by which the sockets are reached, and the first of these sockets.
fn reach<'a, 'b>(
    port: u16,
    held: &'a [Held<'b>],
    listed: &HashMap<u64, Listed>,
) -> ([Option<SocketAddr>; 2], Option<&'a Held<'b>>) {
    let on = |addresses: [IpAddr; 2]| {
        held.iter()
            .find(|each| each.listed.here && addresses.contains(&each.listed.socket.address))
    };
    let (v4, v6) = (on([LOOPBACK_V4, ANY_V4]), on([LOOPBACK_V6, ANY_V6]));
    // A socket on all IPv6 addresses takes IPv4 too, mostly; not where somebody else listens there.
    let others = || {
        let mut others = listed.values().filter(|each| each.here);
        others.any(|each| each.socket.port == port && each.socket.address.is_ipv4())
    };
    let at = |address| Some(SocketAddr::new(address, port));
    match (v4, v6) {
        (Some(_), Some(_)) => ([at(LOOPBACK_V4), at(LOOPBACK_V6)], v4),
        (Some(_), None) => ([at(LOOPBACK_V4), None], v4),
        (None, Some(_)) if on([ANY_V6; 2]).is_some() && !others() => {
            ([at(LOOPBACK_V6), at(LOOPBACK_V4)], v6)
        }
        (None, Some(_)) => ([at(LOOPBACK_V6), None], v6),
        (None, None) => ([None, None], None),
    }
}

fn name(pid: i32) -> String {
    let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    String::from_utf8_lossy(name.trim_ascii_end()).into_owned()
}

#[cfg(test)]
mod tests;
