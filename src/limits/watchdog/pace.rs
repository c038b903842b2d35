//! The pace of the watchdog: often when something comes near its bound, seldom when looking is dear.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// The time between two looks when all is well.
pub(super) const USUAL: Duration = Duration::from_millis(100);
/// The time between two looks at something that needs it.
pub(super) const SOON: Duration = Duration::from_millis(10);
/// Of this many parts of a processor's time, looking should take one.
const SHARE: u32 = 25;

/// But never is it blind for longer, or a fork bomb is over before the next look.
const BLIND: Duration = Duration::from_millis(250);
/// Nor for longer than this, where something is near its bound: what it takes until it is stopped is not given back.
const BLIND_NEAR: Duration = Duration::from_millis(40);

/// How long to rest after a look that took `spent`: at least, and when nothing new comes.
pub(super) fn pause(wanted: Duration, spent: Duration) -> (Duration, Duration) {
    let near = wanted <= SOON * 2;
    let least = (spent * (SHARE - 1)).min(if near { BLIND_NEAR } else { BLIND });
    (least.max(SOON / 2), least.max(wanted))
}

/// Processor time that this thread has used.
pub(super) fn own_time() -> Duration {
    let Ok(used) = getrusage(UsageWho::RUSAGE_THREAD) else {
        return Duration::ZERO;
    };
    let micros = (used.user_time() + used.system_time()).num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// How soon something that may grow to a bound wants to be looked at.
pub(super) fn towards(used: u64, bound: Option<u64>) -> Duration {
    match bound {
        Some(bound) if used >= bound / 2 => SOON,
        _ => USUAL,
    }
}

#[test]
fn looking_takes_a_small_part_of_the_time() {
    let spent = Duration::from_millis(8);
    let (least, usual) = pause(USUAL, spent);
    assert!(spent * 20 <= least + spent && least <= usual);
    let dear = Duration::from_secs(5);
    assert_eq!(pause(USUAL, dear), (BLIND, BLIND));
    assert_eq!(pause(SOON, dear), (BLIND_NEAR, BLIND_NEAR));
    assert_eq!(pause(SOON, Duration::ZERO).1, SOON);
    assert_eq!(pause(USUAL, Duration::ZERO).1, USUAL);
}
