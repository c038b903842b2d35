//! A server of a test's own: the real binary, with its own home, environment and port.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::{Answer, Ask, processes, variables, wait_for};

/// The API key of a test's server, unless the test gives another.
pub(crate) const KEY: &str = "a-key-only-for-the-tests-8f1c";

/// The program under test: the one just built, or what `OT_TEST_BIN` names.
pub(crate) fn binary() -> PathBuf {
    variables::get("OT_TEST_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_open-terminal")),
        PathBuf::from,
    )
}

/// A private directory tree; it goes when the last server and test that know it are gone.
#[derive(Clone)]
pub(crate) struct Home(Arc<TempDir>);

impl Home {
    /// Makes an empty one that every user may use.
    pub(crate) fn new() -> Self {
        let home = Self(Arc::new(
            TempDir::with_prefix("ot-it-").expect("a temporary directory can be made"),
        ));
        for name in ["", "work", "config/open-terminal", "state", "cache", "tmp"] {
            let path = home.path().join(name);
            fs::create_dir_all(&path).expect("it is writable");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("it is ours");
        }
        home
    }

    /// Its top: the server's `HOME`.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The server's working directory.
    pub(crate) fn work(&self) -> PathBuf {
        self.path().join("work")
    }

    /// Where the output logs are.
    pub(crate) fn logs(&self) -> PathBuf {
        self.path().join("state/open-terminal/logs/processes")
    }

    /// Where the server's own output goes.
    fn output(&self) -> PathBuf {
        self.path().join("server-output.txt")
    }

