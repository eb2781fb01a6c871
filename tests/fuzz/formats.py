"""Looks for bytes that break the reader of a format, led by what code they reach (atheris, libFuzzer).

    pip install atheris
    python -m tests.fuzz.formats .pdf -max_total_time=600

What follows the suffix goes to libFuzzer. It starts from the files in tests/files/formats, and leaves
what it finds as crash-… in the working folder: put that into `FOUND` of tests/test_formats_hostile.py.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["kb.readers", "mammoth", "pptx", "trafilatura", "zipfile"]):
    from kb.readers import READERS, read

    for module in set(READERS.values()):
        __import__(module)

FILES = Path(__file__).parent.parent / "files" / "formats"


def main() -> None:
    """Fuzz the reader of the suffix that is given first."""
    suffix, options = sys.argv[1], sys.argv[2:]
    folder = Path(tempfile.mkdtemp())
    target = folder / f"a{suffix}"
    seeds = folder / "seeds"
    seeds.mkdir()
    for file in FILES.rglob(f"*{suffix}"):
        shutil.copy(file, seeds)

    def read_one(data: bytes) -> None:
        target.write_bytes(data)
        for problem in read(target, "a").problems:
            assert problem.code != "reader-failed", problem.message

    atheris.Setup([sys.argv[0], *options, "-timeout=30", os.fspath(seeds)], read_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
