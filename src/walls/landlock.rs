//! Landlock: files are kept to what is the workspace's own, signals and abstract sockets to its own processes, by the
//! kernel and without privilege (landlock(7)).

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use ::landlock::{
    ABI, Access, AccessFs, BitFlags, LandlockStatus, PathBeneath, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::capabilities::NO_NEW_PRIVS;
use super::namespaces::MOUNT;
use super::report::Report;
use super::{Plan, tree};
use crate::config::Demand;

const NAME: &str = "landlock";

/// The newest that is made use of; the crate leaves out what a kernel does not know.
pub(super) const NEWEST: ABI = ABI::V6;

/// Places in which everybody may write.
const SHARED: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// Devices that programs use; what of them is whose the modes say.
const DEVICES: [&str; 8] = [
    "null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts",
];

/// Devices that compute.
const COMPUTING: [&str; 3] = ["nvidia", "dri", "kfd"];

/// Restricts this process, where that is asked for.
pub(super) fn restrict(plan: &Plan, report: &mut Report) -> Result<(), String> {
    let demand = plan.demands.landlock;
    if demand == Demand::Off {
        report.is_off(
            NAME,
            "files are kept by their modes alone, signals by the user alone",
        );
        return Ok(());
    }
    if plan.lets_gain() {
        let why = "sudo and Landlock exclude each other: set no_new_privs to \"optional\" for Landlock, \
                   or landlock to \"off\" for sudo";
        return report.fails(NAME, demand, why.to_owned());
    }
    if !report.has(NO_NEW_PRIVS) {
        return report.fails(
            NAME,
            demand,
            "it takes no_new_privs, which cannot be had".to_owned(),
        );
    }
    match apply(plan) {
        Ok(status) => match weaknesses(&status) {
            Ok(weak) => {
                let detail = "files beyond its own are for reading only; signals and abstract sockets stay inside";
                report.stands(
                    NAME,
                    [detail.to_owned(), weak, open_in_home(plan, report)].concat(),
                );
                Ok(())
            }
            Err(why) => report.fails(NAME, demand, why.to_owned()),
        },
        Err(error) => report.fails(NAME, demand, format!("the kernel refuses it: {error}")),
    }
}

/// What an older kernel cannot do; an error where it can do nothing.
fn weaknesses(status: &RestrictionStatus) -> Result<String, &'static str> {
    let abi = match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => effective_abi,
        LandlockStatus::NotEnabled => {
            return Err(
                "it is in this kernel but not switched on: add landlock to the kernel's parameter lsm=",
            );
        }
        LandlockStatus::NotImplemented => {
            return Err(
                "this kernel has no Landlock, or a seccomp profile hides it: it takes Linux 5.13 with \
                 CONFIG_SECURITY_LANDLOCK, and Docker 23 or newer",
            );
        }
    };
    let lacks = [
        (
            ABI::V2,
            "files move between directories by copying (Linux 5.19)",
        ),
        (
            ABI::V3,
            "files elsewhere that the modes let it write can be cut off (6.2)",
        ),
        (ABI::V5, "devices are controlled as the modes say (6.10)"),
        (
            ABI::V6,
            "signals and abstract sockets are not kept in (6.12)",
        ),
    ];
    let lacking: Vec<&str> = lacks
        .iter()
        .filter(|(since, _)| abi < *since)
        .map(|(_, what)| *what)
        .collect();
    if lacking.is_empty() {
        return Ok(String::new());
    }
    Ok(format!(
        "; this kernel is too old for all of it: {}",
        lacking.join(", ")
    ))
}

