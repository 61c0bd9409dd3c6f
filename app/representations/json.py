"""Rows as JSON, which PostgreSQL builds: the columns of a select are named as in the schema of the answer."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, cast, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.representations.viewers import viewer_parameters

AnySelect = Select[*tuple[Any, ...]]
# So many statements are kept of each kind. A select that is made for one request alone soon leaves again.
STATEMENTS = 32


def fetch_rows(
    session: Session, rows: AnySelect, parameters: Mapping[str, Any] = MappingProxyType({})
) -> list[Row[int, str]]:
    """Return the rows in their order: the value of the first column, and the row as the text of a JSON object.

    `parameters` are values of parameters that the select names itself.
    """
    # What the session itself executes it prepares for models, which takes as long again, and there are none in these rows.
    session.flush()
    found = session.connection().execute(_as_json(rows), {**viewer_parameters(session), **parameters})
    return list(found.all())


# To make a statement takes longer than to run it for a few rows, and SQLAlchemy keeps what it finds out with the statement.
@lru_cache(STATEMENTS)
def _as_json(rows: AnySelect) -> AnySelect:
    part = rows.subquery("part")
    return select(part.columns[0], cast(func.row_to_json(part.table_valued()), Text))


def fetch_array(session: Session, rows: AnySelect, **parameters: Any) -> bytes:
    """Return the rows as a JSON array, in their order."""
    return array_of(text for _, text in fetch_rows(session, rows, parameters))


def fetch_object(session: Session, rows: AnySelect, **parameters: Any) -> bytes | None:
    """Return the first row as a JSON object, or None when there is none."""
    found = fetch_rows(session, rows, parameters)
    return found[0][1].encode() if found else None


def array_of(texts: Iterable[str]) -> bytes:
    """Return a JSON array of values that are JSON already."""
    return f"[{','.join(texts)}]".encode()


def json_object(**values: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Return an expression: the JSON object with these values."""
    return func.json_build_object(*chain.from_iterable((_key(name), value) for name, value in values.items()))


def _key(name: str) -> ColumnElement[Any]:
    return literal_column(f"'{name}'")


def json_rows(rows: AnySelect) -> ColumnElement[Any]:
    """Return an expression: the JSON array of the rows of a select that is correlated to the outer one."""
    part = rows.subquery("part")
    array = select(func.json_agg(part.table_valued())).scalar_subquery()
    return func.coalesce(array, func.json_build_array())


def utc(column: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """Return an expression: a time as RFC 3339 with microseconds and `Z`. The time zone of every connection is UTC."""
    return func.to_char(column, literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""), type_=Text)
