"""The spelling of titles, which become part of container and dataset names."""

import re

from sqlalchemy import Boolean, bindparam, func
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Unprocessable
from app.representations.shapes import Filter, Wanted
from app.services.text import read_query_text

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


class ListFilter:
    """The conditions for a list of things that have a status and a title."""

    def __init__(self, status: InstrumentedAttribute[str], title: InstrumentedAttribute[str]) -> None:
        self._has_status = Filter(status == bindparam("status"))
        self._has_title = Filter(title == bindparam("title"))
        # Not LIKE: a title from a caller may hold its wildcards.
        self._begins = Filter(func.starts_with(title, bindparam("beginning"), type_=Boolean))

    def wanted(self, status: str | None, title: str | None) -> Wanted:
        """Return what to ask for: that the status is this one, and the title; with a star (`drone-*`) that it begins so.

        Raises BadRequest for a title with characters that cannot be seen.
        """
        found: Wanted = {self._has_status: {"status": status}} if status else {}
        if title is None:
            return found
        title = read_query_text(title, "title")
        if title.endswith("*"):
            found[self._begins] = {"beginning": title.removesuffix("*")}
        else:
            found[self._has_title] = {"title": title}
        return found
