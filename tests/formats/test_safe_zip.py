"""Archives of strangers are read in place, and what could do harm is refused in words."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.formats import safe_zip
from app.formats.reading import FormatError
from app.formats.safe_zip import SafeZip, is_zip
from tests.formats.spoiling import spoiled


def packed(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content, compress_type=method)
    return buffer.getvalue()


def contents(archive: bytes) -> dict[str, bytes]:
    opened = SafeZip(io.BytesIO(archive))
    return {member.name: opened.read(member, 10_000_000) for member in opened.members()}


def refusal(archive: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        contents(archive)
    return str(caught.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_what_was_packed(method: int) -> None:
    files = {f"a/{number} é.txt": bytes([number]) * number * 1000 for number in range(50)} | {
        "empty": b"",
        "folder/": b"",
    }
    archive = packed(*files.items(), method=method)
    assert contents(archive) == files
    assert is_zip(io.BytesIO(archive))
    assert is_zip(io.BytesIO(packed()))
    assert not is_zip(io.BytesIO(b"PAR1"))


def test_members_can_be_read_piece_by_piece_and_in_between() -> None:
    archive = SafeZip(io.BytesIO(packed(("a", b"12345" * 100_000), ("b", b"67890" * 100_000))))
    first, second = archive.members()
    one, two = archive.open(first), archive.open(second)
    read_one, read_two = b"", b""
    while piece := one.read(77_777):
        assert len(piece) <= 77_777
        read_one += piece
        read_two += two.read(50_000)
    while piece := two.read(50_000):
        read_two += piece
    assert (read_one, read_two) == (b"12345" * 100_000, b"67890" * 100_000)
    assert one.read(0) == b""


def test_archives_that_were_written_to_a_pipe_are_read() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, piece: bytes, /) -> int:  # type: ignore[override]  # Zip archives are written in bytes.
            self.content += piece
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"with a descriptor behind the data")
        archive.writestr("b.txt", b"twice")
    assert contents(pipe.content) == {"a.txt": b"with a descriptor behind the data", "b.txt": b"twice"}


def test_zip64_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    files = {"a.txt": b"more than ten bytes", "b.txt": b"and a second one"}
    archive = packed(*files.items())
    assert b"PK\x06\x06" in archive
    assert contents(archive) == files


def test_names_in_utf_8_without_the_flag_are_read_as_such() -> None:
    archive = packed(("ae.txt", b"1")).replace(b"ae.txt", "ä.txt".encode())
    assert contents(archive) == {"ä.txt": b"1"}
    assert contents(archive.replace("ä.txt".encode(), b"\x84e.txt")) == {"äe.txt": b"1"}


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../up.txt", "a/../b.txt", "C:/x.txt", "C:x.txt", "a\\..\\b.txt", "x" * 1025]
)
def test_names_that_could_leave_a_folder_are_refused(name: str) -> None:
    message = refusal(packed((name, b"1")))
    assert "no name for a file in an archive" in message or "1 to 1,024 bytes" in message
    assert len(message) < 300


@pytest.mark.parametrize("name", ["a..b.txt", "..a/b", ".hidden", "a/./b"])
def test_names_with_dots_are_names(name: str) -> None:
    assert contents(packed((name, b"1"))) == {name: b"1"}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind: int) -> None:
    info = zipfile.ZipInfo("labels/a.txt")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    assert refusal(packed((info, b"/etc/passwd"))) == (
        "“labels/a.txt” is a link or a device, not a file. Pack the files themselves."
    )


def test_encrypted_members_are_refused() -> None:
    archive = bytearray(packed(("a.txt", b"1")))
    directory = archive.index(b"PK\x01\x02")
    archive[6] |= 1
    archive[directory + 8] |= 1
    assert refusal(bytes(archive)) == "“a.txt” is encrypted. Pack the archive without a password."


def test_two_members_of_one_name_are_refused() -> None:
    archive = packed(("labels/a.txt", b"1"), ("labels/b.txt", b"2"), ("c.txt", b"3"))
    twins = archive.replace(b"labels/b.txt", b"labels/a.txt")
    assert refusal(twins) == "The archive has two members of the name “labels/a.txt”."


def test_equal_hashes_of_different_names_are_no_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_zip, "_repeated", lambda _: [hash("a.txt"), hash("b.txt")])
    assert contents(packed(("a.txt", b"1"), ("b.txt", b"2"))) == {"a.txt": b"1", "b.txt": b"2"}


def test_twins_are_found_among_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_zip, "_NAMES_AT_ONCE", 10)
    names = [f"{number:06}.txt" for number in range(1000)]
    archive = packed(*((name, b"") for name in names), method=zipfile.ZIP_STORED)
    assert len(contents(archive)) == 1000
    assert refusal(archive.replace(b"000999.txt", b"000007.txt")).endswith("“000007.txt”.")


def entry(name: bytes, offset: int, packed_size: int, size: int, crc: int, method: int = 8) -> bytes:
    numbers = (20, 3, 20, 0, 0, method, 0, 0x21, crc, packed_size, size, len(name), 0, 0, 0, 0, 0, offset)
    return struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *numbers) + name


def end(count: int, length: int, start: int) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, length, start, 0)


def raw_member(name: bytes, data: bytes, size: int, crc: int, method: int = 8) -> bytes:
    return (
        struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, method, 0, 0x21, crc, len(data), size, len(name), 0)
        + name
        + data
    )


def test_two_members_on_the_same_bytes_are_refused() -> None:
    local = raw_member(b"a.txt", b"hello", 5, zlib.crc32(b"hello"), 0)
    directory = entry(b"a.txt", 0, 5, 5, zlib.crc32(b"hello"), 0) + entry(b"b.txt", 0, 5, 5, zlib.crc32(b"hello"), 0)
    archive = local + directory + end(2, len(directory), len(local))
    assert refusal(archive) == "“b.txt” lies on the same bytes of the archive as another member."


def test_members_that_overlap_partly_are_refused_and_others_may_stand_in_any_order() -> None:
    locals_ = [raw_member(name, b"hello", 5, zlib.crc32(b"hello"), 0) for name in (b"a.txt", b"b.txt")]
    length = len(locals_[0])
    for offset, is_good in ((length, True), (length - 3, False)):
        directory = b"".join(
            entry(name, at, 5, 5, zlib.crc32(b"hello"), 0) for name, at in ((b"b.txt", offset), (b"a.txt", 0))
        )
        archive = b"".join(locals_) + directory + end(2, len(directory), 2 * length)
        if is_good:
            assert contents(archive) == {"b.txt": b"hello", "a.txt": b"hello"}
        else:
            assert "“b.txt” lies on the same bytes" in refusal(archive)


def test_a_bomb_of_ratio_1000_is_refused_before_it_is_unpacked() -> None:
    archive = packed(("labels/a.txt", b"0" * 20_000_000))
    assert len(archive) < 30_000
    assert refusal(archive).startswith("“labels/a.txt” unpacks to 20,000,000 bytes from 19,")
    assert refusal(archive).endswith("more than 200 times as much.")


def test_a_member_that_holds_more_than_it_declares_is_refused() -> None:
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(b"0" * 50_000_000) + packer.flush()
    local = raw_member(b"a.txt", data, 100, 0)
    directory = entry(b"a.txt", 0, len(data), 100, 0)
    archive = local + directory + end(1, len(directory), len(local))
    assert refusal(archive) == "“a.txt” unpacks to more than the 100 bytes declared."


def test_what_is_read_in_all_has_a_limit() -> None:
    archive = SafeZip(io.BytesIO(packed(("a", b"1" * 600), ("b", b"2" * 600))), max_read_bytes=1000)
    first, second = archive.members()
    with pytest.raises(FormatError, match="“a” unpacks to 600 bytes; at most 500 are read from it"):
        archive.read(first, 500)
    archive.read(first, 600)
    with pytest.raises(FormatError, match="unpack to more than 1,000 bytes"):
        archive.read(second, 600)


def test_too_many_members_are_refused() -> None:
    archive = packed(*((f"{number}", b"") for number in range(11)))
    assert SafeZip(io.BytesIO(archive), max_members=11).count == 11
    with pytest.raises(FormatError, match="has 11 members; at most 10 are read"):
        SafeZip(io.BytesIO(archive), max_members=10)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(method: int) -> None:
    assert (
        refusal(packed(("a.txt", b"1"), method=method))
        == f"“a.txt” is packed by method {method}; use deflate (8) or store (0)."
    )


DAMAGES: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda _: b"", "The file is empty; a zip archive was expected."),
    (lambda a: a[: len(a) // 2], "The end of the zip archive is missing. The file was cut on its way; send it again."),
    (lambda a: a[:-1], "The end of the zip archive is missing. The file was cut on its way; send it again."),
    (lambda a: a + b"more", "There are bytes behind the end of the archive, or some of it are missing."),
    (lambda a: b"before" + a, "The directory of the archive is not where the archive says. The archive is damaged."),
    (lambda _: b"Rar!\x1a\x07\x00", "The file is a RAR archive; a zip archive was expected."),
    (lambda _: b'{"images": []}', "The file is JSON; a zip archive was expected."),
    (lambda _: b"plain text", "The file is something else; a zip archive was expected."),
    (lambda a: a.replace(b"PK\x01\x02", b"PK\x01\x03"), "The directory of the archive is damaged."),
    (
        lambda a: a.replace(b"PK\x03\x04", b"PK\x03\x05"),
        "“a.txt” is not where the directory says. The archive is damaged.",
    ),
    (lambda a: a.replace(b"a.txt", b"b.txt", 1), "“a.txt” has another name in the archive than in its directory."),
    (lambda a: a.replace(b"12345", b"12346"), "“a.txt” is not the file that was packed. The archive is damaged."),
]


@pytest.mark.parametrize(("damage", "message"), DAMAGES)
def test_damage_is_said(damage: Callable[[bytes], bytes], message: str) -> None:
    archive = packed(("a.txt", b"12345"), method=zipfile.ZIP_STORED)
    assert refusal(damage(archive)) == message


def test_wrong_counts_are_refused() -> None:
    local = raw_member(b"a.txt", b"hello", 5, zlib.crc32(b"hello"), 0)
    directory = entry(b"a.txt", 0, 5, 5, zlib.crc32(b"hello"), 0)
    assert "more entries than" in refusal(local + directory + end(0, len(directory), len(local)))
    assert "shorter than" in refusal(local + directory + end(2, len(directory), len(local)))


VALID = [
    packed(
        ("data.yaml", b"names: [a, b]\n"), ("labels/a.txt", b"0 0.5 0.5 0.1 0.1\n" * 9), ("images/a.jpg", bytes(99))
    ),
    packed(("a.txt", b"12345"), ("b/c.txt", b"12345" * 50), method=zipfile.ZIP_STORED),
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), spoiled(st.sampled_from(VALID))))
def test_nothing_but_format_errors_comes_out(archive: bytes) -> None:
    try:
        for content in contents(archive).values():
            assert len(content) <= 10_000_000
    except FormatError as error:
        message = str(error)
        assert 10 < len(message) < 400
