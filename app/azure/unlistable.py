"""Files that are there and that no listing shows: their names hold characters that XML, in which listings come, cannot.

Azure refuses control characters in names and percent-encodes U+FFFE and U+FFFF in listings, which the SDK decodes:
learn.microsoft.com, "Naming and referencing containers, blobs, ..." and "List Blobs". Azurite takes such names, and
answers 500 to every listing that should show one. A listing may begin anywhere in the order of names, though, and one
of a single name tells by its 500 that the first name from there on is such a one. So the name can be narrowed down.
"""

from bisect import bisect_left
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineResponse
from azure.storage.blob import BlobProperties, ContainerClient

from app.azure.names import MAX_NAME_LENGTH
from app.azure.outage import NO_BLOB, error_code, is_answer

LONGEST_PAGE = 5000
CANNOT_LIST, DOES_NOT_KNOW = 500, 400
# What an error is called here to which the service has given no name: it names those that are outages.
NAMELESS = "NoName"
FIRST = "\0"  # The first character: the name that follows next on `name` is at least `name + FIRST`.
ASCII = 0x80
SURROGATES = range(0xD800, 0xE000)
BEYOND_16_BITS = 0x100000
CHARACTERS = 0x10000 - len(SURROGATES) + BEYOND_16_BITS


class Unlistable(Exception):
    """A container cannot be listed because of the name of a file, and that file cannot be found.

    `behind` is the last name before it in the order of names, an empty one when there is none.
    """

    def __init__(self, behind: str) -> None:
        super().__init__("A listing fails because of a name.")
        self.behind = behind


def find_unlistable(client: ContainerClient) -> BlobProperties | None:
    """Return a file that cannot be listed, None when all can. Raises Unlistable, and the SDK's errors for outages."""
    # Where these fail too it is an outage; no file has such a name.
    client.get_container_properties(retry_total=0)
    next(client.list_blob_names(name_starts_with="labelapi/no/such/file", retry_total=0).by_page(), None)
    try:
        last = _last_listed(client)
        if last is None:
            return None
        found = _find(client, _narrow_down(client, last))
    except HttpResponseError as error:
        if error.status_code != DOES_NOT_KNOW:
            raise
        # This service has no listings that begin anywhere.
        last, found = "", None
    if found is None:
        _require_listing(client, last)
    return found


def _find(client: ContainerClient, name: str) -> BlobProperties | None:
    try:
        return client.get_blob_client(name).get_blob_properties() if name else None
    except HttpResponseError as error:
        if is_answer(error, 404, NO_BLOB):
            return None
        raise


def _require_listing(client: ContainerClient, last: str) -> None:
    """See whether all can be listed now, because the file has gone or an answer was wrong. Raises Unlistable."""
    try:
        for _ in client.list_blob_names(raw_response_hook=_name_error):
            pass
    except HttpResponseError as error:
        if not _is_about_a_name(error):
            raise
        raise Unlistable(last) from error


def _last_listed(client: ContainerClient) -> str | None:
    """Return the last name before one that cannot be listed, an empty one when that is the first; None when all can."""
    last, size = "", LONGEST_PAGE
    while size:
        names = _list(client, last + FIRST, size)
        if names is None:
            size //= 2
        elif not names:
            return None
        elif _rank(names[0]) <= _rank(last):
            # The service does not know of listings that begin anywhere.
            return last
        else:
            last = names[-1]
    return last


def _narrow_down(client: ContainerClient, last: str) -> str:
    """Return the last of the unlistable names that follow next on the listed name `last`, an empty one when that fails."""

    def comes_before(start: str) -> bool:
        """True when `start` is not behind the name that is looked for."""
        return _rank(start) <= _rank(last) or _list(client, start, 1) is None

    if comes_before(_character(CHARACTERS - 1) * 2):
        # There is no end to them: this is not about names, or the service has another order.
        return ""
    name = ""
    while len(name) < MAX_NAME_LENGTH and comes_before(name + FIRST):
        few = not comes_before(name + _character(ASCII))
        numbers = range(ASCII if few else CHARACTERS)
        # The first character is never behind the name.
        name += _character(bisect_left(numbers, True, key=lambda n: not comes_before(name + _character(n))) - 1)
    return name


def _list(client: ContainerClient, start: str, size: int) -> list[str] | None:
    """Return up to `size` names from `start` on in the order of names, None when the service cannot list them."""
    pages = client.list_blob_names(
        start_from=start, results_per_page=size, retry_total=0, raw_response_hook=_name_error
    ).by_page()
    try:
        return list(next(pages, ()))
    except HttpResponseError as error:
        if not _is_about_a_name(error):
            raise
        return None


def _name_error(response: PipelineResponse[Any, Any]) -> None:
    # The SDK logs a warning about each error without a name.
    response.http_response.headers.setdefault("x-ms-error-code", NAMELESS)


def _is_about_a_name(error: HttpResponseError) -> bool:
    """True for the answer to a listing that cannot be written; an outage of the service has a name, such as OperationTimedOut."""
    return error.status_code == CANNOT_LIST and error_code(error) == NAMELESS


def _rank(name: str) -> bytes:
    """Return what sorts as the service sorts names: by UTF-16 units."""
    return name.encode("utf-16-be")


def _character(number: int) -> str:
    """Return the character of this place in the order of UTF-16 units, where those of two units stand before U+E000."""
    if number < SURROGATES.start:
        return chr(number)
    if number < SURROGATES.start + BEYOND_16_BITS:
        return chr(number - SURROGATES.start + 0x10000)
    return chr(number - BEYOND_16_BITS + len(SURROGATES))
