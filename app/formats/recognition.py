"""What a file looks like, by its first bytes and by the names in an archive, to tell a sender who named another format."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from app.formats.reading import FormatError
from app.formats.safe_zip import SafeZip, is_zip

HEAD_BYTES = 64 * 1024
MAX_NAMES = 10_000
FORMATS = {
    "coco": "COCO",
    "yolo": "a YOLO archive",
    "voc": "a Pascal VOC archive",
    "cvat": "CVAT for images",
    "label-studio": "Label Studio",
    "datumaro": "Datumaro",
    "csv": "CSV with a row for each box",
    "jsonl": "JSON Lines of AutoML",
    "parquet": "Parquet",
}
# What begins so is a format, or another kind of file in words.
BINARY = {
    b"PAR1": "parquet",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x89PNG": "a PNG image",
    b"GIF8": "a GIF image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip file",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"SQLite format 3": "an SQLite database",
    b"\xd0\xcf\x11\xe0": "an old Office document",
}
TEXT = {
    r"<\?xml[^>]*\?>\s*(<!--.*?-->\s*)*<annotations\b|<annotations\b": "cvat",
    r"(<\?xml[^>]*\?>\s*)?<annotation\b": "one file of Pascal VOC; send the whole folder as a zip archive",
    r"<(!DOCTYPE )?html": "a web page",
    r'\{.{0,1024}"dm_format_version"|\{.*"items"\s*:\s*\[': "datumaro",
    r'\{.*"image_url"\s*:': "jsonl",
    r'\{.*"(images|categories)"\s*:\s*\[': "coco",
    r'\[\s*\{.*"category_id"\s*:': "a list of detections for COCO, which has no images and classes",
    r'\[\s*\{.*"(annotations|completions|predictions|rectanglelabels)"\s*:': "label-studio",
    r'"?image_url"?,"?label"?,"?label_confidence"?': "the table of a published campaign; send its labels.jsonl instead",
    r"(?=[^\n]*\blabel\b)(?=[^\n]*\bx_min\b)[^\n]*,": "csv",
    r"[0-9]+( [0-9.]+){4}\s": "one label file of YOLO; send the whole folder as a zip archive",
}
NAMES = {
    r"xl/workbook\.xml": "an Excel workbook; save it as CSV",
    r"(.*/)?labeling_config\.xml|(.*/)?tasks-[0-9]+\.json": "label-studio",
    r"(.*/)?annotations/(instances|person_keypoints)_[^/]*\.json|(.*/)?_annotations\.coco\.json": "coco",
    r"(.*/)?Annotations/[^/]+\.xml": "voc",
    r"(.*/)?annotations\.xml": "cvat",
    r"(.*/)?data\.ya?ml|(.*/)?labels/(.*/)?[^/]+\.txt": "yolo",
    r"(.*/)?[^/]+\.jsonl": "jsonl",
    r"(.*/)?[^/]+\.parquet": "parquet",
}


def recognize(file: BinaryIO) -> str | None:
    """Return the name of a format, words for another kind of file, or None when it cannot be told."""
    if is_zip(file):
        return _match(NAMES, list(_names(file)))
    file.seek(0)
    head = file.read(HEAD_BYTES)
    for magic, found in BINARY.items():
        if head.startswith(magic):
            return found
    return _match(TEXT, [head.decode("utf-8-sig", "replace").lstrip()])


def refuse_other_formats(file: BinaryIO, expected: str) -> None:
    """Raise FormatError when the file looks like another format than `expected`, and leave it at its beginning."""
    found = recognize(file)
    file.seek(0)
    if found in FORMATS and found != expected:
        raise FormatError(
            f"The file is said to be {FORMATS[expected]}, and looks like {FORMATS[found]}. Send it as format={found}."
        )
    if found and found not in FORMATS:
        raise FormatError(f"The file is said to be {FORMATS[expected]}, and looks like {found}.")


def _names(file: BinaryIO) -> Iterator[str]:
    for number, member in enumerate(SafeZip(file).members()):
        if number == MAX_NAMES:
            break
        yield member.name


def _match(patterns: dict[str, str], texts: list[str]) -> str | None:
    for pattern, found in patterns.items():
        fits = re.compile(pattern, re.DOTALL | re.IGNORECASE if patterns is TEXT else 0)
        if any(fits.match(text) for text in texts):
            return found
    return None
