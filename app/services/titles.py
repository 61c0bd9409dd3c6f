"""The spelling of titles, which become part of container and dataset names."""

import re

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Unprocessable

MAX_TITLE_LENGTH = 53
SPELLING = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def check_title(title: str) -> None:
    """Raise Unprocessable, with the rule in words, unless the title can be a part of a container name in Azure.

    With the prefix `dropbox-` a title must stay within the 3 to 63 characters of a container name
    (learn.microsoft.com, "Naming and referencing containers, blobs, and metadata").
    """
    if len(title) > MAX_TITLE_LENGTH or not SPELLING.fullmatch(title):
        rule = (
            f"A title has 1 to {MAX_TITLE_LENGTH} characters: lowercase letters a to z, digits and single dashes, "
            "with no dash at either end."
        )
        raise Unprocessable(rule, errors=[{"pointer": "/title", "detail": rule}])


def has_title(column: InstrumentedAttribute[str], wanted: str) -> ColumnElement[bool]:
    """The condition that a title is `wanted`, or with a star at its end (`drone-*`) that it begins so."""
    if wanted.endswith("*"):
        return column.startswith(wanted.removesuffix("*"), autoescape=True)
    return column == wanted
