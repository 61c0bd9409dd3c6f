"""What stands between the wire and a handler's body: media type, size, one strict parse, and the compiled schema."""

import hashlib
import math
from collections.abc import Iterator, MutableMapping
from functools import partial
from itertools import chain, islice
from typing import Any

from connexion.validators import AbstractRequestBodyValidator
from starlette.datastructures import Headers
from starlette.types import Receive, Scope
from werkzeug.http import parse_options_header

from app.errors import BadRequest, ContentTooLarge, UnsupportedMediaType
from app.web.bulk_threads import BulkThreads
from app.web.context import RequestContext, context_of
from app.web.json_array import JsonArray, Part
from app.web.schemas import MAX_ERRORS, escape, find_errors, refusal, validator_of
from app.web.strict_json import parse

SMALL_BODY_BYTES = 64 * 1024
ABOUT_BODY = (b"content-type", b"content-length", b"transfer-encoding")
CHARSETS = ("", "utf-8", "utf8")


class JsonBody(AbstractRequestBodyValidator):
    """Connexion's body validator. The parsed body is left in the context, so that nothing parses it again; so is a file."""

    def __init__(self, *, max_bytes: int, max_bulk_bytes: int, bulk_threads: BulkThreads, **options: Any) -> None:
        """Take the largest bodies in bytes, for most operations and for bulk ones, and the threads that check large ones."""
        super().__init__(**options)
        self._max_bytes = max_bytes
        self._max_bulk_bytes = max_bulk_bytes
        self._bulk_threads = bulk_threads

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Read, parse and check the body; `{}` stands for one that may be left out and is.

        Raises UnsupportedMediaType, ContentTooLarge, BadRequest.
        """
        headers = Headers(scope=scope)
        context = context_of(scope)
        if context.operation is not None and context.operation.takes_file:
            return await self._receive_file(receive, headers, context), _without_body(scope)
        if self._required:
            _check_media_type(headers)
        is_bulk = context.operation is not None and context.operation.is_bulk
        raw = await _read(receive, headers, self._max_bulk_bytes if is_bulk else self._max_bytes)
        if not raw:
            if self._required:
                raise BadRequest("This operation requires a JSON body.")
            context.body = {}
            return _nothing_more(receive), scope
        if not self._required:
            _check_media_type(headers)
        if len(raw) <= SMALL_BODY_BYTES:
            context.body = self._check(raw)
        else:
            # A large body must not hold up the other requests of this process.
            check = self._check_array if self._schema.get("type") == "array" else self._check
            context.body = await self._bulk_threads.run(context.account.user_id, partial(check, raw))
        if "idempotency-key" in headers:
            # The bytes of a request, which do not reach the handler, show whether it is sent a second time.
            context.body_digest = hashlib.sha256(raw).digest()
        return _nothing_more(receive), scope

    async def _receive_file(self, receive: Receive, headers: Headers, context: RequestContext) -> Receive:
        """Read a body that is a file into the context. Raises UnsupportedMediaType, ContentTooLarge, BadRequest."""
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType("Send the file as it is, without Content-Encoding.")
        file = context.file = await _read(receive, headers, self._max_bulk_bytes)
        if "idempotency-key" in headers:
            digest = await self._bulk_threads.run(context.account.user_id, lambda: hashlib.sha256(file).digest())
            context.body_digest = digest
        return _nothing_more(receive)

    def _check(self, raw: bytearray) -> Any:
        body = parse(bytes(raw))
        _refuse(find_errors(self._schema, body))
        return body

    def _check_array(self, raw: bytearray) -> "CheckedArray":
        return CheckedArray(self._schema, JsonArray.of(raw))


class CheckedArray:
    """The items of a large array, each of which is checked before the handler sees it the first time.

    So most of a body is parsed once, and PostgreSQL can store the first items while the next ones are checked. A large list in
    an item is checked as a whole before, and parsed again. Whoever goes through the items must be able to undo what was done
    with the first ones.
    """

    def __init__(self, schema: Any, array: JsonArray) -> None:
        self._schema = schema
        self._array = array
        self._is_checked = False

    def __iter__(self) -> Iterator[Any]:
        """Yield the items. Raises BadRequest for what is wrong with them, which lists the first errors."""
        if self._is_checked:
            yield from self._array
            return
        parts = self._array.parts()
        for position, items, inner_arrays in parts:
            errors = _find_errors_in_part(self._schema, (position, items, inner_arrays))
            first = next(errors, None)
            if first:
                following = (_find_errors_in_part(self._schema, part) for part in parts)
                _refuse(chain([first], errors, chain.from_iterable(following)))
            if inner_arrays:
                items[0] |= inner_arrays
            yield from items
        self._is_checked = True

    def __len__(self) -> int:
        """Return how many items there are. Raises BadRequest as `__iter__` does."""
        return len(self._array) if self._is_checked else sum(1 for _ in self)


def _refuse(errors: Iterator[dict[str, str]]) -> None:
    """Raise BadRequest when there are errors; it lists the first ones, and the others are not looked for."""
    listed = list(islice(errors, MAX_ERRORS))
    if listed:
        raise refusal(listed)


def _find_errors_in_part(schema: Any, part: Part, pointer: str = "") -> Iterator[dict[str, str]]:
    """Yield what is wrong with some items of an array at `pointer` of the body. Raises BadRequest for what is no JSON."""
    position, items, inner_arrays = part
    most = schema.get("maxItems", math.inf)
    if position <= most < position + len(items):
        yield {"pointer": pointer, "detail": f"Expected at most {most} items, found more."}
    if not validator_of(schema).is_valid(items):
        for number, item in enumerate(items, position):
            yield from find_errors(schema["items"], item, f"{pointer}/{number}")
    for name, inner in inner_arrays.items():
        # Where there is no such list, that was an error of the item.
        inner_schema = schema["items"]["properties"].get(name, {})
        if inner_schema.get("type") == "array":
            for inner_part in inner.parts():
                yield from _find_errors_in_part(inner_schema, inner_part, f"{pointer}/{position}/{escape(name)}")


def _check_media_type(headers: Headers) -> None:
    # JSON has no parameters (RFC 8259, section 11). Clients name the charset all the same, and others are ignored.
    media_type, parameters = parse_options_header(headers.get("content-type"))
    if media_type.lower() != "application/json" or parameters.get("charset", "").lower() not in CHARSETS:
        raise UnsupportedMediaType("Send the body as JSON in UTF-8, with the header Content-Type: application/json.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body as uncompressed application/json, without Content-Encoding.")


async def _read(receive: Receive, headers: Headers, limit: int) -> bytearray:
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise ContentTooLarge(f"The body is larger than {limit} bytes, the limit of this operation.")
    # It grows in its place, so that a body does not stand in memory twice.
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The connection was closed before the whole body had arrived.")
        body += message.get("body", b"")
        if len(body) > limit:
            raise ContentTooLarge(f"The body is larger than {limit} bytes, the limit of this operation.")
        more = message.get("more_body", False)
    return body


def _without_body(scope: Scope) -> Scope:
    """Return the request as one without a body, so that nothing looks for a form in it."""
    kept = [header for header in scope["headers"] if header[0].lower() not in ABOUT_BODY]
    return {**scope, "headers": kept}


def _nothing_more(receive: Receive) -> Receive:
    # The handler takes the parsed body, so that the bytes need not cross into its thread.
    first = True

    async def receive_rest() -> MutableMapping[str, Any]:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        return await receive()

    return receive_rest
