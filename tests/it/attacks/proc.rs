//! `/proc` and what shines through it: the environment, memory, files and root of processes that are not one's own.

use crate::support::files::target;
use crate::support::grounds::{Ground, Grounds, Running, User, Walls, random};

/// The beginning of what is looked for, which is nowhere in one piece where the attacker is; five random characters
/// follow.
const BEGIN: &str = "shines-through-";

/// Holds the word in its environment and memory, a file open as 9, and the home as its directory.
const HOLD: &str = "cd \"$B\"; exec python3 -c \"
import os, time
kept = os.environ['WORD'] * 3
fd = os.open('it.txt', os.O_RDONLY)
os.dup2(fd, 9)
print('up', flush=True)
time.sleep(1000)\" \"$WORD\"";

/// Looks through processes: those named, and all it sees where these are few.
const LOOK: &str = r"
import os, re, stat, sys
what, path, named = sys.argv[1], sys.argv[2], sys.argv[3:]
seen = [pid for pid in os.listdir('/proc') if pid.isdigit() and pid != str(os.getpid())]
begin = b'shines-' + b'through-'

def show(data):
    for at in re.finditer(begin, data):
        print(data[at.start():at.start() + 30].decode('latin-1'))

def regular(name):
    fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        show(os.read(fd, 1 << 16))
    os.close(fd)

def memory(pid):
    mem = open(f'/proc/{pid}/mem', 'rb', 0)
    for line in open(f'/proc/{pid}/maps'):
        span, mode = line.split()[:2]
        first, last = (int(word, 16) for word in span.split('-'))
        if mode.startswith('rw') and last - first < 1 << 24:
            try:
                mem.seek(first)
                show(mem.read(last - first))
            except OSError:
                pass

for pid in named + (seen if len(seen) < 100 else []):
    at = f'/proc/{pid}/'
    try:
        if what in ('root', 'cwd'):
            regular(at + what + path)
        elif what == 'fd':
            for name in os.listdir(at + 'fd'):
                try:
                    regular(at + 'fd/' + name)
                except OSError:
                    pass
        elif what == 'mem':
            memory(pid)
        elif what == 'maps':
            for line in open(at + 'maps'):
                if int(pid) not in (os.getpid(), os.getppid()) and pid in named:
                    print('mapped', line)
        elif what == 'tasks':
            for task in os.listdir(at + 'task'):
                show(open(f'{at}task/{task}/environ', 'rb').read())
        else:
            show(open(at + what, 'rb').read())
    except OSError:
        pass
";

struct Held<'a> {
    a: User<'a>,
    word: String,
    pid: String,
    command: Running,
}

impl<'a> Held<'a> {
    fn of(ground: &'a Ground) -> Self {
        let word = format!("{BEGIN}{}", random());
        ground.b().put("it.txt", &word);
        let command = ground.b().start(HOLD, &[("WORD", &word)]);
        let pid = command.pid().to_string();
        Self {
            a: ground.a(),
            word,
            pid,
            command,
        }
    }

    fn end(&self, ground: &Ground) {
        ground.b().end(&self.command);
    }
}

#[test]
fn nothing_shines_through_the_processes_of_another() {
    let Some(grounds) = Grounds::of("/proc by commands") else {
        return;
    };
    for what in [
        "environ", "cmdline", "mem", "maps", "fd", "cwd", "root", "tasks",
    ] {
        let attack = |ground: &Ground| {
            let held = Held::of(ground);
            let path = match what {
                "cwd" => "/it.txt".to_owned(),
                _ => ground.b().at("it.txt"),
            };
            let shown = held
                .a
                .python(LOOK, &format!("{what} '{path}' {}", held.pid));
            let seen = shown.contains(&held.word) || shown.contains("mapped");
            held.end(ground);
            seen
        };
        // Everybody sees the arguments of everybody where there is one `/proc` for all.
        if what == "cmdline" {
            grounds.walls_stop("arguments of another's command", attack);
        } else {
            grounds.accounts_stop(&format!("{what} of another's command"), attack);
        }
    }
    grounds.walls_stop("that another's command runs at all", |ground| {
        let held = Held::of(ground);
        let seen = held
            .a
            .can(&format!("ls -d /proc/{} || ps -p {}", held.pid, held.pid));
        held.end(ground);
        seen
    });
    grounds.end(9);
}

