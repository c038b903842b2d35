#!/usr/bin/env python3
"""Judges a conformance run: every case passes, is excepted with a reason, is skipped by the suite, or belongs to a
later issue.

    judge.py RESULTS.json EXCEPTIONS LATER
"""

import fnmatch
import json
import sys


def read_list(path):
    """The entries of a list file, pattern to reason. An entry without a reason is an error."""
    entries = {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            pattern, _, reason = line.partition("#")
            pattern, reason = pattern.strip(), reason.strip()
            if not pattern:
                continue
            if not reason:
                raise SystemExit(f"{path}:{number}: {pattern} has no reason; write '{pattern}  # why'")
            if pattern in entries:
                raise SystemExit(f"{path}:{number}: {pattern} stands there twice")
            entries[pattern] = reason
    return entries


def entry_for(name, entries):
    """The pattern of a list that covers a case, or None."""
    return next((pattern for pattern in entries if fnmatch.fnmatchcase(name, pattern)), None)


def judge(results, exceptions, later):
    """What to print, and how many cases of each kind there are."""
    lines, notes = [], []
    count = {"passed": 0, "failed": 0, "excepted": 0, "later": 0, "skipped": 0}
    used = set()
    for result in sorted(results, key=lambda result: result["name"]):
        name, passed = result["name"], result["status"] == "PASS"
        excepted, postponed = entry_for(name, exceptions), entry_for(name, later)
        used |= {("exceptions", excepted), ("later", postponed)}
        if excepted and passed:
            count["failed"] += 1
            lines.append(f"STALE {name} -- passes, so take it out of the exceptions ({exceptions[excepted]})")
        elif excepted:
            count["excepted"] += 1
        elif passed:
            count["passed"] += 1
            if postponed == name:
                notes.append(f"NOTE {name} -- passes already: take it out of the later list ({later[postponed]})")
        elif postponed:
            count["later"] += 1
        elif result["status"] == "SKIP":
            # The suite itself says what this machine lacks for it.
            count["skipped"] += 1
            notes.append(f"SKIP {name} -- " + "; ".join(" ".join(str(why).split()) for why in result["diffs"]))
        else:
            count["failed"] += 1
            lines.append(f"{result['status']} {name} -- " + "; ".join(" ".join(diff.split()) for diff in result["diffs"]))
    for title, entries in (("exceptions", exceptions), ("later", later)):
        for pattern in entries:
            if (title, pattern) not in used:
                count["failed"] += 1
                lines.append(f"STALE {pattern} -- in the list of {title}, but no case that was run has this name")
    return notes + lines, count


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        results = json.load(file)["results"]
    if not results:
        raise SystemExit("no conformance case was run; the patterns match none")
    lines, count = judge(results, read_list(sys.argv[2]), read_list(sys.argv[3]))
    for line in lines:
        print(line)
    print("conformance: {passed} passed, {failed} failed, {excepted} excepted, {later} later, {skipped} skipped".format(**count))
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
