"""What is known of one request: each layer adds what it finds out, and the next layers and the handler read it."""

from dataclasses import dataclass
from typing import Any, cast

from flask import request
from starlette.types import Scope

from app.errors import Unauthorized
from app.services.api_keys import Account
from app.web.openapi import Operation

MISSING_KEYS = "Send both headers, Authentication-Key and Authentication-Secret."
# The key of the ASGI scope under which the context stands.
KEY = "labelapi"


@dataclass
class RequestContext:
    """What the layers of one request know.

    `operation` is None for a path that the OpenAPI document does not have. `body` is the parsed and checked body,
    and `body_digest` the SHA-256 of its bytes where the caller sent an `Idempotency-Key`. `file` is a body that is a file.
    """

    request_id: str
    operation: Operation | None = None
    caller: Account | None = None
    body: Any = None
    file: bytearray | None = None
    body_digest: bytes = b""

    @property
    def account(self) -> Account:
        """The account of the caller. Raises Unauthorized where no layer before has admitted one."""
        if self.caller is None:
            raise Unauthorized(MISSING_KEYS)
        return self.caller


def context_of(scope: Scope) -> RequestContext:
    """Return the context of the request with this ASGI scope."""
    return cast(RequestContext, scope[KEY])


def current_context() -> RequestContext:
    """Return the context of the request that Flask handles at present."""
    return context_of(request.environ["asgi.scope"])
