"""One connection of the web server: uvicorn's h11 protocol, with an end to every wait for the client and to the process."""

import asyncio
import math
import select
import uuid
from typing import Any, cast

import h11
import orjson
import structlog
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.web.cache_control import NO_STORE
from app.web.framing import StrictConnection
from app.web.problem_document import MEDIA_TYPE, problem_document

MAX_HEAD_BYTES = 64 * 1024
# A body has to arrive at least this fast, on average over each read timeout.
LEAST_BODY_BYTES_PER_SECOND = 1024
# How long a process that is to end still takes requests on connections that are open.
DRAIN_SECONDS = 2.0
RECHECK_SECONDS = 0.05
# How long what still arrives after the last answer is discarded, and how much of it after a refusal.
LINGER_SECONDS = 2.0
LINGER_BYTES = 4 * 1024**2

log = structlog.get_logger("labelapi")

REFUSALS = {
    400: "This is not a well-formed HTTP/1.1 request (RFC 9112). Check the request line, the header fields, and how the"
    " length of the body is given.",
    408: "The request arrived too slowly. A head must be whole within {seconds:g} seconds, and a body must arrive at"
    f" {LEAST_BODY_BYTES_PER_SECOND} bytes per second or faster.",
    431: f"The request line and the header fields are longer than {MAX_HEAD_BYTES} bytes together.",
}


class StagedTransport:
    """A transport that leaves it to the connection how it is closed, and is the original in all other things."""

    def __init__(self, transport: asyncio.Transport, connection: "Protocol") -> None:
        self._transport = transport
        self._connection = connection
        self.write = transport.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """True when nothing more is to be sent."""
        return self._connection.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        """Close at once where the client has sent all of its request, else in stages."""
        if self._connection.conn.their_state is h11.SEND_BODY and not self.is_closing():
            self._connection.linger(math.inf)
        else:
            self._transport.close()


