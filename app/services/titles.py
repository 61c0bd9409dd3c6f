"""The spelling of titles, which become part of container and dataset names."""

import re

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Unprocessable
from app.services.text import read_query_text

MAX_TITLE_LENGTH = 53
SPELLING = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def check_title(title: str) -> None:
    """Raise Unprocessable, with the rule, unless the title can be a part of a container name in Azure.

    With the prefix `dropbox-` a title must stay within the 3 to 63 characters of a container name
    (learn.microsoft.com, "Naming and referencing containers, blobs, and metadata").
    """
    if len(title) > MAX_TITLE_LENGTH or not SPELLING.fullmatch(title):
        raise refuse_spelling("A title", "/title")


def refuse_spelling(noun: str, pointer: str) -> Unprocessable:
    """Return the error for a title, or a name that is spelled as one is, with the rule."""
    rule = (
        f"{noun} must have 1 to {MAX_TITLE_LENGTH} characters: lowercase letters a to z, digits and single dashes, "
        "with no dash at either end."
    )
    return Unprocessable(rule, errors=[{"pointer": pointer, "detail": rule}])


def check_name(name: str) -> None:
    """Raise Unprocessable, with the rule, unless the name of a snapshot is spelled as a title."""
    if len(name) > MAX_TITLE_LENGTH or not SPELLING.fullmatch(name):
        raise refuse_spelling("The name of a snapshot", "/name")


def list_filters(
    status_column: InstrumentedAttribute[str],
    title_column: InstrumentedAttribute[str],
    status: str | None,
    title: str | None,
    parameter: str = "title",
) -> list[ColumnElement[bool]]:
    """Return the filters for things of a status and a title; a title with a star (`drone-*`) matches all that begin so.

    Raises BadRequest for a title with characters that cannot be seen; `parameter` is what holds it.
    """
    filters: list[ColumnElement[bool]] = [status_column == status] if status else []
    if title is not None:
        title = read_query_text(title, parameter)
        if title.endswith("*"):
            # Not LIKE: a title from a caller may hold its wildcards.
            filters.append(func.starts_with(title_column, title.removesuffix("*")))
        else:
            filters.append(title_column == title)
    return filters
