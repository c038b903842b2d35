//! The black-box tests: one binary that starts the real server and asks it as a client would.

// Behind `cfg(test)` so that what the lints permit in tests holds for the helpers as well.

/// The rules of the house: who may import what, and where the sharp tools are kept.
#[cfg(test)]
mod architecture;
/// Attacks of one user on another and on the server: each works without the wall it meets, and none with it.
#[cfg(test)]
mod attacks;
/// The command line: exit status, one-line errors, what is printed at the start.
#[cfg(test)]
mod cli;
/// The working directory of a session.
#[cfg(test)]
mod cwd;
/// Documents: their text, whoever made them, and what they can do to the server: nothing.
#[cfg(test)]
mod documents;
/// Commands: start, watch, type into, time out, come back to after a restart.
#[cfg(test)]
mod exec;
/// Files: reading, writing, moving, sending and watching them.
#[cfg(test)]
mod files;
/// The gateway: requests on their way to a workspace that is a process of its own.
#[cfg(test)]
mod gateway;
/// The HTTP edge: keep-alive, limits, request ids, errors.
#[cfg(test)]
mod http;
/// Ending commands: the whole tree, in bounded time, told truthfully.
#[cfg(test)]
mod kill;
/// Limits: what a runaway command may do, what is said of it, and what it costs the others.
#[cfg(test)]
mod limits;
/// The output log on disk, and what happens when the disk will not take it.
#[cfg(test)]
mod log;
/// Many commands, at once and one after the other.
#[cfg(test)]
mod many;
/// Notebooks: cells run by the real ipykernel, and saved.
#[cfg(test)]
mod notebooks;
/// The OpenAPI document that a model's tools are made from.
#[cfg(test)]
mod openapi;
/// Packages installed at start.
#[cfg(test)]
mod packages;
/// The PTY pool: its bound, and its helper processes.
#[cfg(test)]
mod pool;
/// Ports that commands listen on.
#[cfg(test)]
mod ports;
/// Documents shown as PDF.
#[cfg(test)]
mod preview;
/// The texts for the model.
#[cfg(test)]
mod prompt;
/// Requests passed on to the servers that commands run.
#[cfg(test)]
mod proxy;
/// Real work: a cargo build, a git clone, a Python session, as under `script(1)`.
#[cfg(test)]
mod real;
/// Bugs that were found once and must not come back.
#[cfg(test)]
mod regressions;
/// Search: by content, by name, by both.
#[cfg(test)]
mod search;
/// Where the API key must never be seen.
#[cfg(test)]
mod secrets;
/// The end of the server.
#[cfg(test)]
mod shutdown;
/// Skills: listed and read, as clients do at every turn of a chat.
#[cfg(test)]
mod skills;
/// What the tests stand on: servers, requests, processes.
#[cfg(test)]
mod support;
/// Terminals: shells over WebSocket that outlive the connections to them.
#[cfg(test)]
mod terminal;
/// A public URL by Cloudflare's connector.
#[cfg(test)]
mod tunnel;
/// The users' accounts, listed and removed from the command line.
#[cfg(test)]
mod users;
