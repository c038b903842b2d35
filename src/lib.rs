//! Open Terminal: a real computer for an AI assistant, over HTTP and WebSocket.
//!
//! ```text
//! client ──HTTP/WS──▶ edge ──▶ workspace ──▶ sandbox ──▶ the shell
//! ```
//!
//! * The **edge** ([`api`], [`server`], [`gateway`]) decides who may come in, and speaks HTTP. It runs nothing.
//! * The **workspace** ([`exec`], [`terminal`], [`files`], [`search`], [`skills`], [`ports`], [`notebooks`],
//!   [`workspace`], [`prompt`]) is what a caller can do once inside.
//! * The **sandbox** ([`sandbox`], [`limits`], [`walls`]) starts shells, each under a supervisor on a PTY of its own, bounded
//!   and measured.
//! * [`users`] gives each client's user id an account of the operating system, the same one for ever.
//! * [`packages`] installs what the settings ask for, beside all of them.
//! * [`relay`] is what the gateway and the proxy to ports share: an answer on its way through.
//! * [`documents`] reads the text of documents in a process of its own, [`text`] knows lines, [`sys`] makes the
//!   kernel safe; [`config`] and [`telemetry`] serve all of them.
//!
//! # The way of a request
//!
//! `POST /execute?wait=5` passes `api/layers` (request id, access log, CORS, `null` queries),
//! `api/auth` and the extractors, and reaches `api/exec::run_command`, which holds no logic.
//! [`exec::Processes::run`] takes a waiting supervisor from [`sandbox::Pool`], whose child is in a leaf of
//! [`limits::Limits`] already, and sends that the shell's command line. A task of the command (`exec/watch`) moves the PTY's output to the log
//! (`exec/log`) and notes the shell's end; it belongs to no request, so a client that hangs up ends
//! nothing. The handler waits for the end up to `wait`, reads the log's window and answers.
//!
//! # The way of a keystroke
//!
//! The connection's loop (`api/terminals/socket`) reads a frame and [`terminal::Attachment::type_in`]
//! writes it to the PTY. The terminal's task (`terminal/pump`) reads the echo into the ring and wakes
//! every attached client, whose loop sends it what is new. All of them run on the runtime that serves
//! HTTP, so no other thread has to be woken on the way.
//!
//! # The way of a file
//!
//! `GET /files/read` resolves its path in the session's directory and goes to a thread that may wait
//! (`api/blocking`), since the threads that serve HTTP never do. There [`files::read()`] opens what is a
//! regular file and nothing else, looks through it once, and hands its text on piece by piece. The thread
//! is told when the client has gone, and stops.
//!
//! # The way to a workspace of its own
//!
//! With `isolation = "process"` the handlers run in another process, which is the user: a layer behind the key
//! (`api/elsewhere`) gives the request to the [`gateway`], which starts the workspace if need be, under an account of
//! [`users`], behind [`walls`], and passes the request on. `server/inner` is that process.
//!
//! # To add an endpoint
//!
//! A verb on the service with its unit tests, wire structs and a handler in `api/<resource>.rs`, one
//! line in `api.rs`, a test in `tests/it/<resource>.rs`.
//!
//! Calls point down only: `cli → server → gateway → api → services → workspace, sandbox, users → limits, walls → sys`; services do not
//! import each other. `tests/it/architecture.rs` holds these rules.

pub mod api;
pub mod cli;
pub mod config;
pub mod documents;
pub mod exec;
pub mod files;
pub mod gateway;
pub mod limits;
pub mod notebooks;
pub mod packages;
pub mod ports;
pub mod prompt;
pub mod relay;
pub mod sandbox;
pub mod search;
pub mod server;
pub mod skills;
#[expect(
    unsafe_code,
    reason = "the one place that talks to the kernel where no crate does it safely"
)]
pub mod sys;
pub mod telemetry;
pub mod terminal;
pub mod text;
pub mod users;
pub mod walls;
pub mod workspace;
