"""Runs the images that tests/images/run has built, as people run them, and looks at what they do.

check.py KEPT BASE OUT [NAME...]: KEPT is a directory for what is made on the way, BASE the Debian image that others are
built on, OUT the network namespace that stands for the internet; the names choose checks. Runs in the network namespace
of the engine.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request

KEPT, BASE, OUT, ONLY = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
TOP = pathlib.Path(__file__).resolve().parents[2]
KEY = "a-key-that-nobody-sees"
PORT = 18000
CHECKS = []


class NotRun(Exception):
    """What a check would take is not here."""


def check(function):
    CHECKS.append(function)
    return function


def run(*words, timeout=120, may_fail=False, **more):
    """What a program prints; fails when it does."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=timeout, **more)
    if done.returncode and not may_fail:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def docker(*words, **more):
    return run("docker", *words, **more)


def eventually(what, holds, limit=60):
    end = time.monotonic() + limit
    while True:
        with contextlib.suppress(OSError):
            found = holds()
            if found:
                return found
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.2)


class Container:
    """A container with a server that is reached at a port of the engine's namespace."""

    port = PORT

    @classmethod
    def of(cls, name, port=PORT):
        """One that runs already."""
        self = cls.__new__(cls)
        self.name, self.key, self.port = name, KEY, port
        return self

    def __init__(self, name, *options, image="open-terminal:slim", command=(), key=KEY, network=("-p", f"127.0.0.1:{PORT}:8000")):
        docker("rm", "--force", "--volumes", name, may_fail=True)
        self.name, self.key = name, key
        given = ("-e", f"OPEN_TERMINAL_API_KEY={key}") if key else ()
        docker("run", "--detach", "--name", name, *network, *given, *options, image, *command)

    def __enter__(self):
        try:
            eventually(f"{self.name} answers", lambda: self.ask("GET", "/health")[0] == 200, 30)
        except AssertionError as error:
            raise AssertionError(f"{error}; its log: {self.log()}") from error
        return self

    def __exit__(self, *_):
        docker("rm", "--force", "--volumes", self.name, may_fail=True)

    def ask(self, method, path, body=None, key=None, headers=(), timeout=60):
        """The status and the text of an answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        request.add_header("Authorization", f"Bearer {key or self.key}")
        for name, value in headers:
            request.add_header(name, value)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def execute(self, command, wait=30, headers=()):
        """What a command does, in the end."""
        status, text = self.ask("POST", f"/execute?wait={wait}", {"command": command}, headers=headers)
        assert status == 200, f"{command}: {status} {text}"
        return json.loads(text)

    def says(self, command, wait=30, headers=()):
        """What a command prints."""
        told = self.execute(command, wait, headers)
        return "".join(part["data"] for part in told["output"]).replace("\r\n", "\n").strip()

    def log(self):
        done = subprocess.run(["docker", "logs", self.name], capture_output=True, text=True)
        return done.stdout + done.stderr

    def inspect(self, template):
        return docker("inspect", "--format", template, self.name)

    def healthy(self, limit=60):
        eventually(f"{self.name} is healthy", lambda: self.inspect("{{.State.Health.Status}}") == "healthy", limit)


# --- what the README and the guide show ----------------------------------------------------------


@check
def the_line_of_the_readme():
    lines = [line.strip() for line in (TOP / "README.md").read_text().splitlines()]
    at = lines.index("docker build -t open-terminal .")
    line = lines[at + 1]
    assert line.startswith("docker run "), line
    docker("tag", "open-terminal:slim", "open-terminal:latest")
    server = Container.of(run("bash", "-c", line, env=dict(os.environ, KEY=KEY)), 8000)
    try:
        with server:
            server.healthy()
            assert server.ask("GET", "/files/cwd")[0] == 200
            assert server.ask("GET", "/files/cwd", key="wrong")[0] == 401
            assert server.says("id -un; pwd; echo $HOME; cat /proc/sys/kernel/hostname").split()[:3] == ["user", "/home/user", "/home/user"]
            assert server.says("ls -A ~ | head -1") != "", "a fresh volume is filled"
            began = time.monotonic()
            docker("stop", "--time", "30", server.name)
            assert time.monotonic() - began < 10
            assert server.inspect("{{.State.ExitCode}}") == "0"
    finally:
        docker("volume", "rm", "open-terminal")
        docker("rmi", "open-terminal:latest")


def compose(*words, **more):
    """docker-compose with the project's files, in a copy of their directory, with a stand-in for Open WebUI."""
    at = KEPT / "compose"
    environment = dict(os.environ, OPEN_TERMINAL_TAG="slim", OPEN_TERMINAL_TARGET="slim", OPEN_WEBUI_PORT="18080", OPEN_TERMINAL_PORT=str(PORT))
    return run("docker-compose", "--project-name", "ot", "--compatibility", *words, cwd=at, env=environment, timeout=300, **more)


