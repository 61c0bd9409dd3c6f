"""How gunicorn runs the application: an ASGI worker that does not start when the application cannot."""

import os
import signal
from typing import Any

from uvicorn_worker import UvicornWorker


class Worker(UvicornWorker):  # type: ignore[misc]  # The package has no types.
    """One web process."""

    # With `lifespan` on, a mistake in the spec ends the start; else the process would count as healthy and answer 500.
    CONFIG_KWARGS: dict[str, Any] = {  # The parent's name and form.
        **UvicornWorker.CONFIG_KWARGS,
        "lifespan": "on",
        "loop": "uvloop",
        "http": "httptools",
        "access_log": False,
        "server_header": False,
    }

    async def callback_notify(self) -> None:
        """Tell gunicorn that this process lives; end when gunicorn itself does not, because the port must become free."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            signal.raise_signal(signal.SIGTERM)
