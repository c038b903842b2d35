//! The gateway: requests on their way to a workspace that is a process of its own, and back.

/// What it costs.
mod cost;
/// Workspaces that are killed, under load too.
mod crash;
/// The end of the server, and what it takes with it.
mod end;
/// Workspaces that nobody uses.
mod reap;
/// The same answers as without it.
mod routes;
/// Starts: one for all who ask at once.
mod start;
/// Bodies, streamed both ways in little memory.
mod streaming;
/// Many users, each in a workspace of their own.
mod users;
/// Terminals and other connections that change their protocol.
mod websocket;
