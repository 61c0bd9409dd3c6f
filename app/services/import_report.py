"""The report of an import: what stood in its way and what the sender should know, with the first examples of each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

# So many examples are kept, of all kinds together.
MAX_EXAMPLES = 1000
MAX_WHERE_LENGTH, MAX_DETAIL_LENGTH = 200, 500
# What is worth saying and refuses nothing.
WARNINGS = frozenset(
    {
        "skipped_image",
        "not_labeled",
        "clipped_box",
        "dropped_box",
        "new_class",
        "not_in_file",
        "nothing_to_do",
        # What a reader decided.
        "origin",
        "no_label_file",
        "not_kept",
    }
)
# What each kind is called in the error of an import.
NAMES = {
    "bad_record": "records that cannot be read",
    "bad_box": "bad boxes",
    "bad_class": "names that no class can have",
    "duplicate_image": "images that are there twice",
    "duplicate_class": "classes that are there twice",
    "duplicate_box": "boxes that are there twice",
    "unknown_reference": "boxes of images or classes that are not in the file",
    "unknown_image": "unknown images",
    "ambiguous_image": "ambiguous images",
    "unknown_class": "unknown classes",
    "other_size": "images of another size",
    "not_an_image": "boxes on what is no image",
    "unusable_with_boxes": "unusable images with boxes",
    "accepted_image": "accepted images",
}


@dataclass
class Found:
    """How often one kind was found, and the first examples."""

    count: int = 0
    examples: list[dict[str, str]] = field(default_factory=list)


class Report:
    """Collects problems and warnings by their kinds."""

    def __init__(self) -> None:
        self._found: dict[str, Found] = {}
        self._room = MAX_EXAMPLES

    def add(self, kind: str, where: str, detail: str, count: int = 1) -> None:
        """Note `count` cases of a kind, with one example."""
        self.add_all(kind, count, [(where, detail)])

    def add_all(self, kind: str, count: int, examples: Iterable[tuple[str, str]]) -> None:
        """Note `count` cases of a kind, with some of them, each as its place in the file and what is wrong."""
        if not count:
            return
        found = self._found.setdefault(kind, Found())
        found.count += count
        for where, detail in examples:
            if not self._room:
                return
            self._room -= 1
            shown = {
                "where": _shown(where, MAX_WHERE_LENGTH),
                "detail": _shown(detail, MAX_DETAIL_LENGTH),
            }
            found.examples.append(shown)

    @property
    def refuses(self) -> bool:
        """Whether something was found that lets nothing be imported."""
        return any(kind not in WARNINGS for kind in self._found)

    def explain(self) -> str:
        """Return why nothing was imported, as a sentence."""
        found = [
            f"{found.count} {NAMES.get(kind, kind)}" for kind, found in self._found.items() if kind not in WARNINGS
        ]
        return f"The file has {', '.join(found)}. Nothing was imported; `problems` lists the first of each."

    def as_json(self) -> list[dict[str, Any]]:
        """Return what was found as it is answered: what refuses the import first."""
        ordered = sorted(self._found.items(), key=lambda item: item[0] in WARNINGS)
        return [
            {
                "kind": kind,
                "severity": "warning" if kind in WARNINGS else "error",
                "count": found.count,
                "examples": found.examples,
            }
            for kind, found in ordered
        ]


def _shown(text: str, length: int) -> str:
    """Return a text that PostgreSQL can keep and people can read, cut after `length` characters."""
    cut = text if len(text) <= length else f"{text[: length - 1]}\N{HORIZONTAL ELLIPSIS}"
    if not cut.isprintable():
        cut = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in cut)
    return cut


def find(session: Session, condition: str, columns: str, values: dict[str, Any]) -> tuple[int, list[Row[Any]]]:
    """Return how many rows there are of `FROM …`, as which `condition` is written, and the first ones, in the file's order."""
    count = session.scalar(text(f"SELECT count(*) {condition}"), values) or 0
    if not count:
        return 0, []
    return count, first_rows(session, condition, columns, values)


def first_rows(session: Session, condition: str, columns: str, values: dict[str, Any]) -> list[Row[Any]]:
    """Return the first rows of `FROM …`, in the file's order."""
    return list(session.execute(text(f"SELECT {columns} {condition} ORDER BY number LIMIT {MAX_EXAMPLES}"), values))
