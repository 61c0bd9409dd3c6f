"""The default `Cache-Control` (RFC 9111) of every response."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REVALIDATE = (b"cache-control", b"private, no-cache")
NO_STORE = (b"cache-control", b"private, no-store")


class CacheControl:
    """ASGI layer: adds `Cache-Control` to each response that has none.

    A response with an `ETag` may be stored by its caller and must be revalidated before each use. Any other response must not be
    stored, because it can hold data, links or secrets. Without this header a cache may choose for itself.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_default(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                if b"cache-control" not in names:
                    header = REVALIDATE if b"etag" in names else NO_STORE
                    message = {**message, "headers": [*message["headers"], header]}
            await send(message)

        await self.app(scope, receive, send_with_default)
