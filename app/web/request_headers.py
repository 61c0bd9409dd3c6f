"""The header fields of a request, in the one form in which every later layer reads them alike."""

from starlette.types import ASGIApp, Receive, Scope, Send


class PlainHeaders:
    """ASGI layer: drops fields with an underscore in their name, and writes the media type of a body in lower case.

    WSGI knows `Idempotency_Key` and `Idempotency-Key` by one name, so that one layer would see the field and another not; nginx
    drops such fields as well. `Upgrade` goes too: this server ignores every offer (RFC 9110, 7.8), while Flask answers one of
    websockets with 400. Connexion compares media types by their letters, which have no case (RFC 9110, 8.3.1).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            fields = [
                _plain_field(name, value) for name, value in scope["headers"] if b"_" not in name and name != b"upgrade"
            ]
            scope = {**scope, "headers": fields}
        await self.app(scope, receive, send)


def _plain_field(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name != b"content-type":
        return name, value
    media_type, semicolon, parameters = value.partition(b";")
    return name, media_type.strip().lower() + semicolon + parameters
