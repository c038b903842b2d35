//! Sockets, shared memory, queues and terminals: what programs of one user offer to each other is not for another.

use crate::support::grounds::{Ground, Grounds};

/// Listens on what it is given, and tells everybody who connects the word.
const LISTEN: &str = r"
import os, socket, sys
kind, name = sys.argv[1], sys.argv[2]
if kind == 'datagram':
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
else:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
name = '\0' + name[1:] if name.startswith('@') else name
os.umask(0)
s.bind(name)
if kind == 'datagram':
    print('up', flush=True)
    open('heard', 'wb').write(s.recv(100))
    sys.exit()
s.listen(5)
print('up', flush=True)
while True:
    c, _ = s.accept()
    c.sendall(b'the-word-of-the-socket')
    c.close()
";

const CONNECT: &str = r"
import socket, sys
kind, name = sys.argv[1], sys.argv[2]
name = '\0' + name[1:] if name.startswith('@') else name
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if kind == 'datagram' else socket.SOCK_STREAM)
s.settimeout(3)
if kind == 'datagram':
    s.sendto(b'to-another', name)
else:
    s.connect(name)
    print(s.recv(100).decode())
";

fn connected(ground: &Ground, kind: &str, name: &str) -> bool {
    let (a, b) = (ground.a(), ground.b());
    b.put("listen.py", LISTEN);
    b.put("heard", "");
    let name = name.replace("HOME", &b.at(""));
    let running = b.start(&format!("exec python3 listen.py {kind} '{name}'"), &[]);
    let shown = a.python(CONNECT, &format!("{kind} '{name}'"));
    std::thread::sleep(std::time::Duration::from_millis(100));
    let heard = b.has("heard");
    b.end(&running);
    b.run(&format!("rm -f '{name}'"));
    shown.contains("the-word-of-the-socket") || heard.contains("to-another")
}

#[test]
fn sockets_of_another_are_not_reached() {
    let Some(grounds) = Grounds::of("sockets") else {
        return;
    };
    let name = format!("ot-it-{}", crate::support::grounds::random());
    for place in ["/tmp", "/var/tmp", "/dev/shm"] {
        grounds.walls_stop(&format!("a socket in {place}"), |ground| {
            connected(ground, "stream", &format!("{place}/{name}"))
        });
    }
    grounds.walls_stop("datagrams to a socket in /tmp", |ground| {
        connected(ground, "datagram", &format!("/tmp/{name}-d"))
    });
    for kind in ["stream", "datagram"] {
        if grounds.all().has("landlock") {
            grounds.walls_stop(&format!("an abstract socket, {kind}"), |ground| {
                connected(ground, kind, &format!("@{name}-{kind}"))
            });
        } else {
            eprintln!("skipped: abstract sockets take Landlock, which is not here");
        }
    }
    grounds.accounts_stop("a socket in another's home", |ground| {
        connected(ground, "stream", "HOME/s")
    });
    grounds.end(5);
}

#[test]
fn memory_and_queues_of_another_are_not_reached() {
    let Some(grounds) = Grounds::of("shared memory") else {
        return;
    };
    let name = format!("/ot-it-{}", crate::support::grounds::random());
    grounds.walls_stop("POSIX shared memory that everybody may read", |ground| {
        let (a, b) = (ground.a(), ground.b());
        b.run(&format!("umask 0; echo in-shared-memory >/dev/shm{name}"));
        let shown = a.run(&format!("cat /dev/shm{name}"));
        b.run(&format!("rm -f /dev/shm{name}"));
        shown.contains("in-shared-memory")
    });
    for (kind, make) in [("m", "-M 4096"), ("q", "-Q"), ("s", "-S 1")] {
        grounds.accounts_stop(&format!("System V, {kind}: with the mode 0600"), |ground| {
            let (a, b) = (ground.a(), ground.b());
            let made = b.run(&format!("ipcmk {make} -p 0600"));
            let id = made
                .trim()
                .rsplit(' ')
                .next()
                .unwrap_or_default()
                .to_owned();
            assert!(id.parse::<u32>().is_ok(), "{made}");
            let removed = a.can(&format!("ipcrm -{kind} {id}"));
            if !removed {
                b.run(&format!("ipcrm -{kind} {id}"));
            }
            removed
        });
    }
    grounds.end(4);
}

#[test]
fn the_terminal_of_another_is_not_typed_into_nor_read() {
    let Some(grounds) = Grounds::of("terminals' devices") else {
        return;
    };
    for (name, attack) in [
        ("writing onto it", "timeout 2 sh -c 'echo by-another >{}'"),
        (
            "reading what is typed",
            "timeout 2 dd if={} iflag=nonblock count=1; [ $? -le 1 ] && timeout 1 sh -c 'exec 3<{}'",
        ),
        ("changing its settings", "stty -F {} -echo"),
        ("letting others in", "chmod 666 {}"),
        ("taking it for one's own", "setsid -c sh -c ': <{}' <{}"),
    ] {
        grounds.accounts_stop(name, |ground| {
            let (a, b) = (ground.a(), ground.b());
            let running = b.start("echo \"tty-$(tty)-\"; echo up; exec sleep 1000", &[]);
            let device = running
                .output
                .split("tty-")
                .nth(1)
                .and_then(|rest| rest.split('-').next());
            let device = device.expect("it has a terminal").to_owned();
            assert!(device.starts_with("/dev/pts/"), "{device}");
            // Where there is one `/dev/pts` for all, the name is that of the other's; the attacker's own is another.
            let own = a.run("tty");
            let reached = own.trim() != device && a.can(&attack.replace("{}", &device));
            b.end(&running);
            reached
        });
    }
    grounds.theme.attempt(
        "TIOCSTI, which types",
        || {
            let typed = "import fcntl, os\nfcntl.ioctl(0, 0x5412, b'x')\nprint('typed')\n";
            grounds.none().a().python(typed, "").contains("typed")
        },
        || {
            let typed = "import fcntl, os\nfcntl.ioctl(0, 0x5412, b'x')\nprint('typed')\n";
            grounds.all().a().python(typed, "").contains("typed")
        },
    );
    grounds.end(6);
}
