"""The family of errors that a caller gets to see; `app.web.error_responses` gives them their one form."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

RETRY_AFTER_SECONDS = 5
MAX_DETAIL_LENGTH = 500


class Problem(Exception):
    """An answer that is not a success. `detail` is one or two sentences for the caller, of at most 500 characters.

    `errors` lists single faults as `{"pointer": <JSON Pointer, RFC 6901>, "detail": <message>}`, those of the query as
    `{"parameter": <name>, "detail": <message>}`; a fault may have more that the document names.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail if len(detail) <= MAX_DETAIL_LENGTH else detail[: MAX_DETAIL_LENGTH - 1] + "…"
        self.errors = [dict(error) for error in errors or ()]
        self.headers = dict(headers or {})


class BadRequest(Problem):
    """400: the request does not have the form that the OpenAPI document asks for."""

    status = HTTPStatus.BAD_REQUEST


class Unauthorized(Problem):
    """401: the key pair is missing, unknown, wrong, revoked, expired, or its user is disabled.

    `challenge` is the value of `WWW-Authenticate` (RFC 9110, section 11.6.1). Browsers know no scheme `ApiKey`, so they
    show no dialog of their own.
    """

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, detail: str, challenge: str = 'ApiKey realm="LabelAPI"') -> None:
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


class Forbidden(Problem):
    """403: the caller is known but may not do this."""

    status = HTTPStatus.FORBIDDEN


class NotFound(Problem):
    """404: there is no such thing."""

    status = HTTPStatus.NOT_FOUND


class Gone(Problem):
    """410: it was there, and was taken away for good."""

    status = HTTPStatus.GONE


class Conflict(Problem):
    """409: what is asked does not fit the present state, which the detail names."""

    status = HTTPStatus.CONFLICT


class PreconditionFailed(Problem):
    """412: the resource is no longer what `If-Match` names."""

    status = HTTPStatus.PRECONDITION_FAILED


class ContentTooLarge(Problem):
    """413: the body is larger than this operation takes."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaType(Problem):
    """415: the body is not plain JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class Unprocessable(Problem):
    """422: the body has the right form and breaks a rule that a schema cannot say."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class Unavailable(Problem):
    """503: a part that this needs is away; the same request may succeed later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after or RETRY_AFTER_SECONDS)})
        # Seconds that the other side asked for; None when it did not say.
        self.retry_after = retry_after


class StorageUnavailable(Unavailable):
    """Blob storage does not answer, or answers that it is busy."""


class DatabaseUnavailable(Unavailable):
    """PostgreSQL does not answer, or not in time."""
