//! Commands on the wire: start, list, watch, type into and end them.

mod reply;
mod request;

use std::time::Duration;

use axum::extract::State as Use;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Caller, Input, ProcessId, Query};
use super::json::Json;
use super::limits;
use super::validate::{AnyText, Fields, Flag, Integer, Noted, Number, Read};
use super::{Error, State};
use crate::exec::{Killed, Processes, Request, Window, escapes};
pub(super) use request::ExecRequest;

/// Longer than any command runs.
const FOR_EVER: Duration = Duration::from_hours(10 * 365 * 24);
/// How long a request may wait.
const WAIT: Number = Number {
    min: Some(0.0),
    above: None,
    max: Some(300.0),
};
const AT_LEAST_ONE: Integer = Integer { min: 1 };

/// How to answer a start.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RunQuery {
    /// Seconds to wait for the command to end before answering; the answer comes as soon as it ends. Leave it out to get the id at once.
    #[param(minimum = 0, maximum = 300, nullable = false)]
    wait: Option<f64>,
    /// Return only the last so many pieces of output. Use it when only the end matters, such as of a long build.
    #[param(minimum = 1, nullable = false)]
    tail: Option<u64>,
    /// Return at most about so many bytes of output: the first half and the last half of them, with a note between that says what was left out and where it is. Use it when a command may print a lot, such as 20000. 0 means all.
    #[param(minimum = 0, nullable = false)]
    max_bytes: Option<u64>,
}

impl Read for RunQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let wait = fields.optional("wait", WAIT);
        let tail = fields.optional("tail", AT_LEAST_ONE);
        let max_bytes = fields.optional("max_bytes", Integer { min: 0 });
        Ok(Self {
            wait: wait?,
            tail: tail?,
            max_bytes: max_bytes?,
        })
    }
}

/// Which output to return, and how long to wait.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StatusQuery {
    /// Seconds to wait for the command to end before answering; the answer comes as soon as it ends. Leave it out to get the state now.
    #[param(minimum = 0, maximum = 300, nullable = false)]
    wait: Option<f64>,
    /// Number of pieces of output to skip: give the `next_offset` of the answer before to get only what is new.
    #[param(minimum = 0, default = 0, required = false)]
    offset: u64,
    /// Return only the last so many pieces of output. Use it when only the end matters, such as of a long build.
    #[param(minimum = 1, nullable = false)]
    tail: Option<u64>,
    /// Return at most about so many bytes of output: the first half and the last half of them, with a note between that says what was left out and where it is. Use it when a command may have printed a lot, such as 20000. 0 means all.
    #[param(minimum = 0, nullable = false)]
    max_bytes: Option<u64>,
}

impl Read for StatusQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let wait = fields.optional("wait", WAIT);
        let offset = fields.defaulted("offset", Integer { min: 0 }, 0);
        let tail = fields.optional("tail", AT_LEAST_ONE);
        let max_bytes = fields.optional("max_bytes", Integer { min: 0 });
        Ok(Self {
            wait: wait?,
            offset: offset?,
            tail: tail?,
            max_bytes: max_bytes?,
        })
    }
}

/// How to end a command.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct KillQuery {
    /// Kill at once with SIGKILL, without the moment to clean up that SIGTERM gives.
    #[param(default = false, required = false)]
    force: bool,
}

impl Read for KillQuery {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let force = fields.defaulted("force", Flag, false);
        Ok(Self { force: force? })
    }
}

/// Text to type.
#[derive(Debug, ToSchema)]
pub(super) struct InputRequest {
    /// The text to type. End it with `\n` to press Enter. Escapes name keys: `\x03` is Ctrl-C, `\x04` is Ctrl-D (end of input), `\x1b` is Esc, `\t` is Tab; write `\\` for a backslash.
    input: String,
}

impl Read for InputRequest {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let input = fields.required("input", AnyText);
        Ok(Self { input: input? })
    }
}

/// List commands
///
/// Returns the commands of this chat, oldest first: those that run and those that ended in the last minutes, each with its id, command line,
/// status and exit code, but without output. Use it to find an id again, or to see what still runs.
#[utoipa::path(
    get,
    path = "/execute",
    responses(
        (status = 200, description = "An array of objects with `id`, `command`, `status`, `exit_code` and `log_path`."),
        (status = 401, description = "The API key is missing or wrong."),
    ),
    security(("HTTPBearer" = []))
)]
pub(super) async fn list_processes(
    Use(processes): Use<Processes>,
    Caller(owner): Caller,
) -> Response {
    reply::listing(&processes.list(&owner))
}

