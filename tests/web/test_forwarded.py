"""The prefix under which a proxy shows the service: who may say it, in which form, and what has to know it."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from connexion import FlaskApp
from starlette.testclient import TestClient

from app import create_app
from app.settings import Settings
from app.web.forwarded import whole_path
from tests.api.test_info import when_checked
from tests.caller import Caller
from tests.conftest import Labelled

PROXY, STRANGER = "10.0.0.1", "203.0.113.7"
LABELS = {"X-Forwarded-Prefix": "/labels"}
DOCUMENT = "/api/v1/openapi.json"
Visit = Callable[..., Caller]


def client(server: FlaskApp, address: str = PROXY) -> TestClient:
    return TestClient(server, follow_redirects=False, client=(address, 50000))


@pytest.fixture(scope="module")
def behind_proxy(server: FlaskApp, settings: Settings) -> FlaskApp:
    """An application that believes one network of proxies."""
    return create_app(settings.model_copy(update={"trusted_proxies": "10.0.0.0/8"}))


@pytest.fixture(scope="module")
def with_root_path(server: FlaskApp, settings: Settings) -> FlaskApp:
    """An application with a prefix of its own, which believes the same network."""
    return create_app(settings.model_copy(update={"trusted_proxies": "10.0.0.0/8", "root_path": "/labels"}))


def pair(caller: Caller) -> dict[str, str]:
    return {"Authentication-Key": str(caller.key), "Authentication-Secret": str(caller.secret)}


def prefix_in(http: TestClient, headers: Any) -> str:
    """The prefix that the service takes for its own, as its document says it."""
    server: str = http.get(DOCUMENT, headers=headers).json()["servers"][0]["url"]
    assert server.endswith("/api/v1")
    return server.removesuffix("/api/v1")


def prefix_of_root(answer: Any) -> str:
    """The prefix with which the page at the root of the service begins its links."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    prefixes = set(re.findall(r'(?:href|src)="([^"]*?)/(?:assets|api)/', answer.text))
    assert len(prefixes) == 1, answer.text
    return str(prefixes.pop())


@pytest.mark.parametrize("sent", ["", "/labels"], ids=["stripped", "whole"])
def test_links_lead_back_through_the_proxy(behind_proxy: FlaskApp, labelled: Labelled, title: str, sent: str) -> None:
    http = client(behind_proxy)
    headers = LABELS | pair(labelled.admin)
    for path in ("/api/v1/images", f"/api/v1/campaigns/{labelled.campaign_id}/images"):
        answer = http.get(f"{sent}{path}?after=0&per_page=1", headers=headers)
        assert answer.headers["Link"] == f'</labels{path}?after=1&per_page=1>; rel="next"'
    made = http.post(f"{sent}/api/v1/image_sets", json={"title": title}, headers=headers).json()
    place = f"/api/v1/image_sets/{made['imageset_id']}"
    job = http.put(sent + place, json={"new_status": "finished"}, headers=headers).headers["Link"]
    job_id = http.get(sent + place, headers=headers).json()["ingest"]["job_id"]
    assert job == f'</labels/api/v1/jobs/{job_id}>; rel="monitor"'


@pytest.mark.parametrize("sent", ["", "/labels"], ids=["stripped", "whole"])
def test_pages_lead_back_through_the_proxy(behind_proxy: FlaskApp, sent: str) -> None:
    http = client(behind_proxy)
    assert prefix_of_root(http.get(f"{sent}/", headers=LABELS)) == "/labels"
    shown = "https://example.org/labels/api/v1/ui"
    page = http.get(f"{sent}/api/v1/ui", headers=LABELS)
    assert urljoin(shown, page.headers["Location"]) == f"{shown}/"
    for name in ("", "start.js", "swagger-ui-bundle.js", "../openapi.json"):
        path = urlsplit(urljoin(f"{shown}/", name)).path
        assert http.get(path.removeprefix("/labels" if not sent else ""), headers=LABELS).status_code == 200
    assert http.get(f"{sent}{DOCUMENT}", headers=LABELS).json()["servers"] == [{"url": "/labels/api/v1"}]


@pytest.mark.parametrize("sent", ["", "/labels"], ids=["stripped", "whole"])
def test_all_paths_are_found_under_the_prefix(behind_proxy: FlaskApp, admin: Caller, sent: str) -> None:
    http = client(behind_proxy)
    when_checked(http, LABELS, f"{sent}/info/status")
    for path in ("/info/live", "/info/ready", "/info/version", "/info/status", "/metrics"):
        assert http.get(sent + path, headers=LABELS).status_code == 200, path
        assert http.delete(sent + path, headers=LABELS).status_code == 405, path
    assert http.get(f"{sent}/api/v1/whoami", headers=LABELS).status_code == 401
    assert http.get(f"{sent}/api/v1/whoami", headers=LABELS | pair(admin)).status_code == 200
    assert http.head(f"{sent}/api/v1/whoami", headers=LABELS | pair(admin)).status_code == 200
    assert http.options(f"{sent}/api/v1/whoami", headers=LABELS).headers["Allow"] == "GET, HEAD, OPTIONS"
    for odd in ("/nothing", "/api/v1/image_sets/01", "//api/v1/whoami", "/api/v1//whoami", "/api/v1/whoami/"):
        answer = http.get(f"http://testserver{sent}{odd}", headers=LABELS | pair(admin))
        assert (answer.status_code, answer.json()["status"]) == (404, 404), odd


def test_the_prefix_alone_is_the_root(behind_proxy: FlaskApp) -> None:
    assert prefix_of_root(client(behind_proxy).get("/labels", headers=LABELS)) == "/labels"


def test_strangers_say_nothing_of_the_prefix(
    server: FlaskApp, behind_proxy: FlaskApp, with_root_path: FlaskApp
) -> None:
    for trusting_nobody in (client(server, PROXY), client(behind_proxy, STRANGER)):
        assert prefix_in(trusting_nobody, LABELS) == ""
        assert trusting_nobody.get("/labels/info/version", headers=LABELS).status_code == 404
        assert prefix_of_root(trusting_nobody.get("/", headers=LABELS)) == ""
    forging = client(with_root_path, STRANGER)
    assert prefix_in(forging, {"X-Forwarded-Prefix": "/forged"}) == "/labels"


def test_whom_the_proxy_speaks_for_is_no_proxy(behind_proxy: FlaskApp) -> None:
    """The trust is in the peer of the connection, and not in the address that the peer tells."""
    told = {"X-Forwarded-For": STRANGER}
    assert prefix_in(client(behind_proxy, PROXY), LABELS | told) == "/labels"
    assert prefix_in(client(behind_proxy, STRANGER), LABELS | {"X-Forwarded-For": PROXY}) == ""


@pytest.mark.parametrize(
    "value",
    [
        "//evil.example",
        "/labels//evil.example",
        "https://evil.example/labels",
        "labels",
        "\\labels",
        "/..",
        "/labels/../admin",
        "/./labels",
        "/labels//",
        "/la bels",
        "/labels?x=1",
        "/labels#x",
        "/labels%0d%0aSet-Cookie:x",
        "/%2e%2e",
        "/labels;x",
        '/labels">',
        "/labels<script>",
        "/l\u00e4bels".encode(),
        "/labels\tx",
        "/" + "x" * 128,
        "",
        ",",
        "/labels,",
    ],
)
def test_an_odd_prefix_is_none(behind_proxy: FlaskApp, value: str | bytes) -> None:
    http = client(behind_proxy)
    headers = [(b"X-Forwarded-Prefix", value if isinstance(value, bytes) else value.encode())]
    assert prefix_in(http, headers) == ""
    assert prefix_of_root(http.get("/", headers=headers)) == ""


@pytest.mark.parametrize(
    ("values", "prefix"),
    [
        (["/"], ""),
        (["/labels/"], "/labels"),
        ([" /labels "], "/labels"),
        (["/a/b-c.d_e~f/0"], "/a/b-c.d_e~f/0"),
        (["/...x"], "/...x"),
        (["/" + "x" * 127], "/" + "x" * 127),
        # What a caller sent stands before what the proxy added, in one line or in two.
        (["/forged, /labels"], "/labels"),
        (["/forged", "/labels"], "/labels"),
    ],
)
def test_a_plain_prefix_is_taken(behind_proxy: FlaskApp, values: list[str], prefix: str) -> None:
    http = client(behind_proxy)
    headers = [(b"X-Forwarded-Prefix", value.encode()) for value in values]
    assert prefix_in(http, headers) == prefix
    assert prefix_of_root(http.get("/", headers=headers)) == prefix


@pytest.mark.parametrize("sent", ["", "/labels"], ids=["stripped", "whole"])
def test_the_setting_says_the_prefix_where_no_proxy_does(
    with_root_path: FlaskApp, admin: Caller, image_ids: list[int], sent: str
) -> None:
    for address in (PROXY, STRANGER):
        http = client(with_root_path, address)
        answer = http.get(f"{sent}/api/v1/images?after=0&per_page=1", headers=pair(admin))
        assert answer.headers["Link"] == '</labels/api/v1/images?after=1&per_page=1>; rel="next"'
        assert prefix_of_root(http.get(f"{sent}/", headers={})) == "/labels"
        assert http.get(f"{sent}/info/live").status_code == 200
    assert prefix_in(client(with_root_path), {"X-Forwarded-Prefix": "/other"}) == "/other"
    assert prefix_in(client(with_root_path), {"X-Forwarded-Prefix": "//other"}) == "/labels"


def test_a_kept_document_is_that_of_its_prefix(behind_proxy: FlaskApp) -> None:
    http = client(behind_proxy)
    plain, prefixed = http.get(DOCUMENT), http.get(DOCUMENT, headers=LABELS)
    assert plain.headers["ETag"] != prefixed.headers["ETag"]
    assert plain.headers["Vary"] == prefixed.headers["Vary"] == "X-Forwarded-Prefix"
    known = {"If-None-Match": plain.headers["ETag"]}
    assert http.get(DOCUMENT, headers=known).status_code == 304
    assert http.get(DOCUMENT, headers=LABELS | known).status_code == 200


def test_many_prefixes_are_not_kept(behind_proxy: FlaskApp) -> None:
    http = client(behind_proxy)
    for number in range(20):
        assert prefix_in(http, {"X-Forwarded-Prefix": f"/p{number}"}) == f"/p{number}"
    assert prefix_in(http, LABELS) == "/labels"
    assert prefix_in(http, {}) == ""


@pytest.mark.parametrize(
    ("path", "prefix", "whole"),
    [
        ("/api/v1/images", "/labels", "/labels/api/v1/images"),
        ("/labels/api/v1/images", "/labels", "/labels/api/v1/images"),
        ("/", "/labels", "/labels/"),
        ("/labels", "/labels", "/labels"),
        ("/labels/", "/labels", "/labels/"),
        ("/labelsx/api/v1/images", "/labels", "/labels/labelsx/api/v1/images"),
        ("/api/v1/images", "/api", "/api/api/v1/images"),
        ("/api/api/v1/images", "/api", "/api/api/v1/images"),
        ("/api/v1/images", "/api/v1", "/api/v1/api/v1/images"),
        ("/api/v1/api/v1/images", "/api/v1", "/api/v1/api/v1/images"),
        ("/info/live", "/info", "/info/info/live"),
        ("/campaigns/3/label/42", "/labels", "/labels/campaigns/3/label/42"),
        ("/labels/campaigns/3/label/42", "/labels", "/labels/campaigns/3/label/42"),
        ("/labels/something", "/labels", "/labels/something"),
        ("//evil.example", "/labels", "/labels//evil.example"),
    ],
)
def test_whether_a_proxy_has_stripped_the_prefix_is_told_from_the_path(path: str, prefix: str, whole: str) -> None:
    assert whole_path(path, prefix) == whole


def test_the_root_is_a_page_and_knows_no_other_method(http: TestClient) -> None:
    page = http.get("/")
    assert prefix_of_root(page) == ""
    assert page.headers["Cache-Control"] == "no-cache"
    assert http.head("/").content == b""
    assert http.post("/").status_code == 405
    assert http.options("/").headers["Allow"] == http.post("/").headers["Allow"] == "GET, HEAD, OPTIONS"
