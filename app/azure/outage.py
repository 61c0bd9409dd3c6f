"""What the errors of the storage SDK mean to the rest of the application."""

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from app.azure.names import printable
from app.errors import NotFound, Problem, StorageUnavailable

REFUSED = (401, 403)
BUSY = (408, 429)
# What arrived is not what was sent.
DAMAGED = "Md5Mismatch"
NO_BLOB, NO_CONTAINER = "BlobNotFound", "ContainerNotFound"


def error_code(error: AzureError) -> str:
    """Return the storage service's own name of an error, such as `BlobAlreadyExists`; `status 502` when it has none.

    An error that is no answer, such as a lost connection, has the name of its class.
    """
    if not isinstance(error, HttpResponseError):
        return type(error).__name__
    code = getattr(error, "error_code", None) or f"status {error.status_code}"
    return str(getattr(code, "value", code))


def is_answer(error: HttpResponseError, status: int, code: str) -> bool:
    """True when the storage service answered with this status and this name of an error.

    Both count: the SDK's classes go by the name alone, and whatever stands between may put another status in its place.
    """
    return error.status_code == status and error_code(error) == code


def is_outage(error: AzureError) -> bool:
    """True when the same call may succeed later.

    There was no connection, no or half an answer, the service was too busy or had an error, or bytes changed on the way to it.
    """
    if not isinstance(error, HttpResponseError) or error.status_code is None:
        return True
    status = error.status_code
    if isinstance(error, ClientAuthenticationError) and status not in REFUSED:
        # The status is that of the service that issues tokens.
        return True
    if is_nameless(error):
        # The storage service names its errors: this answer comes from something else on the way.
        return True
    return status < 400 or status >= 500 or status in BUSY or error_code(error) == DAMAGED


def is_nameless(error: HttpResponseError) -> bool:
    """True for an answer that has a status and no name of an error."""
    return error_code(error) == f"status {error.status_code}"


class ListingFailed(StorageUnavailable):
    """The storage service answers 500, without a reason, when it lists a container, and does list parts of it.

    Azurite does so when a blob's name has characters that XML, the format of listings, cannot hold. Azure refuses such names:
    learn.microsoft.com, "Naming and referencing containers, blobs, and metadata".
    """

    def __init__(self, container: str) -> None:
        super().__init__(
            f"The storage service cannot list the container {container}: it answers 500 without a reason, but lists parts"
            " of it. A file's name may have control characters, which listings cannot hold."
        )


@contextmanager
def storage_errors(container: str, name: str | None = None) -> Iterator[None]:
    """Turn errors of the SDK into ours: StorageUnavailable, and NotFound for a blob or container that is not there.

    What else the service refuses is a fault of ours and passes. The message has nothing of the SDK's text, which may be secret.
    """
    try:
        yield
    except AzureError as error:
        problem = _problem_of(error, container, name)
        if problem is None:
            raise
        raise problem from error


def unavailable(error: AzureError) -> StorageUnavailable:
    """Return the outage that an error of the SDK means."""
    status = error.status_code if isinstance(error, HttpResponseError) else None
    if status in REFUSED:
        return StorageUnavailable(f"The blob storage refuses the credentials of this service ({error_code(error)}).")
    if isinstance(error, ClientAuthenticationError):
        return StorageUnavailable("The identity of this service gets no token for the blob storage.")
    return StorageUnavailable(f"The blob storage does not answer as it should ({error_code(error)}).")


def _problem_of(error: AzureError, container: str, name: str | None) -> Problem | None:
    code, status = error_code(error), getattr(error, "status_code", None)
    if status in REFUSED or is_outage(error):
        return unavailable(error)
    if status == 409 and code == "ContainerBeingDeleted":
        return StorageUnavailable(f"The blob storage is still deleting a container {container}.")
    if status == 404:
        missing = f"file {printable(name)} in the container" if name and code != NO_CONTAINER else "container"
        return NotFound(f"There is no {missing} {container} of the blob storage.")
    return None
