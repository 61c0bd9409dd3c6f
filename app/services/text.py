"""The identity of texts that people write: labels, names and addresses that look the same are the same.

A text is kept in Unicode normal form C (Unicode Standard Annex 15), without blanks at its ends and with one space for each run of
blanks. What cannot be seen is refused: control characters, line separators, and the characters that Unicode calls default
ignorable (DerivedCoreProperties.txt), bidirectional controls among them. Joiners may stand within words and emoji.
"""

import functools
import re
import unicodedata

from app.errors import BadRequest, Unprocessable

MAX_LENGTH = 128
# Normal form C makes one character of up to four, and blanks go: a text that is longer by more than this is too long in any case.
MAX_LENGTH_RATIO = 4
# The space separators of Unicode, and the Braille pattern without dots, which looks like one.
SPACES = "".join(map(chr, [0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x2800, 0x3000]))
RUN_OF_SPACES = re.compile(f"[{SPACES}]+")
# All that has the property White_Space (PropList.txt) is removed from the ends.
WHITE_SPACE = f"{SPACES}\t\n\v\f\r\u0085\u2028\u2029"
CONTROLS = "\x00-\x1f\x7f-\x9f"
LINE_SEPARATORS = "\u2028\u2029"
# Default_Ignorable_Code_Point without the joiners U+200C and U+200D and the selectors U+FE0E and U+FE0F, which words and emoji
# need; and the interlinear annotations U+FFF9 to U+FFFB.
IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Surrogates and noncharacters (The Unicode Standard, sections 3.8 and 23.7).
NO_CHARACTERS = "\ud800-\udfff\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
REFUSED = re.compile(f"[{CONTROLS}{LINE_SEPARATORS}{IGNORABLE}{NO_CHARACTERS}]")
JOINERS = "\u200c\u200d"
IN_CONTEXT = re.compile("[\u200c\u200d\ufe0e\ufe0f]")
# These take a selector though they are no symbols (emoji-variation-sequences.txt); so does what a keycap encloses.
SELECTABLE = "\u203c\u2049\u2139\u3030"
KEYCAP, KEYS = "\u20e3", "0123456789#*"
# Pictographs may be newer than the copy of Unicode that Python has.
PICTOGRAPHS = range(0x1F000, 0x1FB00)


class UnfitText(ValueError):
    """A text that cannot name anything. The message says why, and follows a noun such as "The label"."""


@functools.lru_cache(1024)
def normalize(text: str, max_length: int = MAX_LENGTH) -> str:
    """Return the form in which a text is kept and compared. Raises UnfitText when it has none.

    `max_length` is that of the returned form. The latest texts are remembered, because many objects have few labels.
    """
    if len(text) > max_length * MAX_LENGTH_RATIO:
        raise UnfitText(f"must have 1 to {max_length} characters, and has more")
    normal = RUN_OF_SPACES.sub(" ", unicodedata.normalize("NFC", text).strip(WHITE_SPACE))
    if not normal:
        raise UnfitText(f"must have 1 to {max_length} characters, and is blank")
    refused = REFUSED.search(normal)
    if refused:
        raise UnfitText(f"must not contain {_name(refused[0])}")
    for match in IN_CONTEXT.finditer(normal):
        before, after = normal[max(match.start() - 1, 0) : match.start()], normal[match.end() : match.end() + 1]
        if match[0] in JOINERS and not (_can_be_joined(before) and _can_be_joined(after)):
            raise UnfitText(f"must not contain {_name(match[0])} except within a word or an emoji")
        if match[0] not in JOINERS and not _takes_selector(before, after):
            raise UnfitText(f"must not contain {_name(match[0])} except after a symbol")
    if len(normal) > max_length:
        raise UnfitText(f"must have 1 to {max_length} characters, and has {len(normal)}")
    return normal


def read_text(text: str, pointer: str, noun: str, max_length: int = MAX_LENGTH) -> str:
    """Return the normal form of a text in a body. Raises Unprocessable, which points at it and names it by `noun`."""
    try:
        return normalize(text, max_length)
    except UnfitText as fault:
        detail = f"{noun} {fault}."
        raise Unprocessable(f"{pointer}: {detail}", errors=[{"pointer": pointer, "detail": detail}]) from None


def read_query_text(text: str, name: str, max_length: int = MAX_LENGTH) -> str:
    """Return the normal form of the query parameter `name`, so that it equals what is stored. Raises BadRequest."""
    try:
        return normalize(text, max_length)
    except UnfitText as fault:
        detail = f"The text {fault}."
        errors = [{"parameter": name, "detail": detail}]
        raise BadRequest(f"Query parameter `{name}`: {detail}", errors=errors) from None


def _name(character: str) -> str:
    """Return the code point and the name of a character that could not be seen in an answer."""
    kind = "control character" if unicodedata.category(character) == "Cc" else "not a character"
    return f"U+{ord(character):04X} ({unicodedata.name(character, kind)})"


def _is_symbol(character: str) -> bool:
    return not character.isascii() and (unicodedata.category(character)[0] == "S" or ord(character) in PICTOGRAPHS)


def _can_be_joined(character: str) -> bool:
    """Whether a joiner may stand beside this: a letter, mark, digit or symbol; the empty string is an end of the text."""
    return character != "" and (unicodedata.category(character)[0] in "LMN" or _is_symbol(character))


def _takes_selector(before: str, after: str) -> bool:
    return before != "" and (_is_symbol(before) or before in SELECTABLE or (before in KEYS and after == KEYCAP))
