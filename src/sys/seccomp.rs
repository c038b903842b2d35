//! Filters of system calls.

use nix::errno::Errno;

/// Puts a filter, a program of classic BPF, over this thread and all that it starts (seccomp(2)).
///
/// `EACCES` without `no_new_privs` and `CAP_SYS_ADMIN`, `EINVAL` for a program that is none, `ENOSYS` before Linux 3.17.
pub fn filter_calls(program: &[libc::sock_filter]) -> nix::Result<()> {
    let fprog = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| Errno::EINVAL)?,
        // The kernel only reads it.
        filter: program.as_ptr().cast_mut(),
    };
    let mode = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: the kernel copies `len` instructions from a slice that has as many, and keeps no pointer.
    let set = unsafe { libc::syscall(libc::SYS_seccomp, mode, 0, &raw const fprog) };
    Errno::result(set).map(drop)
}
