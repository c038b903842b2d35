//! The wiring: settings → services → router → listener → background tasks → drain.
//!
//! Two runtimes: one serves HTTP and moves the terminals' bytes, the other, on the main thread, runs the
//! commands. The second may wait for a disk (it writes the logs), the first never does.

mod banner;
mod http;
mod inner;
mod limits;
mod protections;
mod services;
mod tunnel;

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::api::{self, Protection};
use crate::config::{Config, Isolation, Startup};
use crate::gateway::{Gateway, Launcher};
use crate::limits::Limits;
use crate::packages::Packages;
use crate::{sys, telemetry};
use services::{Place, Services};

pub use inner::workspace_main;

/// Threads that serve HTTP at most; one core is left for the commands.
const MOST_WORKERS: usize = 8;
/// An idle helper thread ends after this.
const THREAD_IDLE: Duration = Duration::from_millis(500);
/// Time for the first lines of the log to be written.
const BANNER: Duration = Duration::from_secs(1);
/// Time for all commands and terminals to end when the server does.
const COMMANDS_END: Duration = Duration::from_secs(6);
/// Time for workspaces to end in.
const WORKSPACES_END: Duration = Duration::from_secs(7);
/// Time for requests under way to be answered after that.
const REQUESTS_END: Duration = Duration::from_secs(2);
/// Time for the last processes to leave their places among the limits.
const LIMITS_END: Duration = Duration::from_secs(1);

/// Runs the server until it is told to end. Fails with one line for the person who started it.
pub fn run(startup: &Startup) -> Result<(), String> {
    let config = &startup.loaded.config;
    sys::survive_file_size_limit()
        .map_err(|error| format!("SIGXFSZ cannot be ignored: {error}"))?;
    let listener = bind(config)?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let launcher = match config.isolation {
        Isolation::None => None,
        Isolation::Process => Some(Launcher::new(startup.clone())?),
    };
    let log = telemetry::start(&config.log_level, config.json_logs)?;
    let tunnel = startup
        .tunnel
        .then(|| tunnel::Tunnel::find(&startup.env, address))
        .transpose()?;
    // Before there is any other process: it may move this one.
    let limits = Limits::start(limits::settings(config))?;
    let gateway = launcher
        .map(|launcher| Gateway::new(launcher.under(limits.clone()), config.api_key.as_bytes()));
    let protections = protections::active(startup, limits.status(), gateway.as_ref());
    let commands = runtime(&mut Builder::new_current_thread())?;
    // Who reads that it serves may tell it to end at once.
    let told_to_end = {
        let _runtime = commands.enter();
        told_to_end()?
    };
    let told = gateway.as_ref().map_or(&[][..], Gateway::told);
    banner::show(startup, address, limits.status(), &protections, told);
    // Who finds that the server answers may look for its key at once.
    log.settle(BANNER);
    // However many commands compute, requests are answered.
    sys::run_soon();
    let workers = std::thread::available_parallelism()
        .map_or(1, |cores| cores.get() - 1)
        .clamp(1, MOST_WORKERS);
    let http = http_runtime(workers)?;
    let ended = commands.block_on(live(
        startup,
        listener,
        &http,
        tunnel,
        &limits,
        (gateway, protections),
        told_to_end,
    ));
    http.shutdown_background();
    commands.shutdown_background();
    limits.close(LIMITS_END);
    ended
}

fn runtime(builder: &mut Builder) -> Result<Runtime, String> {
    let built = builder.enable_all().thread_keep_alive(THREAD_IDLE).build();
    built.map_err(|error| format!("no threads can be started: {error}"))
}

fn http_runtime(workers: usize) -> Result<Runtime, String> {
    runtime(
        Builder::new_multi_thread()
            .worker_threads(workers)
            .thread_name("http")
            .on_thread_start(sys::run_soon),
    )
}

fn bind(config: &Config) -> Result<TcpListener, String> {
    let (host, port) = (config.host.as_str(), config.port);
    let addresses = (host, port).to_socket_addrs();
    let addresses =
        addresses.map_err(|error| format!("host {host:?} is no address to listen on: {error}"))?;
    let bound = TcpListener::bind(&*addresses.collect::<Vec<SocketAddr>>());
    let listener = bound.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("port {port} on {host} is in use: stop what listens there, or choose another with --port")
        }
        std::io::ErrorKind::PermissionDenied => {
            format!("port {port} needs more rights: choose one above 1023 with --port")
        }
        _ => format!("cannot listen on {host}:{port}: {error}"),
    })?;
    listener
        .set_nonblocking(true)
        .map_err(|error| error.to_string())?;
    Ok(listener)
}

/// From the first request to the last; runs on the runtime of the commands.
async fn live(
    startup: &Startup,
    listener: TcpListener,
    http: &Runtime,
    tunnel: Option<tunnel::Tunnel>,
    limits: &Limits,
    (gateway, protections): (Option<Gateway>, Vec<Protection>),
    told_to_end: impl Future<Output = &'static str>,
) -> Result<(), String> {
    let config = &startup.loaded.config;
    let stop = CancellationToken::new();
    let all = Services::new(
        Arc::new(config.clone()),
        &startup.env,
        limits,
        if gateway.is_some() {
            Place::Edge
        } else {
            Place::Server
        },
    );
    let packages = Packages::of(config, &startup.env);
    let elsewhere = gateway.as_ref().map(Gateway::elsewhere);
    let state = all.state(protections, elsewhere, packages.clone(), &stop);
    let serving = http.spawn(http::serve(
        listener,
        api::router(state),
        http::Patience::of(config),
        stop.clone(),
    ));
    let mut background = vec![tokio::spawn(take_children())];
    match &gateway {
        Some(gateway) => {
            let gateway = gateway.clone();
            background.push(http.spawn(async move { gateway.warm_up().await }));
        }
        None => background.extend(all.begin()),
    }
    let tunnel = tunnel.map(tunnel::Tunnel::open).transpose()?;
    if let Some(packages) = packages {
        let begun = packages.begin();
        begun.map_err(|error| format!("no thread can be started: {error}"))?;
    }
    let why = told_to_end.await;
    tracing::info!("shutting down on {why}");
    stop.cancel();
    match gateway {
        Some(gateway) => gateway.shut_down(WORKSPACES_END).await,
        None => all.shut_down(COMMANDS_END).await,
    }
    drop(tunnel);
    if tokio::time::timeout(REQUESTS_END, serving).await.is_err() {
        tracing::warn!("some requests were cut off");
    }
    background.iter().for_each(tokio::task::JoinHandle::abort);
    tracing::info!("ended");
    Ok(())
}

/// Waits for any of the signals that end the server, which are caught from now on; gives its name.
fn told_to_end() -> Result<impl Future<Output = &'static str>, String> {
    let on = |kind| signal(kind).map_err(|error| format!("signals cannot be awaited: {error}"));
    let mut terminate = on(SignalKind::terminate())?;
    let mut interrupt = on(SignalKind::interrupt())?;
    let mut hangup = on(SignalKind::hangup())?;
    let mut quit = on(SignalKind::quit())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
            _ = hangup.recv() => "SIGHUP",
            _ = quit.recv() => "SIGQUIT",
        }
    })
}

/// Takes every child that ends, orphans included when this is PID 1. Runs for ever.
async fn take_children() {
    let Ok(mut ended) = signal(SignalKind::child()) else {
        return;
    };
    loop {
        // Also those that ended before anybody listened.
        sys::reap();
        if ended.recv().await.is_none() {
            return;
        }
    }
}
