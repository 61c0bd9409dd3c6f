"""Zip archives hold what was put in, are the same bytes every time, and open with the programs of others."""

import hashlib
import io
import os
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.formats.archive import MAX_32, Archive
from app.formats.members import UnsupportedError

NO_UNZIP = shutil.which("unzip") is None and not os.environ.get("REQUIRE_UNZIP")
MEMBERS = {"a.txt": b"one", "Grün/日本.txt": b"", "b/c.bin": bytes(range(256)) * 9}


class Pipe:
    """A target that can be written to, and nothing else."""

    def __init__(self) -> None:
        self.content = io.BytesIO()

    def write(self, content: bytes) -> None:
        self.content.write(content)


class Sparse:
    """Bytes of an archive of which only the interesting parts are kept; runs of one great piece are holes."""

    HOLE = b"\0" * (1 << 24)

    def __init__(self, path: Path) -> None:
        self.file = path.open("wb")

    def write(self, content: bytes) -> None:
        if content is self.HOLE:
            self.file.seek(len(content), os.SEEK_CUR)
        else:
            self.file.write(content)


def archive(members: dict[str, bytes]) -> bytes:
    pipe = Pipe()
    with Archive(pipe) as made:
        for name, content in members.items():
            made.add(name, content)
        made.end()
    return pipe.content.getvalue()


def unzip_test(path: Path) -> str:
    return subprocess.run(["unzip", "-tq", path], capture_output=True, text=True, check=True).stdout  # noqa: S607


def test_an_archive_of_one_file_is_these_bytes() -> None:
    head = b"\x00\x08\x00\x00\x00\x00\x21\x00\x85\x11\x4a\x0d\x0b\x00\x00\x00\x0b\x00\x00\x00\x05\x00\x00\x00"
    local = b"PK\x03\x04\x14\x00" + head + b"a.txt" + b"hello world"
    directory = b"PK\x01\x02\x14\x03\x14\x00" + head + bytes(6) + b"\x00\x00\xa4\x81" + bytes(4) + b"a.txt"
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(directory), len(local), 0)
    assert archive({"a.txt": b"hello world"}) == local + directory + end


def test_no_member_is_an_archive_too() -> None:
    assert archive({}) == b"PK\x05\x06" + bytes(18)


def test_every_run_makes_the_same_bytes() -> None:
    content = archive(MEMBERS)
    assert content == archive(MEMBERS)
    assert hashlib.sha256(content).hexdigest() == "0da73f9227c03c05d58cea55dd2c5051e692c78c41ae0141d9f04f8e4ad71396"


def test_zipfile_reads_what_was_added_whole_streamed_and_opened() -> None:
    pipe = Pipe()
    with Archive(pipe) as made:
        late, later = made.open("z/late.txt"), made.open("later.txt")
        later.write(b"3")
        late.write(b"1")
        made.add("a.txt", b"whole")
        made.add_stream("b.bin", 6, zlib.crc32(b"abcdef"), iter([b"abc", b"", b"def"]))
        late.write(b"2")
        made.end()
    with zipfile.ZipFile(pipe.content) as read:
        assert {info.filename: read.read(info) for info in read.infolist()} == {
            "a.txt": b"whole",
            "b.bin": b"abcdef",
            "z/late.txt": b"12",
            "later.txt": b"3",
        }
        for info in read.infolist():
            assert (info.date_time, info.create_system, info.external_attr >> 16) == (
                (1980, 1, 1, 0, 0, 0),
                3,
                0o100644,
            )
            assert (info.extra, info.flag_bits, info.compress_type) == (b"", 0x800, zipfile.ZIP_STORED)


@pytest.mark.parametrize("pieces", [[b"abc"], [b"abcd", b"ef", b"g"], [b"abcdeF"]])
def test_a_stream_of_another_length_or_content_is_an_error(pieces: list[bytes]) -> None:
    with Archive(Pipe()) as made, pytest.raises(ValueError, match=r"b\.bin: .* not 6 of "):
        made.add_stream("b.bin", 6, zlib.crc32(b"abcdef"), pieces)


