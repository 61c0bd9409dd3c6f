"""Answers of handlers: JSON that PostgreSQL made is passed through, and `Prefer` decides between "ok" and the resource."""

from collections.abc import Callable
from typing import Any

import orjson
from flask import Response, request

OK = b'"ok"'


def json_answer(body: bytes | dict[str, Any] | list[Any], status: int = 200) -> Response:
    """Return a JSON answer; bytes are taken as ready JSON."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(content, status, mimetype="application/json")


def done(representation: Callable[[], bytes], job_id: int | None = None) -> Response:
    """Return `"ok"`, or what `representation` makes where the caller prefers that (RFC 7240); `Link` names a new job."""
    if prefers_representation(request.headers.getlist("Prefer")):
        answer = json_answer(representation())
        answer.headers["Preference-Applied"] = "return=representation"
    else:
        answer = json_answer(OK)
    if job_id is not None:
        answer.headers["Link"] = f'<{request.root_path}/api/v1/jobs/{job_id}>; rel="monitor"'
    return answer


def prefers_representation(preferences: list[str]) -> bool:
    """True when a `Prefer` header names return=representation, in any of the forms that RFC 7240 allows."""
    for preference in ",".join(preferences).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "return":
            return value.strip().strip('"').lower() == "representation"
    return False
