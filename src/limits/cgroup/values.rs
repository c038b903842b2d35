//! Values: bounds as the files of each version take them.

use std::fs;
use std::io;
use std::path::Path;

use super::files::write;
use super::holds::Held;
use super::mounts::Version;
use super::shape::{Role, Shape, Spot};
use super::{Bounds, Holds};

/// In which the processor's time is dealt out, in microseconds. The kernel allows 1 ms to 1 s.
const PERIOD: u64 = 100_000;
const LONG_PERIOD: u64 = 1_000_000;
const LEAST_QUOTA: u64 = 1_000;

/// Sets the bounds there are in a place, but for those not held; gives what was refused.
pub(super) fn set(
    shape: &Shape,
    holds: Holds,
    spot: &Spot,
    bounds: &Bounds,
) -> Vec<(Held, io::Error)> {
    let mut refused = Vec::new();
    let mut note = |resource, result: io::Result<()>| {
        refused.extend(result.err().map(|error| (resource, error)));
    };
    let swap = bounds.swap.filter(|_| holds.swap);
    if let Some((version, at)) = shape.at(spot, Role::Memory).filter(|_| holds.memory) {
        if let Some(bytes) = bounds.memory {
            note(Held::Memory, memory(version, at, bytes));
        }
        if let Some(swap) = swap {
            note(Held::Swap, set_swap(version, at, bounds.memory, swap));
        }
    }
    if let Some((version, at)) = shape.at(spot, Role::Cpu).filter(|_| holds.cpu)
        && let Some(cores) = bounds.cpu
    {
        note(Held::Cpu, cpu(version, at, cores));
    }
    if let Some((_, at)) = shape.at(spot, Role::Pids).filter(|_| holds.pids)
        && let Some(pids) = bounds.pids
    {
        note(Held::Pids, write(at, "pids.max", &pids.to_string()));
    }
    if let Some((version, at)) = shape.at(spot, Role::Io).filter(|_| holds.io_weight)
        && let Some(weight) = bounds.io_weight
    {
        note(Held::Io, io(version, at, weight));
    }
    refused
}

fn memory(version: Version, at: &Path, bytes: u64) -> io::Result<()> {
    match version {
        Version::One => write(at, "memory.limit_in_bytes", &bytes.to_string()),
        Version::Two => write(at, "memory.max", &bytes.to_string()),
    }
}

/// Version 1 bounds memory and swap together, and never below the memory alone: so that is set first.
fn set_swap(version: Version, at: &Path, memory: Option<u64>, swap: u64) -> io::Result<()> {
    let (file, bytes) = match (version, memory) {
        (Version::Two, _) => ("memory.swap.max", swap),
        (Version::One, Some(memory)) => {
            ("memory.memsw.limit_in_bytes", memory.saturating_add(swap))
        }
        (Version::One, None) => return Err(io::Error::other("it needs a limit on memory too")),
    };
    match write(at, file, &bytes.to_string()) {
        // Only missing where the machine has no swap at all, as set-up has looked.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn cpu(version: Version, at: &Path, cores: f64) -> io::Result<()> {
    let (quota, period) = quota(cores);
    match version {
        Version::One => {
            // The usual period is there from the start, and bounds only get narrower.
            if period != PERIOD {
                write(at, "cpu.cfs_period_us", &period.to_string())?;
            }
            write(at, "cpu.cfs_quota_us", &quota.to_string())
        }
        Version::Two => write(at, "cpu.max", &format!("{quota} {period}")),
    }
}

/// Quota and period, in microseconds.
fn quota(cores: f64) -> (u64, u64) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a float saturates, and periods are small"
    )]
    let of = |period: u64| (cores * period as f64) as u64;
    if of(PERIOD) >= LEAST_QUOTA {
        (of(PERIOD), PERIOD)
    } else {
        (of(LONG_PERIOD).max(LEAST_QUOTA), LONG_PERIOD)
    }
}

/// The kernel's ways of sharing a disk, the better first.
fn weights(version: Version) -> [&'static str; 2] {
    match version {
        Version::One => ["blkio.bfq.weight", "blkio.weight"],
        Version::Two => ["io.bfq.weight", "io.weight"],
    }
}

/// Whether the kernel has one of them in a place.
pub(super) fn has_weights(shape: &Shape, spot: &Spot) -> bool {
    shape
        .at(spot, Role::Io)
        .is_some_and(|(version, at)| weights(version).iter().any(|file| at.join(file).exists()))
}

/// The weight goes to whichever of the kernel's ways of sharing a disk there are.
fn io(version: Version, at: &Path, weight: u16) -> io::Result<()> {
    let weight = u32::from(weight);
    let bfq = stretched(weight, 100, 1);
    let other = match version {
        Version::One => stretched(weight, 500, 10).to_string(),
        Version::Two => format!("default {weight}"),
    };
    let mut result = Err(io::ErrorKind::NotFound.into());
    for (file, value) in weights(version).into_iter().zip([bfq.to_string(), other]) {
        match write(at, file, &value) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(()) => return Ok(()),
            failed => result = failed,
        }
    }
    result
}

/// A weight of 1 to 10000 with 100 in the middle, as one of `least` to 1000 with `middle` there.
fn stretched(weight: u32, middle: u32, least: u32) -> u32 {
    if weight <= 100 {
        (weight * middle / 100).max(least)
    } else {
        middle + (weight - 100) * (1000 - middle) / 9900
    }
}

/// How many processors version 1 lets a group have; none when that is not bounded.
pub(super) fn cores(at: &Path) -> Option<f64> {
    let number = |file| fs::read_to_string(at.join(file)).ok()?.trim().parse().ok();
    let (quota, period): (f64, f64) = (number("cpu.cfs_quota_us")?, number("cpu.cfs_period_us")?);
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_a_processor_becomes_a_quota_that_the_kernel_takes() {
        for (cores, expected) in [
            (1.5, (150_000, 100_000)),
            (64.0, (6_400_000, 100_000)),
            (0.01, (1_000, 100_000)),
            (0.005, (5_000, 1_000_000)),
            (0.0001, (1_000, 1_000_000)),
        ] {
            assert_eq!(quota(cores), expected, "{cores}");
        }
    }

    #[test]
    fn weights_keep_their_order_and_their_middle() {
        for (middle, least) in [(100, 1), (500, 10)] {
            assert_eq!(stretched(100, middle, least), middle);
            assert_eq!(stretched(1, middle, least), (middle / 100).max(least));
            assert_eq!(stretched(10_000, middle, least), 1000);
            let all: Vec<u32> = (1..=10_000).map(|w| stretched(w, middle, least)).collect();
            assert!(all.is_sorted());
        }
    }
}
