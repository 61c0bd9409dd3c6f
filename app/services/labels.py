"""The translations of labels that a campaign has."""

from app.errors import Unprocessable
from app.services.text import read_text

MAX_TOKEN_LENGTH = 64


def normal_translations(translations: dict[str, str]) -> dict[str, str]:
    """Return translations as they are stored, with labels and their translations in normal form.

    Raises Unprocessable for a text that no label can be, and for two labels with the same normal form.
    """
    found: dict[str, str] = {}
    for sent, translated in translations.items():
        token = sent[:MAX_TOKEN_LENGTH].replace("~", "~0").replace("/", "~1")
        pointer = f"/label_translations/{token}"
        label = read_text(sent, pointer, "The label")
        if label in found:
            detail = "Two labels in label_translations have the same normal form."
            raise Unprocessable(f"{pointer}: {detail}", errors=[{"pointer": pointer, "detail": detail}])
        found[label] = read_text(translated, pointer, "The translation of the label")
    return found
