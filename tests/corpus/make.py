"""Makes the corpus of real documents: `make.py [DIR] [--only PATTERN]`, into target/corpus unless told otherwise.

Each maker is one program or library that people use; those that are not installed are named and left out. Debian:
libreoffice-writer libreoffice-calc libreoffice-impress pandoc texlive-latex-recommended texlive-xetex chromium qpdf
fonts-droid-fallback fonts-noto-core; PyPI: see requirements.txt beside this file.
"""
import argparse
import fnmatch
import importlib
import os
import sys
import tempfile
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("SOURCE_DATE_EPOCH", "1704067200")

from producers import Missing, MAKERS  # noqa: E402

# The order counts: those further down rewrite what those further up have made.
PARTS = ["word", "sheets", "slides", "pdfs", "mail", "books", "richtext", "office", "rewritten"]


def roughen(path):
    """Puts a byte into RTF and mail that is no UTF-8: the servers take as plain text what is plain text."""
    data = path.read_bytes()
    if path.suffix == ".rtf":
        path.write_bytes(data.replace(b"{\\rtf1", b"{\\rtf1{\\*\\rough \xe4}", 1))
    elif path.suffix == ".eml" and not data.startswith(b"X-Rough"):
        path.write_bytes(b"X-Rough: \xe4" + (b"\r\n" if b"\r\n" in data else b"\n") + data)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=HERE.parent.parent / "target" / "corpus")
    parser.add_argument("--only", action="append", default=[], help="files to make, such as 'xlsxwriter*.xlsx'")
    arguments = parser.parse_args()
    directory = arguments.directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        importlib.import_module(f"producers.{part}")
    made, failed, missing = 0, [], {}
    for name, maker in MAKERS:
        if arguments.only and not any(fnmatch.fnmatch(name, pattern) for pattern in arguments.only):
            continue
        target = directory / name
        try:
            with tempfile.TemporaryDirectory() as work:
                maker(target, Path(work))
            assert target.stat().st_size > 0, "it is empty"
            roughen(target)
            made += 1
        except (Missing, ImportError) as problem:
            missing.setdefault(str(problem), []).append(name)
        except Exception:
            failed.append(name)
            traceback.print_exc()
    for why, names in missing.items():
        print(f"not made: {why}: {' '.join(names)}")
    print(f"{made} made in {directory}, {len(failed)} failed {' '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
