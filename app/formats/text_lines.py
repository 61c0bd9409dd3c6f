"""Lines of text in UTF-8, none longer than a limit, from files in which one line may be a gigabyte."""

from collections.abc import Iterator

from app.formats.json_window import refuse_encodings
from app.formats.reading import FormatError
from app.formats.safe_zip import ByteSource

CHUNK_BYTES = 256 * 1024
MAX_LINE_BYTES = 1024 * 1024
BOM = b"\xef\xbb\xbf"


def text_lines(file: ByteSource) -> Iterator[str]:
    """Yield the lines with their ends (LF or CRLF). Raises FormatError for other encodings and a line that is too long."""
    number, rest = 0, b""
    for piece in _pieces(file):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            number += 1
            yield _decode(line + b"\n", number)
        if len(rest) > MAX_LINE_BYTES:
            raise FormatError(f"Line {number + 1:,} is longer than {MAX_LINE_BYTES:,} bytes.")
    if rest:
        yield _decode(rest, number + 1)


def _pieces(file: ByteSource) -> Iterator[bytes]:
    first = file.read(CHUNK_BYTES)
    refuse_encodings(first)
    if not first.removeprefix(BOM):
        raise FormatError("The file is empty.")
    yield first.removeprefix(BOM)
    while piece := file.read(CHUNK_BYTES):
        yield piece


def _decode(line: bytes, number: int) -> str:
    if len(line) > MAX_LINE_BYTES:
        raise FormatError(f"Line {number:,} is longer than {MAX_LINE_BYTES:,} bytes.")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise FormatError(f"Line {number:,} is not UTF-8. Save the file as UTF-8.") from None
