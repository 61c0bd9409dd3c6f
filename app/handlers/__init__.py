"""HTTP only: arguments in, one service call, answer out. Who may call what stands in the OpenAPI document."""

from functools import partial

from app.representations.pages import SignPath
from app.services.images import make_links
from app.wiring import components


def read_expansion(expand: list[str] | None) -> SignPath | None:
    """What makes links to files, where the caller wants them in the list."""
    return partial(make_links, components().blob_store, frozenset(expand)) if expand else None
