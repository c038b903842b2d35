//! The branch: the cgroups of all that a server runs, in every hierarchy that is of use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::broom::{self, Broom};
use super::files::{self, write};
use super::holds::{Held, Reasons};
use super::mounts::{self, Hierarchy, Place, Version};
use super::server_leaf::{self, ServerLeaf};
use super::shape::{Role, Shape, Spot};
use super::sweep::{self, BRANCH, Id};
use super::{Bounds, Holds, Levels, counters, trouble, values};

/// Time for all places to be removed at the end.
const CLOSE: Duration = Duration::from_secs(4);

/// What a workspace's cgroup is called.
pub(super) const WORKSPACE: &str = "workspace";

/// What the kernel tells about this process and machine.
pub(super) struct System {
    pub(super) cgroup: String,
    pub(super) mountinfo: String,
    /// The machine has swap.
    pub(super) swap: bool,
}

/// The cgroups of all that a server runs. They are removed when the last who has it lets go.
#[derive(Debug, Default)]
pub(super) struct Branch {
    pub(super) shape: Shape,
    pub(super) top: Spot,
    pub(super) workspace: Spot,
    pub(super) levels: Levels,
    pub(super) holds: Holds,
    /// What holds for a workspace, as it was set.
    pub(super) user: Bounds,
    /// Processors that a leaf can have at most; what asks for more gets no bound of its own.
    pub(super) cores: Option<f64>,
    pub(super) pids_count_at_limit: bool,
    /// Whether the kernel keeps the most memory there was.
    pub(super) keeps_peak: bool,
    /// How often the memory of the workspace, and of all, was found full (see [`super::before`]).
    pub(super) found_full: [AtomicU64; 2],
    pub(super) broom: Broom,
    pub(super) next: AtomicU64,
    closed: AtomicBool,
    pub(super) owner: Owner,
    server: Option<ServerLeaf>,
}

/// Whose a branch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Owner {
    /// Of who made it.
    #[default]
    Own,
    /// Of the server: this process was lent a place in it.
    Lent,
}

impl System {
    pub(super) fn here() -> io::Result<Self> {
        let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
        Ok(Self {
            cgroup: fs::read_to_string("/proc/self/cgroup")?,
            mountinfo: fs::read_to_string("/proc/self/mountinfo")?,
            swap: swaps.lines().count() > 1,
        })
    }

    pub(super) fn hierarchies(&self) -> Vec<Hierarchy> {
        let mut all = mounts::find(&self.cgroup, &self.mountinfo);
        // Version 1 has the first word: what it has, version 2 has not.
        all.sort_by_key(|hierarchy| hierarchy.version == Version::Two);
        for hierarchy in &mut all {
            if let Ok(place) = &mut hierarchy.place {
                *place = place.clone().outside_of_servers();
            }
        }
        all
    }
}

impl Branch {
    /// Makes the branch; gives it with the reasons for what it cannot hold.
    pub(super) fn make(system: &System, levels: &Levels) -> Result<(Self, Reasons), String> {
        let id = Id::own().map_err(|error| format!("/proc does not tell who this is: {error}"))?;
        let mut branch = Self::default();
        branch.levels = *levels;
        let mut reasons = Reasons::default();
        for hierarchy in system.hierarchies() {
            branch.add(&hierarchy, id, &mut reasons);
        }
        branch.holds = reasons.holds(&branch.shape);
        branch.settle_swap(system, &mut reasons);
        branch.settle_weights(&mut reasons);
        branch.set_bounds(&mut reasons);
        branch.pids_count_at_limit = counters::pids_count_at_limit(&branch.shape, &branch.top);
        branch.keeps_peak = counters::keeps_peak(&branch.shape, &branch.workspace);
        Ok((branch, reasons))
    }

    /// Takes a hierarchy into use, for what it can do and none before does.
    fn add(&mut self, hierarchy: &Hierarchy, id: Id, reasons: &mut Reasons) {
        let roles = self.roles_of(hierarchy);
        if roles.is_empty() {
            return;
        }
        let added = match &hierarchy.place {
            Err(trouble) => Err(trouble.to_string()),
            Ok(place) if place.read_only => Err(trouble::read_only()),
            Ok(place) => match hierarchy.version {
                Version::One => self.add_one(place, id, &roles),
                Version::Two => self.add_two(place, id, &roles, reasons),
            },
        };
        if let Err(reason) = added {
            for role in roles {
                reasons.note(role, reason.clone());
            }
        }
    }

    /// What this hierarchy would be used for.
    fn roles_of(&self, hierarchy: &Hierarchy) -> Vec<Role> {
        let weighs = self.levels.weigh();
        let wanted = |role: &Role| match (hierarchy.version, role.controller(hierarchy.version)) {
            (Version::One, None) => false,
            (Version::One, Some(name)) => {
                (*role != Role::Io || weighs) && hierarchy.controllers.iter().any(|c| c == name)
            }
            // It costs nothing beside the others, but is no reason to use a second version.
            (Version::Two, _) => *role != Role::Io || weighs || self.top.0.is_empty(),
        };
        let open = |role: &Role| !self.shape.has(*role);
        let roles = Role::ALL.into_iter();
        roles.filter(wanted).filter(open).collect()
    }

    fn add_one(&mut self, place: &Place, id: Id, roles: &[Role]) -> Result<(), String> {
        let (top, workspace) = self.make_places(place, id)?;
        // Before Linux 5.11 the limits above held only with this.
        write(&top, "memory.use_hierarchy", "1").ok();
        hand_on_cpuset(&place.own, &top);
        hand_on_cpuset(&top, &workspace);
        if roles.contains(&Role::Cpu) {
            let above = place.upwards().filter_map(values::cores);
            self.cores = above.reduce(f64::min);
        }
        self.use_parts(top, workspace, Version::One, roles);
        Ok(())
    }

