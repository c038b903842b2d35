//! The limits of the settings, in the numbers of this machine.

use crate::config::{self, Config, LevelLimits, Memory};
use crate::limits::{Bounds, Demand, OwnLimits, Settings, memory_here};

/// What the settings say about limits; percentages are of the memory there is here.
pub(super) fn settings(config: &Config) -> Settings {
    let here = memory_here();
    Settings {
        demand: match config.limits {
            config::Demand::Required => Demand::Required,
            config::Demand::Optional => Demand::Optional,
            config::Demand::Off => Demand::Off,
        },
        command: bounds(&config.command_limits, here),
        user: bounds(&config.user_limits, here),
        total: bounds(&config.total_limits, here),
        own: OwnLimits {
            nofile: config.limit_nofile,
            fsize: config.limit_fsize,
            core: config.limit_core,
            data: None,
        },
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
}
