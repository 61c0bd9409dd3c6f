"""Pages of lists: by number, with totals, or after an id, at the same speed however long the list is."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, ColumnElement, DateTime, Row, bindparam, func, literal, tuple_
from sqlalchemy.orm import Session

from app.errors import BadRequest, NotFound
from app.representations.json import STATEMENTS, AnySelect, array_of, fetch_rows

Pagination = dict[str, int | None]
Links = dict[str, dict[str, int | str]]
# What a cursor in another order than that of ids says: the time of the last row, nothing where it has none, and its id.
CURSOR = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z)? ([0-9]{1,18})", re.ASCII)
# Makes links, by their keys, from what FILE says of an image (`app/representations/images.py`).
SignPath = Callable[..., dict[str, str | None]]
# The parameters of statements that say where a page begins.
AFTER_ID, AFTER_ROWS = "after_id", "after_rows"


class Listing(NamedTuple):
    """One page as JSON, and what to ask for to get to others: for a relation of RFC 8288 the query parameters."""

    body: bytes
    links: Links


@dataclass(frozen=True)
class Page:
    """The requested part of a list: `size` items of page `number`, or those after the id `after` where that is given."""

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
        """Return the `pagination` of a page after an id, for which nothing is counted."""
        unknown = dict.fromkeys(("page", "pages", "total", "prev", "next"))
        return {**unknown, "per_page": self.size}

    def links(self, following: int | None, last_id: int | None) -> Links:
        """Return the links of a page whose next one has the number `following`, or begins after `last_id`."""
        size = {"per_page": self.size}
        if self.after is not None:
            return {"next": {"after": last_id, **size}} if last_id is not None else {}
        links: Links = {"first": {"page": 1, **size}}
        if self.number > 1:
            links["prev"] = {"page": self.number - 1, **size}
        if following is not None:
            links["next"] = {"page": following, **size}
        return links


def fetch_page(
    session: Session,
    name: str,
    rows: AnySelect,
    page: Page,
    *,
    total: AnySelect | None = None,
    sign_path: SignPath | None = None,
    newest_first: bool = False,
    parameters: Mapping[str, Any] = MappingProxyType({}),
) -> Listing:
    """Return `{<name>: [<rows of the page>], "pagination": {…}}`, for rows in the order of their first column, an id.

    For a page with a number the rows are counted, unless `total` selects their number. `sign_path` makes links from the
    files in the column `download_url`. `newest_first` states that the ids go down. `parameters` are values of
    parameters that the rows name themselves. Raises NotFound for a page past the
    last, for which no rows are read.
    """
    if page.after is not None:
        # In a list that goes down, 0 stands for its beginning as well.
        place = AFTER_ID if page.after or not newest_first else None
        # One more row than the page has shows whether there are others behind it.
        size = page.size + 1
        pagination = page.describe_cursor()
    else:
        counted = session.connection().scalar(count_of(rows) if total is None else total, parameters)
        pagination = page.describe(int(counted or 0))
        place, size = AFTER_ROWS if page.offset else None, page.size
    values = {AFTER_ID: page.after, AFTER_ROWS: page.offset, "size": size}
    found = fetch_rows(session, _select_part(rows, place, newest_first), {**parameters, **values})
    last_id = found[page.size - 1][0] if len(found) > page.size else None
    return Listing(_page_body(name, found[: page.size], sign_path, pagination), page.links(pagination["next"], last_id))


@lru_cache(STATEMENTS)
def _select_part(rows: AnySelect, place: str | None, newest_first: bool) -> AnySelect:
    """Return the select of the rows of a page; `place` is the parameter that says where it begins, None at the beginning."""
    key: ColumnElement[int] = rows.selected_columns[0]
    if place == AFTER_ID:
        after = bindparam(AFTER_ID, type_=BigInteger)
        rows = rows.where(key < after if newest_first else key > after)
    elif place == AFTER_ROWS:
        # Only ids are passed over, and JSON is made of no row before the page.
        first = rows.with_only_columns(key).offset(bindparam(AFTER_ROWS, type_=BigInteger)).limit(1).scalar_subquery()
        rows = rows.where(key <= first if newest_first else key >= first)
    return rows.limit(bindparam("size", type_=BigInteger))


def _page_body(name: str, found: Sequence[Row[int, str]], sign_path: SignPath | None, pagination: Pagination) -> bytes:
    texts = [text for _, text in found]
    if sign_path:
        texts = [_with_link(text, sign_path) for text in texts]
    return b'{"%b":%b,"pagination":%b}' % (name.encode(), array_of(texts), orjson.dumps(pagination))


@dataclass(frozen=True)
class Order:
    """An order by a time, and by id where times are equal.

    Rows have the time as a key `name` of their JSON, where null stands for the end of the order.
    """

    time: ColumnElement[datetime]
    name: str
    descending: bool

    def sort(self, rows: AnySelect) -> AnySelect:
        """Return the rows in this order."""
        key = (self.time, rows.selected_columns[0])
        return rows.order_by(None).order_by(*(column.desc() if self.descending else column for column in key))

    def seek(self, rows: AnySelect, cursor: str) -> AnySelect:
        """Return the rows after a cursor. Raises BadRequest for one that `cursor_after` did not make."""
        try:
            found = CURSOR.fullmatch(base64.b64decode(cursor, b"-_", validate=True).decode())
            time = found and (datetime.fromisoformat(found[1]) if found[1] else self._end)
        except ValueError:
            found = time = None
        if not found or not time:
            detail = (
                "This is no cursor of this list. Send 0 for the beginning, or the cursor of a link to the next page."
            )
            raise BadRequest(f"Query parameter `cursor`: {detail}", errors=[{"parameter": "cursor", "detail": detail}])
        key = tuple_(self.time, rows.selected_columns[0])
        place = tuple_(literal(time, DateTime(timezone=True)), literal(int(found[2]), BigInteger))
        return rows.where(key < place if self.descending else key > place)

    @property
    def _end(self) -> str:
        return "-infinity" if self.descending else "infinity"

    def cursor_after(self, row: dict[str, Any], row_id: int) -> str:
        """Return the cursor of the place behind a row."""
        return base64.urlsafe_b64encode(f"{row[self.name] or ''} {row_id}".encode()).decode()


def fetch_sorted_page(
    session: Session,
    name: str,
    rows: AnySelect,
    ids: AnySelect,
    page: Page,
    order: Order,
    *,
    total: AnySelect,
    cursor: str | None,
    sign_path: SignPath | None = None,
) -> Listing:
    """Return a page as `fetch_page` does, in another order: the one with the number of `page`, or the one after `cursor`.

    The list has the rows whose ids, their first column, `ids` selects; JSON is made of those of the page alone. The cursor `0`
    is the beginning. Raises BadRequest for another text that is no cursor.
    """
    ids, links = order.sort(ids), Links()
    if cursor is None:
        pagination = page.describe(int(session.scalar(total) or 0))
        ids = ids.offset(page.offset).limit(page.size)
        links = page.links(pagination["next"], None)
    else:
        pagination = page.describe_cursor()
        ids = (ids if cursor == "0" else order.seek(ids, cursor)).limit(page.size + 1)
    found = fetch_rows(session, order.sort(rows.where(rows.selected_columns[0].in_(ids))))
    if len(found) > page.size:
        last_id, last = found[page.size - 1]
        links["next"] = {"cursor": order.cursor_after(orjson.loads(last), last_id), "per_page": page.size}
    return Listing(_page_body(name, found[: page.size], sign_path, pagination), links)


@lru_cache(STATEMENTS)
def count_of(rows: AnySelect) -> AnySelect:
    """Return the select of the number of rows."""
    return rows.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)


def _with_link(text: str, sign_path: SignPath) -> str:
    """Put links in the place of the file under `download_url`, which is the last key."""
    begin, _, file = text.rpartition('"download_url":')
    links = sign_path(**orjson.loads(file.removesuffix("}")))
    return begin + orjson.dumps(links).decode().removeprefix("{")