    fn add_two(
        &mut self,
        place: &Place,
        id: Id,
        roles: &[Role],
        reasons: &mut Reasons,
    ) -> Result<(), String> {
        let names = |role: &Role| role.controller(Version::Two);
        let wanted: Vec<&'static str> = roles.iter().filter_map(names).collect();
        let is_there = |name: &&str| files::has_word(&place.own, "cgroup.controllers", name);
        if !wanted.iter().any(is_there) {
            // Beside version 1, it is often there for nothing but keeping processes apart.
            for (role, name) in roles.iter().zip(roles.iter().map(names)) {
                if let Some(name) = name {
                    reasons.note(*role, trouble::no_controller(place, name));
                }
            }
            return Ok(());
        }
        let entered = server_leaf::enter(place, id, &wanted)?;
        for (controller, reason) in entered.refused {
            if let Some(role) = roles.iter().find(|role| names(role) == Some(controller)) {
                reasons.note(*role, reason);
            }
        }
        if entered.controllers.is_empty() {
            return Ok(());
        }
        self.server = Some(entered.leaf);
        let (top, workspace) = self.make_places(place, id)?;
        let mut had = Vec::new();
        for role in roles {
            let handed = names(role).map_or(Ok(()), |name| {
                if !entered.controllers.contains(&name) {
                    return Err(None);
                }
                [&top, &workspace].into_iter().try_for_each(|at| {
                    write(at, "cgroup.subtree_control", &format!("+{name}"))
                        .map_err(|error| Some(trouble::cannot_enable(place, name, &error)))
                })
            });
            match handed {
                Ok(()) => had.push(*role),
                Err(Some(reason)) => reasons.note(*role, reason),
                Err(None) => {}
            }
        }
        self.use_parts(top, workspace, Version::Two, &had);
        Ok(())
    }

    /// The directories of the branch and the workspace in one hierarchy, after those of dead servers are gone.
    fn make_places(&self, place: &Place, id: Id) -> Result<(PathBuf, PathBuf), String> {
        let busy = sweep::sweep(&place.own, id);
        if !busy.is_empty() {
            self.broom.remove(busy);
        }
        let top = place.own.join(format!("{BRANCH}{id}"));
        let workspace = top.join(WORKSPACE);
        fs::create_dir(&top).map_err(|error| trouble::cannot_make(place, &error))?;
        fs::create_dir(&workspace).map_err(|error| {
            broom::is_removed(&top);
            trouble::cannot_make(place, &error)
        })?;
        Ok((top, workspace))
    }

    fn use_parts(&mut self, top: PathBuf, workspace: PathBuf, version: Version, roles: &[Role]) {
        self.shape.add(version, roles);
        self.top.0.push(top);
        self.workspace.0.push(workspace);
    }

    /// Where the machine has no swap, nothing needs to bound it.
    fn settle_swap(&mut self, system: &System, reasons: &mut Reasons) {
        if self.holds.swap && system.swap && !counters::has_swap(&self.shape, &self.workspace) {
            self.holds.swap = false;
            reasons.note_held(
                Held::Swap,
                "the kernel does not account swap; start it with `swapaccount=1`".to_owned(),
            );
        }
    }

    /// The kernel may have been built without either way to share a disk.
    fn settle_weights(&mut self, reasons: &mut Reasons) {
        if self.holds.io_weight && !values::has_weights(&self.shape, &self.workspace) {
            self.holds.io_weight = false;
            reasons.note_held(
                Held::Io,
                "the kernel shares no disk by weights here; it takes the scheduler BFQ, or `io.cost` on version 2"
                    .to_owned(),
            );
        }
    }

    /// Sets the bounds of all but the leaves.
    fn set_bounds(&mut self, reasons: &mut Reasons) {
        let Levels { user, total, .. } = self.levels;
        for (spot, bounds) in [(&self.top, total), (&self.workspace, user)] {
            let bounds = within(&bounds, self.cores);
            self.user = bounds;
            self.cores = bounds.cpu.or(self.cores);
            for (what, error) in values::set(&self.shape, self.holds, spot, &bounds) {
                reasons.refused(&mut self.holds, what, &error);
            }
        }
    }

    /// Removes it all, waiting at most this long for what is busy.
    pub(super) fn close(&self, most: Duration) {
        self.broom.wait(most);
        if self.is_lent() {
            return;
        }
        if self.closed.swap(true, Ordering::Relaxed) {
            return;
        }
        self.kill_delegated();
        let until = Instant::now() + CLOSE;
        for top in &self.top.0 {
            // Of very many, on a busy machine, some stay: the next server sweeps them away.
            let late = || Instant::now() >= until;
            let places = broom::children(top);
            let left = places
                .iter()
                .filter(|place| late() || !broom::is_removed(place));
            if left.count() == 0 {
                broom::is_removed(top);
            }
        }
        if let Some(server) = &self.server {
            server.leave();
        }
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        self.close(Duration::from_millis(100));
    }
}

/// The bounds without one on processors that is no narrower than what holds above: version 1 refuses more, and by
/// one of its own a place could not tell whose limit it met.
pub(super) fn within(bounds: &Bounds, cores: Option<f64>) -> Bounds {
    Bounds {
        cpu: bounds
            .cpu
            .filter(|asked| cores.is_none_or(|most| *asked < most)),
        ..*bounds
    }
}

/// Where processors are dealt out in the same hierarchy, a new cgroup has none at first (cpusets(7)).
pub(super) fn hand_on_cpuset(own: &Path, top: &Path) {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        if let Ok(value) = files::read(own, file) {
            write(top, file, value.trim()).ok();
            write(top, "cgroup.clone_children", "1").ok();
        }
    }
}
