"""Text in XML 1.0, which cannot hold every character, and changes some that stand as they are."""

import re

from app.formats.members import UnsupportedError

# XML 1.0, production 2 (Char): everything else cannot stand in a document, not even as a reference.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Markup, and the blanks that readers would make one space or another line end of (sections 2.11 and 3.3.3).
SPECIAL = re.compile('[&<>"\t\n\r]')


def xml_text(text: str, noun: str) -> str:
    """Return the text as it stands between tags or double quotes. `noun` says what it is, such as "The name of class 3".

    Raises UnsupportedError when XML cannot hold it, which is not a reason to leave characters out in silence.
    """
    found = FORBIDDEN.search(text)
    if found:
        raise UnsupportedError(f"{noun} has the character U+{ord(found[0]):04X}, which XML cannot hold.")
    return SPECIAL.sub(lambda special: f"&#{ord(special[0])};", text)
