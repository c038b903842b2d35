//! Real work through the API: what a client reads equals what `script(1)` records of the same command.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::support::{Home, Server, seconds, variables, wait_for};

/// Runs a command through the API and reads it by its offsets until it is done.
fn through_the_api(server: &Server, directory: &Path, command: &str) -> (String, Option<i64>) {
    let id = server
        .execute("wait=1", &json!({ "command": command, "cwd": directory }))
        .id();
    let (mut offset, mut output) = (0, String::new());
    let last = wait_for("the end of the command", seconds(180), || {
        let reply = server.status(&id, &format!("wait=1&offset={offset}"));
        let more = offset != reply.next_offset();
        offset = reply.next_offset();
        output += &reply.output();
        (reply.state() != "running" && !more).then_some(reply)
    });
    (output, last.exit_code())
}

/// Makes `script(1)` ready to run a command on a terminal of the same size, in the same environment.
fn script(home: &Home, directory: &Path, command: &str, env: &[(&str, String)]) -> Command {
    let sized = format!("stty rows 24 cols 80; {command}");
    let mut script = home.command("script");
    script
        .args(["-qec", &sized, "/dev/null"])
        .current_dir(directory);
    script.envs(env.iter().map(|(name, value)| (name, value)));
    script
}

fn under_script(
    home: &Home,
    directory: &Path,
    command: &str,
    env: &[(&str, String)],
) -> (String, Option<i64>) {
    let output = script(home, directory, command, env)
        .output()
        .expect("script(1) is installed");
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        output.status.code().map(i64::from),
    )
}

/// Runs a command both ways in a directory that is fresh each time; gives what came out of each.
fn both(
    server: &Server,
    env: &[(&str, String)],
    prepare: impl Fn(&Path),
    command: &str,
) -> [(String, Option<i64>); 2] {
    let directory = server.home.work().join("job");
    let fresh = || {
        fs::remove_dir_all(&directory).ok();
        fs::create_dir(&directory).expect("the home is writable");
        prepare(&directory);
    };
    fresh();
    let ours = through_the_api(server, &directory, command);
    fresh();
    [ours, under_script(&server.home, &directory, command, env)]
}

/// The tool chain's variables, which an empty environment hides from it.
fn toolchain() -> Vec<(&'static str, String)> {
    let home = PathBuf::from(variables::get("HOME").expect("HOME is set"));
    let place = |name: &str, below: &str| {
        variables::get(name).unwrap_or_else(|| home.join(below).display().to_string())
    };
    let mut found = vec![
        ("CARGO_HOME", place("CARGO_HOME", ".cargo")),
        ("RUSTUP_HOME", place("RUSTUP_HOME", ".rustup")),
    ];
    found.extend(variables::get("RUSTUP_TOOLCHAIN").map(|name| ("RUSTUP_TOOLCHAIN", name)));
    found.push(("CARGO_NET_OFFLINE", "true".to_owned()));
    found
}

fn server_with(env: &[(&str, String)]) -> Server {
    env.iter()
        .fold(Server::builder(), |builder, (name, value)| {
            builder.env(name, value)
        })
        .start()
}

#[test]
fn a_new_crate_is_made_built_and_tested() {
    let env = toolchain();
    let server = server_with(&env);
    let command = "cargo new --vcs none tiny && cd tiny && cargo new --vcs none --lib --name part part && \
                   cargo add --quiet --path part 2>/dev/null; cargo test";
    let [ours, scripts] = both(&server, &env, |_| (), command);
    assert_eq!(ours.1, Some(0), "{}", ours.0);
    assert!(ours.0.contains("test result: ok"), "{}", ours.0);
    assert_eq!(steady(&ours.0), steady(&scripts.0));
    assert_eq!(ours.1, scripts.1);
}

/// Cargo's output without what differs from run to run: progress bars, times, hashes of build directories.
fn steady(text: &str) -> String {
    text.split("\r\n")
        .map(|line| steady_line(line) + "\n")
        .collect()
}

fn steady_line(line: &str) -> String {
    let parts: Vec<&str> = line
        .split('\r')
        .filter(|part| !part.contains(" [=") && !part.contains(" [ "))
        .collect();
    let line = parts.concat().replace("\u{1b}[K", "");
    let line = without_after(&line, " in ", |c| c.is_ascii_digit() || c == '.');
    without_after(&line, "deps/", |c| {
        c.is_ascii_alphanumeric() || c == '_' || c == '-'
    })
}

/// The text with the run of such characters after each `mark` replaced.
fn without_after(text: &str, mark: &str, varies: impl Fn(char) -> bool) -> String {
    let mut pieces = text.split(mark);
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(&varies);
        result.extend([mark, if rest.len() < piece.len() { "…" } else { "" }, rest]);
    }
    result
}

