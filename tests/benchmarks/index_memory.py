"""How much memory and time `kb index` takes of a folder, by the folder's size.

Each folder has files of all formats by turns, as large as articles are, with a picture in
those that can have one. Memory is the proportional set size (PSS) of all processes together, sampled five
times a second, so that what they share counts once; it needs Linux. Of it, the anonymous part is what the
system cannot take back: the rest is mapped from files, such as the index itself.
"""

from __future__ import annotations

import html
import io
import json
import os
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from kb.models import Article
from tests.benchmarks import corpus, measuring
from tests.benchmarks.measuring import significant

_SAMPLES = Path(__file__).parent.parent / "files" / "formats"
_EVERY = 0.2
_IN_FOLDER = 500


@click.command()
@click.option("--megabytes", default="5,20", show_default=True, help="Sizes of the folders.")
@click.option("--picture", default=0, show_default=True, help="Kilobytes of a picture in office files.")
@click.option("--formats", default="", help="Only these, like md,docx.")
@click.option("--jobs", default=2, show_default=True, help="Processes that read and analyse.")
@click.option("--keep", type=click.Path(path_type=Path), help="Make the folders here, and let them stay.")
def main(megabytes: str, picture: int, formats: str, jobs: int, keep: Path | None) -> None:
    """Index folders of these sizes, and say what memory and time each took."""
    measuring.heading("python -m tests.benchmarks.index_memory")
    chosen = [f".{name}" for name in formats.split(",")] if formats else list(_FORMATS)
    rows = []
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=keep) as scratch:
        for size in map(float, megabytes.split(",")):
            folder = (keep or Path(scratch)) / f"{size:g}-MB-{picture}-{''.join(chosen)[1:]}"
            if not folder.exists():
                _make(folder, int(size * 1_000_000), bytes(os.urandom(picture * 1000)), chosen)
            rows.append(_row(size, folder, _indexed(folder, Path(scratch) / f"{size:g}", jobs)))
    head = ["MB", "files", "passages", "seconds", "passages/s", "CPU s, writer", "CPU s, workers"]
    head += ["MB at most, all", "anonymous", "writer", "a worker", "index, MB"]
    measuring.table(f"kb index --jobs {jobs}, by the size of the folder", head, rows)


# --- Making a folder ---


def _make(folder: Path, size: int, picture: bytes, formats: Sequence[str]) -> None:
    """Write files of these formats by turns until the folder has so many bytes."""
    made = 0
    for number, article in zip(count(), corpus.articles(), strict=False):
        suffix = formats[number % len(formats)]
        path = folder / f"{number // _IN_FOLDER:04}" / f"{number:06}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_FORMATS[suffix](number, article, picture))
        os.utime(path, (1_600_000_000, 1_600_000_000))
        made += path.stat().st_size
        if made >= size:
            return


def _markdown(number: int, article: Article, picture: bytes) -> bytes:
    parts = [f"# {number} {article.title}"]
    for section in article.sections:
        parts += [f"## {section.heading}", *(block.text for block in section.blocks)]
    return "\n\n".join(parts).encode()


def _page(number: int, article: Article, picture: bytes = b"") -> bytes:
    parts = [f"<h1>{number} {html.escape(article.title)}</h1>"]
    for section in article.sections:
        parts.append(f"<h2>{html.escape(section.heading)}</h2>")
        parts += [f"<p>{html.escape(block.text)}</p>" for block in section.blocks]
    body = "<html xmlns='http://www.w3.org/1999/xhtml'><head><title/></head><body><article>"
    return f"{body}{''.join(parts)}</article></body></html>".encode()


def _word(number: int, article: Article, picture: bytes) -> bytes:
    import docx

    document = docx.Document()
    document.add_heading(f"{number} {article.title}", 1)
    for section in article.sections:
        document.add_heading(section.heading, 2)
        for block in section.blocks:
            document.add_paragraph(block.text)
    made = io.BytesIO()
    document.save(made)
    return _with_picture(made, "word/media/image1.bin", picture)


def _slides(number: int, article: Article, picture: bytes) -> bytes:
    import pptx

    presentation = pptx.Presentation()
    for at, section in enumerate(article.sections):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = section.heading if at else f"{number} {article.title}"
        slide.placeholders[1].text = "\n".join(block.text for block in section.blocks)
    made = io.BytesIO()
    presentation.save(made)
    return _with_picture(made, "ppt/media/image1.bin", picture)


def _open_document(number: int, article: Article, picture: bytes) -> bytes:
    """The document that LibreOffice wrote for the tests, with another text."""
    parts = [f"<text:h text:outline-level='1'>{number} {html.escape(article.title)}</text:h>"]
    for section in article.sections:
        parts.append(f"<text:h text:outline-level='2'>{html.escape(section.heading)}</text:h>")
        parts += [f"<text:p>{html.escape(block.text)}</text:p>" for block in section.blocks]
    return _rewritten("complaint.odt", "content.xml", "office:text", parts, "Pictures/1.bin", picture)


