"""The makers of documents: functions that write one file, registered under the file's name."""
import os
import shutil
import subprocess

MAKERS = []


class Missing(Exception):
    """A program that is not installed."""


def makes(name):
    """Registers a function (target, work directory) as the maker of a file."""

    def register(maker):
        MAKERS.append((name, maker))
        return maker

    return register


def run(*words, cwd=None, **environment):
    """Runs a program to its end; fails with what it says."""
    program = next((found for found in map(shutil.which, [words[0]]) if found), None)
    if program is None:
        raise Missing(f"{words[0]} is not installed")
    done = subprocess.run(
        [program, *map(str, words[1:])], cwd=cwd, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180, check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed: {done.stdout.decode(errors='replace')[-2000:]}")


def office(source, target, work, filtered=None):
    """Has LibreOffice save a document in the target's format."""
    ending = target.suffix[1:]
    profile = work / "profile"
    run(
        "soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to",
        f"{ending}:{filtered}" if filtered else ending, "--outdir", work / "out", source,
    )
    made = list((work / "out").iterdir())
    assert len(made) == 1, made
    shutil.move(made[0], target)


def pandoc(text, target, work, *options, read="markdown"):
    """Has pandoc write a document from a text."""
    source = work / "source"
    source.write_text(text, encoding="utf-8")
    run("pandoc", "-f", read, "-o", target, *options, source)
