//! What another process could read of this one: its arguments, its environment, its memory.

use std::io;

use nix::sys::prctl;

/// Overwrites the arguments and the environment that the kernel shows of this process in
/// `/proc/PID/cmdline` (all but the program's name) and `/proc/PID/environ` (proc(5)).
///
/// To be called once, early, by a process with one thread, after both have been read: afterwards
/// the standard library's arguments and environment are empty words.
pub fn erase_arguments_and_environment() -> io::Result<()> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Fields are counted after the program's name, which may hold spaces: arg_start is the 48th of all.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let field = |number: usize| {
        fields
            .get(number - 3)
            .and_then(|word| word.parse::<usize>().ok())
            .unwrap_or(0)
    };
    let (arguments, environment) = ((field(48), field(49)), (field(50), field(51)));
    // SAFETY: the kernel gives the bounds of its own copy of the arguments, mapped writable on our
    // stack; one thread runs, and whatever pointed there has been copied out by the caller.
    unsafe { erase_after_first_word(arguments.0, arguments.1) };
    // SAFETY: as above, for the environment.
    unsafe { erase(environment.0, environment.1) };
    Ok(())
}

/// # Safety
/// `start..end` must be empty or writable memory that nobody reads any more.
unsafe fn erase(start: usize, end: usize) {
    if start != 0 && end > start {
        // SAFETY: the caller vouches for the range.
        unsafe {
            std::ptr::write_bytes(
                std::ptr::with_exposed_provenance_mut::<u8>(start),
                0,
                end - start,
            );
        };
    }
}

/// # Safety
/// As [`erase`].
unsafe fn erase_after_first_word(start: usize, end: usize) {
    let mut at = start;
    // SAFETY: every address read lies within the caller's range.
    while at != 0 && at < end && unsafe { *std::ptr::with_exposed_provenance::<u8>(at) } != 0 {
        at += 1;
    }
    // SAFETY: a part of the caller's range.
    unsafe { erase(at, end) };
}

/// Keeps other processes of the same user out of this one's memory, descriptors and environment
/// (prctl(2), `PR_SET_DUMPABLE`). Root can still look.
pub fn hide_memory() -> nix::Result<()> {
    prctl::set_dumpable(false)
}
