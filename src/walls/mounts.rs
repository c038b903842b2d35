//! What a workspace sees of the file system: temporary directories of its own, and neither the server's files nor the
//! homes of others.
//!
//! All sources are opened before anything is covered, and covers go from the outside in: what is to be seen again
//! below a cover is bound back over it.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, fchmod, mkdirat};
use nix::sys::statvfs::fstatvfs;
use nix::unistd::{Gid, Uid, fchown};

use super::namespaces::{MOUNT, lacking};
use super::report::Report;
use super::{Plan, tree};

/// What stands for temporary directories of its own.
const TEMPORARY: [(&str, &str); 2] = [("/tmp", "tmp"), ("/var/tmp", "var-tmp")];

const PRIVATE: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);

/// What happens to a path.
enum Act {
    /// It becomes an empty file system in memory, with these options.
    Memory(&'static str),
    /// It becomes what was opened.
    Replace(OwnedFd),
    /// Nothing is seen there.
    Hide,
    /// What was there is seen again.
    Keep(OwnedFd),
}

/// Fills a namespace of mounts that has just been entered.
pub(super) fn fill(plan: &Plan, report: &mut Report) -> Result<(), String> {
    match steps(plan).and_then(act) {
        Ok(()) => {
            report.stands(
                MOUNT,
                "own /tmp, /var/tmp and /dev/shm; the server's files and the homes of others are not there",
            );
            Ok(())
        }
        Err(why) => report.fails(MOUNT, plan.demands.mount_namespace, why),
    }
}

/// All that is to be done, from the outside in.
fn steps(plan: &Plan) -> Result<Vec<(PathBuf, Act)>, String> {
    let mut steps = Vec::new();
    let real = |path: &Path| fs::canonicalize(path).ok();
    for (path, kept_as) in TEMPORARY {
        let Some(path) = real(Path::new(path)) else {
            continue;
        };
        let act = match &plan.temporary {
            Some(directory) => Act::Replace(own_temporary(plan, directory, kept_as)?),
            None => Act::Memory("mode=1777"),
        };
        if steps.iter().all(|(other, _)| *other != path) {
            steps.push((path, act));
        }
    }
    if let Some(path) = real(Path::new("/dev/shm")) {
        steps.push((path, Act::Memory("mode=1777,size=50%")));
    }
    let home = real(&plan.home);
    let homes = plan.homes.iter().filter_map(|path| real(path));
    let others = homes.filter(|path| Some(path) != home.as_ref());
    let hidden = plan.hidden.iter().filter_map(|path| real(path));
    steps.extend(hidden.chain(others).map(|path| (path, Act::Hide)));
    for path in plan.kept() {
        let place = tree::at(path)
            .map_err(|errno| format!("{} cannot be opened: {}", path.display(), errno.desc()))?;
        steps.push((path.clone(), Act::Keep(place)));
    }
    // A stable order: what is kept comes after a cover of the same path.
    steps.sort_by_key(|(path, _)| path.components().count());
    Ok(steps)
}

fn act(steps: Vec<(PathBuf, Act)>) -> Result<(), String> {
    let mut covers = Vec::new();
    for (path, act) in steps {
        let done = match act {
            Act::Memory(options) => tree::at(&path).and_then(|at| memory(&at, PRIVATE, options)),
            Act::Replace(source) => tree::at(&path).and_then(|at| bind(&source, &at, &path)),
            Act::Hide => match tree::at(&path) {
                // Covered with what is above it.
                Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(()),
                Err(errno) => Err(errno),
                Ok(at) => hide(&at).map(|directory| {
                    if directory {
                        covers.push(path.clone());
                    }
                }),
            },
            Act::Keep(source) => tree::make(&path).and_then(|at| {
                if tree::is_same(&source, &at) {
                    Ok(())
                } else {
                    bind(&source, &at, &path)
                }
            }),
        };
        done.map_err(|errno| lacking(&format!("mounting over {}", path.display()), errno))?;
    }
    for path in covers {
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | PRIVATE;
        let closed = tree::at(&path).and_then(|at| {
            mount(
                None::<&str>,
                tree::name(&at).as_str(),
                None::<&str>,
                flags,
                None::<&str>,
            )
        });
        closed.map_err(|errno| lacking(&format!("closing {}", path.display()), errno))?;
    }
    Ok(())
}

fn memory(at: &OwnedFd, flags: MsFlags, options: &str) -> nix::Result<()> {
    mount(
        Some("tmpfs"),
        tree::name(at).as_str(),
        Some("tmpfs"),
        flags,
        Some(options),
    )
}

/// Covers a place with nothing; says whether it is a directory.
fn hide(at: &OwnedFd) -> nix::Result<bool> {
    if tree::kind(at) == libc::S_IFDIR {
        memory(at, PRIVATE, "mode=0755,size=1m").map(|()| true)
    } else {
        let flags = MsFlags::MS_BIND;
        mount(
            Some("/dev/null"),
            tree::name(at).as_str(),
            None::<&str>,
            flags,
            None::<&str>,
        )
        .map(|()| false)
    }
}

/// Binds a directory over another, with what is mounted below it, and without devices or set-user-ID.
fn bind(source: &OwnedFd, at: &OwnedFd, path: &Path) -> nix::Result<()> {
    let to = tree::name(at);
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(
        Some(tree::name(source).as_str()),
        to.as_str(),
        None::<&str>,
        flags,
        None::<&str>,
    )?;
    // These bits have the same values in both calls; what the source forbids stays forbidden.
    let same = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let had = MsFlags::from_bits_truncate(fstatvfs(source)?.flags().bits()) & same;
    // What was opened before is below the new mount.
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | PRIVATE | had;
    mount(
        None::<&str>,
        tree::name(&tree::at(path)?).as_str(),
        None::<&str>,
        flags,
        None::<&str>,
    )
}

/// The directory that keeps one of the temporary directories, made where it lacks.
fn own_temporary(plan: &Plan, directory: &Path, name: &str) -> Result<OwnedFd, String> {
    let owner = plan.identity.as_ref();
    let user = owner.map_or("workspace", |who| who.name.as_str());
    if user.is_empty() || user == "." || user == ".." || user.contains('/') {
        return Err(format!("{user:?} is no name for a directory"));
    }
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let enter = |parent: &OwnedFd, name: &str| match mkdirat(parent, name, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => openat(parent, name, flags, Mode::empty()),
        Err(errno) => Err(errno),
    };
    let opened = open(directory, flags, Mode::empty())
        .and_then(|kept| enter(&kept, user))
        .and_then(|kept| enter(&kept, name))
        .and_then(|kept| {
            if let Some(who) = owner {
                fchown(
                    &kept,
                    Some(Uid::from_raw(who.uid)),
                    Some(Gid::from_raw(who.gid)),
                )?;
            }
            // Programs look for the sticky bit before they trust a /tmp.
            fchmod(&kept, Mode::from_bits_truncate(0o1777))?;
            Ok(kept)
        });
    opened.map_err(|errno| {
        let place = directory.join(user).join(name);
        format!("{} cannot be made: {}", place.display(), errno.desc())
    })
}
