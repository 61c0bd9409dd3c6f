"""EXIF blocks, and images that carry them: every type of value, and values that libraries would not write."""

import io
import struct

from PIL import Image

ASCII, SHORT, LONG, RATIONAL, SIGNED = 2, 3, 4, 5, 10
EXIF_TAGS, GPS_TAGS = 0x8769, 0x8825
FORMS = {SHORT: "H", LONG: "I", RATIONAL: "II", SIGNED: "ii"}

Tags = dict[int, tuple[int, object]]


def block(first: Tags | None = None, detail: Tags | None = None, gps: Tags | None = None, order: str = "<") -> bytes:
    """Return an EXIF block: a TIFF structure with up to three directories of `{tag: (type, value)}`."""
    linked = {EXIF_TAGS: detail, GPS_TAGS: gps}
    first = dict(first or {}) | {tag: (LONG, [0]) for tag, tags in linked.items() if tags is not None}
    start = 8 + _length(first)
    for tag, tags in linked.items():
        if tags is not None:
            first[tag] = (LONG, [start])
            start += _length(tags)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    content, place = head, 8
    for tags in (first, detail, gps):
        if tags is not None:
            content += _directory(tags, place, order)
            place += _length(tags)
    return content


def _packed(kind: int, value: object, order: str) -> tuple[int, bytes]:
    if kind == ASCII:
        text = bytes(value)  # type: ignore[call-overload]  # Texts come as bytes.
        return len(text), text
    parts = [number for part in value for number in (part if isinstance(part, tuple) else (part,))]  # type: ignore[attr-defined]
    count = len(parts) // len(FORMS[kind])
    return count, struct.pack(order + FORMS[kind] * count, *parts)


def _length(tags: Tags) -> int:
    sizes = [len(_packed(kind, value, "<")[1]) for kind, value in tags.values()]
    return 2 + 12 * len(tags) + 4 + sum(size + size % 2 for size in sizes if size > 4)


def _directory(tags: Tags, place: int, order: str) -> bytes:
    entries, values = b"", b""
    end = place + 2 + 12 * len(tags) + 4
    for tag in sorted(tags):
        kind, value = tags[tag]
        count, packed = _packed(kind, value, order)
        if len(packed) <= 4:
            entry = packed.ljust(4, b"\0")
        else:
            entry = struct.pack(f"{order}I", end + len(values))
            values += packed + b"\0" * (len(packed) % 2)
        entries += struct.pack(f"{order}HHI", tag, kind, count) + entry
    return struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + values


def segment(code: int, content: bytes) -> bytes:
    """Return a segment of a JPEG (ITU-T T.81, B.1.1.4)."""
    return struct.pack(">BBH", 0xFF, code, len(content) + 2) + content


def jpeg(exif: bytes = b"", before: bytes = b"", size: tuple[int, int] = (64, 48)) -> bytes:
    """Return a JPEG with an EXIF block, and with any bytes behind its first marker."""
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "JPEG")
    plain = file.getvalue()
    return plain[:2] + before + (segment(0xE1, b"Exif\0\0" + exif) if exif else b"") + plain[2:]
