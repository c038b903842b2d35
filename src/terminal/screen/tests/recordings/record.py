#!/usr/bin/env python3
"""Records what real programs write to a terminal: the `.bin` files here, 80 columns by 24 rows.

Run it in this directory. Each program runs in an empty directory, without the settings of who runs it.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))

PROGRESS = r"""
printf '\0337\033[1;23r\0338\033[1A'
for i in $(seq 1 40); do
  printf 'Setting up package-%s (1.%s) ...\n' $i $((i * 7))
  printf '\0337\033[24;1H\033[42m\033[30mProgress: [%3d%%]\033[49m\033[39m [%s] \0338' $((i * 100 / 40)) "$(head -c $i /dev/zero | tr '\0' '#')"
done
printf '\0337\033[1;24r\033[24;1H\033[2K\0338'
printf '\033[1m\342\234\223\033[22m done \343\201\247\343\201\231\n'
"""

# Name, command, and what is typed: each with a pause before it.
SESSIONS = [
    ("bash", ["bash", "--norc", "-i"], [
        "echo one two\r", "ls --color=always /usr/share/zoneinfo | head -60\r", "echo abc\x01\x05\x17def\x1b\x1b[D\r",
        "printf '\\e[7mlong %s\\e[0m\\n' " + "word" * 40 + "\r", "\x12one\r", "seq 1 30\r", "\x0c", "echo gr\u00f6\u00dfe \u6f22\u5b57\r",
        "for i in 1 2 3; do printf \"\\r%s%%\" $i; done; echo\r", "history | tail -3\r",
    ]),
    ("vim", ["vim", "-u", "NONE", "-N", "-n", "-i", "NONE", "sample.c"], [
        ":syntax on\r", ":set number hlsearch\r", "/int\r", "\x06", "\x06", "\x02", "10Gdd", "ihello \u4e16\u754c\x1b", ":split\r",
        "\x17\x17", "G", "20k", "yyp", ":set list\r", "zz", "V5j>", ":help\r", "\x06", ":q\r", ":%s/return/give/g\r", "u", "\x07",
    ]),
    ("less", ["less", "-R", "sample.c"], [" ", " ", "b", "/return\r", "n", "n", "g", "G", "-N\r", "j", "j", "k", "h", "\x1b[B"]),
    ("tmux", ["tmux", "-L", "recording", "-f", "/dev/null", "set", "-g", "default-command", "bash --norc", ";", "set", "-g", "status-right", "", ";", "new"], [
        "seq 1 50\r", "\x02%", "ls /usr\r", "\x02\"", "cat sample.c\r", "\x02[", "\x1b[5~", "q", "\x02z", "\x02z", "\x02o", "echo hi\r", "\x02:detach\r",
    ]),
    ("top", ["top", "-d", "0.5", "-p", "SELF"], ["", "", "z", "", "c", "", "1", "", "x", ""]),
    ("progress", ["bash", "-c", PROGRESS], ["", "", ""]),
]


def sample():
    lines = ["/* A sample. */", "#include <stdio.h>", ""]
    for i in range(60):
        lines += [f"static int function_{i}(int value)", "{", f"\treturn value * {i} + 0x{i:04x}; // \u2713 \u00e9t\u00e9", "}", ""]
    return "\n".join(lines) + "\n"


def record(command, keys):
    with tempfile.TemporaryDirectory() as place:
        with open(os.path.join(place, "sample.c"), "w") as file:
            file.write(sample())
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(place)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            command = [str(os.getpid()) if word == "SELF" else word for word in command]
            environment = {"TERM": "xterm-256color", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PS1": "$ ", "HOME": place, "HISTFILE": "", "LS_COLORS": "di=01;34:ex=01;32:ln=36"}
            os.execvpe(command[0], command, environment)
        out = b""

        def drain(seconds):
            nonlocal out
            end = time.time() + seconds
            while time.time() < end:
                if select.select([fd], [], [], 0.05)[0]:
                    try:
                        data = os.read(fd, 65536)
                    except OSError:
                        return
                    if not data:
                        return
                    out += data

        drain(1)
        for key in keys:
            if key:
                os.write(fd, key.encode())
            drain(0.5)
        os.kill(pid, signal.SIGKILL)
        os.close(fd)
        os.waitpid(pid, 0)
        if command[0] == "tmux":
            subprocess.run(["tmux", "-L", "recording", "kill-server"], check=False)
        return out


def main():
    for name, command, keys in SESSIONS:
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        out = record(command, keys)
        with open(os.path.join(HERE, f"{name}.bin"), "wb") as file:
            file.write(out)
        print(name, len(out))


if __name__ == "__main__":
    main()
