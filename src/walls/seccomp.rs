//! System calls that no shell needs and that faults of kernels were found in: refused with `EPERM` (seccomp(2)).
//!
//! It is a list of what is refused, not of what is allowed: programs that are unknown here shall work. User namespaces
//! and mounts are left, which rootless containers, bubblewrap and browsers need for walls of their own.

use libc::{
    BPF_ABS, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW,
    SECCOMP_RET_ERRNO, sock_filter,
};
use nix::errno::Errno;

use super::Plan;
use super::report::Report;
use crate::config::Demand;
use crate::sys;

const NAME: &str = "seccomp";

#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xc000_00b7;

/// Refused on every machine.
const REFUSED: &[libc::c_long] = &[
    // Another kernel, or more of this one.
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    // Programs in the kernel, its memory and its log.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_syslog,
    libc::SYS_lookup_dcookie,
    // Keys, which no namespace keeps apart.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // Files by number, past every directory.
    libc::SYS_open_by_handle_at,
    // The machine as a whole: swap, clock, accounts, quotas.
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_vhangup,
    libc::SYS_nfsservctl,
];

/// Refused where there are such calls: ports, and calls that are long gone.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[libc::c_long] = &[
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_uselib,
    // create_module, get_kernel_syms, query_module
    174,
    177,
    178,
    libc::SYS__sysctl,
];
#[cfg(target_arch = "aarch64")]
const REFUSED_HERE: &[libc::c_long] = &[];

/// The same for programs of 32 bits, which have other numbers (the kernel's `syscall_32.tbl`), with those of times in
/// 64 bits.
#[cfg(target_arch = "x86_64")]
const REFUSED_32: &[u32] = &[
    283, 128, 350, 129, 88, 357, 336, 374, 103, 253, 288, 286, 287, 342, 87, 115, 79, 25, 264, 404,
    343, 405, 124, 51, 131, 443, 111, 169, 110, 101, 86, 127, 130, 167, 149,
];

/// `AUDIT_ARCH_I386`
#[cfg(target_arch = "x86_64")]
const I386: u32 = 0x4000_0003;

/// Calls of the x32 kind have this bit: the same calls under other numbers.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

/// Requests of ioctl(2) that type into the terminal one sits at (`TIOCSTI`) or make the console do it (`TIOCLINUX`).
#[cfg(target_arch = "x86_64")]
const IOCTL_32: u32 = 54;
const TYPING: [u32; 2] = [0x5412, 0x541c];

/// Where `struct seccomp_data` has these, in bytes; of the second argument, the lower half: the kernel's ioctl reads
/// no more.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const SECOND: u32 = 24;

/// Installs the filter, where it is asked for.
pub(super) fn install(plan: &Plan, report: &mut Report) -> Result<(), String> {
    let demand = plan.demands.seccomp;
    if demand == Demand::Off {
        report.is_off(
            NAME,
            "commands reach every call that the kernel gives to users",
        );
        return Ok(());
    }
    match sys::filter_calls(&program()) {
        Ok(()) => {
            report.stands(NAME, "calls that no shell needs are refused; user namespaces and mounts are not among them");
            Ok(())
        }
        Err(errno) => report.fails(NAME, demand, why(plan, errno)),
    }
}

fn why(plan: &Plan, errno: Errno) -> String {
    match errno {
        Errno::EACCES | Errno::EPERM if plan.lets_gain() => {
            "with no_new_privs = \"off\" it takes the capability SYS_ADMIN: add that (--cap-add SYS_ADMIN), \
             or leave no_new_privs on"
                .to_owned()
        }
        Errno::ENOSYS | Errno::EINVAL => {
            "this kernel, or the sandbox it runs in, has no filters: it takes CONFIG_SECCOMP_FILTER".to_owned()
        }
        _ => format!("the kernel refuses it: {}", errno.desc()),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "opcodes of BPF have 16 bits"
)]
const fn step(code: u32, yes: u8, no: u8, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt: yes,
        jf: no,
        k,
    }
}

const fn load(at: u32) -> sock_filter {
    step(BPF_LD | BPF_W | BPF_ABS, 0, 0, at)
}

/// Goes on when it is equal, else passes over `steps`.
const fn if_equal(value: u32, steps: u8) -> sock_filter {
    step(BPF_JMP | BPF_JEQ | BPF_K, 0, steps, value)
}

const ALLOW: sock_filter = step(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);

const fn refuse(errno: u32) -> sock_filter {
    step(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | errno)
}

const EPERM: sock_filter = refuse(libc::EPERM.cast_unsigned());

