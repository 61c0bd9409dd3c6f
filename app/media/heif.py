"""The size and the EXIF block of a HEIF file (HEIC, AVIF), from its boxes; libraries need the whole file for that.

Layout: ISO/IEC 14496-12 (boxes, `meta`, `iinf`, `iloc`), ISO/IEC 23008-12 (HEIF: `ispe`, `irot`, `ipma`, Exif items).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.media.ranged_file import RangedFile

# Brands of still pictures: MIAF and HEIF's general ones, HEVC's, and AV1's.
AVIF_BRANDS = {b"avif", b"avis"}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2"}
MAX_BOXES = 2000
MAX_META_BYTES = 4 * 1024**2


@dataclass
class Properties:
    """Size in pixels as displayed, and the EXIF block, empty when there is none."""

    size: tuple[int, int] = (0, 0)
    exif: bytes = b""


@dataclass
class Box:
    """One box: its type, and where its content begins and ends in what is read."""

    kind: bytes
    start: int
    end: int


@dataclass
class Item:
    """One item of a file: its type, and the ranges of the file or of `idat` in which its bytes lie."""

    kind: bytes = b""
    is_in_meta: bool = False
    ranges: list[tuple[int, int]] = field(default_factory=list)


def filetype(head: bytes) -> str | None:
    """Return `AVIF` or `HEIF` for the first bytes of such a file, else None. All brands count, the major one first."""
    if head[4:8] != b"ftyp" or len(head) < 12:
        return None
    length = int.from_bytes(head[:4], "big")
    brands = [head[8:12]] + [head[at : at + 4] for at in range(16, min(length, len(head)) - 3, 4)]
    for brand in brands:
        if brand in AVIF_BRANDS:
            return "AVIF"
    return "HEIF" if HEIF_BRANDS.intersection(brands) else None


def read_properties(file: RangedFile) -> Properties:
    """Return what the `meta` box says of the primary item. Raises struct.error and IndexError for boxes that cannot be."""
    found = Properties()
    meta = _find_meta(file)
    if not meta:
        return found
    boxes = {box.kind: box for box in _boxes(meta, 4, len(meta))}
    primary = _primary_item(meta, boxes.get(b"pitm"))
    if b"iprp" in boxes:
        found.size = _displayed_size(meta, boxes[b"iprp"], primary)
    found.exif = _exif(file, meta, boxes)
    return found


def _find_meta(file: RangedFile) -> bytes:
    position = 0
    for _ in range(MAX_BOXES):
        head = file.range(position, 16)
        if len(head) < 8:
            return b""
        length, start = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), 16
        if head[4:8] == b"meta":
            return file.range(position + start, min(length - start, MAX_META_BYTES))
        if length < start:
            return b""
        position += length
    return b""


def _boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    for _ in range(MAX_BOXES):
        if start + 8 > min(end, len(data)):
            return
        length, content = int.from_bytes(data[start : start + 4], "big"), start + 8
        if length == 1:
            length, content = int.from_bytes(data[start + 8 : start + 16], "big"), start + 16
        stop = end if length == 0 else min(start + length, end)
        if stop < content:
            return
        yield Box(data[start + 4 : start + 8], content, stop)
        start = stop


def _primary_item(meta: bytes, box: Box | None) -> int | None:
    if box is None:
        return None
    form = ">H" if meta[box.start] == 0 else ">I"
    return int(struct.unpack_from(form, meta, box.start + 4)[0])


def _displayed_size(meta: bytes, properties: Box, primary: int | None) -> tuple[int, int]:
    inner = list(_boxes(meta, properties.start, properties.end))
    [container] = [box for box in inner if box.kind == b"ipco"][:1]
    known = list(_boxes(meta, container.start, container.end))
    used = [index for box in inner if box.kind == b"ipma" for index in _associations(meta, box, primary)]
    size, turns = (0, 0), 0
    for index in used:
        if not 1 <= index <= len(known):
            continue
        box = known[index - 1]
        if box.kind == b"ispe":
            size = struct.unpack_from(">II", meta, box.start + 4)
        elif box.kind == b"irot":
            turns = meta[box.start] & 3
    return (size[1], size[0]) if turns % 2 else size


def _associations(meta: bytes, box: Box, item: int | None) -> list[int]:
    """Return the numbers of the properties of an item, which count from 1."""
    version, flags = meta[box.start], meta[box.start + 3]
    (count,) = struct.unpack_from(">I", meta, box.start + 4)
    at = box.start + 8
    item_form = ">H" if version < 1 else ">I"
    for _ in range(min(count, MAX_BOXES)):
        (item_id,) = struct.unpack_from(item_form, meta, at)
        at += struct.calcsize(item_form)
        entries, at = meta[at], at + 1
        form, mask = (">H", 0x7FFF) if flags & 1 else (">B", 0x7F)
        width = struct.calcsize(form)
        numbers = [struct.unpack_from(form, meta, at + width * number)[0] & mask for number in range(entries)]
        at += width * entries
        if item is None or item_id == item:
            return numbers
    return []


def _exif(file: RangedFile, meta: bytes, boxes: dict[bytes, Box]) -> bytes:
    if b"iinf" not in boxes or b"iloc" not in boxes:
        return b""
    exif_items = _exif_items(meta, boxes[b"iinf"])
    for item_id, item in _locations(meta, boxes[b"iloc"]):
        if item_id not in exif_items:
            continue
        if item.is_in_meta and b"idat" in boxes:
            start = boxes[b"idat"].start
            content = b"".join(meta[start + offset : start + offset + length] for offset, length in item.ranges)
        else:
            content = b"".join(file.range(offset, length) for offset, length in item.ranges)
        # Before the block stands where its TIFF header begins.
        skip = int.from_bytes(content[:4], "big")
        return content[4 + skip :]
    return b""


def _exif_items(meta: bytes, box: Box) -> set[int]:
    version = meta[box.start]
    start = box.start + (6 if version == 0 else 8)
    found = set()
    for entry in _boxes(meta, start, box.end):
        entry_version = meta[entry.start]
        form = ">H" if entry_version == 2 else ">I"
        at = entry.start + 4
        (item_id,) = struct.unpack_from(form, meta, at)
        at += struct.calcsize(form) + 2
        if entry_version >= 2 and meta[at : at + 4] == b"Exif":
            found.add(item_id)
    return found


def _locations(meta: bytes, box: Box) -> Iterator[tuple[int, Item]]:
    version, sizes = meta[box.start], meta[box.start + 4 : box.start + 6]
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version in (1, 2) else 0
    wide = 4 if version == 2 else 2
    at = box.start + 6
    count, at = int.from_bytes(meta[at : at + wide], "big"), at + wide
    for _ in range(min(count, MAX_BOXES)):
        item_id, at = int.from_bytes(meta[at : at + wide], "big"), at + wide
        item = Item()
        if version in (1, 2):
            item.is_in_meta, at = meta[at + 1] & 15 == 1, at + 2
        at += 2
        base, at = int.from_bytes(meta[at : at + base_size], "big"), at + base_size
        extents, at = int.from_bytes(meta[at : at + 2], "big"), at + 2
        for _ in range(min(extents, MAX_BOXES)):
            at += index_size
            offset, at = int.from_bytes(meta[at : at + offset_size], "big"), at + offset_size
            length, at = int.from_bytes(meta[at : at + length_size], "big"), at + length_size
            item.ranges.append((base + offset, length))
        yield item_id, item