/// Run a command
///
/// Starts a shell command on the computer, in a terminal of its own, and returns its `id`, `status`, `exit_code` and output so far.
/// The command goes on in the background when it outlasts the answer, so servers and long builds are fine.
///
/// Set `wait` to a few seconds for short commands to get their output at once. If `status` is still `running`, ask `get_process_status` with the
/// `id` and `next_offset`. If the command asks something, answer with `send_process_input`. An `exit_code` of 0 means success.
/// For a very long script, write it to a file first and run that.
///
/// `usage` tells the processor time, the most memory and the time it took. `limit` is there when the command met a limit: its `kind` is `memory`
/// (processes were killed), `pids`, `cpu` or `timeout`; do the same with less, or in smaller steps.
#[utoipa::path(
    post,
    path = "/execute",
    params(RunQuery),
    request_body = ExecRequest,
    responses(
        (status = 200, description = "An object with `id`, `command`, `cwd`, `status`, `exit_code`, `output` (pieces, in `data`), `next_offset` and `truncated`; also `usage`, and `limit` when one struck."),
        (status = 400, description = "The command cannot be started as asked, such as when its directory does not exist."),
        (status = 401, description = "The API key is missing or wrong."),
    ),
    security(("HTTPBearer" = []))
)]
pub(super) async fn run_command(
    Use(state): Use<State>,
    Caller(owner): Caller,
    Input(query, request): Input<RunQuery, ExecRequest>,
) -> Result<Response, Error> {
    request.check_lengths()?;
    let limits = limits::granted(state.limits(), &request.bounds())?;
    let session = owner.session.as_deref();
    let cwd = match &request.cwd {
        Some(cwd) => state.workspace().resolve(session, cwd)?,
        None => state.workspace().directory(session),
    };
    let start = Request {
        command: request.command,
        cwd: cwd.clone(),
        env: request.env.unwrap_or_default(),
        timeout: request.timeout.map(seconds),
        limits,
        owner: owner.clone(),
    };
    let id = state.processes().run(start).await?;
    let window = Window {
        offset: 0,
        tail: query.tail,
        max_bytes: state.output_budget(query.max_bytes),
    };
    let report = state
        .processes()
        .status(&owner, &id, wait(&state, query.wait), window)
        .await?;
    Ok(reply::report(report, Some(&cwd)))
}

/// Get the status and output of a command
///
/// Returns the `status` (`running`, `done`, `killed` or `lost`), the `exit_code` once it ended, and its output from `offset` on.
/// Reading takes nothing away: give each answer's `next_offset` as the next `offset` to get only what is new.
/// Use `wait` instead of asking again and again. The id comes from `run_command` or `list_processes`.
#[utoipa::path(
    get,
    path = "/execute/{process_id}/status",
    params(("process_id" = String, Path), StatusQuery),
    responses(
        (status = 200, description = "An object with `id`, `command`, `status`, `exit_code`, `output` (pieces, in `data`), `next_offset` and `truncated`; also `usage`, and `limit` when one struck."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "There is no such command in this chat."),
    ),
    security(("HTTPBearer" = []))
)]
pub(super) async fn get_process_status(
    Use(state): Use<State>,
    Caller(owner): Caller,
    ProcessId(id): ProcessId,
    Query(query): Query<StatusQuery>,
) -> Result<Response, Error> {
    let window = Window {
        offset: query.offset,
        tail: query.tail,
        max_bytes: state.output_budget(query.max_bytes),
    };
    let report = state
        .processes()
        .status(&owner, &id, wait(&state, query.wait), window)
        .await?;
    Ok(reply::report(report, None))
}

/// Type into a running command
///
/// Types text into the terminal of a command that `run_command` started: the answer to a question, a line for an interactive program such as
/// `python3 -i`, or a key such as Ctrl-C (`\x03`). Nothing is added, so end a line with `\n`. The id comes from `run_command` or `list_processes`; ask `get_process_status` afterwards to see what came of it.
#[utoipa::path(
    post,
    path = "/execute/{process_id}/input",
    params(("process_id" = String, Path)),
    request_body = InputRequest,
    responses(
        (status = 200, description = "The text was typed: `{\"status\": \"ok\"}`."),
        (status = 400, description = "The command has ended and takes no input."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "There is no such command in this chat."),
        (status = 409, description = "The command does not read its input; only a part of the text was typed."),
    ),
    security(("HTTPBearer" = []))
)]
pub(super) async fn send_process_input(
    Use(processes): Use<Processes>,
    Caller(owner): Caller,
    ProcessId(id): ProcessId,
    Input((), request): Input<(), InputRequest>,
) -> Result<Json<Value>, Error> {
    processes
        .input(&owner, &id, escapes::decode(&request.input))
        .await?;
    Ok(Json(json!({ "status": "ok" })))
}

/// End a command
///
/// Ends a command and every process it started: first SIGTERM, and SIGKILL for what is left after a moment; with `force` SIGKILL at once.
/// It also ends what a command that is done left running. The output stays readable. The id comes from `run_command` or `list_processes`. The answer says what was sent and what, if anything, is still there.
/// To interrupt only the program in the foreground, type Ctrl-C with `send_process_input` instead.
#[utoipa::path(
    delete,
    path = "/execute/{process_id}",
    params(("process_id" = String, Path), KillQuery),
    responses(
        (status = 200, description = "An object with `status`, `signals` and a `message` that says how it went."),
        (status = 401, description = "The API key is missing or wrong."),
        (status = 404, description = "There is no such command in this chat."),
    ),
    security(("HTTPBearer" = []))
)]
pub(super) async fn kill_process(
    Use(processes): Use<Processes>,
    Caller(owner): Caller,
    ProcessId(id): ProcessId,
    Query(query): Query<KillQuery>,
) -> Result<Json<reply::Kill>, Error> {
    let killed: Killed = processes.kill(&owner, &id, query.force).await?;
    Ok(Json(killed.into()))
}

/// The wait a request asks for, else the one the settings do, else none.
fn wait(state: &State, asked: Option<f64>) -> Duration {
    asked
        .map(seconds)
        .or(state.config().execute_timeout)
        .unwrap_or_default()
}

/// A time in seconds; one that would outlive the machine is as good as for ever, and fits every clock.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds)
        .unwrap_or(FOR_EVER)
        .min(FOR_EVER)
}
