"""HTTP to the service: keys only for what is LabelAPI, retries that wait as long as they are told to, errors in its words."""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

from labelapi.errors import DryRun, LabelAPIError, NotAllowed, Refused, Unreachable
from labelapi.patience import TryAgain, asked_wait, with_patience

if TYPE_CHECKING:
    import httpx

    from labelapi.profiles import Profile

VERSION = "1.0.0"
PATIENCE_SECONDS = 60.0
# Until the service has answered for the first time, a wrong address is likelier than an outage.
FIRST_PATIENCE_SECONDS = 3.0
TIMEOUT_SECONDS = 60.0
CONNECT_SECONDS = 10.0
AGAIN = (408, 429, 502, 503, 504)
CONNECTIONS = 40
LATER = "Try again later. Nothing is half done."


class Transport:
    """Requests to one service with one key. Threads may share it."""

    def __init__(
        self, profile: Profile, *, patience: float = PATIENCE_SECONDS, say: Callable[[str], None] | None = None
    ) -> None:
        import httpx

        self.profile = profile
        self._patience = patience
        self._say = say or (lambda line: None)
        # While it is true, requests that would change something raise DryRun instead.
        self.is_dry_run = False
        self._known = threading.Lock()
        self._is_known = False
        self._version = ""
        # The clock of the service, because that of this machine may be wrong.
        self.service_time: datetime | None = None
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        timeout = httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS)
        agent = {"User-Agent": f"labelapi-client/{VERSION}"}
        # Redirects are never followed: httpx would send the key to wherever they lead.
        self._http = httpx.Client(timeout=timeout, limits=limits, headers=agent, follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def answer_of(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON of the answer. Raises LabelAPIError for every answer but success."""
        response = self.request(method, path, **options)
        try:
            return response.json()
        except ValueError as error:
            raise Unreachable("The answer is not complete, or is none of LabelAPI.") from error

    def content_of(self, method: str, path: str, **options: Any) -> bytes:
        """Return the bytes of the answer."""
        content: bytes = self.request(method, path, **options).content
        return content

    def location_of(self, method: str, path: str, **options: Any) -> str:
        """Return where the answer redirects to."""
        location: str = self.request(method, path, **options).headers["Location"]
        return location

    def pages(self, path: str, query: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the JSON of each page of a list, by the links that the service gives."""
        given: list[tuple[str, str]] | None = _query(query)
        while given is not None:
            response = self.request("GET", path, query=given)
            yield response.json()
            following = response.links.get("next")
            given = parse_qsl(urlsplit(following["url"]).query, keep_blank_values=True) if following else None

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | list[tuple[str, str]] | None = None,
        headers: Mapping[str, Any] | None = None,
        body: Any = None,
        content: Any = None,
        idempotency_key: str | None = None,
    ) -> httpx.Response:
        """Return the answer to a request, sent again after outages. Raises LabelAPIError.

        A request that changes something carries an Idempotency-Key, so that it has its effect once. `content` is sent
        as it is: bytes, or a function that opens a new iterator for each attempt.
        """
        if self.is_dry_run and method != "GET":
            raise DryRun(method, path, body)
        self.check_address()
        sent = {name: str(value) for name, value in (headers or {}).items() if value is not None}
        sent["Authentication-Key"], sent["Authentication-Secret"] = self.profile.key, self.profile.secret
        if method != "GET":
            sent["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        options: dict[str, Any] = {"params": query if isinstance(query, list) else _query(query or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
            content = json.dumps(body, separators=(",", ":")).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/octet-stream")
        url = f"{self.profile.url}/api/v1{path}"

        def send() -> httpx.Response:
            now = content() if callable(content) else content
            return self._http.request(method, url, headers=sent, content=now, **options)

        response = self._until_answered(send, self._patience)
        self.service_time = _time_of(response) or self.service_time
        if response.is_success or (response.is_redirect and method == "GET" and path.startswith("/images/")):
            return response
        raise self._error(response)

    def check_address(self) -> None:
        """See that the service is LabelAPI before it gets a key. Raises LabelAPIError."""
        with self._known:
            if not self._is_known:
                self._check_version()
                self._is_known = True

    def _check_version(self) -> None:
        url = f"{self.profile.url}/info/version"
        response = self._until_answered(lambda: self._http.get(url), min(FIRST_PATIENCE_SECONDS, self._patience))
        if response.is_redirect:
            target = response.headers.get("Location", "").partition("/info/version")[0]
            raise Unreachable(f"{self.profile.url} redirects to {_printable(target)}.", "Sign in with that address.")
        try:
            told = response.json()
            name, version = told["name"], str(told["version"])
        except (ValueError, KeyError, TypeError):
            name = version = ""
        if response.status_code != 200 or name != "LabelAPI":
            raise Unreachable(f"There is no LabelAPI at {self.profile.url}. No key was sent.", "Check the address.")
        self._version = _printable(version)
        if version.split(".")[0] != VERSION.split(".", maxsplit=1)[0]:
            self._say(f"The service has version {_printable(version)}; this client was made for {VERSION}.")

    def _until_answered(self, send: Callable[[], httpx.Response], patience: float) -> httpx.Response:
        """Send until there is an answer that is no outage, or the patience ends."""
        import httpx

        attempts = itertools.count()

        def attempt() -> httpx.Response:
            number = next(attempts)
            try:
                response = send()
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                raise Unreachable(f"This is no address: {self.profile.url}") from error
            except httpx.TransportError as error:
                words = f"{self.profile.url} does not answer: {_words(error)}"
                raise TryAgain(Unreachable(words, _hint_of(error))) from error
            if not _is_outage(response, number):
                return response
            words = f"The service is out of order ({response.status_code}): {_detail(response)}"
            raise TryAgain(Unreachable(words, LATER), asked_wait(response))

        return with_patience(attempt, seconds=patience, say=self._say)

    def _error(self, response: httpx.Response) -> LabelAPIError:
        if response.is_redirect:
            target = _printable(response.headers.get("Location", "")).partition("?")[0]
            return Unreachable(
                f"The service redirects to {target}, where no key is sent.", "Sign in with that address."
            )
        document = _document(response)
        if response.status_code == 401:
            return NotAllowed(401, document, "labelapi login URL")
        if response.status_code == 403:
            return NotAllowed(403, document, "labelapi whoami  shows what your key may do.")
        return Refused(response.status_code, document, self._hint_of_refusal(response))

    def _hint_of_refusal(self, response: httpx.Response) -> str | None:
        """Return that the service may not know the operation, when it is another one than this client was made for."""
        if response.status_code in (404, 405, 501) and self._version and self._version != VERSION:
            return f"The service has version {self._version}; this client was made for {VERSION} and may ask for more."
        return None


def in_path(value: object) -> str:
    """Return a value as it stands in a path."""
    return quote(str(value), safe="")


def _time_of(response: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["Date"])
    except (KeyError, TypeError, ValueError):
        return None


def _query(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the pairs of a query: lists separated by commas, objects as `name[key]`."""
    pairs = []
    for name, value in query.items():
        if isinstance(value, Mapping):
            pairs += [(f"{name}[{key}]", _text(each)) for key, each in value.items()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            pairs.append((name, ",".join(_text(each) for each in value)))
        elif value is not None:
            pairs.append((name, _text(value)))
    return pairs


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_outage(response: httpx.Response, attempt: int) -> bool:
    if response.status_code in AGAIN:
        return True
    # The first attempt, whose connection broke, may still be at work.
    return response.status_code == 409 and attempt > 0 and "Idempotency-Key" in response.text


def _hint_of(error: Exception) -> str:
    # The certificate of a service seems to be of another time where the clock is wrong.
    if "certificate is not yet valid" in str(error) or "certificate has expired" in str(error):
        return "Look at the clock of this machine, and at the certificate of the service."
    return LATER


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if isinstance(document, dict) and "detail" in document:
        return document
    return {
        "type": "about:blank",
        "title": response.reason_phrase,
        "status": response.status_code,
        "detail": f"The service answered {response.status_code} without saying why.",
        "errors": [],
    }


def _detail(response: httpx.Response) -> str:
    return _printable(str(_document(response)["detail"]))


def _words(error: Exception) -> str:
    return _printable(str(error)) or type(error).__name__


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:300]
