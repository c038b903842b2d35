//! Capabilities: all given up, and the ways to get some closed (capabilities(7)).

use std::fs;

use rustix::io::Errno;
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capability_is_in_bounding_set,
    clear_ambient_capability_set, remove_capability_from_bounding_set, set_capabilities,
    set_capabilities_secure_bits, set_no_new_privs,
};

use super::Plan;
use super::report::Report;
use crate::config::Demand;

const NAME: &str = "capabilities";

/// The setting of that wall, and its name.
pub(super) const NO_NEW_PRIVS: &str = "no_new_privs";

/// Highest number that a capability can have: the sets have 64 bits.
const MOST: u32 = 63;

/// Empties the bounding set and gives root's programs nothing, while that is still allowed; says what could not be.
pub(super) fn bound(plan: &Plan) -> Result<(), Errno> {
    if plan.lets_gain() {
        return Ok(());
    }
    let mut dropped = Ok(());
    for number in 0..=MOST {
        let one = CapabilitySet::from_bits_retain(1 << number);
        // A number past the last capability is EINVAL.
        if capability_is_in_bounding_set(one).unwrap_or(false)
            && let Err(errno) = remove_capability_from_bounding_set(one)
        {
            dropped = Err(errno);
        }
    }
    let bits = CapabilitiesSecureBits::NO_ROOT
        | CapabilitiesSecureBits::NO_ROOT_LOCKED
        | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
        | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED;
    dropped.and(set_capabilities_secure_bits(bits))
}

/// Gives up all that this process has.
pub(super) fn give_up(
    plan: &Plan,
    bounded: Result<(), Errno>,
    report: &mut Report,
) -> Result<(), String> {
    // Before Linux 4.3 there is no ambient set.
    clear_ambient_capability_set().ok();
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, none)
        .map_err(|errno| format!("the workspace cannot give up its capabilities: {errno}"))?;
    let left = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
        let value = left.lines().find_map(|line| line.strip_prefix(set));
        if value.is_some_and(|value| value.trim().chars().any(|digit| digit != '0')) {
            return Err(format!(
                "the workspace still has capabilities: {set} {value:?}"
            ));
        }
    }
    let mut detail = match (plan.lets_gain(), bounded) {
        (true, _) => "none now; the bounding set stays full, so that sudo works: who may use it is root".to_owned(),
        (false, Ok(())) => "none, and none to be had: the bounding set is empty".to_owned(),
        (false, Err(_)) => {
            "none; the bounding set stays, which needs root to empty, and no_new_privs makes it useless".to_owned()
        }
    };
    if plan.is_root() {
        detail
            .push_str("; weak, as the workspace is root, whose files the system's are: set run_as");
    }
    report.stands(NAME, detail);
    Ok(())
}

/// Sets `no_new_privs`, after which no program gives rights that this process has not (prctl(2)).
pub(super) fn forbid_new(plan: &Plan, report: &mut Report) -> Result<(), String> {
    if plan.demands.no_new_privs == Demand::Off {
        report.is_off(
            NO_NEW_PRIVS,
            "programs that are set-user-ID, such as sudo, work, and a fault in one is a way to root",
        );
        return Ok(());
    }
    match set_no_new_privs(true) {
        Ok(()) => {
            report.stands(NO_NEW_PRIVS, "no program gives more rights, sudo neither");
            Ok(())
        }
        Err(errno) => report.fails(
            NO_NEW_PRIVS,
            plan.demands.no_new_privs,
            format!("the kernel refuses it ({errno}): it takes Linux 3.5"),
        ),
    }
}
