//! Signals: nobody ends or stops what is another's, nor the server.

use std::time::{Duration, Instant};

use crate::support::grounds::{Ground, Grounds, User, Walls};
use crate::support::{processes, seconds};

/// Sends a signal in one of many ways.
const SEND: &str = r"
import ctypes, fcntl, os, signal, socket, sys, time
what, pid = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)

def queued():
    info = (ctypes.c_int * 32)(9, 0, -1, 0, os.getpid(), os.getuid())
    return libc.syscall(129, pid, 9, info)

def owned():
    near, far = socket.socketpair()
    fcntl.fcntl(near, 8, pid)
    fcntl.fcntl(near, 10, signal.SIGKILL)
    fcntl.fcntl(near, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    far.send(b'x')
    time.sleep(0.2)
    return 0

def limited():
    # One second of processor time, which it has used or never will; then no file may grow.
    return libc.prlimit(pid, 0, (ctypes.c_ulong * 2)(0, 0), None)

ways = {
    'kill -0': lambda: libc.kill(pid, 0),
    'kill -9': lambda: libc.kill(pid, 9),
    'kill -STOP': lambda: libc.kill(pid, 19),
    'kill of the group': lambda: libc.killpg(os.getpgid(pid), 9),
    'tgkill': lambda: libc.syscall(234, pid, pid, 9),
    'tkill': lambda: libc.syscall(200, pid, 9),
    'rt_sigqueueinfo': queued,
    'pidfd_send_signal': lambda: libc.syscall(424, libc.syscall(434, pid, 0), 9, None, 0),
    'F_SETOWN': owned,
    'RLIMIT_CPU': limited,
}
try:
    print('sent' if ways[what]() == 0 else 'refused', os.strerror(ctypes.get_errno()))
except OSError as error:
    print('refused', error)
";

fn sent(a: &User, way: &str, pid: i32) -> bool {
    a.python(SEND, &format!("'{way}' {pid}")).contains("sent")
}

/// Whether something happens in this time: on a busy machine a signal is sent long before it is carried out.
fn within(patience: Duration, happens: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !happens() {
        if start.elapsed() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

/// Whether a command of the other's is ended or stopped by this.
fn struck(ground: &Ground, way: &str) -> bool {
    let (a, b) = (ground.a(), ground.b());
    let running = b.start("echo up; while :; do :; done", &[]);
    let pid = running.pid();
    let said = sent(&a, way, pid);
    let patience = if said {
        seconds(1)
    } else {
        Duration::from_millis(50)
    };
    let gone = within(patience, || {
        !processes::alive(pid) || processes::state(pid) == Some('T')
    });
    b.end(&running);
    gone || (way == "kill -0" && said)
}

#[test]
fn another_s_commands_are_not_ended() {
    let Some(grounds) = Grounds::of("signals to commands") else {
        return;
    };
    for way in [
        "kill -0",
        "kill -9",
        "kill -STOP",
        "kill of the group",
        "tgkill",
        "tkill",
        "rt_sigqueueinfo",
        "pidfd_send_signal",
        "F_SETOWN",
    ] {
        grounds.accounts_stop(&format!("{way} to another's command"), |ground| {
            struck(ground, way)
        });
    }
    grounds.theme.attempt(
        "kill -9 -1, which strikes all that one may strike",
        || {
            let b = grounds.all().b();
            strikes_all(&b, &b)
        },
        || {
            [grounds.accounts(), grounds.all()]
                .iter()
                .any(|ground| strikes_all(&ground.a(), &ground.b()))
        },
    );
    grounds.end(10);
}

/// Whether a command of `b` is ended when `a` strikes all. Never as root.
fn strikes_all(a: &User, b: &User) -> bool {
    assert_ne!(a.uid(), 0, "this would strike the whole machine");
    let running = b.start("echo up; exec sleep 1000", &[]);
    a.put("all.py", "import os\nassert os.getuid() >= 1000\ntry:\n    os.kill(-1, 9)\nexcept OSError as error:\n    print(error)\n");
    // Its own workspace may be struck with it.
    a.ask("POST", "/execute?wait=5")
        .json(&serde_json::json!({"command": format!("python3 {}", a.at("all.py"))}))
        .try_send()
        .ok();
    let gone = within(seconds(1), || !running.lives());
    b.end(&running);
    gone
}

#[test]
fn the_server_and_another_s_workspace_are_not_ended() {
    let Some(grounds) = Grounds::of("signals to the server") else {
        return;
    };
    for way in [
        "kill -0",
        "kill -9",
        "kill -STOP",
        "tgkill",
        "pidfd_send_signal",
        "rt_sigqueueinfo",
    ] {
        for whose in ["the server", "another's workspace"] {
            grounds.theme.attempt(
                &format!("{way} to {whose}"),
                || struck(grounds.none(), way),
                || {
                    [grounds.accounts(), grounds.all()]
                        .into_iter()
                        .any(|ground| {
                            let pid = match whose {
                                "the server" => ground.pid,
                                _ => ground.workspace(&ground.b()),
                            };
                            let said = sent(&ground.a(), way, pid);
                            said || !processes::alive(pid) || processes::state(pid) == Some('T')
                        })
                },
            );
        }
    }
    // The server in which all are one can be ended by all.
    grounds.theme.attempt(
        "SIGKILL ends the server",
        || {
            let mut ground = Ground::new(Walls::None);
            let pid = ground.pid;
            let body = serde_json::json!({"command": format!("kill -9 {pid}")});
            ground
                .a()
                .ask("POST", "/execute?wait=0")
                .json(&body)
                .try_send()
                .ok();
            ground.server().ended(seconds(10));
            true
        },
        || {
            [grounds.accounts(), grounds.all()]
                .into_iter()
                .any(|ground| {
                    ground.a().run(&format!(
                        "kill -9 {0}; kill -9 -{0}; kill -TERM {0}",
                        ground.pid
                    ));
                    ground.get("/health").status != 200
                })
        },
    );
    grounds.end(13);
}
