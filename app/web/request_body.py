"""What stands between the wire and a handler's body: media type, size, one strict parse, and the compiled schema."""

import hashlib
import math
from collections.abc import Iterator, MutableMapping
from itertools import islice
from typing import Any

from anyio.to_thread import run_sync
from connexion.validators import AbstractRequestBodyValidator
from starlette.datastructures import Headers
from starlette.types import Receive, Scope
from werkzeug.http import parse_options_header

from app.errors import BadRequest, ContentTooLarge, UnsupportedMediaType
from app.web.json_array import JsonArray
from app.web.schemas import MAX_ERRORS, describe, refuse_errors, validator_of
from app.web.strict_json import parse

# Where in the extensions of the ASGI scope the body stands that was read and checked, and the digest of its bytes.
PARSED = "labelapi.body"
BODY_DIGEST = "labelapi.body_digest"
SMALL_BODY_BYTES = 64 * 1024
CHARSETS = ("", "utf-8", "utf8")


class JsonBody(AbstractRequestBodyValidator):
    """Connexion's body validator. The parsed body is left in the ASGI scope, so that nothing parses it again."""

    # The largest bodies in bytes, and the operations that take the larger ones; `with_limits` sets them.
    max_bytes = 0
    max_bulk_bytes = 0
    bulk_operations: frozenset[str] = frozenset()

    @classmethod
    def with_limits(cls, max_bytes: int, max_bulk_bytes: int, bulk_operations: frozenset[str]) -> type["JsonBody"]:
        """Return the validator with these limits, in bytes; Connexion makes an instance for every request."""
        limits = {"max_bytes": max_bytes, "max_bulk_bytes": max_bulk_bytes, "bulk_operations": bulk_operations}
        return type("LimitedJsonBody", (cls,), limits)

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Read, parse and check the body; `{}` stands for one that may be left out and is.

        Raises UnsupportedMediaType, ContentTooLarge, BadRequest.
        """
        headers = Headers(scope=scope)
        if self._required:
            _check_media_type(headers)
        operation_id = scope["extensions"]["connexion_routing"]["operation_id"]
        limit = self.max_bulk_bytes if operation_id in self.bulk_operations else self.max_bytes
        raw = await _read(receive, headers, limit)
        extensions = scope.setdefault("extensions", {})
        if not raw:
            if self._required:
                raise BadRequest("This operation needs a JSON body.")
            extensions[PARSED] = {}
            return _nothing_more(receive), scope
        if not self._required:
            _check_media_type(headers)
        if len(raw) <= SMALL_BODY_BYTES:
            extensions[PARSED] = self._check(raw)
        else:
            # A large body must not hold up the other requests of this process.
            check = self._check_array if self._schema.get("type") == "array" else self._check
            extensions[PARSED] = await run_sync(check, raw)
        if "idempotency-key" in headers:
            # Whether a request is sent a second time is told by its bytes, which do not reach the handler.
            extensions[BODY_DIGEST] = hashlib.sha256(raw).digest()
        return _nothing_more(receive), scope

    def _check(self, raw: bytes) -> Any:
        body = parse(raw)
        refuse_errors(list(describe(validator_of(self._schema).iter_errors(body), self._schema)))
        return body

    def _check_array(self, raw: bytes) -> Any:
        try:
            array = JsonArray.cut(raw)
            errors = list(islice(self._errors(array), MAX_ERRORS))
        except (ValueError, BadRequest):
            # What is wrong is said of the whole body, with the place in it.
            return self._check(raw)
        if len(array) > self._schema.get("maxItems", math.inf):
            raise BadRequest(
                f"There are {len(array)} items in the body; this takes at most {self._schema['maxItems']}."
            )
        refuse_errors(errors)
        return array

    def _errors(self, array: JsonArray) -> Iterator[dict[str, str]]:
        validator = validator_of(self._schema)
        for position, items in array.parts(parse):
            # To say that all is well takes half as long as to look for errors.
            if not validator.is_valid(items):
                yield from describe(validator.iter_errors(items), self._schema, position)


def _check_media_type(headers: Headers) -> None:
    # JSON has no parameters (RFC 8259, section 11). Clients name the charset all the same, and others are ignored.
    media_type, parameters = parse_options_header(headers.get("content-type"))
    if media_type.lower() != "application/json" or parameters.get("charset", "").lower() not in CHARSETS:
        raise UnsupportedMediaType("Send the body as JSON in UTF-8, with the header Content-Type: application/json.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body as plain application/json, without Content-Encoding.")


async def _read(receive: Receive, headers: Headers, limit: int) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise ContentTooLarge(f"The body is larger than {limit} bytes, the most that this operation takes.")
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The connection was closed before the whole body had arrived.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise ContentTooLarge(f"The body is larger than {limit} bytes, the most that this operation takes.")
        more = message.get("more_body", False)
    return b"".join(chunks)


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
