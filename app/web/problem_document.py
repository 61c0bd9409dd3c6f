"""The body of every error: `application/problem+json` (RFC 9457)."""

from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"
# RFC 9110 renamed two phrases that Python still has in their older form.
PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


def problem_document(
    status: int, detail: str, *, instance: str | None = None, errors: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Return the body of an error; `title` is the status's phrase of RFC 9110."""
    return {
        "type": "about:blank",
        "title": PHRASES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        "errors": errors or [],
    }