class Protocol(H11Protocol):
    """One connection.

    A client that sends too slowly, or too large a head, is refused and disconnected. When the process is to end, a request that
    is on its way is still answered, as the last one: uvicorn closes idle connections at once, and what the client
    has just sent on them is lost.
    """

    def __init__(self, *args: Any, read_timeout_seconds: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conn: StrictConnection = StrictConnection(MAX_HEAD_BYTES)
        self._read_timeout_seconds = read_timeout_seconds
        self.is_lingering = False
        self._is_draining = False
        self._bytes_to_discard = math.inf
        # What the client is expected to send, and with it the request before; None while nothing is expected.
        self._expected: tuple[object, object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._arrived_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As the parent has it.
        """Expect a first request."""
        super().connection_made(cast(asyncio.Transport, StagedTransport(transport, self)))
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        super().connection_lost(exc)
        self._cancel_timers()

    def data_received(self, data: bytes) -> None:
        """Parse what arrives, until the client has been refused or has announced its last request."""
        if self.is_lingering:
            self._discard(data)
            return
        if self.conn.their_state in (h11.MUST_CLOSE, h11.ERROR):
            return
        self._arrived_bytes += len(data)
        super().data_received(data)
        self._expect()
        if self.conn.their_state is h11.SEND_BODY and not self.is_lingering and self.cycle.response_complete:
            # Nobody takes this body, so that nothing else would hold it up; other connections have their turn before the rest.
            self.flow.pause_reading()
            self.loop.call_soon(self._resume_reading)

    def handle_events(self) -> None:
        """Begin to answer a request that has arrived; the last one, when the process is to end."""
        super().handle_events()
        if self._is_draining:
            self._announce_end()

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        super().on_response_complete()
        self._expect()

    def shutdown(self) -> None:
        """End this connection after its request, or in a moment when there is none."""
        if self.is_lingering:
            self.transport.close()
        elif self.cycle is None or self.cycle.response_complete:
            self._is_draining = True
            self.loop.call_later(DRAIN_SECONDS, self._end)
        else:
            self._announce_end()

    def linger(self, max_bytes: float) -> None:
        """Send nothing more, and throw away what arrives until the client closes, for a while and up to so many bytes.

        Closing at once while the client sends could destroy the last answer on its way (RFC 9112, 9.6); nginx makes it a 502.
        """
        self.is_lingering = True
        self._bytes_to_discard = max_bytes
        self._cancel_timers()
        self.transport.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser does not take; the parent calls this in every such case."""
        self._refuse(self.conn.error_status)

    def _should_upgrade(self) -> bool:
        # A server may ignore `Upgrade` (RFC 9110, 7.8), and the parent would log each offer; Java clients always make one.
        return False

    def _resume_reading(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _announce_end(self) -> None:
        cycle = self.cycle
        if cycle is not None and cycle.keep_alive and not cycle.response_complete:
            cycle.keep_alive = False
            cycle.default_headers = [*cycle.default_headers, CLOSE_HEADER]

    def _end(self) -> None:
        if self.transport.is_closing():
            return
        # In a busy process a request may have arrived that has not been read yet.
        if _has_arrived(self.transport.get_extra_info("socket")):
            self.loop.call_later(RECHECK_SECONDS, self._end)
        else:
            super().shutdown()

    def _expect(self) -> None:
        """Start a timer when the client has to go on, and stop it when this side has to."""
        expected = None if self.transport.is_closing() else self._find_expected()
        if expected != self._expected:
            self._expected = expected
            self._restart_timer()

    def _find_expected(self) -> tuple[object, object] | None:
        state = self.conn.their_state
        if state is h11.SEND_BODY or (state is h11.IDLE and (self.cycle is None or self.conn.has_unparsed_bytes)):
            return state, self.cycle
        if state is h11.IDLE and self.timeout_keep_alive_task is None:
            # The parent starts it with the answer, and stops it when the rest of a body arrives after that.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        return None

    def _restart_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        is_needed = self._expected is not None
        self._timer = self.loop.call_later(self._read_timeout_seconds, self._time_out) if is_needed else None
        self._arrived_bytes = 0

    def _time_out(self) -> None:
        if self.transport.is_closing():
            return
        if self._is_body_on_time():
            self._restart_timer()
        elif self.cycle is None and not self.conn.has_unparsed_bytes:
            # Nobody waits for an answer on a connection that was only opened.
            self.transport.close()
        else:
            self._refuse(408)

    def _is_body_on_time(self) -> bool:
        if self.conn.their_state is not h11.SEND_BODY:
            return False
        # The client need not send while this side reads nothing, or has not asked for the body yet.
        is_waited_for = not (self.flow.read_paused or self.cycle.waiting_for_100_continue)
        return not is_waited_for or self._arrived_bytes >= LEAST_BODY_BYTES_PER_SECOND * self._read_timeout_seconds

    def _refuse(self, status: int) -> None:
        """Answer with a problem where no answer was begun, and end the connection."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        if self.cycle is not None and not self.cycle.response_complete:
            # The application must not answer a second time.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        request_id = str(uuid.uuid4())
        log.info("refused", status=status, request_id=request_id, address=self.client[0] if self.client else None)
        detail = REFUSALS[status].format(seconds=self._read_timeout_seconds)
        self.transport.write(_write_refusal(status, detail, request_id, self.server_state.default_headers))
        self.linger(LINGER_BYTES)

    def _discard(self, data: bytes) -> None:
        self._bytes_to_discard -= len(data)
        if self._bytes_to_discard < 0:
            self.transport.close()

    def _cancel_timers(self) -> None:
        self._expected = None
        self._restart_timer()
        self._unset_keepalive_if_required()


def _has_arrived(connection: Any) -> bool:
    return bool(select.select([connection], [], [], 0)[0])


def _write_refusal(status: int, detail: str, request_id: str, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    document = problem_document(status, detail, instance=f"urn:request:{request_id}")
    body = orjson.dumps(document)
    headers = [
        *default_headers,
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        NO_STORE,
        (b"x-request-id", request_id.encode()),
        (b"x-content-type-options", b"nosniff"),
        CLOSE_HEADER,
    ]
    response = h11.Response(status_code=status, headers=headers, reason=document["title"].encode())
    # The connection's own parser may be in a state in which it sends nothing.
    writer = h11.Connection(h11.SERVER)
    return b"".join(writer.send(event) for event in (response, h11.Data(data=body), h11.EndOfMessage()))