def _rewritten(
    sample: str, member: str, element: str, parts: Sequence[str], place: str, picture: bytes
) -> bytes:
    made = io.BytesIO()
    with (
        zipfile.ZipFile(_SAMPLES / sample) as before,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            data = before.read(name)
            if name == member:
                text = data.decode()
                begin, end = text.index(f"<{element}"), text.rindex(f"</{element}>")
                data = (text[: text.index(">", begin) + 1] + "".join(parts) + text[end:]).encode()
            after.writestr(name, data)
    return _with_picture(made, place, picture)


def _book(number: int, article: Article, picture: bytes) -> bytes:
    container = (
        "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles>"
        "<rootfile full-path='book.opf' media-type='application/oebps-package+xml'/></rootfiles></container>"
    )
    opf = (
        "<package xmlns='http://www.idpf.org/2007/opf'><manifest>"
        "<item id='a' href='a.xhtml' media-type='application/xhtml+xml'/></manifest>"
        "<spine><itemref idref='a'/></spine></package>"
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("META-INF/container.xml", container)
        book.writestr("book.opf", opf)
        book.writestr("a.xhtml", _page(number, article))
    return _with_picture(made, "a.jpg", picture)


# The line's length in letters, a Chinese one for two, and the lines of a page.
_WIDTH, _ON_PAGE = 90, 48
_TO_UNICODE = (
    b"begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange"
    b" 1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap"
)


def _printed(number: int, article: Article, picture: bytes) -> bytes:
    """A PDF without tags: lines on pages, headings in larger letters. Its font has no shapes, and says only
    that its codes are Unicode, which is what is read."""
    lines = [(18, f"{number} {article.title}")]
    for section in article.sections:
        lines.append((14, section.heading))
        for block in section.blocks:
            width = _WIDTH // 2 if "\u4e00" <= block.text[:1] <= "\u9fff" else _WIDTH
            lines += [(10, line) for line in textwrap.wrap(block.text, width)] + [(10, "")]
    pages = [lines[at : at + _ON_PAGE] for at in range(0, len(lines), _ON_PAGE)]
    kids = " ".join(f"{7 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /None /Encoding /Identity-H"
        b" /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /None /DW 500"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>",
        _stream(b"", _TO_UNICODE),
        _stream(b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8", picture),
    ]
    for at, page in enumerate(pages):
        content = "".join(
            f" /F {size} Tf {size * 1.4:g} TL T* <{text.encode('utf-16-be').hex()}> Tj" for size, text in page
        )
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 3 0 R >>"
            b" /XObject << /P 6 0 R >> >> /Contents %d 0 R >>" % (8 + 2 * at)
        )
        objects.append(_stream(b"", f"BT 50 800 Td{content} ET".encode()))
    made = b"%PDF-1.7\n"
    places = []
    for at, one in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (at, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return made + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(made))
    )


def _stream(about: bytes, data: bytes) -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (about, len(data), data)


def _with_picture(made: io.BytesIO, name: str, picture: bytes) -> bytes:
    if picture:
        with zipfile.ZipFile(made, "a") as package:
            package.writestr(name, picture)
    return made.getvalue()


_FORMATS: dict[str, Callable[[int, Article, bytes], bytes]] = {
    ".md": _markdown,
    ".docx": _word,
    ".txt": _markdown,
    ".html": _page,
    ".pptx": _slides,
    ".odt": _open_document,
    ".epub": _book,
    ".pdf": _printed,
}


# --- Indexing it ---


@dataclass(slots=True)
class _Run:
    """What indexing took: megabytes at most in all processes, the anonymous of them, and in each; seconds."""

    passages: int = 0
    seconds: float = 0.0
    most: float = 0.0
    anonymous: float = 0.0
    most_of: dict[int, float] = field(default_factory=dict)
    cpu: dict[int, float] = field(default_factory=dict)
    writer: int = 0
    index: float = 0.0


def _indexed(folder: Path, home: Path, jobs: int) -> _Run:
    """Run the command, and look at its processes until it ends."""
    run = _Run()
    started = time.perf_counter()
    with TemporaryDirectory() as scratch, (Path(scratch) / "report").open("w+b") as report:
        process = subprocess.Popen(
            [sys.executable, "-c", "from kb.cli import main; main()", "index", "--json", "--jobs", str(jobs)],
            env={**os.environ, "KB_HOME": str(home), "KB_CORPUS": str(folder), "KB_ENGINE": ""},
            cwd=Path(__file__).parents[2],
            stdout=report,
        )
        run.writer = process.pid
        while process.poll() is None:
            sizes = {number: _memory(number) for number in measuring.family(process.pid)}
            run.most = max(run.most, sum(size for size, _ in sizes.values()))
            run.anonymous = max(run.anonymous, sum(own for _, own in sizes.values()))
            for number, (size, _) in sizes.items():
                run.most_of[number] = max(size, run.most_of.get(number, 0))
                run.cpu[number] = max(_seconds(number), run.cpu.get(number, 0))
            time.sleep(_EVERY)
        report.seek(0)
        run.passages = json.load(report)["passages"]
    run.seconds = time.perf_counter() - started
    run.index = sum(file.stat().st_size for file in (home / "index").rglob("*") if file.is_file()) / 1e6
    return run


def _memory(process: int) -> tuple[float, float]:
    """The proportional set size of a process in megabytes, and its anonymous part; 0 when it has ended."""
    lines = measuring.said(f"/proc/{process}/smaps_rollup").splitlines()[1:]
    sizes = {name: int(value.split()[0]) / 1000 for name, value in (line.split(":") for line in lines)}
    return sizes.get("Pss", 0.0), sizes.get("Pss_Anon", 0.0)


def _seconds(process: int) -> float:
    """The processor time of a process so far."""
    fields = measuring.said(f"/proc/{process}/stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _row(size: float, folder: Path, run: _Run) -> list[object]:
    others = [number for number in run.cpu if number != run.writer]
    return [
        f"{size:g}",
        sum(path.is_file() for path in folder.rglob("*")),
        run.passages,
        significant(run.seconds),
        significant(run.passages / run.seconds),
        significant(run.cpu[run.writer]),
        significant(sum(run.cpu[number] for number in others)),
        significant(run.most),
        significant(run.anonymous),
        significant(run.most_of[run.writer]),
        significant(max((run.most_of[number] for number in others), default=0.0)),
        significant(run.index),
    ]


if __name__ == "__main__":
    main()
