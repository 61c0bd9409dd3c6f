"""The headers of a trusted reverse proxy: the caller's address, the scheme, and the path prefix of the service."""

import re
from typing import Any

from starlette.datastructures import Headers
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.settings import read_path_prefix

# The paths of the service without a prefix.
OWN_PATH = re.compile(r"/?|/(api/v1|info|metrics)(/.*)?", re.DOTALL)


class ForwardedHeaders(ProxyHeadersMiddleware):
    """ASGI layer: reads `X-Forwarded-Prefix`, and through uvicorn `X-Forwarded-For` and `X-Forwarded-Proto`.

    The prefix becomes `root_path` of the ASGI scope, and `path` starts with it, whether the proxy strips the prefix or not. The
    configured prefix applies when the header is missing or invalid, or when its sender is not trusted.
    """

    def __init__(self, app: Any, trusted_proxies: str | None, root_path: str | None) -> None:
        super().__init__(app, trusted_hosts=trusted_proxies.split(",") if trusted_proxies else [])
        self._root_path = root_path or ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Complete the scope of a request."""
        if scope["type"] == "http":
            # This comes first: the parent class replaces the proxy's address by the caller's.
            prefix = self._prefix_of(scope)
            if prefix:
                scope["path"] = whole_path(scope["path"], prefix)
                scope["root_path"] = prefix
        await super().__call__(scope, receive, send)

    def _prefix_of(self, scope: Any) -> str:
        client = scope.get("client")
        sent = Headers(scope=scope).getlist("x-forwarded-prefix")
        if not sent or not client or client[0] not in self.trusted_hosts:
            return self._root_path
        try:
            # The nearest proxy wrote the last value. The caller may have sent the values before it.
            return read_path_prefix(sent[-1].rpartition(",")[2].strip())
        except ValueError:
            return self._root_path


def whole_path(path: str, prefix: str) -> str:
    """Return `path` with `prefix` in front, unless the proxy left it there."""
    below = path.removeprefix(prefix)
    starts_with_prefix = below != path and below[:1] in ("", "/")
    # With the prefix `/api`, `/api/v1/images` comes from a proxy that strips it, and `/api/api/v1/images` from one that does not.
    if starts_with_prefix and (OWN_PATH.fullmatch(below) or not OWN_PATH.fullmatch(path)):
        return path
    return prefix + path
