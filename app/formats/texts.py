"""Texts as JSON and CSV hold them."""

import re

import orjson

# Python and JavaScript end a line at these too; JSON leaves them in texts as they are.
LINE_ENDS = {"\x85": r"\u0085", "\u2028": r"\u2028", "\u2029": r"\u2029"}
# Spreadsheets run a cell that begins so (OWASP, "CSV Injection"); the apostrophe marks it, so that readers can remove it.
RISKY_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "'")
NEEDS_QUOTES = re.compile('[,"\r\n]')


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
