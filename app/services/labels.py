"""Mappings from labels to other labels in bodies: the translations of a campaign, and what a relabel changes."""

from app.errors import Unprocessable
from app.services.text import read_text

MAX_TOKEN_LENGTH = 64


def normal_translations(translations: dict[str, str]) -> dict[str, str]:
    """Return translations as they are stored, with labels and their translations in normal form.

    Raises Unprocessable for a text that no label can be, and for two labels with the same normal form.
    """
    return normal_mapping(translations, "label_translations", "The translation of the label")


def normal_mapping(mapping: dict[str, str], field: str, noun: str) -> dict[str, str]:
    """Return the mapping under `field` of a body with both sides in normal form; `noun` names the right side in errors.

    Raises Unprocessable for a text that no label can be, and for two labels with the same normal form.
    """
    found: dict[str, str] = {}
    for sent, other in mapping.items():
        pointer = pointer_to(field, sent)
        label = read_text(sent, pointer, "The label")
        if label in found:
            detail = f"Two labels in {field} have the same normal form."
            raise Unprocessable(f"{pointer}: {detail}", errors=[{"pointer": pointer, "detail": detail}])
        found[label] = read_text(other, pointer, noun)
    return found


def pointer_to(field: str, label: str) -> str:
    """Return the JSON Pointer (RFC 6901) to what an object under `field` has for a label, cut where that is long."""
    token = label[:MAX_TOKEN_LENGTH].replace("~", "~0").replace("/", "~1")
    return f"/{field}/{token}"
