"""How an answer may be kept: `Cache-Control` (RFC 9111) of every answer that does not say it itself."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASK_AGAIN = (b"cache-control", b"private, no-cache")
KEEP_NOTHING = (b"cache-control", b"private, no-store")


class CacheControl:
    """ASGI layer: an answer with an `ETag` may be kept by its caller, who asks again before each use; any other by nobody.

    Answers depend on the caller's key and hold data, links or secrets. Without a word, a cache may keep them for a while of its
    own choice, and give them to others.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_rule(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                if b"cache-control" not in names:
                    rule = ASK_AGAIN if b"etag" in names else KEEP_NOTHING
                    message = {**message, "headers": [*message["headers"], rule]}
            await send(message)

        await self.app(scope, receive, send_with_rule)
