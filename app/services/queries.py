"""Queries for images that are kept by name, and the images that a query finds, wherever images are added."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import BadRequest, NotFound, Unprocessable
from app.models import Image, KeptQuery
from app.representations.json import AnySelect, fetch_object
from app.representations.pages import Listing, Page, fetch_page
from app.representations.queries import QUERIES
from app.services.api_keys import Account
from app.services.image_filters import ImageFilter
from app.services.titles import MAX_TITLE_LENGTH, SPELLING


def list_queries(session: Session, page: Page) -> Listing:
    """Return a page of the kept queries, by id."""
    return fetch_page(session, "queries", QUERIES, page)


def get_query(session: Session, name: str) -> bytes:
    """Return a kept query. Raises NotFound."""
    found = fetch_object(session, QUERIES.where(KeptQuery.name == name))
    if found is None:
        raise _not_found(name)
    return found


def put_query(session: Session, account: Account, name: str, query: Mapping[str, Any]) -> bytes:
    """Keep a query under a name, in the place of the one that has it; return what is kept.

    Raises Unprocessable for the spelling of the name, and for a query that contradicts itself.
    """
    if len(name) > MAX_TITLE_LENGTH or not SPELLING.fullmatch(name):
        raise Unprocessable(
            f"The name of a query must have 1 to {MAX_TITLE_LENGTH} characters: lowercase letters a to z, digits and single "
            "dashes, with no dash at either end."
        )
    select_found(query, "/query")
    values = {"query": dict(query), "changed_by": account.user_id}
    new = insert(KeptQuery).values(name=name, **values)
    session.execute(new.on_conflict_do_update(index_elements=["name"], set_=values | {"date_changed": func.now()}))
    return get_query(session, name)


def delete_query(session: Session, name: str) -> bytes:
    """Delete a kept query and return what it was. Raises NotFound."""
    session.execute(select(KeptQuery.id).where(KeptQuery.name == name).with_for_update())
    found = get_query(session, name)
    session.execute(delete(KeptQuery).where(KeptQuery.name == name))
    return found


def select_images(session: Session, reference: Mapping[str, Any], pointer: str) -> AnySelect:
    """Return the select of the ids of the images that `{"query": …}` or `{"query_name": …}` finds.

    `pointer` is that of the reference in the body. Raises NotFound for the name, Unprocessable for a query that contradicts
    itself; both point at the place.
    """
    if "query" in reference:
        return select_found(reference["query"], f"{pointer}/query")
    name = reference["query_name"]
    query = session.scalar(select(KeptQuery.query).where(KeptQuery.name == name))
    if query is None:
        error = _not_found(name)
        raise NotFound(error.detail, errors=[{"pointer": f"{pointer}/query_name", "detail": error.detail}])
    return select_found(query, f"{pointer}/query_name")


def select_found(query: Mapping[str, Any], pointer: str) -> AnySelect:
    """Return the select of the ids of the images that a query finds, whose keys are the fields of ImageFilter.

    `pointer` is that of the query in the body. Raises Unprocessable, which points at what is wrong in it.
    """
    try:
        return ImageFilter(**query).apply(select(Image.id))
    except BadRequest as error:
        errors = [{"pointer": f"{pointer}/{fault['parameter']}", "detail": fault["detail"]} for fault in error.errors]
        raise Unprocessable(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors=errors) from None


def _not_found(name: str) -> NotFound:
    return NotFound(f"There is no kept query {name[:MAX_TITLE_LENGTH]}.")