/// The filter for calls of one architecture, from the number on.
fn part(refused: impl Iterator<Item = u32>, ioctl: u32) -> Vec<sock_filter> {
    let mut steps = vec![load(NUMBER)];
    for number in refused {
        steps.extend([if_equal(number, 1), EPERM]);
    }
    steps.extend([if_equal(ioctl, 5), load(SECOND)]);
    for request in TYPING {
        steps.extend([if_equal(request, 1), EPERM]);
    }
    steps.push(ALLOW);
    steps
}

/// The whole filter. What the kernel knows of it to be independent of arguments it does not run again.
fn program() -> Vec<sock_filter> {
    let number = |call: &libc::c_long| u32::try_from(*call).unwrap_or(u32::MAX);
    let refused = REFUSED.iter().chain(REFUSED_HERE).map(number);
    let mut native = part(refused, number(&libc::SYS_ioctl));
    #[cfg(target_arch = "x86_64")]
    {
        // A call that a debugger has cancelled has the number -1, and has to come to nothing, not to an error.
        let cancelled = [if_equal(u32::MAX, 1), ALLOW];
        let x32 = [step(BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32), EPERM];
        native.splice(1..1, cancelled.into_iter().chain(x32));
    }
    let past = u32::try_from(native.len()).unwrap_or(u32::MAX);
    let mut program = vec![
        load(ARCHITECTURE),
        step(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, NATIVE),
        step(BPF_JMP | BPF_JA, 0, 0, past),
    ];
    program.extend(native);
    #[cfg(target_arch = "x86_64")]
    {
        let foreign = part(REFUSED_32.iter().copied(), IOCTL_32);
        program.extend([if_equal(
            I386,
            u8::try_from(foreign.len()).unwrap_or(u8::MAX),
        )]);
        program.extend(foreign);
    }
    // Numbers of an architecture that is not known here mean anything.
    program.push(refuse(libc::ENOSYS.cast_unsigned()));
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filter says of a call: runs it as the kernel does, as far as it uses BPF.
    fn verdict(architecture: u32, number: u32, second: u32) -> u32 {
        let program = program();
        let (mut at, mut value) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            at += 1;
            let branch = |yes| usize::from(if yes { jt } else { jf });
            match u32::from(code) {
                code if code == BPF_LD | BPF_W | BPF_ABS => {
                    value = match k {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        SECOND => second,
                        _ => panic!("loads {k}"),
                    }
                }
                code if code == BPF_JMP | BPF_JEQ | BPF_K => at += branch(value == k),
                code if code == BPF_JMP | BPF_JGE | BPF_K => at += branch(value >= k),
                code if code == BPF_JMP | BPF_JA => at += usize::try_from(k).unwrap(),
                code if code == BPF_RET | BPF_K => return k,
                code => panic!("instruction {code:#x}"),
            }
        }
    }

    const REFUSES: u32 = SECCOMP_RET_ERRNO | 1;

    #[test]
    fn calls_are_refused_under_all_their_numbers() {
        let number = |call: libc::c_long| u32::try_from(call).unwrap();
        for call in REFUSED.iter().chain(REFUSED_HERE) {
            assert_eq!(verdict(NATIVE, number(*call), 0), REFUSES, "{call}");
        }
        for (call, second) in [
            (libc::SYS_read, 0),
            (libc::SYS_execve, 0),
            (libc::SYS_unshare, 0x1000_0000),
            (libc::SYS_mount, 0),
            (libc::SYS_ioctl, 0x5413),
        ] {
            assert_eq!(verdict(NATIVE, number(call), second), SECCOMP_RET_ALLOW);
        }
        for request in TYPING {
            assert_eq!(verdict(NATIVE, number(libc::SYS_ioctl), request), REFUSES);
        }
        assert_eq!(verdict(0x1234, 0, 0), refuse(38).k);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_other_kinds_of_x86_are_no_way_round() {
        for call in REFUSED_32 {
            assert_eq!(verdict(I386, *call, 0), REFUSES, "{call}");
        }
        // read, execve, ioctl
        for call in [3, 11, IOCTL_32] {
            assert_eq!(verdict(I386, call, 0), SECCOMP_RET_ALLOW);
        }
        assert_eq!(verdict(I386, IOCTL_32, TYPING[0]), REFUSES);
        assert_eq!(verdict(NATIVE, X32, 0), REFUSES);
        assert_eq!(verdict(NATIVE, X32 + 321, 0), REFUSES);
        assert_eq!(verdict(NATIVE, u32::MAX, 0), SECCOMP_RET_ALLOW);
    }
}
