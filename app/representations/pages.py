"""Pages of lists: by number, with totals, or behind a cursor, at the same speed however long the list is."""

from dataclasses import dataclass
from typing import NamedTuple

from app.errors import NotFound

Pagination = dict[str, int | None]


class Listing(NamedTuple):
    """One page as JSON, and what to ask for to get to others: for a relation of RFC 8288 the query parameters."""

    body: bytes
    links: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for: `size` items of page `number`, or those behind the id `after` where that is given."""

    number: int
    size: int
    after: int | None = None

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return (self.number - 1) * self.size

    def describe(self, total: int) -> Pagination:
        """Return the `pagination` of a numbered page. Raises NotFound for a page past the last; page 1 never is."""
        pages = max(1, -(-total // self.size))
        if self.number > pages:
            raise NotFound(f"There is no page {self.number}: the list has {pages} page(s) of {self.size}.")
        return {
            "page": self.number,
            "pages": pages,
            "total": total,
            "per_page": self.size,
            "prev": self.number - 1 if self.number > 1 else None,
            "next": self.number + 1 if self.number < pages else None,
        }

    def describe_cursor(self) -> Pagination:
        """Return the `pagination` of a page behind a cursor, for which nothing is counted."""
        unknown = dict.fromkeys(("page", "pages", "total", "prev", "next"))
        return {**unknown, "per_page": self.size}

    def links(self, following: int | None, last_id: int | None) -> dict[str, dict[str, int]]:
        """Return the links of a page whose next one has the number `following`, or begins behind `last_id`."""
        size = {"per_page": self.size}
        if self.after is not None:
            return {"next": {"after": last_id, **size}} if last_id is not None else {}
        links = {"first": {"page": 1, **size}}
        if self.number > 1:
            links["prev"] = {"page": self.number - 1, **size}
        if following is not None:
            links["next"] = {"page": following, **size}
        return links
