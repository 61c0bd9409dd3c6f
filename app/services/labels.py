"""The spelling of labels: Unicode normal form C, 1 to 128 characters, no control characters."""

import functools
import re
import unicodedata

from app.errors import Unprocessable

MAX_LABEL_LENGTH = 128
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


@functools.lru_cache(1024)
def normal(label: str) -> str:
    """Return a label as it is stored, in Unicode normal form C. A campaign has few labels on many objects."""
    return unicodedata.normalize("NFC", label)


def normal_translations(translations: dict[str, str]) -> dict[str, str]:
    """Return translations as they are stored. Raises Unprocessable for labels that no object can have."""
    found: dict[str, str] = {}
    for label, translated in translations.items():
        for words, text in (("The label", label), ("The translation of the label", translated)):
            if not 1 <= len(normal(text)) <= MAX_LABEL_LENGTH or _CONTROL.search(text):
                _refuse(
                    label,
                    f"{words} has 1 to {MAX_LABEL_LENGTH} characters in Unicode normal form C, none of them a control.",
                )
        if normal(label) in found:
            _refuse(label, "The label stands there twice in Unicode normal form C.")
        found[normal(label)] = normal(translated)
    return found


def _refuse(label: str, words: str) -> None:
    token = label[:64].replace("~", "~0").replace("/", "~1")
    pointer = f"/label_translations/{token}"
    raise Unprocessable(f"{pointer}: {words}", errors=[{"pointer": pointer, "detail": words}])