@pytest.mark.parametrize(
    "name", ["../a", "a/../b", "/a", "a/", "a//b", "./a", "", "a/.", "a\0b", "a" * 65536], ids=lambda name: name[:6]
)
def test_a_name_that_is_unpacked_elsewhere_is_refused(name: str) -> None:
    with Archive(Pipe()) as made, pytest.raises(UnsupportedError, match="unpack it elsewhere"):
        made.add(name, b"")


@pytest.mark.skipif(NO_UNZIP, reason="unzip is not installed")
def test_unzip_finds_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(archive(MEMBERS))
    assert "No errors detected" in unzip_test(path)
    subprocess.run(["unzip", "-q", path, "-d", tmp_path / "out"], check=True, env={"LC_ALL": "C.UTF-8"})  # noqa: S607
    assert {name: (tmp_path / "out" / name).read_bytes() for name in MEMBERS} == MEMBERS


@pytest.mark.skipif(NO_UNZIP, reason="unzip is not installed")
@pytest.mark.parametrize("count", [65_534, 65_535])
def test_there_may_be_more_members_than_16_bits_count(tmp_path: Path, count: int) -> None:
    path = tmp_path / "many.zip"
    path.write_bytes(archive({f"{number:06d}": b"%d" % number for number in range(count)}))
    with zipfile.ZipFile(path) as read:
        assert len(read.infolist()) == count
        assert read.read(f"{count - 1:06d}") == b"%d" % (count - 1)
    assert "No errors detected" in unzip_test(path)


@pytest.mark.parametrize(
    ("size", "field"),
    [
        (MAX_32 - 1, b""),
        (MAX_32, b"\1\0\x10\0" + 2 * MAX_32.to_bytes(8, "little")),
        (1 << 33, b"\1\0\x10\0" + 2 * (1 << 33).to_bytes(8, "little")),
    ],
)
def test_a_large_member_has_its_sizes_in_front_of_it(size: int, field: bytes) -> None:
    pipe = Pipe()
    with Archive(pipe) as made, pytest.raises(ValueError):
        made.add_stream("a", size, 7, [])
    head = pipe.content.getvalue()
    short = min(size, MAX_32).to_bytes(4, "little")
    assert (
        head == b"PK\3\4" + head[4:14] + b"\7\0\0\0" + short + short + b"\1\0" + bytes([len(field), 0]) + b"a" + field
    )


@pytest.mark.parametrize("start", [MAX_32 - 40, MAX_32 - 1, MAX_32, MAX_32 + 1, 1 << 40])
def test_offsets_may_be_larger_than_32_bits(tmp_path: Path, start: int) -> None:
    """The first bytes are a hole in the file, as if there had been other members."""
    path = tmp_path / "large.zip"
    with path.open("wb") as file, Archive(file) as made:
        made._offset = file.seek(start)
        made.add("first", b"1")
        made.add("last", b"2")
        made.end()
    with zipfile.ZipFile(path) as read:
        assert {info.filename: (info.header_offset, read.read(info)) for info in read.infolist()} == {
            "first": (start, b"1"),
            "last": (start + 36, b"2"),
        }


def great_hole(size: int) -> Iterator[bytes]:
    for _ in range(size // len(Sparse.HOLE)):
        yield Sparse.HOLE
    yield Sparse.HOLE[: size % len(Sparse.HOLE)]


def crc32_of_zeros(size: int) -> int:
    found = 0
    for piece in great_hole(size):
        found = zlib.crc32(piece, found)
    return found


@pytest.mark.slow
@pytest.mark.skipif(NO_UNZIP, reason="unzip is not installed")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [MAX_32 + 5])
def test_members_may_be_larger_than_32_bits(tmp_path: Path, size: int) -> None:
    path = tmp_path / "large.zip"
    target = Sparse(path)
    with target.file, Archive(target) as made:
        made.add("first", b"1")
        made.add_stream("large", size, crc32_of_zeros(size), great_hole(size))
        made.add("last", b"2")
        made.end()
    assert "No errors detected" in unzip_test(path)
    with zipfile.ZipFile(path) as read:
        assert [(info.filename, info.file_size) for info in read.infolist()] == [
            ("first", 1),
            ("large", size),
            ("last", 1),
        ]
        assert (read.read("first"), read.read("last")) == (b"1", b"2")
    assert path.stat().st_blocks * 512 < 1 << 26
