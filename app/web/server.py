"""How gunicorn runs the application: an ASGI worker that does not start when the application cannot, and one log for all."""

import gc
import logging
import os
import select
import signal
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker

from app.observability.logging import configure_logging


class Log(Logger):  # type: ignore[misc]  # The package has no types.
    """gunicorn's own lines, in the form of all others."""

    def setup(self, cfg: Config) -> None:
        """Hand the lines on to the application's log, and keep none."""
        configure_logging(cfg.loglevel)
        self.error_log.propagate = True
        self.error_log.setLevel(cfg.loglevel.upper())


# How long a process that is to end still takes requests on connections that are open.
DRAIN_SECONDS = 2.0


RECHECK_SECONDS = 0.05


def _has_arrived(connection: Any) -> bool:
    return bool(select.select([connection], [], [], 0)[0])


class Protocol(HttpToolsProtocol):
    """One connection. When the process is to end, a request that is on its way is still answered, and told to be the last.

    uvicorn closes idle connections at once, and what the other side has just sent on them is lost.
    """

    is_draining = False

    def shutdown(self) -> None:
        """End this connection after its request, or in a moment when there is none."""
        if self.cycle is None or self.cycle.response_complete:
            self.is_draining = True
            self.loop.call_later(DRAIN_SECONDS, self._end)
        else:
            super().shutdown()

    def _end(self) -> None:
        # In a busy process a request may have arrived that has not been read yet.
        if not self.transport.is_closing() and _has_arrived(self.transport.get_extra_info("socket")):
            self.loop.call_later(RECHECK_SECONDS, self._end)
        else:
            super().shutdown()

    def on_headers_complete(self) -> None:
        """Begin to answer a request."""
        super().on_headers_complete()
        if self.is_draining:
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; when it comes behind a whole request, that one's own answer is the last instead.

        uvicorn answers at once, so that a request that has its effect would seem to be refused.
        """
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            super().send_400_response(msg)
        else:
            self.cycle.keep_alive = False


class Worker(UvicornWorker):  # type: ignore[misc]  # The package has no types.
    """One web process."""

    # With `lifespan` on, a mistake in the spec ends the start; else the process would count as healthy and answer 500.
    CONFIG_KWARGS: dict[str, Any] = {  # The parent's name and form.
        **UvicornWorker.CONFIG_KWARGS,
        "lifespan": "on",
        "loop": "uvloop",
        "http": Protocol,
        "access_log": False,
        "server_header": False,
        # The application does it itself, for the proxies of its own setting; the server would believe this whole machine.
        "proxy_headers": False,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The parent gives it gunicorn's outlets, of which there are none.
        logging.getLogger("uvicorn.error").propagate = True

    def load_wsgi(self) -> None:
        """Load the application, and spare what is there by then, for good, from every later search for garbage."""
        super().load_wsgi()
        # Such a search looks at nearly 200,000 objects, and the parsing of a large body sets off many of them.
        gc.collect()
        gc.freeze()

    async def callback_notify(self) -> None:
        """Tell gunicorn that this process lives; end when gunicorn itself does not, because the port must become free."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            signal.raise_signal(signal.SIGTERM)
