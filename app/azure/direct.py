"""Requests sent past the SDK's pipeline, which takes three times their processor time.

They are for what each file needs that is taken in. The SDK signs them; whatever is odd about an answer is left to the SDK,
which asks again, with its retries and its words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import requests
import urllib3
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob import BlobServiceClient

TOKEN_SCOPE = "https://storage.azure.com/.default"  # noqa: S105  # It names for what a token is asked, and is none.


@dataclass(frozen=True)
class Answer:
    """An answer that arrived whole: its body is as it is stored, also where that is compressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class DirectLine:
    """Sends requests to the account of `client`, by the connections of `session`; may be used by many threads.

    `timeout` has the seconds to connect and those for an answer.
    """

    def __init__(self, client: BlobServiceClient, session: requests.Session, timeout: tuple[float, float]) -> None:
        self._version = client.api_version
        self._sign = _make_signer(client.credential)
        self._adapter = session.get_adapter(client.url)
        # Proxies and certificates, which requests otherwise looks for in the environment each time.
        self._settings = session.merge_environment_settings(client.url, {}, stream=True, verify=None, cert=None)
        self._timeout = timeout

    def send(self, method: str, url: str, headers: Mapping[str, str]) -> Answer | None:
        """Send a request without a body and return its answer, None when none arrived whole."""
        try:
            with self._adapter.send(
                self._signed(method, url, headers), timeout=self._timeout, **self._settings
            ) as answer:
                return Answer(answer.status_code, answer.headers, answer.raw.read(decode_content=False))
        except (AzureError, requests.RequestException, urllib3.exceptions.HTTPError):
            return None

    def _signed(self, method: str, url: str, headers: Mapping[str, str]) -> requests.PreparedRequest:
        now = formatdate(usegmt=True)
        request = HttpRequest(method, url, {**headers, "x-ms-version": self._version, "x-ms-date": now})
        self._sign(PipelineRequest(request, PipelineContext(None)))
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url = method, url
        prepared.headers = requests.structures.CaseInsensitiveDict(request.headers)
        return prepared


def _make_signer(credential: Any) -> Callable[[PipelineRequest[Any]], None]:
    """Return what authorizes a request: with the account's key, or with a token of the service's own identity."""
    if hasattr(credential, "get_token"):
        return BearerTokenCredentialPolicy[Any, Any](credential, TOKEN_SCOPE).on_request
    signer: Callable[[PipelineRequest[Any]], None] = credential.on_request
    return signer
