//! Looking into processes and changing them: ptrace(2), process_vm_readv(2) and their like.

use crate::support::grounds::{Ground, Grounds, Walls};

/// Holds a word in its memory and says where.
const HOLD: &str = "exec python3 -c \"
import ctypes, os, time
os.dup2(os.open('it.txt', os.O_RDONLY), 9)
word = ctypes.create_string_buffer(b'kept-in-memory')
print('at', ctypes.addressof(word), 'up', flush=True)
time.sleep(1000)\"";

/// Tries one call on a process.
const TRY: &str = r"
import ctypes, os, sys
what, pid, at = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

class Vec(ctypes.Structure):
    _fields_ = [('at', ctypes.c_void_p), ('size', ctypes.c_size_t)]

def moved(call, text):
    buffer = ctypes.create_string_buffer(text, 14)
    near, far = Vec(ctypes.addressof(buffer), 14), Vec(at, 14)
    done = call(pid, ctypes.byref(near), 1, ctypes.byref(far), 1, 0)
    return done == 14 and (call is libc.process_vm_writev or buffer.raw == b'kept-in-' + b'memory')

def traced(request):
    if libc.ptrace(request, pid, None, None) != 0:
        return False
    if request == 16:
        os.waitpid(pid, 0x40000000)
        libc.ptrace(17, pid, None, None)
    return True

def pidfd():
    return libc.syscall(434, pid, 0)

def taken():
    fd = libc.syscall(438, pidfd(), 9, 0)
    return fd >= 0 and len(os.read(fd, 5)) == 5

def memfd_entered():
    return libc.setns(pidfd(), 0x00020000) == 0

ways = {
    'PTRACE_ATTACH': lambda: traced(16),
    'PTRACE_SEIZE': lambda: traced(0x4206),
    'process_vm_readv': lambda: moved(libc.process_vm_readv, b''),
    'process_vm_writev': lambda: moved(libc.process_vm_writev, b'kept-in-memory'),
    'pidfd_getfd': taken,
    'kcmp': lambda: libc.syscall(312, os.getpid(), pid, 1, 0, 0) >= 0,
    'move_pages': lambda: libc.syscall(279, pid, ctypes.c_ulong(0), None, None, None, 0) == 0,
    'process_madvise': lambda: libc.syscall(440, pidfd(), ctypes.byref(Vec(at & ~4095, 4096)), ctypes.c_ulong(1), 20, 0) >= 0,
    'get_robust_list': lambda: libc.syscall(274, pid, ctypes.byref(ctypes.c_void_p()), ctypes.byref(ctypes.c_size_t())) == 0,
    'prlimit': lambda: libc.prlimit(pid, 7, (ctypes.c_ulong * 2)(64, 64), None) == 0,
    'sched_setaffinity': lambda: not os.sched_setaffinity(pid, os.sched_getaffinity(0)),
    'setpriority': lambda: not os.setpriority(os.PRIO_PROCESS, pid, 19),
    'ioprio_set': lambda: libc.syscall(251, 1, pid, 3 << 13) == 0,
    'setns': memfd_entered,
}
try:
    print('GOT' if ways[what]() else 'refused', os.strerror(ctypes.get_errno()))
except OSError as error:
    print('refused', error)
";

const WAYS: [&str; 14] = [
    "PTRACE_ATTACH",
    "PTRACE_SEIZE",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "kcmp",
    "move_pages",
    "process_madvise",
    "get_robust_list",
    "prlimit",
    "sched_setaffinity",
    "setpriority",
    "ioprio_set",
    "setns",
];

fn on_another(ground: &Ground, way: &str) -> bool {
    let (a, b) = (ground.a(), ground.b());
    b.put("it.txt", "0123456789");
    let running = b.start(HOLD, &[]);
    let at = running.output.split(' ').nth(1).unwrap_or("0").to_owned();
    let shown = a.python(TRY, &format!("{way} {} {at}", running.pid()));
    b.end(&running);
    shown.contains("GOT")
}

#[test]
fn no_call_reaches_into_another_s_process() {
    let Some(grounds) = Grounds::of("ptrace and its like") else {
        return;
    };
    for way in WAYS {
        grounds.accounts_stop(&format!("{way} on another's command"), |ground| {
            on_another(ground, way)
        });
    }
    grounds.end(14);
}

#[test]
fn no_call_reaches_into_a_workspace_or_the_server() {
    let Some(grounds) = Grounds::of("ptrace of workspaces") else {
        return;
    };
    // Attached to, it would stop; the others show the same right.
    for way in ["PTRACE_SEIZE", "process_vm_readv", "pidfd_getfd", "kcmp"] {
        for whose in ["one's own workspace", "another's workspace", "the server"] {
            grounds.theme.attempt(
                &format!("{way} on {whose}"),
                || on_another(grounds.none(), way),
                || {
                    [grounds.accounts(), grounds.all()]
                        .into_iter()
                        .any(|ground| {
                            let (a, b) = (ground.a(), ground.b());
                            let pid = match whose {
                                "the server" => ground.pid,
                                "another's workspace" => ground.workspace(&b),
                                _ if ground.walls == Walls::All => 1,
                                _ => ground.workspace(&a),
                            };
                            let shown = a.python(TRY, &format!("{way} {pid} 4194304"));
                            shown.contains("GOT")
                        })
                },
            );
        }
    }
    grounds.end(12);
}
