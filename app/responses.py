"""Answers of handlers: JSON that PostgreSQL made is passed through, and `Prefer` decides between "ok" and the resource."""

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response, request

from app.errors import PreconditionFailed
from app.representations.pages import Listing

OK = b'"ok"'
# The query parameters that choose a part of a list.
PLACE_IN_LIST = ("page", "per_page", "after", "cursor")


def json_answer(body: bytes | dict[str, Any] | list[Any], status: int = 200) -> Response:
    """Return a JSON answer; bytes are taken as ready JSON."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(content, status, mimetype="application/json")


def page_answer(listing: Listing) -> Response:
    """Return a page of a list, with `Link` to others (RFC 8288); what was asked for besides stays in those."""
    answer = json_answer(listing.body)
    if listing.links:
        kept = {name: values for name, values in request.args.lists() if name not in PLACE_IN_LIST}
        address = f"{request.root_path}{request.path}?{urlencode(kept, doseq=True)}{'&' if kept else ''}"
        links = (f'<{address}{urlencode(place)}>; rel="{relation}"' for relation, place in listing.links.items())
        answer.headers["Link"] = ", ".join(links)
    return answer


def resource_answer(body: bytes) -> Response:
    """Return one resource with its `ETag`, or 304 when the caller has it already (RFC 9110, section 13.1.2)."""
    answer = json_answer(body)
    answer.set_etag(etag_of(body))
    answer.make_conditional(request)
    # The library adds a date, and the web server adds one to every answer.
    del answer.headers["Date"]
    return answer


def refuse_if_changed(representation: Callable[[], bytes]) -> None:
    """Raise PreconditionFailed when `If-Match` names another state than the present one (RFC 9110, section 13.1.1).

    `representation` must hold the resource against changes until the transaction ends.
    """
    if "If-Match" in request.headers and not request.if_match.contains(etag_of(representation())):
        raise PreconditionFailed("This resource has changed since you read it. Read it again, and decide again.")


def etag_of(body: bytes) -> str:
    """Return the strong entity tag of a representation, without its quotes."""
    return hashlib.sha256(body).hexdigest()[:32]


def ok_or_representation(representation: Callable[[], bytes], job_id: int | None = None) -> Response:
    """Return `"ok"`, or what `representation` makes where the caller prefers that (RFC 7240); `Link` names a new job."""
    if prefers_representation(request.headers.getlist("Prefer")):
        body = representation()
        answer = json_answer(body)
        answer.set_etag(etag_of(body))
        answer.headers["Preference-Applied"] = "return=representation"
    else:
        answer = json_answer(OK)
    return answer if job_id is None else with_monitor(answer, job_id)


def with_monitor(answer: Response, job_id: int) -> Response:
    """Return the answer with a `Link` to a job that it has started (RFC 8288)."""
    answer.headers["Link"] = f'<{request.root_path}/api/v1/jobs/{job_id}>; rel="monitor"'
    return answer


def prefers_representation(preferences: list[str]) -> bool:
    """True when a `Prefer` header names return=representation, in any of the forms that RFC 7240 allows."""
    for preference in ",".join(preferences).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "return":
            return value.strip().strip('"').lower() == "representation"
    return False
