"""Asks a server that has just started in a container how it keeps limits, and shows it.

Runs inside of the container: check.py NAME BY, where BY is what is expected of it.
"""

import json
import sys
import time
import urllib.error
import urllib.request

name, by = sys.argv[1:]
KEY = "only-for-this-check"
wrong = []


def ask(path, body=None):
    """The status and the JSON of an answer."""
    request = urllib.request.Request(f"http://127.0.0.1:8000{path}", headers={"Authorization": f"Bearer {KEY}"})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def expect(what, holds, found):
    if not holds:
        wrong.append(f"WRONG: {what}; it is {found!r}")


def memory_here():
    """The memory of the machine, or what the container may use of it, in bytes."""
    with open("/proc/meminfo") as file:
        least = int(file.readline().split()[1]) * 1024
    for path in ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"):
        try:
            with open(path) as file:
                least = min(least, int(file.read()))
        except (OSError, ValueError):
            pass
    return least


for _ in range(200):
    try:
        status, ready = ask("/readyz")
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("the server does not answer")

print("/readyz:", status, json.dumps(ready, indent=1))
expect("/readyz is 200", status == 200, status)
told = [one for one in ready.get("protections", []) if one.get("name") == "limits"]
expect("/readyz tells of limits", len(told) == 1, told)
detail = told[0]["detail"] if told else ""
print("detail:", detail)

status, limits = ask("/api/limits")
print("/api/limits:", status, json.dumps(limits, indent=1))
expect(f"limits are kept by {by}", limits.get("by") == by, limits.get("by"))
expect("/readyz and /api/limits say the same", limits.get("detail") == detail, limits.get("detail"))
total = (limits.get("total") or {}).get("memory_limit")
# The mount of the whole host's cgroups shows the container's own limit elsewhere.
here = 512 * 2**20 if "bounded" in name else memory_here()
expect(f"all commands may use 90 % of {here} bytes", total is not None and abs(total - here * 0.9) <= 4096, total)
if by == "watchdog":
    expect("it says that cgroups are better, and how to have them", "cgroup" in detail, detail)

hog = "python3 -c \"hold = [bytearray(1 << 20) for _ in range(400)]\"; echo so it ended"
status, end = ask("/execute?wait=20", {"command": hog, "memory_limit": "64M"})
print("a hog:", status, json.dumps(end, indent=1))
expect("a limit on memory struck", (end.get("limit") or {}).get("kind") == "memory", end.get("limit"))
expect("it was the command's own", (end.get("limit") or {}).get("scope") == "command", end.get("limit"))

for line in wrong:
    print(line)
sys.exit(1 if wrong else 0)
