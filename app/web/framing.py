"""What counts as one HTTP request on a connection: h11's parser, without its tolerance for heads that others read differently.

A proxy and this server must agree where each request ends, or the body of one caller becomes the request of another.
"""

import re
from typing import Any
from urllib.parse import urlsplit

import h11

# h11 has no public way to see a head as it arrived; the tests of this module fail when a version moves these names.
from h11._readers import ChunkedReader
from h11._receivebuffer import ReceiveBuffer
from h11._util import LocalProtocolError

END_OF_HEAD = b"\r\n\r\n"
EMPTY_LINES = re.compile(rb"(?:\r\n)+")
# RFC 9112, 2.2 and 5.2; RFC 9110, 5.5. As one expression they would take six times as long.
MALFORMED = (
    re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"),  # Control characters.
    re.compile(rb"[^\r]\n"),  # A line feed alone, but where it is the first byte.
    re.compile(rb"\r(?:[^\n]|\n[ \t])"),  # A carriage return alone, and a line that continues the one before.
)
CHUNK_LINE = re.compile(rb"([0-9a-fA-F]{1,15})(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
MAX_LENGTH_DIGITS = 18  # More need not fit into 64 bits, which is what others count with.
BODY_LENGTH = re.compile(rb"\r\n(?:content-length:([^\r]*)|transfer-encoding:([^\r]*))", re.IGNORECASE)


class StrictReceiveBuffer(ReceiveBuffer):
    """The bytes of a connection that are not parsed yet."""

    def __init__(self, max_head_bytes: int) -> None:
        super().__init__()
        self._max_head_bytes = max_head_bytes

    def maybe_extract_lines(self) -> list[bytearray] | None:
        """Take the lines of a head, or of the trailers of a body, from the buffer; None until all of them have arrived.

        Raises LocalProtocolError, with 431 as the status where they are longer than `max_head_bytes`.
        """
        # The parent notes how far it has looked, so that a head that comes in small pieces is not read over and over.
        begin = max(0, self._multiple_lines_search - 1)
        found = self._data.find(END_OF_HEAD, begin)
        end = len(self._data) if found < 0 else found + len(END_OF_HEAD)
        if self._data.startswith(b"\r\n"):
            end = 2
        self._refuse_malformed(begin, end)
        if end > self._max_head_bytes:
            raise LocalProtocolError("the lines are too long", error_status_hint=431)
        if found >= 0:
            _require_one_length(BODY_LENGTH.findall(self._data, 0, end))
        return super().maybe_extract_lines()

    def maybe_extract_next_line(self) -> bytearray | None:
        """Take the line before a chunk from the buffer; None until it has arrived. Raises LocalProtocolError."""
        begin = max(0, self._next_line_search - 1)
        found = self._data.find(b"\r\n", begin)
        self._refuse_malformed(begin, len(self._data) if found < 0 else found)
        line = super().maybe_extract_next_line()
        if line is not None and not CHUNK_LINE.fullmatch(line):
            raise LocalProtocolError("malformed size of a chunk")
        return line

    def startswith(self, prefix: bytes) -> bool:
        """True when these are the next bytes."""
        return self._data.startswith(prefix)

    def extract_whole_chunks(self) -> bytes:
        """Take the data of all chunks at the start of the buffer that have arrived whole; empty where there is none."""
        parts = []
        begin = 0
        while line := CHUNK_LINE.match(self._data, begin):
            end = line.end() + int(line[1], base=16)
            # The last chunk is empty, and something else may follow the data.
            if end == line.end() or self._data[end : end + 2] != b"\r\n":
                break
            parts.append(self._data[line.end() : end])
            begin = end + 2
        if begin:
            self._extract(begin)
        return b"".join(parts)

    def _refuse_malformed(self, begin: int, end: int) -> None:
        if self._data.startswith(b"\n") or any(pattern.search(self._data, begin, end) for pattern in MALFORMED):
            raise LocalProtocolError("malformed lines")

    def skip_empty_lines(self) -> None:
        """Drop empty lines before a request, which some clients send after a body (RFC 9112, 2.2)."""
        if found := EMPTY_LINES.match(self._data):
            self._extract(found.end())

    @property
    def is_half_an_empty_line(self) -> bool:
        """True when a carriage return is all there is."""
        return self._data == b"\r"


def _require_one_length(lengths: list[tuple[bytes, bytes]]) -> None:
    # Several equal lengths would be allowed (RFC 9110, 8.6), and no client needs them.
    if len(lengths) > 1 or any(b"," in value for length in lengths for value in length):
        raise LocalProtocolError("more than one length of the body")
    if any(len(length.strip()) > MAX_LENGTH_DIGITS for length, _ in lengths):
        raise LocalProtocolError("the length of the body is too large")


class MergingReader(ChunkedReader):
    """Reads a body in chunks, and makes one event of all chunks that are there: h11 takes 5 µs for each, however small."""

    def __call__(  # type: ignore[override]  # The connection has no other buffer.
        self, buf: StrictReceiveBuffer
    ) -> h11.Data | h11.EndOfMessage | None:
        """Return the next part of the body, its end, or None until more has arrived. Raises LocalProtocolError."""
        if self._bytes_to_discard and buf.startswith(self._bytes_to_discard):
            # The line end after a chunk that came in parts; the parent would go on with one chunk after the other.
            buf.maybe_extract_at_most(len(self._bytes_to_discard))
            self._bytes_to_discard = b""
        is_between_chunks = not (self._bytes_in_chunk or self._bytes_to_discard or self._reading_trailer)
        if is_between_chunks and (data := buf.extract_whole_chunks()):
            return h11.Data(data=data)
        return super().__call__(buf)


class StrictConnection(h11.Connection):
    """The server's side of a connection. After an error, `error_status` is the status to answer with."""

    def __init__(self, max_head_bytes: int) -> None:
        super().__init__(h11.SERVER, max_head_bytes)
        self._receive_buffer: StrictReceiveBuffer = StrictReceiveBuffer(max_head_bytes)
        self.error_status = 400

    @property
    def has_unparsed_bytes(self) -> bool:
        """True when something has arrived that is not parsed yet."""
        return bool(self._receive_buffer)

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Return the next event, as the parent does. Raises h11.RemoteProtocolError."""
        try:
            if self.their_state is h11.IDLE:
                self._receive_buffer.skip_empty_lines()
                if self._receive_buffer.is_half_an_empty_line:
                    return h11.NEED_DATA
            event = super().next_event()
            return _check(event) if isinstance(event, h11.Request) else event
        except h11.RemoteProtocolError as error:
            # The parent also proposes 501 for unknown transfer codings; here every other malformed request is a 400.
            self.error_status = 431 if error.error_status_hint == 431 else 400
            raise

    def _get_io_object(self, *args: Any) -> Any:
        found = super()._get_io_object(*args)
        return MergingReader() if isinstance(found, ChunkedReader) else found


def _check(request: h11.Request) -> h11.Request:
    if request.http_version not in (b"1.1", b"1.0"):
        raise h11.RemoteProtocolError("another version of HTTP")
    if request.http_version == b"1.0" and any(name == b"transfer-encoding" for name, _ in request.headers):
        raise h11.RemoteProtocolError("HTTP/1.0 knows no transfer codings")  # RFC 9112, 6.1
    if request.target.startswith(b"/") or request.target == b"*":
        return request
    return _in_origin_form(request)


def _in_origin_form(request: h11.Request) -> h11.Request:
    """Return the same request with the path and query of its URL as target. Servers must take both (RFC 9112, 3.2.2)."""
    try:
        url = urlsplit(request.target)
    except ValueError:
        url = urlsplit(b"")
    if url.scheme not in (b"http", b"https") or not url.netloc:
        raise h11.RemoteProtocolError("the target is neither a path nor a URL")
    target = (url.path or b"/") + (b"?" + url.query if url.query else b"")
    headers = request.headers.raw_items()
    return h11.Request(method=request.method, headers=headers, target=target, http_version=request.http_version)
