//! The limits of the settings, in the numbers of this machine.

use crate::config::{Config, LevelLimits, Memory};
use crate::limits::{Bounds, OwnLimits, Settings, memory_here, pids_here};

/// What the settings say about limits; percentages are of the memory there is here.
pub(super) fn settings(config: &Config) -> Settings {
    let here = memory_here();
    Settings {
        demand: config.limits,
        command: bounds(&config.command_limits, here),
        user: bounds(&config.user_limits, here),
        total: total(bounds(&config.total_limits, here), pids_here()),
        own: OwnLimits {
            nofile: config.limit_nofile,
            fsize: config.limit_fsize,
            core: config.limit_core,
            data: None,
        },
    }
}

/// The server and the system keep a tenth of the processes that there may be: a fork bomb must not take the last, or
/// nothing could be started any more to end it.
fn total(total: Bounds, here: Option<u64>) -> Bounds {
    let left = here.map(|here| here - here / 10);
    Bounds {
        pids: total.pids.map(|pids| pids.min(left.unwrap_or(pids))),
        ..total
    }
}

fn bounds(level: &LevelLimits, here: u64) -> Bounds {
    let bytes = |memory| match memory {
        Memory::Bytes(bytes) => bytes,
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a share of the memory need not be exact to the byte, and is no larger than all of it"
        )]
        Memory::Percent(percent) => (here as f64 * percent / 100.0) as u64,
    };
    Bounds {
        memory: level.memory.map(bytes),
        swap: level.swap.map(bytes),
        cpu: level.cpu,
        pids: level.pids,
        io_weight: level.io_weight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_of_the_memory_here() {
        let level = LevelLimits {
            memory: Some(Memory::Percent(25.0)),
            swap: Some(Memory::Bytes(7)),
            cpu: Some(1.5),
            ..LevelLimits::default()
        };
        let found = bounds(&level, 8 << 30);
        assert_eq!(found.memory, Some(2 << 30));
        assert_eq!(found.swap, Some(7));
        assert_eq!((found.cpu, found.pids), (Some(1.5), None));
    }

    #[test]
    fn some_processes_are_left_for_the_server() {
        let set = |pids| Bounds {
            pids,
            ..Bounds::default()
        };
        assert_eq!(total(set(Some(8192)), Some(500)).pids, Some(450));
        assert_eq!(total(set(Some(100)), Some(500)).pids, Some(100));
        assert_eq!(total(set(Some(8192)), None).pids, Some(8192));
        assert_eq!(total(set(None), Some(500)).pids, None);
    }
}