/// Where nothing is mounted over them, files in a directory that may be written cannot be hidden: rules only allow.
fn open_in_home(plan: &Plan, report: &Report) -> String {
    if report.has(MOUNT) {
        return String::new();
    }
    let real = |path: &PathBuf| fs::canonicalize(path).ok();
    let kept: Vec<&PathBuf> = plan.kept().collect();
    let open: Vec<String> = plan
        .hidden
        .iter()
        .filter_map(real)
        .filter(|path| kept.iter().any(|kept| path.starts_with(kept)))
        .map(|path| path.display().to_string())
        .collect();
    if open.is_empty() {
        return String::new();
    }
    format!(
        "; weak, as these lie in directories of its own and only the mount namespace could hide them: {}",
        open.join(", ")
    )
}

fn apply(plan: &Plan) -> Result<RestrictionStatus, RulesetError> {
    let all = AccessFs::from_all(NEWEST);
    let mut rules = Ruleset::default()
        .handle_access(all)?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?
        .create()?
        .no_new_privs(true);
    // A directory is listed wherever its mode lets one: else nobody could list `/`, as rules hold for all below.
    rules = allow(rules, Path::new("/"), AccessFs::ReadDir.into())?;
    let read = AccessFs::Execute | AccessFs::ReadFile | AccessFs::ReadDir;
    for path in readable(plan) {
        rules = allow(rules, &path, read)?;
    }
    for path in plan.kept() {
        rules = allow(rules, path, all)?;
    }
    for path in SHARED {
        if let Ok(path) = fs::canonicalize(path) {
            rules = allow(rules, &path, all)?;
        }
    }
    let write = AccessFs::WriteFile | AccessFs::Truncate;
    rules = allow(rules, Path::new("/proc"), read | write)?;
    for path in devices() {
        rules = allow(rules, &path, read | write | AccessFs::IoctlDev)?;
    }
    if let Ok(own) = open(
        "/proc/self/exe",
        OFlag::O_PATH | OFlag::O_CLOEXEC,
        Mode::empty(),
    ) {
        rules = rules.add_rule(PathBeneath::new(
            own,
            AccessFs::Execute | AccessFs::ReadFile,
        ))?;
    }
    rules.restrict_self()
}

/// Allows some access below a path; nothing where there is none, or a link, whose target has rules of its own.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    match open(path, flags, Mode::empty()) {
        Ok(place) => allow_at(rules, place, access),
        Err(_) => Ok(rules),
    }
}

/// Allows some access to an open place and what is below it, of which files take only a part.
pub(super) fn allow_at(
    rules: RulesetCreated,
    place: OwnedFd,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let access = match tree::kind(&place) {
        libc::S_IFDIR => access,
        libc::S_IFLNK => return Ok(rules),
        _ => access & AccessFs::from_file(NEWEST),
    };
    if access.is_empty() {
        return Ok(rules);
    }
    rules.add_rule(PathBeneath::new(place, access))
}

/// The largest parts of the file system in which nothing is to be hidden.
fn readable(plan: &Plan) -> Vec<PathBuf> {
    let real = |path: &PathBuf| fs::canonicalize(path).ok();
    let home = real(&plan.home);
    let hidden = plan.hidden.iter().filter_map(real);
    let homes = plan.homes.iter().filter_map(real);
    let homes = homes.filter(|path| Some(path) != home.as_ref());
    let without: BTreeSet<PathBuf> = hidden.chain(homes).collect();
    let mut parts = Vec::new();
    let mut to_do = vec![PathBuf::from("/")];
    while let Some(path) = to_do.pop() {
        if without.contains(&path) {
            continue;
        }
        if !without.iter().any(|hidden| hidden.starts_with(&path)) {
            parts.push(path);
            continue;
        }
        // What cannot be listed is not reached either.
        let entries = fs::read_dir(&path).into_iter().flatten().flatten();
        to_do.extend(entries.map(|entry| entry.path()));
    }
    parts
}

fn devices() -> Vec<PathBuf> {
    let named = DEVICES.iter().map(|name| Path::new("/dev").join(name));
    let found = fs::read_dir("/dev").into_iter().flatten().flatten();
    let computing = found.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        COMPUTING.iter().any(|prefix| name.starts_with(prefix))
    });
    named.chain(computing.map(|entry| entry.path())).collect()
}
