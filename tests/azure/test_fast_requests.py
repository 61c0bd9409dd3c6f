"""Requests without the SDK's pipeline: who signs them, and what becomes of those that get no answer."""

import io
from typing import Any

import pytest
import requests
import urllib3
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob import BlobServiceClient
from requests.adapters import HTTPAdapter

from app.azure.fast_requests import RawClient

ENDPOINT = "https://acct.blob.core.windows.net"
KEY = "a2V5"


class Identity:
    """Gives out a token as often as it is asked, or none."""

    def __init__(self, *, is_known: bool = True) -> None:
        self.is_known = is_known
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.scopes += scopes
        if not self.is_known:
            raise ClientAuthenticationError("no identity here")
        return AccessToken("token", 2**32)


class Recorder(HTTPAdapter):
    """Answers every request, or refuses each with an error, and keeps what was sent with which options."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error
        self.sent: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []

    def send(self, request: requests.PreparedRequest, *_args: Any, **options: Any) -> requests.Response:
        self.sent.append(request)
        self.options.append(options)
        if self.error:
            raise self.error
        response = requests.Response()
        response.status_code = 206
        response.raw = urllib3.HTTPResponse(io.BytesIO(b"water"), preload_content=False)
        return response


def open_client(credential: Any, recorder: Recorder, endpoint: str = ENDPOINT) -> RawClient:
    session = requests.Session()
    session.mount("https://", recorder)
    session.mount("http://", recorder)
    return RawClient(BlobServiceClient(endpoint, credential), session, (1, 2))


def test_an_identity_shows_one_token_with_many_requests() -> None:
    identity, recorder = Identity(), Recorder()
    client = open_client(identity, recorder)
    for _ in range(3):
        answer = client.send("GET", f"{ENDPOINT}/c/a", {"x-ms-range": "bytes=0-9"})
        assert answer is not None
        assert (answer.status, answer.body) == (206, b"water")
    assert [request.headers["Authorization"] for request in recorder.sent] == ["Bearer token"] * 3
    assert recorder.sent[0].headers["x-ms-range"] == "bytes=0-9"
    assert identity.scopes == ["https://storage.azure.com/.default"]


def test_a_token_goes_to_encrypted_endpoints_only() -> None:
    recorder = Recorder()
    client = open_client(Identity(), recorder)
    assert client.send("GET", "http://acct.example/c/a", {}) is None
    assert recorder.sent == []


def test_without_a_token_nothing_is_sent() -> None:
    recorder = Recorder()
    assert open_client(Identity(is_known=False), recorder).send("GET", f"{ENDPOINT}/c/a", {}) is None
    assert recorder.sent == []


def test_the_key_signs_and_stays_here() -> None:
    recorder = Recorder()
    open_client({"account_name": "acct", "account_key": KEY}, recorder).send("PUT", f"{ENDPOINT}/c/a", {})
    [request] = recorder.sent
    assert str(request.headers["Authorization"]).startswith("SharedKey acct:")
    assert KEY not in str(dict(request.headers))
    assert str(request.headers["x-ms-date"]).endswith("GMT")


def test_proxies_certificates_and_timeouts_are_those_of_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "bundle.pem")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    recorder = Recorder()
    open_client(Identity(), recorder).send("GET", f"{ENDPOINT}/c/a", {})
    [options] = recorder.options
    assert options["proxies"]["https"] == "http://proxy.example:3128"
    assert (options["verify"], options["timeout"], options["stream"]) == ("bundle.pem", (1, 2), True)


@pytest.mark.parametrize(
    "error", [requests.ConnectionError(), requests.Timeout(), urllib3.exceptions.IncompleteRead(1, 2)]
)
def test_a_request_that_gets_no_whole_answer_has_none(error: Exception) -> None:
    assert open_client(Identity(), Recorder(error)).send("GET", f"{ENDPOINT}/c/a", {}) is None
