//! Attacks that come through without a wall, and do not with it.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt;
use std::process::Child;

use super::*;

/// A process outside, of the same user.
struct Outside(Child);

impl Outside {
    fn new() -> Self {
        let child = Command::new("/bin/sleep")
            .arg("60")
            .env("SECRET", "1")
            .uid(ALICE)
            .gid(ALICE)
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Shows that an attack, which says `in` when it comes through, does so without walls and not with these.
#[track_caller]
fn stopped(place: &Place, walls: &[&str], attack: &str) {
    let attack = attack.replace("BASE", place.path().to_str().unwrap());
    let came_in = |answer: &Answer| answer.said.lines().any(|line| line == "in");
    let without = run(&place.plan(), &attack);
    assert!(came_in(&without), "not shown: {attack}: {without:?}");
    let with = run(&place.with(walls), &attack);
    assert!(!came_in(&with), "{attack}: {with:?}");
}

const LANDLOCK: &[&str] = &["no_new_privs", "landlock"];
const MOUNTS: &[&str] = &["mount_namespace"];

#[test]
fn files_of_the_server_and_of_others_cannot_be_read() {
    let Some(place) = Place::new() else { return };
    for walls in [LANDLOCK, MOUNTS] {
        for attack in [
            "grep -q key BASE/settings.toml && echo in",
            "grep -q key BASE/state/secret && echo in",
            "grep -q private BASE/home/bob/diary && echo in",
            "cd BASE/home/alice; ln -sf ../bob/diary d; grep -q private d && echo in; rm d",
            "echo x >> BASE/home/bob/diary && echo in",
            "echo x >> BASE/settings.toml && test $(wc -c < BASE/settings.toml) -gt 0 && echo in",
        ] {
            stopped(&place, walls, attack);
        }
    }
}

#[test]
fn nothing_of_others_is_listed_in_a_namespace_of_mounts() {
    let Some(place) = Place::new() else { return };
    for attack in [
        "ls BASE/home | grep -q bob && echo in",
        "ls BASE/home/bob | grep -q diary && echo in",
        "ls BASE/state | grep -q secret && echo in",
        "test -e BASE/home/bob && echo in",
        "test -s BASE/settings.toml && echo in",
    ] {
        stopped(&place, MOUNTS, attack);
    }
}

#[test]
fn temporary_directories_are_not_those_of_others() {
    let Some(place) = Place::new() else { return };
    for directory in ["/tmp", "/var/tmp", "/dev/shm"] {
        let planted = tempfile::NamedTempFile::new_in(directory).unwrap();
        fs::set_permissions(planted.path(), Permissions::from_mode(0o644)).unwrap();
        let attack = format!("test -r {} && echo in", planted.path().display());
        stopped(&place, MOUNTS, &attack);
    }
}

#[test]
fn directories_that_everybody_may_write_are_for_reading_only() {
    let Some(place) = Place::new() else { return };
    stopped(
        &place,
        LANDLOCK,
        "touch BASE/open/$$ && echo in; rm -f BASE/open/$$",
    );
    stopped(
        &place,
        LANDLOCK,
        "mkdir BASE/open/$$ && echo in; rmdir BASE/open/$$",
    );
    stopped(&place, LANDLOCK, "echo x > BASE/open/file && echo in");
    stopped(
        &place,
        LANDLOCK,
        "mv BASE/open/file BASE/open/x && echo in; mv BASE/open/x BASE/open/file",
    );
}

#[test]
fn processes_outside_cannot_be_reached() {
    let Some(place) = Place::new() else { return };
    let outside = Outside::new();
    let pid = outside.0.id();
    let ptrace = if cfg!(target_arch = "x86_64") {
        101
    } else {
        117
    };
    for attack in [
        format!("kill -0 {pid} && echo in"),
        format!("grep -q SECRET /proc/{pid}/environ && echo in"),
        format!("head -c 1 /proc/{pid}/maps | grep -q . && echo in"),
        format!("test -d /proc/{pid}/root/. && echo in"),
        format!("test -n \"$(readlink /proc/{pid}/cwd)\" && echo in"),
        format!("perl -e 'print syscall({ptrace}, 0x4206, {pid}, 0, 0) == 0 ? \"in\\n\" : \"\"'"),
    ] {
        stopped(&place, LANDLOCK, &attack);
        stopped(&place, &["pid_namespace"], &attack);
    }
    let listed = format!("test -e /proc/{pid} && echo in");
    stopped(&place, &["pid_namespace"], &listed);
}

#[test]
fn processes_of_other_users_are_not_seen_without_a_pid_namespace_either() {
    let Some(place) = Place::new() else { return };
    stopped(&place, MOUNTS, "test -e /proc/1 && echo in");
}

#[test]
fn abstract_sockets_outside_cannot_be_reached() {
    let Some(place) = Place::new() else { return };
    let name = format!("walls-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    let attack = format!(
        "perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); \
         print connect(S, pack(\"S a*\", 1, \"\\0{name}\")) ? \"in\\n\" : \"\"'"
    );
    stopped(&place, LANDLOCK, &attack);
}

#[test]
fn a_program_that_is_set_user_id_gives_nothing() {
    let Some(place) = Place::new() else { return };
    fs::copy("/usr/bin/id", place.at("id")).unwrap();
    fs::set_permissions(place.at("id"), Permissions::from_mode(0o4755)).unwrap();
    let attack = "test $(BASE/id -u) = 0 && echo in";
    stopped(&place, &["no_new_privs"], attack);
}

#[test]
fn calls_that_no_shell_needs_are_refused() {
    let Some(place) = Place::new() else { return };
    let x86 = cfg!(target_arch = "x86_64");
    let pick = |here: i64, there: i64| if x86 { here } else { there };
    // Each says something else than EPERM (1) where it is not filtered.
    for call in [
        format!("{}, 0, -3, 0, 0, 0", pick(250, 219)),
        format!("{}, 0, 0, 0, 0", pick(249, 218)),
        format!("{}, $b", pick(159, 171)),
        format!("{}, 0, 0, -1, -1, 0", pick(298, 241)),
        format!("{}, 999, 0x5412, 0", pick(16, 29)),
        format!("{}, 999, 0x541c, 0", pick(16, 29)),
    ] {
        let attack = format!(
            "perl -e '$b = \"\\0\" x 512; $! = 0; syscall({call}); print \"in\\n\" if $! != 1'"
        );
        stopped(&place, &["no_new_privs", "seccomp"], &attack);
    }
    for call in [
        pick(246, 104),
        pick(321, 280),
        pick(323, 282),
        pick(175, 105),
        pick(304, 265),
    ] {
        let script = format!("perl -e 'syscall({call}, 0, 0, 0, 0, 0); print 0 + $!'");
        assert_eq!(
            run(&place.with(&["no_new_privs", "seccomp"]), &script).said,
            "1"
        );
    }
}

#[test]
fn a_command_does_not_raise_its_own_limits() {
    let Some(place) = Place::new() else { return };
    let Some(root) = cgroups() else {
        eprintln!("not shown: there are no cgroups of version 2 to write to");
        return;
    };
    let group = tempfile::tempdir_in(root).unwrap();
    let file = group.path().join("cgroup.max.depth");
    chown(group.path(), Some(ALICE), Some(ALICE)).unwrap();
    chown(&file, Some(ALICE), Some(ALICE)).unwrap();
    let attack = format!("echo 5 > {} && echo in", file.display());
    let mut order = Order::new(&place.with(&ALL), &attack);
    assert!(
        !order.carry_out().unwrap().said.contains("in\n"),
        "not delegated"
    );
    order.plan.cgroups = vec![group.path().to_owned()];
    assert!(
        order.carry_out().unwrap().said.contains("in\n"),
        "not shown"
    );
    order.guard = true;
    let answer = order.carry_out().unwrap();
    assert!(!answer.said.contains("in\n"), "{answer:?}");
    eprintln!("entering the wall of a command took {} µs", answer.micros);
    order.script = "touch a /tmp/b && mkdir c && mv a c/d && echo x > /dev/null && cat c/d && rm -r c && echo fine".into();
    assert_eq!(order.carry_out().unwrap().said, "fine\n");
    // A cgroup is removed as a directory, whatever files it shows.
    fs::remove_dir(group.keep()).unwrap();
}

fn cgroups() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    let line = mounts.lines().find(|line| line.contains(" cgroup2 "))?;
    Some(PathBuf::from(line.split(' ').nth(1)?))
}
