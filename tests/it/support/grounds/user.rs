//! A user of a ground: requests and commands in their name, and the files they keep.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Ground, Person};
use crate::support::files::target;
use crate::support::terminal::{Caller, Client, caller};
use crate::support::wire::Wire;
use crate::support::{Answer, Ask, Reply, processes, wait_for};

/// A user of a ground. What they do goes over the server.
#[derive(Clone, Copy)]
pub(crate) struct User<'a> {
    ground: &'a Ground,
    pub(super) person: &'a Person,
}

impl<'a> User<'a> {
    pub(super) fn new(ground: &'a Ground, person: &'a Person) -> Self {
        Self { ground, person }
    }

    /// Their id.
    pub(crate) fn id(&self) -> &'a str {
        &self.person.id
    }

    /// As who they ask.
    pub(crate) fn caller(&self) -> Caller<'a> {
        caller(&self.person.id, "")
    }

    /// Their home.
    pub(crate) fn home(&self) -> &'a Path {
        &self.person.home
    }

    /// A path in their home, as text.
    pub(crate) fn at(&self, name: &str) -> String {
        self.home().join(name).display().to_string()
    }

    /// Their uid: that of who owns their home.
    pub(crate) fn uid(&self) -> u32 {
        let home = fs::metadata(self.home()).expect("their home is there");
        home.uid()
    }

    /// Their group.
    pub(crate) fn gid(&self) -> u32 {
        let home = fs::metadata(self.home()).expect("their home is there");
        home.gid()
    }

    /// Puts a file into their home that is theirs; the answer is its path.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home().join(name);
        let owner = fs::metadata(self.home()).expect("their home is there");
        let mut above = self.home().to_owned();
        for part in Path::new(name).parent().expect("it has a name") {
            above.push(part);
            if fs::create_dir(&above).is_ok() {
                chown(&above, Some(owner.uid()), Some(owner.gid())).expect("we are root");
            }
        }
        fs::write(&path, content).expect("root may write");
        chown(&path, Some(owner.uid()), Some(owner.gid())).expect("we are root");
        path
    }

    /// What a file in their home holds; empty when there is none.
    pub(crate) fn has(&self, name: &str) -> String {
        let bytes = fs::read(self.home().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Prepares a request.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        self.ground.ask_as(self.caller(), method, path)
    }

    /// Gets a path.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send()
    }

    /// Gets something under `/files`.
    pub(crate) fn look(&self, what: &str, query: &[(&str, &str)]) -> Answer {
        self.get(&target(what, query))
    }

    /// Posts JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path).json(body).send()
    }

    /// Runs a command in their home and waits for its end, at most 30 s. It finds both homes in `A` and `B`, and the
    /// place in `PLACE`.
    #[track_caller]
    pub(crate) fn execute(&self, command: &str, wait: u32, env: &[(&str, &str)]) -> Reply {
        let mut all = json!({
            "A": self.ground.a().home(),
            "B": self.ground.b().home(),
            "PLACE": self.ground.place(),
        });
        for (name, value) in env {
            all[*name] = json!(value);
        }
        let body = json!({ "command": command, "cwd": self.home(), "env": all });
        Reply(
            self.post(&format!("/execute?wait={wait}"), &body)
                .expect(200)
                .json(),
        )
    }

    /// What a command prints.
    #[track_caller]
    pub(crate) fn run(&self, command: &str) -> String {
        let reply = self.execute(command, 30, &[]);
        assert_ne!(reply.state(), "running", "not within 30 s: {command}");
        reply.output().replace("\r\n", "\n")
    }

    /// Whether a command succeeds.
    #[track_caller]
    pub(crate) fn can(&self, command: &str) -> bool {
        self.execute(command, 30, &[]).exit_code() == Some(0)
    }

    /// What a Python program prints; it stands in their home.
    #[track_caller]
    pub(crate) fn python(&self, program: &str, arguments: &str) -> String {
        let name = format!("p{}.py", super::random());
        self.put(&name, program);
        self.run(&format!("python3 {} {arguments} 2>&1", self.at(&name)))
    }

    /// Starts a command and waits until it has printed `up`.
    #[track_caller]
    pub(crate) fn start(&self, command: &str, env: &[(&str, &str)]) -> Running {
        let mark = format!("{}-{}", self.id(), super::random());
        let mut env = env.to_vec();
        env.push(("OT_TEST_MARK", &mark));
        let id = self.execute(command, 0, &env).id();
        let output = wait_for("a command is up", Duration::from_secs(20), || {
            let output = self.output(&id);
            output.contains("up").then_some(output)
        });
        let pids = wait_for("its processes", Duration::from_secs(10), || {
            Some(processes::marked(&mark)).filter(|pids| !pids.is_empty())
        });
        Running { id, pids, output }
    }

    /// What one of their commands has printed so far.
    pub(crate) fn output(&self, id: &str) -> String {
        let answer = self.get(&format!("/execute/{id}/status?wait=0"));
        Reply(answer.expect(200).json()).output()
    }

    /// Whether an answer without an end begins well, as that of `/files/watch`.
    pub(crate) fn begins(&self, path: &str) -> bool {
        let headers = [("x-user-id", self.id())];
        let answer = Wire::open(self.ground, "GET", path, &headers).answer();
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    /// Ends one of their commands.
    pub(crate) fn end(&self, running: &Running) {
        self.ask("DELETE", &format!("/execute/{}?force=true", running.id))
            .send();
    }

    /// Opens a terminal and attaches to it.
    #[track_caller]
    pub(crate) fn terminal(&self) -> (String, Client) {
        let id = self.ground.open(self.caller());
        let client = self.ground.attach(&id).by(self.caller()).start();
        (id, client)
    }
}

/// A command that runs.
pub(crate) struct Running {
    /// Its id.
    pub(crate) id: String,
    /// Its processes, as the whole machine numbers them.
    pub(crate) pids: Vec<i32>,
    /// What it has printed when it was up.
    pub(crate) output: String,
}

impl Running {
    /// Whether any of its processes is left.
    pub(crate) fn lives(&self) -> bool {
        self.pids.iter().any(|&pid| processes::alive(pid))
    }

    /// One of its processes.
    #[track_caller]
    pub(crate) fn pid(&self) -> i32 {
        *self.pids.last().expect("it has processes")
    }
}