@contextlib.contextmanager
def composed(*files):
    at = KEPT / "compose"
    shutil.rmtree(at, ignore_errors=True)
    (at / "webui").mkdir(parents=True)
    for file in ("docker-compose.yml", "docker-compose.port.yml"):
        shutil.copy(TOP / file, at)
    (at / "open-terminal.key").write_text(KEY + "\n")
    # It notes what it is told of the connection, and answers /health as the real one does.
    (at / "webui/start.sh").write_text('printf %s "$TERMINAL_SERVER_CONNECTIONS" >/tmp/connections\nexec open-terminal run --port 8080 --api-key stand-in --isolation none\n')
    (at / "webui/Dockerfile").write_text("FROM open-terminal:slim\nWORKDIR /app/backend\nCOPY start.sh .\nENTRYPOINT []\nHEALTHCHECK NONE\n")
    docker("build", "--tag", "ghcr.io/open-webui/open-webui:main", at / "webui")
    chosen = [word for file in files for word in ("-f", file)]
    try:
        compose(*chosen, "up", "--detach", "--no-build")
        yield lambda *words, **more: compose(*chosen, *words, **more)
    finally:
        compose(*chosen, "down", "--volumes", "--timeout", "5", may_fail=True)


@contextlib.contextmanager
def world():
    """Servers for the internet and for this machine, which containers may reach or not."""
    serve = [sys.executable, "-m", "http.server", "19090", "--bind"]
    into = ["nsenter", f"--net=/run/netns/{OUT}"]
    quiet = {"cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    servers = [subprocess.Popen([*into, *serve, "192.0.2.2"], **quiet), subprocess.Popen([*serve, "0.0.0.0"], **quiet)]
    try:
        yield
    finally:
        for server in servers:
            server.kill()
            server.wait()


# Asks for the internet, for this machine, and for it by its addresses in the networks of the container.
REACHED = r"""for each in 192.0.2.2 172.31.240.1 $(hostname -I | tr ' ' '\n' | sed -n 's/[0-9]*$/1/p'); do
curl -s -o /dev/null -m 2 http://$each:19090/ && echo reached:$each; done; true"""


@check
def the_compose_file():
    with world():
        with composed("docker-compose.yml") as up:
            terminal, webui = (up("ps", "-q", name) for name in ("open-terminal", "open-webui"))
            state = lambda one, template: docker("inspect", "--format", template, one)
            eventually("Open Terminal is healthy", lambda: state(terminal, "{{.State.Health.Status}}") == "healthy")
            eventually("Open WebUI runs", lambda: state(webui, "{{.State.Running}}") == "true")
            told = json.loads(eventually("it is told", lambda: docker("exec", webui, "cat", "/tmp/connections", may_fail=True)))
            assert (told[0]["url"], told[0]["key"], told[0]["enabled"]) == ("http://open-terminal:8000", KEY, True), told

            def from_webui(key, *more):
                words = ["exec", webui, "curl", "-s", "-m", "30", "-H", f"Authorization: Bearer {key}", "-H", "X-User-Id: alice-1", *more]
                return docker(*words, may_fail=True)

            where = from_webui(KEY, "http://open-terminal:8000/files/cwd")
            assert json.loads(where)["cwd"] == "/home/alice1", where
            assert "401" in from_webui("wrong", "-o", "/dev/null", "-w", "%{http_code}", "http://open-terminal:8000/files/cwd")
            # From the terminal there is no way out, nor to this machine, though Open WebUI has one.
            assert "reached:192.0.2.2" in docker("exec", webui, "sh", "-c", REACHED)
            body = json.dumps({"command": REACHED + "\nid -un; cat /run/secrets/open_terminal_key"})
            answer = json.loads(from_webui(KEY, "-H", "Content-Type: application/json", "-d", body, "http://open-terminal:8000/execute?wait=20"))
            said = "".join(part["data"] for part in answer["output"])
            assert "reached" not in said and "alice1" in said, said
            assert KEY not in said
            # From outside there is no way in.
            assert state(terminal, "{{json .NetworkSettings.Ports}}") in ('{"8000/tcp":null}', '{"8000/tcp":[]}', "{}")
            assert KEY not in state(terminal, "{{json .}}") + state(webui, "{{json .}}"), "the key is where docker inspect shows it"
            limits = state(terminal, "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}")
            assert limits == f"{4 << 30} {2 * 10**9}", limits


@check
def the_compose_file_with_a_port():
    with composed("docker-compose.yml", "docker-compose.port.yml"):
        server = Container.of("ot_open-terminal_1")
        eventually("it answers on its port", lambda: server.ask("GET", "/health")[0] == 200)
        with world():
            said = server.says("id -un\n" + REACHED, headers=[("X-User-Id", "robert")])
        assert said.split()[0] == "robert" and "192.0.2.2" not in said, said


# --- when things go wrong ------------------------------------------------------------------------


@check
def a_memory_hog_dies_and_the_server_stays():
    with Container("hog", "--memory", "256m", "--memory-swap", "256m", "--cpus", "0.5") as server:
        told = server.execute("x=$(tail -c 1G /dev/zero | tr '\\0' x); echo ${#x}; tail /dev/zero", 60)
        assert told["exit_code"] != 0, told
        assert server.ask("GET", "/health")[0] == 200
        assert server.says("echo well") == "well"
        assert server.inspect("{{.RestartCount}} {{.State.OOMKilled}} {{.State.Running}}").split()[::2] == ["0", "true"]


@check
def the_home_outlives_restarts_and_kills():
    with Container("home", "-v", "ot-home:/home/user") as server:
        for number, end in enumerate((("restart", "-t", "10"), ("kill",))):
            server.says(f"echo kept-{number} >note-{number}")
            docker(*end, server.name)
            if end[0] == "kill":
                docker("start", server.name)
            eventually("it is back", lambda: server.ask("GET", "/health")[0] == 200)
            assert server.says(f"cat note-{number}") == f"kept-{number}"
    docker("volume", "rm", "ot-home")


@check
def it_stops_within_ten_seconds_whatever_runs():
    with Container("stop") as server:
        server.execute("trap '' TERM HUP INT; setsid sleep 1000 & sleep 1000; sleep 1000", 0)
        began = time.monotonic()
        docker("stop", "--time", "30", server.name)
        took = time.monotonic() - began
        assert took < 10, f"{took:.1f} s"
        assert server.inspect("{{.State.ExitCode}}") == "0"


@check
def orphans_leave_no_zombies():
    with Container("orphans") as server:
        server.execute("for n in $(seq 500); do (sh -c 'sleep 0.5 & exit' &); done; wait", 60)
        zombies = lambda: docker("exec", server.name, "sh", "-c", "ps -eo stat | grep -c ^Z || true")
        eventually("no zombie is left", lambda: zombies() == "0", 20)


# --- how it is started ---------------------------------------------------------------------------


@check
def a_read_only_root():
    with Container("readonly", "--read-only", "--tmpfs", "/tmp", "--tmpfs", "/var/lib/open-terminal:mode=0700", "-v", "ot-ro:/home/user") as server:
        assert server.says("echo x >f && cat f && id -un").split() == ["x", "user"]
        assert "Read-only" in server.says("touch /usr/x 2>&1") or "denied" in server.says("touch /usr/x 2>&1")
    docker("volume", "rm", "ot-ro")


@check
def an_arbitrary_user():
    for user, home in (("1000:1000", "/home/user"), ("12345:0", "/home/user"), ("54321:54321", "/tmp")):
        with Container("arbitrary", "--user", user) as server:
            told = server.execute("id -u; cd && pwd && echo x >f && cat f")
            assert "".join(part["data"] for part in told["output"]).split() == [user.split(":")[0], home, "x"], told
            assert told["log_path"] and not told.get("log_error"), told
            # It says what it is, and protects what it can.
            assert "as the user of the server" in server.log(), server.log()
            assert KEY not in server.says("cat /proc/1/environ /proc/1/cmdline; env")
    # That many users take root is said.
    docker("rm", "-f", "arbitrary", may_fail=True)
    docker("run", "--name", "arbitrary", "--user", "1000", "-e", "OPEN_TERMINAL_MULTI_USER=true", "open-terminal:slim", may_fail=True, timeout=60)
    assert "start it as root (docker: user 0:0)" in Container.of("arbitrary").log()
    docker("rm", "-f", "arbitrary")


@check
def no_capabilities():
    with Container("nocaps", "--cap-drop", "ALL", "--user", "1000:1000", "--security-opt", "no-new-privileges") as server:
        assert server.says("echo well; grep CapBnd /proc/self/status").split() == ["well", "CapBnd:", "0" * 16]
    with Container("nocaps", "--cap-drop", "ALL", "--cap-add", "SETUID", "--cap-add", "SETGID") as server:
        assert server.says("id -un") == "user"
    # Root without the right to be anybody else says what that means, and how it would be somebody.
    with Container("nocaps", "--cap-drop", "ALL") as server:
        assert server.says("id -u; grep CapEff /proc/self/status; cd && echo x >f && cat f").split() == ["0", "CapEff:", "0" * 16, "x"]
        assert "--cap-add SETUID --cap-add SETGID, or --user 1000" in server.log(), server.log()
        assert KEY not in server.says("cat /proc/1/environ /proc/1/cmdline; env")
        server.says("kill -KILL 1; kill -TERM 1")
        assert server.ask("GET", "/health")[0] == 200
    # With the account named, or many of them, it does not start.
    for setting in ("RUN_AS=user", "MULTI_USER=true"):
        docker("rm", "-f", "nocaps", may_fail=True)
        docker("run", "--name", "nocaps", "--cap-drop", "ALL", "-e", f"OPEN_TERMINAL_{setting}", "open-terminal:slim", may_fail=True, timeout=60)
        log = Container.of("nocaps").log()
        assert docker("inspect", "--format", "{{.State.ExitCode}}", "nocaps") != "0" and "SETUID" in log, log
    docker("rm", "-f", "nocaps")


@check
def homes_of_every_owner():
    at = KEPT / "homes"
    shutil.rmtree(at, ignore_errors=True)
    for uid in (0, 1000, 4321):
        home = at / str(uid)
        home.mkdir(parents=True)
        (home / "there").write_text("before\n")
        for path in (home, home / "there"):
            os.chown(path, uid, uid)
        with Container("owner", "-v", f"{home}:/home/user") as server:
            said = server.says("id -un; cat there; echo new >made && cat made").split()
            assert said == ["user", "before", "new"], f"{said}; {server.log()}"
        assert (home / "made").stat().st_uid == (uid or 1000), uid
        assert (home / "there").stat().st_uid == uid, "what was there is left"


@check
def docker_s_socket():
    socket = os.environ["DOCKER_HOST"].removeprefix("unix://")
    os.chown(socket, 0, 777)
    with Container("socket", "-v", f"{socket}:/var/run/docker.sock") as server:
        assert "777" in server.says("id -G").split()
        assert "root on the machine" in server.log()
        answer = server.says("curl -s --unix-socket /var/run/docker.sock http://docker/_ping")
        assert answer == "OK", answer


@check
def many_users():
    with Container("many", "-e", "OPEN_TERMINAL_MULTI_USER=true") as server:
        assert server.ask("GET", "/files/cwd")[0] == 400
        one, other = ([("X-User-Id", name)] for name in ("alice", "robert"))
        server.says("echo secret >mine", headers=one)
        assert "secret" not in server.says("cat /home/alice/mine; ls /home/alice", headers=other)
        who = server.says("id -un; pwd", headers=other).split()
        assert who == ["robert", "/home/robert"], who


# --- walls ---------------------------------------------------------------------------------------

TRACE = r"""
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <fcntl.h>
#include <unistd.h>
int main(void) {
  if (ptrace(PTRACE_ATTACH, 1, 0, 0) == 0 || ptrace(PTRACE_SEIZE, 1, 0, 0) == 0) puts("TRACED");
  if (open("/proc/1/mem", O_RDONLY) >= 0) puts("OPENED");
  puts(strerror(errno));
  return 0;
}
"""


@check
def the_key_is_out_of_reach():
    program = KEPT / "trace"
    run("cc", "-static", "-o", program, "-xc", "-", input=TRACE)
    secret = KEPT / "secret"
    secret.write_text(KEY + "\n")
    secret.chmod(0o600)
    given = ("-e", "OPEN_TERMINAL_API_KEY_FILE=/run/secrets/key", "-v", f"{secret}:/run/secrets/key:ro")
    for options, key in ((given, None), ((), KEY)):
        with Container("walls", *options, "-v", f"{program}:/trace:ro", key=key) as server:
            server.key = KEY
            for command in (
                "cat /proc/1/environ | tr '\\0' '\\n'",
                "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; cat /proc/*/task/*/environ 2>/dev/null",
                "cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' '",
                "ps auxe; ps -eo args e",
                "env; set",
                "cat /run/secrets/*; ls -la /run/secrets; cat /.dockerenv",
                "grep -r a-key-that /etc /run /var /home /tmp 2>/dev/null",
                "head -c 1000000 /proc/1/mem; cat /proc/1/maps; ls -la /proc/1/fd /proc/1/root /proc/1/cwd",
            ):
                said = server.says(command)
                # The command's own line is in the list of processes.
                assert KEY not in said, f"{command}: {said}"
            said = server.says("/trace")
            assert "TRACED" not in said and "OPENED" not in said, said
            for signal in ("KILL", "TERM", "SEGV", "STOP"):
                server.says(f"kill -{signal} 1")
                assert server.ask("GET", "/health")[0] == 200, signal
            # It ends all of its own, which starts anew.
            server.ask("POST", "/execute?wait=10", {"command": "kill -KILL -1"})
            eventually("commands run again", lambda: server.ask("POST", "/execute?wait=10", {"command": "true"})[0] == 200)
            assert server.inspect("{{.RestartCount}} {{.State.Running}}") == "0 true"
            assert server.ask("GET", "/files/read?path=/proc/1/environ")[0] != 200
            assert KEY not in server.ask("GET", "/files/read?path=/run/secrets/key")[1]
    # One that everybody may read is hidden by walls, or named.
    secret.chmod(0o644)
    with Container("walls", *given, key=None) as server:
        server.key = KEY
        hidden = KEY not in server.says("cat /run/secrets/key")
        assert hidden != ("/run/secrets/key can be read by commands" in server.log()), server.log()
    # With the right to mount, all of them stand.
    with Container("walls", *given, "--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined", key=None) as server:
        server.key = KEY
        assert KEY not in server.says("cat /run/secrets/key")
        walls = {each["name"]: each["active"] for each in json.loads(server.ask("GET", "/readyz")[1])["protections"]}
        assert walls["mount_namespace"] and walls["pid_namespace"], walls
        assert server.says("ls /proc/1/exe 2>&1; ps -e | wc -l").split()[-1] != "0"


# --- packages ------------------------------------------------------------------------------------


def archive():
    """An archive of one package, and what tells apt of it."""
    at = KEPT / "archive"
    shutil.rmtree(at, ignore_errors=True)
    control = at / "tree/DEBIAN/control"
    control.parent.mkdir(parents=True)
    control.write_text("Package: ot-sample\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: a sample\n")
    program = at / "tree/usr/bin/ot-sample"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho sampled\n")
    program.chmod(0o755)
    run("dpkg-deb", "--root-owner-group", "--build", at / "tree", at / "ot-sample.deb")
    size = (at / "ot-sample.deb").stat().st_size
    digest = run("sha256sum", at / "ot-sample.deb").split()[0]
    (at / "Packages").write_text(control.read_text() + f"Filename: ./ot-sample.deb\nSize: {size}\nSHA256: {digest}\n\n")
    (at / "sources.list").write_text("deb [trusted=yes] file:/archive ./\n")
    at.chmod(0o755)
    return ("-v", f"{at}:/archive:ro", "-v", f"{at}/sources.list:/etc/apt/sources.list:ro", "--tmpfs", "/etc/apt/sources.list.d")


@check
def packages_are_installed_once():
    with Container("packages", *archive(), "-e", "OPEN_TERMINAL_PACKAGES=ot-sample") as server:
        ready = lambda: server.ask("GET", "/readyz")
        eventually("it is installed", lambda: "all are installed" in ready()[1])
        assert ready()[0] == 200
        assert server.says("ot-sample") == "sampled"
        docker("restart", "-t", "10", server.name)
        eventually("it is known to be there", lambda: "installed before" in server.log())
        assert server.log().count("packages: installing ot-sample") == 1, server.log()


@check
def packages_that_fail_are_told_and_end_nothing():
    with Container("packages", *archive(), "-e", "OPEN_TERMINAL_PACKAGES=ot-none", "-e", "OPEN_TERMINAL_PIP_PACKAGES=numpy") as server:
        eventually("it is told", lambda: server.log().count("NOT INSTALLED") == 2)
        assert "ot-none" in server.log() and "no python3" in server.log(), server.log()
        status, text = server.ask("GET", "/readyz")
        assert status == 200 and "not installed" in text, text
        assert server.says("echo well") == "well"


# --- the full image ------------------------------------------------------------------------------


@check
def the_full_image():
    if not docker("image", "ls", "--quiet", "open-terminal:full"):
        raise NotRun("OT_IMAGES_FULL=1 builds it")
    with Container("full", image="open-terminal:full") as server:
        assert server.says("id -un; sudo id -un; sudo -n touch /usr/x && echo written").split() == ["user", "root", "written"]
        modules = "numpy, scipy, pandas, matplotlib, seaborn, sklearn, sympy, statsmodels, docx, pptx, openpyxl, pyarrow, plotly, ipykernel, PIL"
        said = server.says(f"python -c 'import {modules}; print(pandas.__name__)'", 120)
        assert said == "pandas", said
        assert server.says("python -m venv v && v/bin/pip --version | cut -c1-3", 60) == "pip"
        said = server.says("for each in node npm git gcc cmake ffmpeg pandoc soffice sqlite3 jq rg tesseract; do command -v $each >/dev/null || echo no $each; done; echo all")
        assert said == "all", said
        said = server.says("printf 'a,b\\n1,2\\n' >t.csv && soffice --headless --convert-to pdf t.csv >/dev/null 2>&1; pdftotext t.pdf - | tr -d '\\n\\f'", 120)
        assert "1" in said and "2" in said, said
        server.says("""echo '{"cells":[{"cell_type":"code","id":"a","metadata":{},"outputs":[],"execution_count":null,"source":""}],"metadata":{},"nbformat":4,"nbformat_minor":5}' >n.ipynb""")
        status, opened = server.ask("POST", "/notebooks", {"path": "n.ipynb"})
        assert status == 200, opened
        status, done = server.ask("POST", f"/notebooks/{json.loads(opened)['id']}/execute", {"cell_index": 0, "source": "print(6 * 7)"})
        assert status == 200 and "42" in done, done
        # Not even root in the container reads the memory of the server.
        assert KEY not in server.says("sudo sh -c 'cat /proc/1/environ /proc/1/cmdline; head -c 1000000 /proc/1/mem; env' 2>&1; env")
        server.says("sudo kill -KILL 1")
        assert server.ask("GET", "/health")[0] == 200
    size = int(docker("image", "inspect", "--format", "{{.Size}}", "open-terminal:full")) / 1e6
    print(f"   full {size:.0f} MB")
    # Without what makes sudo work, all walls stand.
    with Container("full", "-e", "OPEN_TERMINAL_NO_NEW_PRIVS=required", image="open-terminal:full") as server:
        assert "root" not in server.says("sudo -n id -un").split()
    with Container("full", "-e", "OPEN_TERMINAL_MULTI_USER=true", image="open-terminal:full") as server:
        assert "root" not in server.says("sudo -n id -un", headers=[("X-User-Id", "alice")]).split()


# --- the unit of systemd -------------------------------------------------------------------------


@check
def the_rights_that_the_unit_leaves_are_enough():
    unit = (TOP / "packaging/open-terminal.service").read_text()
    kept = next(line for line in unit.splitlines() if line.startswith("CapabilityBoundingSet="))
    kept = [name.removeprefix("CAP_") for name in kept.partition("=")[2].split()]
    # Numbers of include/uapi/linux/capability.h, for what this machine may not give itself.
    numbers = {"CHOWN": 0, "DAC_OVERRIDE": 1, "DAC_READ_SEARCH": 2, "FOWNER": 3, "KILL": 5, "SETGID": 6, "SETUID": 7, "SETPCAP": 8, "SYS_PTRACE": 19, "SYS_ADMIN": 21, "SYS_RESOURCE": 24}
    bounding = int(re.search("CapBnd:\\s*(\\w+)", pathlib.Path("/proc/self/status").read_text())[1], 16)
    lacking = [name for name in kept if not bounding >> numbers[name] & 1]
    if lacking:
        print(f"   without {', '.join(lacking)}, which this machine has not")
    rights = [word for name in kept if name not in lacking for word in ("--cap-add", name)]
    assert "NoNewPrivileges=yes" in unit
    options = ("--cap-drop", "ALL", *rights, "--security-opt", "no-new-privileges", "--security-opt", "apparmor=unconfined")
    with Container("unit", *options, "-e", "OPEN_TERMINAL_MULTI_USER=true") as server:
        assert server.says("id -un; pwd; ls -A | head -1", headers=[("X-User-Id", "alice")]).split()[:2] == ["alice", "/home/alice"]
        down = [each for each in json.loads(server.ask("GET", "/readyz")[1])["protections"] if not each["active"]]
        assert not down, down
    if not shutil.which("systemd-analyze"):
        print("   NOT VERIFIED: there is no systemd-analyze")
        return
    copy = KEPT / "open-terminal.service"
    copy.write_text(unit.replace("/usr/bin/open-terminal", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done


# --- the program alone, and sizes ----------------------------------------------------------------


@check
def the_program_alone_on_another_userland():
    at = KEPT / "busybox"
    shutil.rmtree(at, ignore_errors=True)
    at.mkdir()
    shutil.copy(shutil.which("busybox"), at / "busybox")
    (at / "Dockerfile").write_text(
        "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n"
        "RUN mkdir -p /etc /home /tmp /root /usr/bin && chmod 1777 /tmp && printf 'root:x:0:0:root:/root:/bin/sh\\nuser:x:1000:1000::/home/user:/bin/sh\\n' >/etc/passwd"
        " && printf 'root:x:0:\\nuser:x:1000:\\n' >/etc/group\n"
        "COPY --from=open-terminal:static /usr/bin/open-terminal /usr/bin/open-terminal\n"
        "ENV PATH=/usr/bin:/bin\nCMD [\"/usr/bin/open-terminal\", \"run\", \"--isolation\", \"process\"]\n"
    )
    docker("build", "--tag", "open-terminal-test:busybox", at)
    with Container("busybox", image="open-terminal-test:busybox") as server:
        assert server.says("id -un; pwd; echo $HOME").split() == ["user", "/home/user", "/home/user"]
        assert docker("exec", server.name, "open-terminal", "health") == "well"
    with Container("busybox", "-e", "OPEN_TERMINAL_MULTI_USER=true", "-e", "OPEN_TERMINAL_STATE_DIR=/state", image="open-terminal-test:busybox") as server:
        for name in ("alice", "robert"):
            assert server.says("id -un; pwd", headers=[("X-User-Id", name)]).split() == [name, f"/home/{name}"]
    docker("rmi", "open-terminal-test:busybox")


@check
def sizes():
    size = lambda image: int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6
    static, slim, base = size("open-terminal:static"), size("open-terminal:slim"), size(BASE)
    print(f"   static {static:.1f} MB; slim {slim:.0f} MB, of which {base:.0f} MB are the base image")
    assert static <= 20, static
    assert slim - base <= 200, slim - base


def main():
    passed, failed, left = 0, [], 0
    unknown = set(ONLY) - {each.__name__ for each in CHECKS}
    assert not unknown, f"there is no {unknown}; there are {[each.__name__ for each in CHECKS]}"
    for each in CHECKS:
        if ONLY and each.__name__ not in ONLY:
            continue
        began = time.monotonic()
        try:
            each()
            passed += 1
            result = "ok"
        except NotRun as why:
            left += 1
            result = f"NOT RUN: {why}"
        except Exception:
            traceback.print_exc(file=sys.stdout)
            failed.append(each.__name__)
            result = "FAILED"
        print(f"{each.__name__} ... {result}, {time.monotonic() - began:.1f} s", flush=True)
    print(f"images: {passed} passed, {len(failed)} failed, {left} not run")
    sys.exit(bool(failed))


main()
