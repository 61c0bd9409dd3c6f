"""The files with labels in what was sent: the file itself, or the ones that a format has in a zip archive."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from app.formats.reading import FormatError
from app.formats.safe_zip import ByteSource, SafeZip, ZipMember, is_zip

MAX_DOCUMENTS = 1000
# Programs put a folder around what they pack, and some add files of their own; our manifest is not part of any format.
NOT_LABELS = re.compile(r"(.*/)?(__MACOSX/.*|\._[^/]*|manifest\.json)")
# The first pattern of a format that fits any member decides.
MEMBERS = {
    "coco": (
        r"([^/]+/)?annotations/instances_[^/]*\.json",
        r"([^/]+/)?annotations/[^/]+\.json",
        r"([^/]+/)?[^/]+\.json",
    ),
    "datumaro": (r"([^/]+/)?annotations/[^/]+\.json",),
    "label-studio": (r"([^/]+/)?tasks-[0-9]+\.json", r"([^/]+/)?[^/]+\.json"),
    "csv": (r"([^/]+/)?labels\.csv", r"([^/]+/)?[^/]+\.csv"),
    "jsonl": (r"([^/]+/)?[^/]+\.jsonl",),
}


def open_documents(file: BinaryIO, format_name: str) -> Iterator[tuple[str, ByteSource]]:
    """Yield each file with its name in the archive; a file that is no archive has none. Raises FormatError."""
    if not is_zip(file):
        file.seek(0)
        yield "", file
        return
    archive = SafeZip(file)
    for member in _members_with_labels(archive, format_name):
        yield member.name, archive.open(member)


def _members_with_labels(archive: SafeZip, format_name: str) -> list[ZipMember]:
    for pattern in MEMBERS[format_name]:
        fits = re.compile(pattern)
        found = []
        for member in archive.members():
            if fits.fullmatch(member.name) and not NOT_LABELS.fullmatch(member.name):
                found.append(member)
            if len(found) > MAX_DOCUMENTS:
                raise FormatError(f"The archive has more than {MAX_DOCUMENTS:,} files with labels.")
        if found:
            return found
    expected = MEMBERS[format_name][0].replace(r"([^/]+/)?", "").replace(r"[^/]+", "*").replace(r"[^/]*", "*")
    raise FormatError(f"The archive has no file like {expected.replace('[0-9]+', '0001').replace(chr(92), '')}.")
