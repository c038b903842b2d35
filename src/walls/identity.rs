//! The identity: the user and the groups that a workspace acts as, for good.

use nix::errno::Errno;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{
    Gid, Uid, chdir, getgroups, getresgid, getresuid, setgroups, setresgid, setresuid,
};
use rustix::thread::{CapabilitySet, capabilities};

use super::report::Report;
use super::{Identity, Plan};

const NAME: &str = "identity";

/// Whether this process may become another user: `CAP_SETUID` and `CAP_SETGID` are in effect (capabilities(7)).
pub fn may_become_others() -> bool {
    let needed = CapabilitySet::SETUID | CapabilitySet::SETGID;
    capabilities(None).is_ok_and(|sets| sets.effective.contains(needed))
}

/// Becomes the user, and makes sure that there is no way back; then goes home, if it is there.
pub(super) fn take(plan: &Plan, report: &mut Report) -> Result<(), String> {
    match &plan.identity {
        Some(who) => {
            become_user(who)
                .map_err(|why| format!("the workspace cannot become {}: {why}", who.name))?;
            let detail = format!("{} (user {}, group {})", who.name, who.uid, who.gid);
            if who.uid == 0 {
                report.stands(
                    NAME,
                    format!("{detail}: weak, as the files of the system are root's"),
                );
            } else {
                report.stands(NAME, detail);
            }
        }
        None if Uid::effective().is_root() => report.fails(
            NAME,
            crate::config::Demand::Optional,
            "the workspace is root, as the server is: set run_as to an account".to_owned(),
        )?,
        None => report.stands(
            NAME,
            format!(
                "user {}, as the server: of it, the other walls alone keep commands off",
                Uid::effective()
            ),
        ),
    }
    if plan.private {
        umask(Mode::S_IRWXG | Mode::S_IRWXO);
    }
    let entered = match chdir(&plan.home) {
        // Who names no other place is told that it is gone. Other places are as good as before.
        Err(Errno::ENOENT | Errno::ENOTDIR) => chdir("/"),
        entered => entered,
    };
    entered.map_err(|errno| {
        format!(
            "the workspace cannot enter {}: {}",
            plan.home.display(),
            errno.desc()
        )
    })
}

fn become_user(who: &Identity) -> Result<(), String> {
    let (uid, gid) = (Uid::from_raw(who.uid), Gid::from_raw(who.gid));
    let mut groups: Vec<Gid> = who.groups.iter().copied().map(Gid::from_raw).collect();
    if !groups.contains(&gid) {
        groups.push(gid);
    }
    if already(uid, gid) && (setgroups(&groups).is_ok() || has_no_other(&groups)) {
        return Ok(());
    }
    let refused = |errno: Errno| {
        let cure = "start the server as root, in a container with the capabilities SETUID and SETGID; \
                    or leave run_as and multi_user unset";
        format!("{}: {cure}", errno.desc())
    };
    setgroups(&groups).map_err(refused)?;
    setresgid(gid, gid, gid).map_err(refused)?;
    setresuid(uid, uid, uid).map_err(refused)?;
    if !already(uid, gid) {
        return Err("the kernel did not change the user".to_owned());
    }
    let root = Uid::from_raw(0);
    if !uid.is_root() && setresuid(root, root, root).is_ok() {
        return Err("root can be regained: the kernel does not keep users apart here".to_owned());
    }
    Ok(())
}

/// Whether all three ids are these.
fn already(uid: Uid, gid: Gid) -> bool {
    let users = getresuid().is_ok_and(|ids| [ids.real, ids.effective, ids.saved] == [uid; 3]);
    users && getresgid().is_ok_and(|ids| [ids.real, ids.effective, ids.saved] == [gid; 3])
}

fn has_no_other(groups: &[Gid]) -> bool {
    getgroups().is_ok_and(|own| own.iter().all(|group| groups.contains(group)))
}
