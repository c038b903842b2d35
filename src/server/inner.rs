//! A workspace's own process: it confines itself as it was told, and serves its server's connections until that ends.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{dup2_stdin, pipe2, setsid};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::services::{Place, Services};
use super::{http, http_runtime, runtime, take_children};
use crate::api;
use crate::config::{self, Config, Environment};
use crate::gateway::{Connections, Control, Handover, Said};
use crate::limits::Limits;
use crate::sys::{self, Program};
use crate::telemetry;
use crate::walls::{self, Entered, Wall};

/// Time for all commands and terminals to end: a little less than the server waits.
const COMMANDS_END: Duration = Duration::from_secs(5);
/// Time for requests under way to be answered after that.
const REQUESTS_END: Duration = Duration::from_secs(1);
/// Time for the last processes to leave their places among the limits.
const LIMITS_END: Duration = Duration::from_millis(500);
/// Looked at so often within the time after which nothing runs: the end of the last command is noticed soon enough.
const LOOKS: u32 = 4;
/// Nothing is looked at more often.
const LOOK: Duration = Duration::from_millis(20);
/// Nor less often.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// Pages that are worth letting go: half a MiB.
const MAPPED_MORE: u64 = 128;

/// What the process of a workspace does, from start to end.
pub fn workspace_main() -> ExitCode {
    let control = match control() {
        Ok(control) => control,
        Err(error) => return complain(&format!("this is started by the server only: {error}")),
    };
    match become_workspace(&control) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            control.say(&Said::Failed(why));
            ExitCode::FAILURE
        }
    }
}

fn complain(why: &str) -> ExitCode {
    use std::io::Write;
    writeln!(io::stderr(), "open-terminal: {why}").ok();
    ExitCode::FAILURE
}

/// Takes the control socket from where commands would inherit it.
fn control() -> io::Result<Control> {
    sys::close_all_but_standard();
    // Away from the server's terminal, which its own session has.
    setsid()?;
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    dup2_stdin(File::open("/dev/null")?)?;
    Ok(Control::new(socket))
}

fn become_workspace(control: &Control) -> Result<(), String> {
    let handover = control.handover();
    let handover = handover.map_err(|error| format!("the handover cannot be read: {error}"))?;
    // The server has raised its own.
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        setrlimit(Resource::RLIMIT_NOFILE, handover.open_files.min(hard), hard).ok();
    }
    let entered = handover.limits.enter();
    entered.map_err(|error| format!("its place under the limits cannot be entered: {error}"))?;
    // Its end is the end of the process before the fork, if there is one: the server knows the number then.
    let (told, telling) = pipe2(OFlag::O_CLOEXEC).map_err(|error| error.to_string())?;
    let walls = match walls::enter(&handover.plan)? {
        Entered::Outside(pid) => {
            control.say(&Said::Lives(pid.as_raw()));
            return Ok(());
        }
        Entered::Inside(walls) => walls,
    };
    drop(telling);
    File::from(told).read_to_end(&mut Vec::new()).ok();
    sys::hide_memory().map_err(|error| format!("its memory cannot be hidden: {error}"))?;
    serve(control, handover, walls)
}

/// How a workspace rests.
struct Rest {
    /// When nothing has run for so long, it may end; never, when that is zero.
    after: Duration,
    /// What it takes less of meanwhile.
    program: Option<Program>,
}

fn serve(control: &Control, handover: Handover, walls: Vec<Wall>) -> Result<(), String> {
    let pairs = handover.environment.into_iter();
    let pairs = pairs.map(|(name, value)| (OsString::from_vec(name), OsString::from_vec(value)));
    let environment = Environment::from_pairs(pairs).in_directory(&handover.directory);
    let config = config::handed(&handover.settings, &handover.directory, &environment);
    let config = Arc::new(config.map_err(|error| error.to_string())?);
    let rest = Rest {
        after: handover.idle,
        program: Program::mapped().ok(),
    };
    sys::survive_file_size_limit()
        .map_err(|error| format!("SIGXFSZ cannot be ignored: {error}"))?;
    let _log = telemetry::start(&config.log_level, config.json_logs)?;
    let limits = Limits::join(handover.limits)?;
    sys::run_soon();
    let commands = runtime(&mut Builder::new_current_thread())?;
    let http = http_runtime(1)?;
    let live = live(control, config, &environment, &limits, walls, rest, &http);
    let ended = commands.block_on(live);
    http.shutdown_background();
    commands.shutdown_background();
    limits.close(LIMITS_END);
    ended
}

/// From the first connection to the end of the server, or to its wish; runs on the runtime of the commands.
async fn live(
    control: &Control,
    config: Arc<Config>,
    environment: &Environment,
    limits: &Limits,
    walls: Vec<Wall>,
    rest: Rest,
    http: &Runtime,
) -> Result<(), String> {
    let patience = http::Patience::with_the_server();
    let stop = CancellationToken::new();
    let all = Arc::new(Services::new(config, environment, limits, Place::Workspace));
    let state = all.state(Vec::new(), None, None, &stop);
    let router = api::inner_router(state);
    let connections = {
        let _runtime = http.enter();
        control.listen()
    };
    let connections: Connections = connections.map_err(|error| error.to_string())?;
    let over = CancellationToken::new();
    let serving = http.spawn(http::serve_handed(
        connections,
        router,
        patience,
        over.clone(),
        stop.clone(),
    ));
    let mut background = vec![tokio::spawn(take_children())];
    background.extend(all.begin());
    control.say(&Said::Ready(walls));
    tokio::select! {
        () = over.cancelled() => {}
        () = tell_when_idle(control, &all, &rest) => {}
    }
    stop.cancel();
    all.shut_down(COMMANDS_END).await;
    tokio::time::timeout(REQUESTS_END, serving).await.ok();
    background.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}

/// Says to the server, again and again, that nothing has run here for so long. Whether somebody has asked for
/// something meanwhile is what the server knows. What was mapped for the last requests is let go. Runs for ever.
async fn tell_when_idle(control: &Control, all: &Services, rest: &Rest) {
    let idle = rest.after;
    let mut since = Instant::now();
    let mut mapped = 0;
    loop {
        sleep(pause(idle)).await;
        if all.are_in_use() {
            since = Instant::now();
            continue;
        }
        take_little_memory(rest.program.as_ref(), &mut mapped);
        if !idle.is_zero() && since.elapsed() >= idle {
            control.say(&Said::Idle);
        }
    }
}

/// Time between two looks.
fn pause(idle: Duration) -> Duration {
    if idle.is_zero() {
        return LONGEST_LOOK;
    }
    (idle / LOOKS).clamp(LOOK, LONGEST_LOOK)
}

/// Lets go of what was needed to start, or for the last requests. `mapped` is what was left the last time.
fn take_little_memory(program: Option<&Program>, mapped: &mut u64) {
    let now = || sys::mapped_pages().unwrap_or(0);
    if let Some(program) = program
        && now() > *mapped + MAPPED_MORE
    {
        program.let_go().ok();
        *mapped = now();
    }
}
