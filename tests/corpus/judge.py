"""Compares the text of documents by us, by the reference, and by a third program as judge: `judge.py DIR…`.

    judge.py --ours target/release/open-terminal --reference target/ref-venv/bin/open-terminal target/corpus

The judges: pdftotext; pandoc for epub; Python's email for eml; LibreOffice for the rest. Compared are the words in
their order (difflib over words, 1.00 is equal). With --show, the words that differ from the reference are printed.
"""
import argparse
import collections
import csv
import difflib
import email
import email.policy
import io
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

TEXT = {"docx": "txt:Text (encoded):UTF8", "odt": "txt:Text (encoded):UTF8", "rtf": "txt:Text (encoded):UTF8"}
SHEETS = "csv:Text - txt - csv (StarCalc):9,34,76,1,,0,false,true,false,false,false,-1"


class Server:
    """A server to ask, over HTTP as a client does."""

    def __init__(self, program, port, home):
        self.url = f"http://127.0.0.1:{port}"
        environment = {**os.environ, "HOME": str(home)}
        words = [program, "run", "--host", "127.0.0.1", "--port", str(port), "--cwd", str(home), "--api-key", "k"]
        self.process = subprocess.Popen(words, env=environment, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{self.url}/health")
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"{program} does not answer")

    def text(self, path):
        """The text, or the status as a number, and the seconds it took."""
        began = time.monotonic()
        query = urllib.parse.urlencode({"path": str(path)})
        request = urllib.request.Request(f"{self.url}/files/read?{query}", headers={"Authorization": "Bearer k"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                body = json.load(answer)
            return body.get("content", ""), time.monotonic() - began
        except urllib.error.HTTPError as problem:
            return problem.code, time.monotonic() - began

    def end(self):
        self.process.terminate()
        self.process.wait()


def office(path, kind, work):
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{work}/profile", "--headless", "--convert-to", kind, "--outdir", f"{work}/out", path],
        check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120,
    )
    return sorted(Path(work, "out").glob("*"), key=lambda made: made.stat().st_mtime)


def mail(path):
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    head = [f"{name}: {message[name]}" for name in ("From", "To", "Cc", "Date", "Subject") if message[name]]
    body = message.get_body(("plain", "html"))
    try:
        text = body.get_content() if body else ""
    except LookupError:
        text = body.get_payload(decode=True).decode(errors="replace")
    if body is not None and body.get_content_type() == "text/html":
        text = printed("pandoc", "-f", "html", "-t", "plain", "--wrap=none", text=text)
    return "\n".join(head) + "\n\n" + text


def printed(*words, text=None):
    done = subprocess.run(list(map(str, words)), input=None if text is None else text.encode(), capture_output=True, check=False)
    return done.stdout.decode(errors="replace")


def judged(path, work):
    """What the judge takes the text to be."""
    ending = path.suffix[1:]
    shutil.rmtree(Path(work, "out"), ignore_errors=True)
    if ending == "pdf":
        return printed("pdftotext", "-enc", "UTF-8", path, "-")
    if ending == "epub":
        return printed("pandoc", "-t", "plain", "--wrap=none", path)
    if ending == "eml":
        return mail(path)
    if ending in TEXT:
        made = office(path, TEXT[ending], work)
    elif ending in ("pptx", "odp"):
        made = office(path, "pdf", work)
        return printed("pdftotext", made[0], "-") if made else ""
    else:
        made = office(path, SHEETS, work)
        texts = []
        for sheet in made:
            texts.append("--- " + sheet.stem.split("-", 1)[-1])
            texts += ["\t".join(row) for row in csv.reader(io.StringIO(sheet.read_text(errors="replace")), delimiter="\t")]
        return "\n".join(texts)
    return made[0].read_text(errors="replace").lstrip("\ufeff") if made else ""


def likeness(one, other):
    if isinstance(one, int) or isinstance(other, int):
        return 1.0 if one == other else 0.0
    one, other = one.split(), other.split()
    if one == other:
        return 1.0
    if len(one) + len(other) > 6000:
        common = sum((collections.Counter(one) & collections.Counter(other)).values())
        return 2 * common / max(1, len(one) + len(other))
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def differences(ours, theirs):
    if isinstance(ours, int) or isinstance(theirs, int):
        return [f"ours {ours if isinstance(ours, int) else 'text'}, reference {theirs if isinstance(theirs, int) else 'text'}"]
    lines = difflib.unified_diff(theirs.splitlines(), ours.splitlines(), "reference", "ours", lineterm="", n=0)
    return [line[:200] for line in list(lines)[2:30] if not line.startswith("@@")]


def verdict(ours, theirs, judge):
    if ours == theirs:
        return "equal"
    if not isinstance(ours, int) and not isinstance(theirs, int) and ours.split() == theirs.split():
        return "equal words"
    mine, other = likeness(ours, judge), likeness(theirs, judge)
    return "ours nearer" if mine > other + 0.002 else "REFERENCE NEARER" if other > mine + 0.002 else "both alike"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--reference", required=True)
    parser.add_argument("--port", type=int, default=18400)
    parser.add_argument("--kept", type=Path, help="a directory that keeps what the judge said, for the next time")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("paths", nargs="+", type=Path)
    arguments = parser.parse_args()
    files = sorted(found.resolve() for path in arguments.paths for found in (path.iterdir() if path.is_dir() else [path]) if found.is_file())
    tally = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as home:
        servers = [Server(program, arguments.port + n, home) for n, program in enumerate((os.path.abspath(arguments.ours), os.path.abspath(arguments.reference)))]
        try:
            print(f"{'file':34} {'ours~reference':>14} {'ours~judge':>10} {'ref~judge':>9} {'ours s':>6} {'ref s':>6}  verdict")
            for path in files:
                (ours, mine), (theirs, other) = (server.text(path) for server in servers)
                kept = arguments.kept and arguments.kept / (path.name + ".txt")
                if kept and kept.exists():
                    judge = kept.read_text()
                else:
                    judge = judged(path, home)
                    if kept:
                        arguments.kept.mkdir(exist_ok=True)
                        kept.write_text(judge)
                word = verdict(ours, theirs, judge)
                tally[path.suffix[1:]][word] += 1
                print(f"{path.name:34} {likeness(ours, theirs):14.3f} {likeness(ours, judge):10.3f} {likeness(theirs, judge):9.3f} {mine:6.2f} {other:6.2f}  {word}", flush=True)
                if arguments.show and ours != theirs:
                    print("\n".join("    " + line for line in differences(ours, theirs)))
        finally:
            for server in servers:
                server.end()
    for ending, words in sorted(tally.items()):
        print(f"{ending}: {sum(words.values())} files, " + ", ".join(f"{count} {word}" for word, count in words.most_common()))


if __name__ == "__main__":
    main()
