"""Makes the files of this folder with the programs people use: LibreOffice, Chromium and Pillow.

    python tests/files/formats/make.py

Its sources are in `sources/`; the text in them was written for these tests. Needs `soffice` (with
Writer and Impress), `chromium` and Pillow on the machine; the tests themselves need none of them.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent
SOURCES = HERE / "sources"
LOCKED = (
    ':writer_pdf_Export:{"EncryptFile":{"type":"boolean","value":"true"},'
    '"DocumentOpenPassword":{"type":"string","value":"secret"}}'
)


def accepted(source: str) -> str:
    """A copy of a source without its tracked deletions, for what prints them."""
    text = (SOURCES / source).read_text(encoding="utf-8")
    text = re.sub(r"<text:tracked-changes>.*?</text:tracked-changes>", "", text, flags=re.DOTALL)
    target = f"accepted-{source}"
    (SOURCES / target).write_text(re.sub(r"<text:change[^>]*/>", "", text), encoding="utf-8")
    return target


def office(source: str, target: str, filter: str = "") -> None:
    """Convert a source with LibreOffice; `filter` is what follows the suffix in --convert-to."""
    suffix = target.rpartition(".")[2]
    with tempfile.TemporaryDirectory() as folder:
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile"]
        command += ["--convert-to", suffix + filter, "--outdir", folder, str(SOURCES / source)]
        subprocess.run(command, check=True, capture_output=True)
        (Path(folder) / f"{Path(source).stem}.{suffix}").replace(HERE / target)


def chromium(source: str, target: str, *options: str) -> None:
    """Print a page with Chromium, as somebody does who saves it as PDF."""
    page = (SOURCES / source).as_uri()
    command = ["chromium", "--headless", "--no-sandbox", f"--print-to-pdf={HERE / target}", *options, page]
    subprocess.run(command, check=True, capture_output=True)


def scan(target: str) -> None:
    """A page that is only a picture, as a scanner makes it."""
    page = Image.new("L", (620, 877), 255)
    ImageDraw.Draw(page).text((60, 80), "A letter of complaint, scanned", fill=0)
    page.save(HERE / target)


def main() -> None:
    """Make all files."""
    clean = accepted("complaint.fodt")
    office("complaint.fodt", "complaint.docx")
    office("complaint.fodt", "complaint.odt")
    office(clean, "complaint.epub")
    office(clean, "complaint.pdf")
    office(clean, "locked.pdf", LOCKED)
    office("welcome.fodt", "welcome.docx")
    office("welcome.fodt", "welcome.pdf")
    office("training.fodp", "training.pptx")
    chromium("queue.html", "queue.pdf")
    chromium("phone.html", "phone.pdf", "--no-pdf-header-footer")
    scan("scan.pdf")
    (SOURCES / clean).unlink()


if __name__ == "__main__":
    main()
