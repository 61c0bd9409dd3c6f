"""The SDK's client of a storage account: its identity, its timeouts and its retries."""

import random
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient, ExponentialRetry
from requests.adapters import HTTPAdapter

from app.azure.names import keep_dot_segments

MAX_CONNECTIONS = 64
BLOCK_SIZE = 4 * 1024**2
COPY_SOURCE = "x-ms-copy-source"


@dataclass(frozen=True)
class Patience:
    """How long a call may take: seconds to connect and for an answer, tries after the first, seconds between tries.

    A silent storage service is tried again `read_retries` times.
    """

    connect_seconds: float
    read_seconds: float
    retries: int
    read_retries: int
    longest_pause_seconds: float


# A caller waits for a web request and needs an early answer; a job has time.
WEB = Patience(connect_seconds=1.5, read_seconds=3.5, retries=1, read_retries=0, longest_pause_seconds=0.5)
JOB = Patience(connect_seconds=5, read_seconds=20, retries=4, read_retries=2, longest_pause_seconds=10)
FIRST_PAUSE_SECONDS = 0.3


class Retries(ExponentialRetry):
    """The SDK's policy with shorter first pauses. A pause that the service asks for (Retry-After) is kept if not too long."""

    def __init__(self, patience: Patience) -> None:
        super().__init__(retry_total=patience.retries, retry_read=patience.read_retries)
        self.longest_pause_seconds = patience.longest_pause_seconds

    def sleep(self, settings: dict[str, Any], transport: Any) -> None:
        """Wait until the next try."""
        answer = _last_answer(settings)
        if answer is not None:
            # The SDK does not read such an answer to its end, which would give its connection back.
            answer.internal_response.close()
        super().sleep(settings, transport)  # type: ignore[no-untyped-call]

    def get_backoff_time(self, settings: dict[str, Any]) -> float:
        """Return the seconds until the next try."""
        answer = _last_answer(settings)
        asked = str(answer.headers.get("Retry-After", "")) if answer is not None else ""
        pause = float(asked) if asked.isdecimal() else FIRST_PAUSE_SECONDS * 2 ** settings["count"]
        # A random factor keeps the tries of many threads apart.
        return min(pause, self.longest_pause_seconds) * random.uniform(0.8, 1)  # noqa: S311


def _last_answer(settings: dict[str, Any]) -> Any:
    # A try that ends before its request, because there is no token, leaves no entry.
    return settings["history"][-1].http_response if settings["history"] else None


def make_session() -> requests.Session:
    """Return a session that keeps as many connections as threads may need at a time."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=MAX_CONNECTIONS))
    return session


def connect(
    connection_string: str | None, account_url: str | None, patience: Patience, session: requests.Session
) -> BlobServiceClient:
    """Return the client of an account, with its key or, by its URL, with an identity. Raises ValueError for neither."""

    def keep_names(request: PipelineRequest[Any]) -> None:
        sent = request.http_request
        sent.url = keep_dot_segments(sent.url, client.url)
        if COPY_SOURCE in sent.headers:
            sent.headers[COPY_SOURCE] = keep_dot_segments(sent.headers[COPY_SOURCE], client.url)

    def try_again_when_throttled(response: PipelineResponse[Any, Any]) -> None:
        # The SDK tries again after 503 and takes 429, which says the same, for final.
        if response.http_response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            response.http_response.status_code = HTTPStatus.SERVICE_UNAVAILABLE

    options: dict[str, Any] = {
        "transport": RequestsTransport(
            session=session, connection_timeout=patience.connect_seconds, read_timeout=patience.read_seconds
        ),
        "retry_policy": Retries(patience),
        "raw_request_hook": keep_names,
        "raw_response_hook": try_again_when_throttled,
        "max_single_put_size": BLOCK_SIZE,
        "max_block_size": BLOCK_SIZE,
        # The SDK would fetch the first 32 MiB of a file at once, and hold them twice.
        "max_single_get_size": BLOCK_SIZE,
        "max_chunk_get_size": BLOCK_SIZE,
    }
    if connection_string:
        client = BlobServiceClient.from_connection_string(connection_string, **options)
    elif account_url:
        # The import takes half a second and is needed with a managed identity only.
        from azure.identity import DefaultAzureCredential

        identity = DefaultAzureCredential(
            retry_total=patience.retries,
            connection_timeout=patience.connect_seconds,
            read_timeout=patience.read_seconds,
        )
        client = BlobServiceClient(account_url, identity, **options)
    else:
        raise ValueError("The blob store needs a connection string or the URL of the account.")
    return client
