//! What the hogs run: each ends by itself after a while, should no limit end it.

use crate::support::Server;

/// A list that grows by a mebibyte at a time: up to the first argument, then kept for the second's seconds.
pub(super) const LIST: &str = r"
import sys, time
kept = []
for n in range(int(sys.argv[1])):
    kept.append(b'x' * (1 << 20))
print('filled', flush=True)
time.sleep(float(sys.argv[2]))
print('survived', flush=True)
";

/// Eight children that each touch 80 MiB of a mapping, and a parent that waits for them.
const MAPPINGS: &str = r"
import mmap, os, sys, time
def touch():
    area = mmap.mmap(-1, 80 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for at in range(0, len(area), 4096):
        area[at] = 1
    time.sleep(5)
    os._exit(0)
children = []
for n in range(8):
    pid = os.fork()
    if pid == 0:
        touch()
    children.append(pid)
signals = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
print('of 8 were killed:', signals.count(-9), flush=True)
";

/// Children in sessions of their own until no more can be made, 1,000 at most, each there for 20 s.
const FORKS: &str = r"
import os, time
made, refused = [], 0
end = time.monotonic() + 10
while len(made) < 1000 and refused < 50 and time.monotonic() < end:
    try:
        pid = os.fork()
    except OSError:
        refused += 1
        time.sleep(0.01)
        continue
    if pid == 0:
        os.setsid()
        time.sleep(20)
        os._exit(0)
    made.append(pid)
print('made', len(made), 'refused', refused, flush=True)
for pid in made:
    os.kill(pid, 9)
";

/// Threads until no more can be made, 10,000 at most.
const THREADS: &str = r"
import os, threading, time
threading.stack_size(65536)
wait = threading.Event()
made = 0
end = time.monotonic() + 15
try:
    while made < 10000 and time.monotonic() < end:
        threading.Thread(target=wait.wait, args=(20,), daemon=True).start()
        made += 1
except RuntimeError:
    print('refused', flush=True)
print('made', made, flush=True)
time.sleep(0.5)
os._exit(0)
";

/// Four threads that hash for so many seconds, and what they used of a processor by their own account.
const HASHING: &str = r"
import hashlib, sys, threading, time
used, began, end = time.process_time(), time.monotonic(), time.monotonic() + float(sys.argv[1])
block = b'x' * 300000
def work():
    while time.monotonic() < end:
        hashlib.sha256(block).digest()
threads = [threading.Thread(target=work) for n in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print('used', (time.process_time() - used) / (time.monotonic() - began), flush=True)
";

/// Takes 60 MB and burns the first argument's seconds of processor time, then waits for the second's.
const WORK: &str = r"
import sys, time
kept = b'x' * 60_000_000
until = time.process_time() + float(sys.argv[1])
while time.process_time() < until:
    pass
print('worked', flush=True)
time.sleep(float(sys.argv[2]))
";

/// Forks itself twice per level, down to 10 levels: 2,047 processes, of which the last sleep for two seconds.
pub(super) const BOMB: &str = "bomb() { [ $1 -lt 10 ] || exec sleep 5; bomb $(($1+1)) & bomb $(($1+1)) & wait; }; bomb 0; echo over";

/// Puts the hogs into the working directory: `list.py`, `mappings.py`, `forks.py`, `threads.py`, `hashing.py`,
/// `work.py`.
pub(super) fn put(server: &Server) {
    for (name, text) in [
        ("list.py", LIST),
        ("mappings.py", MAPPINGS),
        ("forks.py", FORKS),
        ("threads.py", THREADS),
        ("hashing.py", HASHING),
        ("work.py", WORK),
    ] {
        server.put(name, text);
    }
}
