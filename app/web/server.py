"""How gunicorn runs the application: an ASGI worker that does not start when the application cannot, and one log for all."""

import gc
import logging
import os
import signal
import sys
from functools import partial
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger
from uvicorn_worker import UvicornWorker

from app.observability.logging import configure_logging
from app.settings import load_settings
from app.web.protocol import Protocol


class Log(Logger):  # type: ignore[misc]  # The package has no types.
    """gunicorn's own lines, in the form of all others."""

    def setup(self, cfg: Config) -> None:
        """Hand the lines on to the application's log, and keep none."""
        configure_logging(cfg.loglevel)
        self.error_log.propagate = True
        self.error_log.setLevel(cfg.loglevel.upper())


class Worker(UvicornWorker):  # type: ignore[misc]  # The package has no types.
    """One web process."""

    # With `lifespan` on, a mistake in the spec ends the start; else the process would count as healthy and answer 500.
    CONFIG_KWARGS: dict[str, Any] = {  # The parent's name and form.
        **UvicornWorker.CONFIG_KWARGS,
        "lifespan": "on",
        "loop": "uvloop",
        "ws": "none",
        "access_log": False,
        "server_header": False,
        # The application does it itself, for the proxies of its own setting; the server would believe this whole machine.
        "proxy_headers": False,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.config.http = partial(Protocol, read_timeout_seconds=load_settings().read_timeout_seconds)
        # The parent gives it gunicorn's outlets, of which there are none.
        logging.getLogger("uvicorn.error").propagate = True

    def load_wsgi(self) -> None:
        """Load the application, and spare what is there by then, for good, from every later search for garbage."""
        # Loading makes little garbage, and the searches for it would take a sixth of its time.
        gc.disable()
        super().load_wsgi()
        # Such a search looks at nearly 200,000 objects, and the parsing of a large body sets off many of them.
        gc.collect()
        gc.freeze()
        gc.enable()

    def init_signals(self) -> None:
        """Let the process end as programs do: the server raises the signal that stopped it once more when all is answered."""
        super().init_signals()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    async def callback_notify(self) -> None:
        """Tell gunicorn that this process lives; end when gunicorn itself does not, because the port must become free."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            signal.raise_signal(signal.SIGTERM)
