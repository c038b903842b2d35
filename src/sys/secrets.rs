//! What another process could read of this one: its arguments, its environment, its memory.

use std::io;

use nix::sys::prctl;

/// Overwrites the environment that the kernel shows of this process in `/proc/PID/environ` and, when
/// `arguments` says so, all words but the first of `/proc/PID/cmdline` (proc(5)).
///
/// To be called once, early, by a process with one thread, after both have been read: afterwards
/// the standard library's environment, and arguments, are empty words.
pub fn erase_environment(arguments: bool) -> io::Result<()> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Fields are counted after the program's name, which may hold spaces: arg_start is the 48th of all.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let field = |number: usize| {
        let word = fields
            .get(number - 3)
            .and_then(|word| word.parse::<usize>().ok());
        word.ok_or(io::ErrorKind::InvalidData)
    };
    if arguments {
        // SAFETY: the kernel gives the bounds of the arguments, mapped writable on our stack; one
        // thread runs, and whatever pointed there has been copied out by the caller.
        unsafe { erase_after_first_word(field(48)?, field(49)?) };
    }
    // SAFETY: as above, for the environment.
    unsafe { erase(field(50)?, field(51)?) };
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