#[test]
fn no_endpoint_opens_the_processes_of_another() {
    let Some(grounds) = Grounds::of("/proc by endpoints") else {
        return;
    };
    for what in ["environ", "cwd/it.txt", "root", "fd/9", "task"] {
        for endpoint in ["read", "serve", "grep"] {
            grounds.accounts_stop(&format!("{endpoint} of /proc/PID/{what}"), |ground| {
                let held = Held::of(ground);
                let rest = match what {
                    "root" => format!("root{}", ground.b().at("it.txt")),
                    "task" => format!("task/{}/environ", held.pid),
                    _ => what.to_owned(),
                };
                let path = format!("/proc/{}/{rest}", held.pid);
                let answer = match endpoint {
                    "serve" => held.a.get(&format!("/files/serve{path}")),
                    "grep" => held.a.look("grep", &[("query", BEGIN), ("path", &path)]),
                    _ => held.a.look("read", &[("path", &path)]),
                };
                let seen = answer.text().contains(&held.word);
                held.end(ground);
                seen
            });
        }
    }
    grounds.end(15);
}

#[test]
fn no_magic_link_leads_into_another_s_processes() {
    let Some(grounds) = Grounds::of("magic links") else {
        return;
    };
    grounds.accounts_stop("a list of what another's command has open", |ground| {
        let held = Held::of(ground);
        let path = format!("/proc/{}/fd", held.pid);
        let text = held.a.look("list", &[("directory", &path)]).text();
        held.end(ground);
        text.contains("\"9\"")
    });
    grounds.accounts_stop(
        "a magic link to another's file, kept under a name",
        |ground| {
            let held = Held::of(ground);
            held.a.run(&format!("ln -sfn /proc/{}/fd/9 m", held.pid));
            let text = held.a.look("read", &[("path", &held.a.at("m"))]).text();
            held.end(ground);
            text.contains(&held.word)
        },
    );
    grounds.accounts_stop(
        "writing by a magic link into another's directory",
        |ground| {
            let held = Held::of(ground);
            let path = target(
                "upload/m-id",
                &[
                    ("directory", &format!("/proc/{}/cwd", held.pid)),
                    ("filename", "up"),
                    ("offset", "0"),
                    ("size", "1"),
                ],
            );
            held.a.ask("PUT", &path).bytes(b"x").send();
            let there = ground.b().home().join("up").exists();
            held.end(ground);
            there
        },
    );
    grounds.end(3);
}

/// Tries all that tells of a process.
const OWN: &str = r"
import os, sys
what, named = sys.argv[1], sys.argv[2:]
mine = (os.getpid(), os.getppid())
for pid in os.listdir('/proc'):
    try:
        line = open(f'/proc/{pid}/cmdline', 'rb').read().decode('latin-1')
    except OSError:
        continue
    if pid not in named or int(pid) in mine:
        continue
    print('saw', pid)
    at = f'/proc/{pid}/{what}'
    try:
        if what in ('exe', 'cwd', 'root'):
            print('GOT', os.readlink(at))
        elif what in ('fd', 'map_files'):
            print('GOT', [os.readlink(at + '/' + name) for name in os.listdir(at)])
        elif what == 'mem-write':
            os.close(os.open(f'/proc/{pid}/mem', os.O_RDWR))
            print('GOT', 'to write')
        elif what == 'mem':
            mem = open(at, 'rb', 0)
            first = int(open(f'/proc/{pid}/maps').readline().split('-')[0], 16)
            mem.seek(first)
            print('GOT', mem.read(8))
        else:
            data = open(at, 'rb').read()
            print('GOT' if data else 'EMPTY', data[:60])
    except OSError as error:
        print('refused', error)
";

#[test]
fn a_workspace_is_closed_to_the_commands_it_runs() {
    let Some(grounds) = Grounds::of("own workspace") else {
        return;
    };
    let tries = [
        "mem",
        "mem-write",
        "environ",
        "maps",
        "fd",
        "exe",
        "cwd",
        "root",
        "auxv",
        "map_files",
    ];
    for what in tries {
        grounds.theme.attempt(
            &format!("{what} of one's own workspace"),
            || {
                let a = grounds.all().a();
                let running = a.start("echo up; exec sleep 1000", &[]);
                // Whatever its number is in there.
                let shown = a.python(OWN, &format!("{what} $(pgrep -x sleep)"));
                a.end(&running);
                shown.contains("GOT")
            },
            || {
                [grounds.accounts(), grounds.all()]
                    .into_iter()
                    .any(|ground| {
                        let a = ground.a();
                        let pid = match ground.walls {
                            Walls::All => 1,
                            _ => ground.workspace(&a),
                        };
                        let shown = a.python(OWN, &format!("{what} {pid}"));
                        assert!(shown.contains("saw"), "it sees its workspace: {shown}");
                        shown.contains("GOT")
                    })
            },
        );
    }
    grounds.end(10);
}
