"""Looks for bytes that break the reader of a format, led by what code they reach (atheris, libFuzzer).

    pip install atheris
    python -m tests.fuzz.formats .pdf -max_total_time=600
    python -m tests.fuzz.formats complaint.odt content.xml -max_total_time=600

The first looks for files, the second for what stands in a member of a file in tests/files/formats: most
changes to a compressed file only break its checksum. What follows goes to libFuzzer. It starts from the
files of the tests, and leaves what it finds as crash-… in the working folder: put that into
tests/test_readers_formats_hostile.py.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import atheris

_TRACED = ["kb.readers", "mammoth", "markdown_it", "pptx", "trafilatura", "yaml", "zipfile"]
with atheris.instrument_imports(include=_TRACED):
    from kb.readers import READERS, read

    for module in set(READERS.values()):
        __import__(module)

TESTS = Path(__file__).parent.parent
FILES = TESTS / "files" / "formats"
_LONGEST_SEED = 100_000


def main() -> None:
    """Fuzz the reader of a suffix, or the member of a sample."""
    what, *options = sys.argv[1:]
    folder = Path(tempfile.mkdtemp())
    seeds = folder / "seeds"
    seeds.mkdir()
    if what.startswith("."):
        suffix, whole = what, bytes
        _gather(suffix, seeds)
    else:
        suffix, whole = Path(what).suffix, _around(FILES / what, member := options.pop(0))
        (seeds / "sample").write_bytes(zipfile.ZipFile(FILES / what).read(member))
    target = folder / f"a{suffix}"

    def read_one(data: bytes) -> None:
        target.write_bytes(whole(data))
        for problem in read(target, "a").problems:
            assert problem.code != "reader-failed", problem.message

    atheris.Setup([sys.argv[0], *options, "-timeout=30", os.fspath(seeds)], read_one)
    atheris.Fuzz()


def _gather(suffix: str, seeds: Path) -> None:
    """Put the files of the tests with a suffix together, and an archive of some."""
    for number, file in enumerate(sorted((TESTS / "files").rglob(f"*{suffix}"))):
        if file.stat().st_size < _LONGEST_SEED:
            shutil.copy(file, seeds / str(number))
    if suffix == ".zip":
        with zipfile.ZipFile(seeds / "archive", "w") as archive:
            for file in (FILES / "complaint.odt", FILES / "complaint.epub"):
                archive.write(file, file.name)
            archive.writestr("а/b.md", "# Заголовок\n\nТекст.\n")
            archive.writestr("а/article.yml", "author: Анна\n")


def _around(sample: Path, member: str) -> Callable[[bytes], bytes]:
    """What makes a file like the sample of what its member is to hold."""
    with zipfile.ZipFile(sample) as package:
        contents = {name: package.read(name) for name in package.namelist()}

    def whole(data: bytes) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as package:
            for name, content in {**contents, member: data}.items():
                package.writestr(name, content)
        return made.getvalue()

    return whole


if __name__ == "__main__":
    main()
