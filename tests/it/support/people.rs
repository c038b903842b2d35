//! A server of many users, whose accounts go when the test is over.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::isolated::{for_everybody, of_accounts};
use super::terminal::caller;
use super::{Answer, Ask, Builder, Home, Server, binary, needs_root};

/// How long a server with many workspaces may take to end, on a busy machine too.
const END: Duration = Duration::from_mins(1);

/// How long what runs of an account may take to end after the server.
const LEFT: Duration = Duration::from_secs(8);

/// An account that the server has made.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// The name of the account.
    pub(crate) name: String,
    /// Its number.
    pub(crate) uid: u32,
    /// Its home.
    pub(crate) home: String,
}

/// The server, and the accounts it makes.
pub(crate) struct People {
    server: Option<Server>,
    home: Home,
    prefix: String,
}

impl People {
    /// Starts one with nothing special; none, which is said, when we are not root.
    pub(crate) fn spawn() -> Option<Self> {
        Self::with(|builder| builder)
    }

    /// Starts one with settings of the test's own.
    #[track_caller]
    pub(crate) fn with(settings: impl FnOnce(Builder) -> Builder) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        if !needs_root() {
            return None;
        }
        let home = Home::new();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("it{:x}{number}-", std::process::id() & 0xffff);
        let mut people = Self {
            server: None,
            home,
            prefix,
        };
        people.server = Some(settings(people.builder()).start());
        Some(people)
    }

    fn builder(&self) -> Builder {
        let builder = Server::builder().home(&self.home);
        let settings = self.settings().into_iter();
        settings.fold(builder, |builder, (name, value)| builder.env(&name, &value))
    }

    /// Starts a server, after the end of the one before, that knows the same users.
    pub(crate) fn start_again(&mut self) {
        self.server = None;
        self.server = Some(self.builder().start());
    }

    fn settings(&self) -> Vec<(String, String)> {
        [
            ("OPEN_TERMINAL_MULTI_USER", "true".to_owned()),
            ("OPEN_TERMINAL_USER_PREFIX", self.prefix.clone()),
            ("OPEN_TERMINAL_LOG_LEVEL", "debug".to_owned()),
            ("PATH", for_everybody()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Makes a request as a user.
    pub(crate) fn by(&self, user: &str, method: &str, path: &str) -> Ask {
        self.ask_as(caller(user, ""), method, path)
    }

    /// Runs a command as a user, and waits for its end.
    pub(crate) fn run_by(&self, user: &str, command: &str) -> Answer {
        let body = serde_json::json!({ "command": command });
        self.by(user, "POST", "/execute?wait=30").json(&body).send()
    }

    /// Keeps the server from the accounts that it has not looked up yet, until this is dropped.
    pub(crate) fn hold_accounts(&self) -> fs::File {
        let lock = self.home.path().join("state/open-terminal/users.lock");
        let mut options = fs::OpenOptions::new();
        let lock = options.create(true).append(true).open(lock);
        let lock = lock.expect("the server has made its directory");
        lock.lock().expect("it can be locked");
        lock
    }

    /// The accounts that there are.
    pub(crate) fn accounts(&self) -> Vec<Person> {
        let all = fs::read_to_string("/etc/passwd").expect("it is there");
        let person = |line: &str| {
            let fields: Vec<&str> = line.split(':').collect();
            Some(Person {
                name: (*fields.first()?).to_owned(),
                uid: fields.get(2)?.parse().ok()?,
                home: (*fields.get(5)?).to_owned(),
            })
        };
        let ours = all.lines().filter(|line| line.starts_with(&self.prefix));
        ours.filter_map(person).collect()
    }

    /// Ends the server and removes all accounts with their homes; what goes wrong is told.
    pub(crate) fn remove(&mut self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(mut server) = self.server.take()
            && !server.stops_within(END)
        {
            problems.push("the server does not end".to_owned());
        }
        let accounts = self.accounts();
        let uids: Vec<u32> = accounts.iter().map(|person| person.uid).collect();
        let start = Instant::now();
        // An account of which something runs is not removed.
        while !of_accounts(&uids).is_empty() && start.elapsed() < LEFT {
            std::thread::sleep(Duration::from_millis(20));
        }
        for person in accounts {
            let mut command = self.home.command(binary());
            command
                .envs(self.settings())
                .args(["users", "remove", &person.name]);
            let ended = command.stdout(Stdio::null()).output();
            let ended = ended.expect("the program starts");
            if !ended.status.success() {
                problems.push(String::from_utf8_lossy(&ended.stderr).into_owned());
            }
        }
        problems
    }
}

impl Drop for People {
    fn drop(&mut self) {
        for problem in self.remove() {
            eprintln!("an account is left: {problem}");
        }
    }
}

impl Deref for People {
    type Target = Server;

    fn deref(&self) -> &Server {
        self.server.as_ref().expect("it was not ended")
    }
}

impl DerefMut for People {
    fn deref_mut(&mut self) -> &mut Server {
        self.server.as_mut().expect("it was not ended")
    }
}
