"""Texts as JSON, XML and CSV hold them."""

import re

import orjson

from app.formats.members import UnsupportedError

# Python and JavaScript end a line at these too; JSON leaves them in texts as they are.
LINE_ENDS = {"\x85": r"\u0085", "\u2028": r"\u2028", "\u2029": r"\u2029"}
# Spreadsheets run a cell that begins so (OWASP, "CSV Injection"); the apostrophe marks it, so that readers can remove it.
RISKY_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "'")
NEEDS_QUOTES = re.compile('[,"\r\n]')
# What XML 1.0 has no form for, neither as it is nor by number (section 2.2, "Characters").
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A reader of XML makes a space of a line end or a tab in an attribute, unless it is written by number (section 3.3.3).
IN_ATTRIBUTES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def json_text(text: str) -> str:
    """Return the text as JSON, in its quotes."""
    return orjson.dumps(text).decode()


def escape_line_ends(lines: str) -> str:
    """Return lines of JSON in which only the ends of lines end a line, for formats with a record a line."""
    for character, escaped in LINE_ENDS.items():
        lines = lines.replace(character, escaped)
    return lines


def csv_cell(text: str) -> str:
    """Return a cell of a CSV table (RFC 4180), in quotes where it needs them."""
    return '"' + text.replace('"', '""') + '"' if NEEDS_QUOTES.search(text) else text


def defuse(cell: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run; a reader takes one leading apostrophe off again."""
    return f"'{cell}" if cell.startswith(RISKY_BEGINNINGS) else cell


def xml_attribute(text: str, what: str) -> str:
    """Return the text as it stands between the double quotes of an attribute. `what` names it in the error.

    Raises UnsupportedError for a character that XML has no form for.
    """
    if found := NOT_IN_XML.search(text):
        code = f"U+{ord(found[0]):04X}"
        raise UnsupportedError(
            f"{what} has the character {code} at position {found.start() + 1}, which XML cannot hold. "
            "Rename it, or choose a format without XML, as COCO."
        )
    return text.translate(IN_ATTRIBUTES)
