"""Office files and e-books are ZIP archives of XML; this opens them within bounds.

An archive of a few kilobytes can unpack to gigabytes, and a few lines of XML can stand for billions
of characters: nothing is unpacked before its size is known, nothing is written to disk, and no
entity is ever expanded.
"""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any

from lxml import etree

from kb.errors import ReadingError
from kb.readers.archive import DAMAGED

_MAX_MEMBERS = 10_000
_MAX_UNPACKED = 100 * 1024 * 1024
_MAX_XML = 16 * 1024 * 1024
"""Bytes that all members, and all XML of a document, may have together when unpacked."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What the files of Word 97 begin with, and since 2007 those that are locked with a password."""


class Package:
    """An opened office file or e-book. Every method raises ReadingError for what it cannot give."""

    def __init__(self, data: bytes) -> None:
        """Raises ReadingError when `data` is no ZIP archive, is locked, or would unpack to too much."""
        if data.startswith(_OLE):
            message = (
                "The file is locked with a password, or comes from before 2007. Save it anew without one."
            )
            raise ReadingError("encrypted-file", message)
        try:
            self.archive = zipfile.ZipFile(BytesIO(data))
        except DAMAGED as error:
            message = f"The file is damaged, or not what its name says: {error}."
            raise ReadingError("broken-file", message) from error
        members = self.archive.infolist()
        if any(member.flag_bits & 1 for member in members):
            raise ReadingError(
                "encrypted-file", "The file is locked with a password. Save it anew without one."
            )
        unpacked = sum(member.file_size for member in members)
        if len(members) > _MAX_MEMBERS or unpacked > _MAX_UNPACKED:
            message = (
                f"The file would unpack to {len(members):,} members of {unpacked:,} bytes; at most "
                f"{_MAX_MEMBERS:,} of {_MAX_UNPACKED:,} are read."
            )
            raise ReadingError("file-too-large", message)
        self._members = {member.filename: member for member in members}
        self._xml = 0

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """The content of a member."""
        member = self._members.get(name)
        if member is None:
            raise ReadingError("broken-file", f"The file is damaged: {name} is missing.")
        try:
            return self.archive.read(member)
        except DAMAGED as error:
            raise ReadingError(
                "broken-file", f"The file is damaged: {name} cannot be unpacked: {error}."
            ) from error

    def xml(self, name: str) -> Any:
        """The root element (lxml) of a member that is XML."""
        content = self.read(name)
        self._xml += len(content)
        if self._xml > _MAX_XML:
            message = f"The text with its markup has over {_MAX_XML:,} bytes. Split it into articles."
            raise ReadingError("file-too-large", message)
        parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
        try:
            root = etree.fromstring(content, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise ReadingError("broken-file", f"The file is damaged: {name}: {error}.") from error
        if root.getroottree().docinfo.internalDTD is not None:
            message = f"{name} declares entities, which no office program does; they are not expanded."
            raise ReadingError("unsafe-file", message)
        return root

    def check_all_xml(self) -> None:
        """Refuse a file any XML of which is damaged, nested too deeply, or declares entities."""
        for name in self._members:
            if name.endswith((".xml", ".rels")):
                self.xml(name)