    /// The program, ready to be started in this home with nothing else in its environment.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .current_dir(self.work())
            .stdin(Stdio::null())
            .envs(self.environment());
        command
    }

    /// The environment of everything started here.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let inside = |name: &str| self.path().join(name).display().to_string();
        let path = variables::get("PATH").expect("PATH is set");
        [
            ("PATH", path),
            ("HOME", self.path().display().to_string()),
            ("LANG", "C.UTF-8".to_owned()),
            ("SHELL", "/bin/sh".to_owned()),
            ("TMPDIR", inside("tmp")),
            ("XDG_CONFIG_HOME", inside("config")),
            ("XDG_STATE_HOME", inside("state")),
            ("XDG_CACHE_HOME", inside("cache")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// How a server is to be started.
#[must_use]
pub(crate) struct Builder {
    home: Home,
    program: PathBuf,
    wrapper: Vec<String>,
    args: Vec<String>,
    env: Vec<(String, String)>,
    key: String,
    host: String,
}

impl Builder {
    /// Listens on this address and not on 127.0.0.1.
    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds an argument after `run`.
    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Writes the user's config file.
    pub(crate) fn config_toml(self, text: &str) -> Self {
        fs::write(
            self.home.path().join("config/open-terminal/config.toml"),
            text,
        )
        .expect("the home is writable");
        self
    }

    /// Uses a home that is there already, as after a restart.
    pub(crate) fn home(mut self, home: &Home) -> Self {
        self.home = home.clone();
        self
    }

    /// Starts it through another program, such as `prlimit --nofile=1024`.
    pub(crate) fn under(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// Starts a copy of the program.
    pub(crate) fn program(mut self, program: &Path) -> Self {
        program.clone_into(&mut self.program);
        self
    }

    /// Gives no key by the environment; requests carry `key`.
    pub(crate) fn key_from_elsewhere(mut self, key: &str) -> Self {
        self.env.retain(|(name, _)| name != "OPEN_TERMINAL_API_KEY");
        key.clone_into(&mut self.key);
        self
    }

    /// Starts it and waits until it says where it listens.
    #[track_caller]
    pub(crate) fn start(self) -> Server {
        let output = File::create(self.home.output()).expect("the home is writable");
        let errors = output.try_clone().expect("a descriptor can be doubled");
        let words: Vec<String> = self
            .wrapper
            .into_iter()
            .chain([self.program.display().to_string()])
            .collect();
        let mut command = self.home.command(&words[0]);
        command
            .args(&words[1..])
            .args(["run", "--host", &self.host, "--port", "0"])
            .args(self.args);
        let child = command
            .envs(self.env)
            .stdout(output)
            .stderr(errors)
            .spawn()
            .expect("the program starts");
        let mut server = Server {
            pid: child.id().cast_signed(),
            child,
            port: 0,
            key: self.key,
            home: self.home,
        };
        server.port = server.listening();
        server.pid = server.find(&self.program);
        server
    }
}

/// A running server; dropping it ends it.
pub(crate) struct Server {
    child: Child,
    /// Its process.
    pub(crate) pid: i32,
    /// The port that it listens on.
    pub(crate) port: u16,
    /// The key that requests carry.
    pub(crate) key: String,
    /// Its directories.
    pub(crate) home: Home,
}

impl Server {
    /// Starts one with nothing special.
    #[track_caller]
    pub(crate) fn spawn() -> Self {
        Self::builder().start()
    }

    /// Starts to say how one is to be started.
    pub(crate) fn builder() -> Builder {
        let env = vec![("OPEN_TERMINAL_API_KEY".to_owned(), KEY.to_owned())];
        Builder {
            home: Home::new(),
            program: binary(),
            wrapper: Vec::new(),
            args: Vec::new(),
            env,
            key: KEY.to_owned(),
            host: "127.0.0.1".to_owned(),
        }
    }

    /// Makes a request with the key.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let headers = vec![("authorization".to_owned(), format!("Bearer {}", self.key))];
        Ask {
            method: method.to_owned(),
            url,
            headers,
            body: None,
        }
    }

    /// Gets a path.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send()
    }

    /// What the server has printed so far.
    pub(crate) fn printed(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.home.output()).unwrap_or_default()).into_owned()
    }

    /// Sends the server a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        processes::signal(self.pid, signal);
    }

    /// Asks it to end (SIGTERM) and waits for that, at most 20 s.
    #[track_caller]
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.ended(Duration::from_secs(20))
    }

    /// Ends it at once (SIGKILL), as a crash would.
    pub(crate) fn crash(&mut self) {
        self.signal(Signal::SIGKILL);
        self.ended(Duration::from_secs(10));
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn ended(&mut self, limit: Duration) -> ExitStatus {
        let child = &mut self.child;
        wait_for("the end of the server", limit, || {
            child.try_wait().expect("it is our child")
        })
    }

    /// Asks it to end, and whether it does in time.
    pub(crate) fn stops_within(&mut self, limit: Duration) -> bool {
        self.signal(Signal::SIGTERM);
        let start = std::time::Instant::now();
        while !matches!(self.child.try_wait(), Ok(Some(_))) {
            if start.elapsed() > limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    fn listening(&mut self) -> u16 {
        let what = format!("{} says where it listens", binary().display());
        wait_for(&what, Duration::from_secs(20), || {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                panic!("the server ended at once: {status}");
            }
            port_in(&self.printed())
        })
    }

    /// The server's own process: the child, or below it when it was started through another program.
    fn find(&self, program: &Path) -> i32 {
        let below = processes::descendants(self.pid);
        let mut candidates = std::iter::once(self.pid).chain(below);
        candidates
            .find(|&pid| processes::runs(pid, program))
            .unwrap_or(self.pid)
    }
}

/// The port of the first `http://host:port` in a text.
pub(crate) fn port_in(text: &str) -> Option<u16> {
    text.split("http://").skip(1).find_map(|rest| {
        let (_, after) = rest.split_once(':')?;
        let end = after.find(|c: char| !c.is_ascii_digit())?;
        after[..end].parse().ok().filter(|&port| port > 0)
    })
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Its last lines are written a little later than answered.
            std::thread::sleep(Duration::from_millis(200));
            eprintln!("---- the server printed:\n{}----", self.printed());
        }
        self.signal(Signal::SIGTERM);
        for _ in 0..150 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.signal(Signal::SIGKILL);
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
