"""Pages of lists: page numbers that count from 1, and the total."""

from dataclasses import dataclass

from app.errors import NotFound


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for; both numbers are at least 1 (the spec sees to it)."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return (self.number - 1) * self.size

    def describe(self, total: int) -> dict[str, int | None]:
        """Return the `pagination` of an answer. Raises NotFound for a page past the last; page 1 never is."""
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