#[test]
fn a_repository_is_cloned() {
    let env = [
        ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
        ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
        ("GIT_PAGER", "cat".to_owned()),
    ];
    let server = server_with(&env);
    let origin = server.home.path().join("origin");
    fs::create_dir(&origin).expect("the home is writable");
    for n in 0..30 {
        fs::write(
            origin.join(format!("file-{n}.txt")),
            format!("{n}\n").repeat(n + 1),
        )
        .expect("it is writable");
    }
    let steps = "git init -q -b main . && git add . && \
                git -c user.name=a -c user.email=a@b.example commit -qm first";
    let made = server
        .home
        .command("sh")
        .args(["-c", steps])
        .current_dir(&origin)
        .envs(env.clone())
        .status();
    assert!(made.expect("git is installed").success());

    let url = format!("file://{}", origin.display());
    let command = format!(
        "git clone --progress {url} copy && cd copy && git log --oneline && git status && ls"
    );
    let [ours, scripts] = both(&server, &env, |_| (), &command);
    assert_eq!(ours.1, Some(0), "{}", ours.0);
    assert!(
        ours.0.contains("Receiving objects: 100%") && ours.0.contains("file-29.txt"),
        "{}",
        ours.0
    );
    assert_eq!(pieces(&ours.0), pieces(&scripts.0));
    assert_eq!(ours.1, scripts.1);
}

/// Git's output as pieces, those of the other end apart, without speeds and blank pieces.
///
/// Two processes write to the terminal: where one ends the other's line, and whether a speed was
/// measured yet, varies from run to run.
fn pieces(text: &str) -> (Vec<&str>, Vec<&str>) {
    let unmeasured = |piece| str::split_once(piece, "), ").map_or(piece, |(counted, _)| counted);
    let pieces = text
        .split(['\r', '\n'])
        .map(|piece| unmeasured(piece).trim_end());
    let (mut remote, mut local): (Vec<&str>, Vec<&str>) = pieces
        .filter(|piece| !piece.is_empty())
        .partition(|piece| piece.starts_with("remote: "));
    remote.dedup_by_key(|piece| piece.trim_end_matches(')'));
    local.dedup_by_key(|piece| piece.trim_end_matches(')'));
    (remote, local)
}

/// A program on a terminal that can be typed into.
trait Session {
    /// Types text.
    fn type_in(&mut self, text: &str);
    /// All that it has printed.
    fn output(&mut self) -> String;
}

/// Through the API.
struct Ours<'a> {
    server: &'a Server,
    id: String,
}

impl Session for Ours<'_> {
    fn type_in(&mut self, text: &str) {
        self.server.input(&self.id, text).expect(200);
    }

    fn output(&mut self) -> String {
        self.server.status(&self.id, "wait=0").output()
    }
}

/// Through `script(1)`.
struct Scripts {
    child: Child,
    input: ChildStdin,
    output: Arc<Mutex<Vec<u8>>>,
}

impl Scripts {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script(1) is installed");
        let output = Arc::new(Mutex::new(Vec::new()));
        let (mut from, into) = (
            child.stdout.take().expect("it is piped"),
            Arc::clone(&output),
        );
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = from.read(&mut bytes) {
                into.lock()
                    .expect("nobody panics with it")
                    .extend(&bytes[..n]);
            }
        });
        Self {
            input: child.stdin.take().expect("it is piped"),
            child,
            output,
        }
    }
}

impl Session for Scripts {
    fn type_in(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).expect("it reads");
    }

    fn output(&mut self) -> String {
        String::from_utf8_lossy(&self.output.lock().expect("nobody panics with it")).into_owned()
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What is typed at Python's prompt, one after the other.
const LINES: [&str; 6] = [
    "import sys, os\n",
    "print('grüße', sum(range(101)))\n",
    "os.get_terminal_size(), sys.stdin.isatty()\n",
    "1 / 0\n",
    "def twice(x): return x * 2\n",
    "\n",
];

/// Types the lines, each when the prompt is there; gives all that was printed.
fn drive(session: &mut impl Session) -> String {
    for (n, line) in LINES.iter().enumerate() {
        prompts(session, n + 1);
        session.type_in(line);
    }
    prompts(session, LINES.len() + 1);
    session.type_in("print('the' + ' end')\n");
    wait_for("the last words", seconds(20), || {
        let output = session.output();
        output.contains("\nthe end\r\n").then_some(output)
    })
}

fn prompts(session: &mut impl Session, count: usize) {
    wait_for(&format!("prompt {count}"), seconds(20), || {
        let output = session.output();
        let seen = output.matches(">>> ").count() + output.matches("\n... ").count();
        (seen >= count && output.ends_with([' ', 'h'])).then_some(())
    });
}

#[test]
fn a_python_session_is_driven_by_input() {
    let env = [("PYTHONUTF8", "1".to_owned())];
    let server = server_with(&env);
    let id = server.start("python3 -q");
    let ours = drive(&mut Ours {
        server: &server,
        id,
    });
    let directory = server.home.work();
    let scripts = drive(&mut Scripts::start(script(
        &server.home,
        &directory,
        "python3 -q",
        &env,
    )));
    assert!(
        ours.contains("grüße 5050") && ours.contains("ZeroDivisionError"),
        "{ours}"
    );
    let until_the_end = |text: &str| {
        text.split("\nthe end\r\n")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(until_the_end(&ours), until_the_end(&scripts));
}
