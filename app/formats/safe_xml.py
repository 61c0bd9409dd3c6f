"""XML of strangers, read piece by piece with expat itself: no DTD, no entities; depth, tokens, names and text are bounded.

Readers of the standard library build on expat as well, but keep it from none of this. Only UTF-8 is read: XML may name another
encoding, but then tools disagree on what its bytes mean.
"""

from collections.abc import Iterator
from typing import NoReturn, Protocol
from xml.parsers import expat

from app.formats.reading import FormatError
from app.formats.safe_zip import ByteSource

MAX_DEPTH = 16
# A tag with its attributes, a comment or an instruction; expat keeps such a token as a whole.
MAX_TOKEN_BYTES = 1024**2
MAX_TEXT_LENGTH = 64 * 1024
# Expat keeps every name of an element or attribute that it has seen: so many at most, and so many characters of them.
MAX_NAMES, MAX_LENGTH_OF_NAMES = 1000, 100_000
PIECE_BYTES = 64 * 1024

_CUT = {
    expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
}
_UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<", b"\0\0")


class XmlVisitor(Protocol):
    """Is told of elements, by their path from the root, such as `annotation/object/name`."""

    def start(self, path: str, attributes: dict[str, str], line: int) -> None:
        """Take the beginning of an element."""
        ...

    def end(self, path: str, text: str) -> None:
        """Take the end of an element, and the text in it behind its last child, without the white space around it."""
        ...


class NotWellFormed(FormatError):
    """This is no XML, or not all of it."""


def walk_xml(source: ByteSource, visitor: XmlVisitor) -> Iterator[None]:
    """Tell the visitor what is in the source; yield after each piece. Raises FormatError, also what the visitor raises."""
    walk = _Walk(visitor)
    piece = source.read(PIECE_BYTES)
    if piece.startswith(_OTHER_ENCODINGS):
        raise FormatError("The XML is in UTF-16, UTF-32 or another encoding; save it as UTF-8.")
    if not piece:
        raise NotWellFormed("The file is empty; XML was expected.")
    while piece:
        walk.feed(piece)
        yield
        piece = source.read(PIECE_BYTES)
    walk.finish()


class _Walk:
    def __init__(self, visitor: XmlVisitor) -> None:
        self._visitor = visitor
        self._paths: list[str] = []
        self._text: list[str] = []
        self._text_length = self._fed = 0
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.buffer_size = MAX_TEXT_LENGTH
        parser.XmlDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = self._refuse_declarations
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._add_text

    def feed(self, piece: bytes) -> None:
        self._parse(piece, is_final=False)
        self._fed += len(piece)
        if self._fed - max(0, self._parser.CurrentByteIndex) > MAX_TOKEN_BYTES:
            raise FormatError(
                f"{self._line()} has a tag, an attribute or a comment of more than {MAX_TOKEN_BYTES:,} bytes."
            )
        names = self._parser.intern
        if len(names) > MAX_NAMES or sum(map(len, names)) > MAX_LENGTH_OF_NAMES:
            raise FormatError("The XML has too many or too long names of elements and attributes to be a label file.")

    def finish(self) -> None:
        self._parse(b"", is_final=True)

    def _parse(self, piece: bytes, *, is_final: bool) -> None:
        try:
            self._parser.Parse(piece, is_final)
        except expat.ExpatError as error:
            is_cut = is_final and error.code in _CUT
            message = "it ends before its last element does" if is_cut else expat.ErrorString(error.code)
            raise NotWellFormed(f"Line {error.lineno} is no XML that can be read: {message}.") from error

    def _line(self) -> str:
        return f"Line {self._parser.CurrentLineNumber}"

    def _declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in _UTF_8:
            raise FormatError("The XML says that its encoding is not UTF-8; save it as UTF-8.")

    def _refuse_declarations(self, *_: object) -> NoReturn:
        raise FormatError(f"{self._line()} has a document type (DTD) or an entity; label files need none. Remove it.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        paths = self._paths
        if len(paths) == MAX_DEPTH:
            raise FormatError(f"{self._line()} has elements nested more than {MAX_DEPTH} deep.")
        path = f"{paths[-1]}/{name}" if paths else name
        paths.append(path)
        if self._text:
            self._forget_text()
        self._visitor.start(path, attributes, self._parser.CurrentLineNumber)

    def _end(self, _name: str) -> None:
        text = ""
        if self._text:
            text = "".join(self._text).strip()
            self._forget_text()
        self._visitor.end(self._paths.pop(), text)

    def _add_text(self, text: str) -> None:
        self._text_length += len(text)
        if self._text_length > MAX_TEXT_LENGTH:
            raise FormatError(f"{self._line()} has a text of more than {MAX_TEXT_LENGTH:,} characters.")
        self._text.append(text)

    def _forget_text(self) -> None:
        self._text, self._text_length = [], 0
