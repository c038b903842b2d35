//! The scheduler: how soon a thread that has slept gets to run.

use std::mem;

use rustix::process::getpriority_process;

/// The shortest slice there is, in nanoseconds.
const SLICE: u64 = 100_000;

/// Has this thread run soon when it wakes, however many others compute: it asks for short slices, and who wants little
/// goes first. It gets no more of a processor by that.
///
/// What it forks, and threads that it starts, get the usual slices. Before Linux 6.12 nothing changes; neither does it
/// where the system refuses. (`sched_setattr(2)`; the kernel's `sched-eevdf.rst`)
pub fn run_soon() {
    let Ok(nice) = getpriority_process(None) else {
        return;
    };
    // SAFETY: it is a struct of integers, for which zeroes are values.
    let mut wanted: libc::sched_attr = unsafe { mem::zeroed() };
    wanted.size = u32::try_from(mem::size_of::<libc::sched_attr>()).unwrap_or(0);
    wanted.sched_policy = libc::SCHED_OTHER.cast_unsigned();
    wanted.sched_flags = u64::from(libc::SCHED_FLAG_RESET_ON_FORK.cast_unsigned());
    wanted.sched_nice = nice;
    wanted.sched_runtime = SLICE;
    // SAFETY: the kernel reads as many bytes as the struct says it has; 0 is the calling thread.
    unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const wanted, 0) };
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// The slice of the calling thread, in nanoseconds.
    fn slice() -> u64 {
        // SAFETY: as above.
        let mut told: libc::sched_attr = unsafe { mem::zeroed() };
        let size = mem::size_of::<libc::sched_attr>();
        // SAFETY: the kernel writes at most `size` bytes into the struct; 0 is the calling thread.
        unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut told, size, 0) };
        told.sched_runtime
    }

    #[test]
    fn a_thread_has_short_slices_and_those_it_starts_the_usual_ones() {
        let usual = thread::spawn(slice).join().unwrap();
        let (own, of_child) = thread::spawn(|| {
            run_soon();
            (slice(), thread::spawn(slice).join().unwrap())
        })
        .join()
        .unwrap();
        assert_eq!(of_child, usual);
        if usual == 0 {
            eprintln!("not shown: this kernel has no slices of a thread's own");
        } else {
            assert_eq!(own, SLICE);
        }
    }
}
