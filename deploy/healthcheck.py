"""Does the web server or the worker of this container answer? Exit status 0 or 1, for the HEALTHCHECK of the image.

`python healthcheck.py` asks at PORT and then at WORKER_METRICS_PORT, `python healthcheck.py 9090` at that port alone.
"""

import http.client
import os
import sys

TIMEOUT_SECONDS = 2


def answers(port: int) -> bool:
    """True when something on this machine answers with 200 at the port; no proxy is asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/info/live")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    ports = sys.argv[1:] or [os.environ[name] for name in ("PORT", "WORKER_METRICS_PORT") if os.environ.get(name)]
    sys.exit(not any(answers(int(port)) for port in ports))
