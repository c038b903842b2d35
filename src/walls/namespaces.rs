//! Namespaces: a view of the mounts, of the processes and of System V objects that is not the server's.

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{ForkResult, Pid, setsid};

use super::Plan;
use super::report::Report;
use crate::config::Demand;
use crate::sys;

/// The settings of these walls, and their names.
pub(super) const MOUNT: &str = "mount_namespace";
pub(super) const PID: &str = "pid_namespace";

const NO_PID: &str = "processes of other users are seen, though not touched";

/// Who goes on.
pub(super) enum Forked {
    /// The process before the fork.
    Parent(Pid),
    /// The one that becomes the workspace, and whether it has a namespace of mounts that is to be filled.
    Child(bool),
}

/// Enters the namespaces that are asked for and can be had, and gives the process a session of its own.
pub(super) fn enter(plan: &Plan, report: &mut Report) -> Result<Forked, String> {
    let (mounts, pids) = (plan.demands.mount_namespace, plan.demands.pid_namespace);
    if mounts == Demand::Off {
        report.is_off(
            MOUNT,
            "temporary directories are everybody's, and files are hidden by their modes alone",
        );
    }
    if pids == Demand::Off {
        report.is_off(PID, NO_PID);
    }
    let mut forked = Forked::Child(false);
    if mounts != Demand::Off || pids != Demand::Off {
        match own_mounts() {
            Ok(()) => {
                if pids != Demand::Off {
                    forked = own_processes(pids, report)?;
                }
                if let Forked::Child(_) = forked {
                    fresh_proc(plan, report)?;
                    forked = Forked::Child(mounts != Demand::Off);
                }
            }
            Err((doing, errno)) => {
                let why = lacking(doing, errno);
                if mounts != Demand::Off {
                    report.fails(MOUNT, mounts, why.clone())?;
                }
                if pids != Demand::Off {
                    report.fails(PID, pids, why)?;
                }
            }
        }
    }
    if let Forked::Child(_) = forked {
        // Fails only where it leads a session already.
        setsid().ok();
    }
    Ok(forked)
}

/// A line about what was refused, and the cure.
pub(super) fn lacking(doing: &str, errno: Errno) -> String {
    let cure = match errno {
        Errno::EPERM => {
            "it takes the capability SYS_ADMIN: run the server as root, in a container with --cap-add SYS_ADMIN"
        }
        Errno::EACCES => {
            "a security module forbids it: with AppArmor, start the container with --security-opt apparmor=unconfined"
        }
        Errno::ENOSYS | Errno::EINVAL => "this kernel cannot do it",
        Errno::ENOSPC | Errno::EUSERS => {
            "the limit in /proc/sys/user/ is reached or 0: raise max_mnt_namespaces and max_pid_namespaces"
        }
        _ => "see clone(2) and mount(2)",
    };
    format!("{doing} fails ({}): {cure}", errno.desc())
}

/// Mounts of its own; a `/proc` is mounted and taken away again, since a PID namespace is of no use without.
fn own_mounts() -> Result<(), (&'static str, Errno)> {
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWIPC)
        .map_err(|errno| ("entering a mount namespace", errno))?;
    let flags = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, flags, None::<&str>)
        .map_err(|errno| ("making mounts private", errno))?;
    mount_proc(None).map_err(|errno| ("mounting /proc", errno))?;
    umount2("/proc", MntFlags::MNT_DETACH).map_err(|errno| ("unmounting /proc", errno))
}

fn mount_proc(options: Option<&str>) -> nix::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, options)
}

fn own_processes(demand: Demand, report: &mut Report) -> Result<Forked, String> {
    if let Err(errno) = unshare(CloneFlags::CLONE_NEWPID) {
        report.fails(PID, demand, lacking("entering a PID namespace", errno))?;
        return Ok(Forked::Child(true));
    }
    // There is no way back: without this fork, the next would be process 1 of a namespace without its `/proc`.
    match sys::fork_single_threaded() {
        Ok(ForkResult::Parent { child }) => Ok(Forked::Parent(child)),
        Ok(ForkResult::Child) => {
            report.stands(PID, "no process outside is seen or can be named");
            Ok(Forked::Child(true))
        }
        Err(errno) => Err(lacking(
            "making the first process of a PID namespace",
            errno,
        )),
    }
}

/// A `/proc` that shows the processes of this PID namespace or, without one, those of the own user (proc(5)).
fn fresh_proc(plan: &Plan, report: &mut Report) -> Result<(), String> {
    let apart = report.has(PID);
    if !apart && plan.demands.mount_namespace == Demand::Off {
        return Ok(());
    }
    let options = (!apart).then_some("hidepid=invisible");
    // Before Linux 5.8 the option has numbers only.
    let mounted = mount_proc(options).or_else(|errno| match options {
        Some(_) if errno == Errno::EINVAL => mount_proc(Some("hidepid=2")),
        _ => Err(errno),
    });
    mounted.map_err(|errno| lacking("mounting /proc", errno))?;
    close_proc();
    Ok(())
}

/// A new `/proc` lacks what a container's runtime has covered in the old one: settings of the kernel are for reading, and
/// what tells of its memory or of the machine is covered. For a workspace that is root; others are kept out by modes.
fn close_proc() {
    for directory in ["sys", "irq", "bus", "fs", "sysrq-trigger"] {
        let path = format!("/proc/{directory}");
        let bind = MsFlags::MS_BIND | MsFlags::MS_REC;
        if mount(
            Some(path.as_str()),
            path.as_str(),
            None::<&str>,
            bind,
            None::<&str>,
        )
        .is_ok()
        {
            let flags = MsFlags::MS_REMOUNT
                | MsFlags::MS_BIND
                | MsFlags::MS_RDONLY
                | MsFlags::MS_NOSUID
                | MsFlags::MS_NODEV
                | MsFlags::MS_NOEXEC;
            mount(
                None::<&str>,
                path.as_str(),
                None::<&str>,
                flags,
                None::<&str>,
            )
            .ok();
        }
    }
    for file in [
        "kcore",
        "keys",
        "latency_stats",
        "timer_list",
        "sched_debug",
    ] {
        let path = format!("/proc/{file}");
        mount(
            Some("/dev/null"),
            path.as_str(),
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        )
        .ok();
    }
}
