//! The limits as the settings say them: how much is asked of the machine, and how much each level may use.

use super::demand::Demand;
use super::memory::Memory;
use super::reading::Reading;
use super::{Config, Effective, table};

/// What one level may use; none is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LevelLimits {
    /// Memory.
    pub memory: Option<Memory>,
    /// Swap beside the memory.
    pub swap: Option<Memory>,
    /// Processors: 1.5 is one and a half.
    pub cpu: Option<f64>,
    /// Processes and threads at once.
    pub pids: Option<u64>,
    /// Share of the disk's time against others, 1 to 10000.
    pub io_weight: Option<u16>,
}

impl LevelLimits {
    /// Takes the five settings of a level: `command`, `user` or `total`.
    pub(super) fn take(read: &mut Reading, level: &str) -> Self {
        let name = |resource: &str| format!("{level}_{resource}");
        Self {
            memory: read.memory(&name("memory_limit")),
            swap: read.memory(&name("swap_limit")),
            cpu: read.cores(&name("cpu_limit")),
            pids: read.number(&name("pids_limit")),
            io_weight: read.number(&name("io_weight")),
        }
    }

    /// The resources of which these limits give surely more than those of `above`.
    fn beyond(&self, above: &Self) -> impl Iterator<Item = &'static str> {
        let more = |own: Option<Memory>, above: Option<Memory>| {
            own.zip(above)
                .is_some_and(|(own, above)| own.exceeds(above))
        };
        let cpu = self
            .cpu
            .zip(above.cpu)
            .is_some_and(|(own, above)| own > above);
        let pids = (self.pids.zip(above.pids)).is_some_and(|(own, above)| own > above);
        [
            ("memory_limit", more(self.memory, above.memory)),
            ("swap_limit", more(self.swap, above.swap)),
            ("cpu_limit", cpu),
            ("pids_limit", pids),
        ]
        .into_iter()
        .filter_map(|(resource, beyond)| beyond.then_some(resource))
    }
}

/// What is accepted but does not do what it says.
pub(super) fn concerns(config: &Config, settings: &[Effective]) -> Vec<String> {
    if config.limits == Demand::Off {
        return unused(settings).into_iter().collect();
    }
    let levels = [
        ("command", &config.command_limits),
        ("user", &config.user_limits),
        ("total", &config.total_limits),
    ];
    let mut lines = Vec::new();
    for (at, (level, limits)) in levels.iter().enumerate() {
        for (above, outer) in &levels[at + 1..] {
            for resource in limits.beyond(outer) {
                lines.push(format!(
                    "{level}_{resource} is larger than {above}_{resource}: the smaller one holds"
                ));
            }
        }
        if limits.swap.is_some() && limits.memory.is_none() {
            lines.push(format!(
                "{level}_swap_limit is set without {level}_memory_limit: with cgroups of version 1 it does nothing; set both"
            ));
        }
    }
    lines
}

/// With limits off, those that somebody has set.
fn unused(settings: &[Effective]) -> Option<String> {
    let limits = super::SECTIONS
        .iter()
        .find(|section| section.title == table::LIMITS)?;
    let of_limits = |name: &str| limits.settings.iter().skip(1).any(|own| own.name == name);
    let set: Vec<&str> = settings
        .iter()
        .filter(|each| of_limits(each.name) && each.origin != "built-in" && each.value != UNSET)
        .map(|each| each.name)
        .collect();
    let verb = if set.len() == 1 { "does" } else { "do" };
    (!set.is_empty()).then(|| {
        format!(
            "limits is off, so {} {verb} nothing; set limits to optional or required",
            set.join(", ")
        )
    })
}
/// The word that unsets a limit, as it is shown.
pub(super) const UNSET: &str = "\"none\"";
