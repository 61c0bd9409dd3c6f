"""The service under a path prefix of a real nginx, one that strips the prefix and one that does not."""

from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest
from flask import Flask

from app.settings import Settings
from tests.api.test_info import when_checked
from tests.caller import Caller
from tests.nginx import nginx
from tests.web_server import WebServer, free_port, web_server
from tests.workers import ROOT

PAGE = (ROOT / "docs" / "operating.md").read_text()
# The example of the page, and other ways to configure the same.
EXAMPLE = PAGE.partition("```nginx\n")[2].partition("```")[0]
LOCATIONS = {
    "stripped": EXAMPLE,
    "kept": """
        location /labels {
            proxy_pass http://127.0.0.1:8080;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Prefix /labels;
        }
    """,
    "stripped, told by ROOT_PATH": """
        location /labels/ {
            proxy_pass http://127.0.0.1:8080/;
        }
    """,
    "kept, told by ROOT_PATH": """
        location /labels {
            proxy_pass http://127.0.0.1:8080;
        }
    """,
}


@pytest.fixture(scope="module")
def told_by_header(server: object, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """A web server that believes the headers of nginx."""
    own = settings.model_copy(update={"web_workers": 1, "trusted_proxies": "127.0.0.1"})
    with web_server(own, tmp_path_factory.mktemp("web") / "web.log") as running:
        yield running


@pytest.fixture(scope="module")
def told_by_setting(
    server: object, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebServer]:
    """A web server that is told its prefix by a setting."""
    own = settings.model_copy(update={"web_workers": 1, "trusted_proxies": None, "root_path": "/labels"})
    with web_server(own, tmp_path_factory.mktemp("web") / "web.log") as running:
        yield running


@pytest.fixture(scope="module", params=LOCATIONS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service as nginx publishes it."""
    name = "told_by_setting" if "ROOT_PATH" in request.param else "told_by_header"
    web: WebServer = request.getfixturevalue(name)
    location = LOCATIONS[request.param].replace("8080", str(web.port))
    with nginx(tmp_path_factory.mktemp("proxied") / "nginx", free_port(), location) as url:
        yield f"{url}/labels"


@pytest.fixture
def http(service: str, admin: Caller) -> Iterator[httpx.Client]:
    headers = {"Authentication-Key": str(admin.key), "Authentication-Secret": str(admin.secret)}
    with httpx.Client(headers=headers, timeout=20) as client:
        yield client


def test_next_pages_are_found(service: str, http: httpx.Client, app: Flask, image_ids: list[int]) -> None:
    found, url = [], f"{service}/api/v1/images?after=0&per_page=2"
    for _ in range(len(image_ids)):
        answer = http.get(url)
        assert answer.status_code == 200, url
        found += [image["image_id"] for image in answer.json()["images"]]
        if "next" not in answer.links:
            break
        url = urljoin(url, answer.links["next"]["url"])
    assert found == image_ids


def test_the_job_of_a_change_is_found(service: str, http: httpx.Client, title: str) -> None:
    made = http.post(f"{service}/api/v1/image_sets", json={"title": title}).json()
    url = f"{service}/api/v1/image_sets/{made['imageset_id']}"
    changed = http.put(url, json={"new_status": "finished"})
    job = http.get(urljoin(url, changed.links["monitor"]["url"])).json()
    assert job["job_id"] == http.get(url).json()["ingest"]["job_id"]


def test_the_document_leads_to_the_operations(service: str, http: httpx.Client) -> None:
    url = f"{service}/api/v1/openapi.json"
    server = urljoin(url, http.get(url).json()["servers"][0]["url"])
    assert server == f"{service}/api/v1"
    assert http.get(f"{server}/whoami").json()["email"] == "ada@example.org"


def test_swagger_ui_and_its_files_are_found(service: str, http: httpx.Client) -> None:
    page = http.get(f"{service}/api/v1/ui", follow_redirects=True)
    assert (page.status_code, str(page.url)) == (200, f"{service}/api/v1/ui/")
    assert 'src="start.js"' in page.text
    for name in ("start.js", "swagger-ui-bundle.js", "swagger-ui.css", "../openapi.json"):
        assert http.get(urljoin(str(page.url), name)).status_code == 200


def test_pages_for_operators_are_found(service: str, http: httpx.Client) -> None:
    when_checked(http, url=f"{service}/info/status")
    for path in ("/info/live", "/info/ready", "/info/status", "/info/version", "/metrics"):
        assert http.get(service + path).status_code == 200, path


def test_a_caller_cannot_forge_the_prefix(service: str, http: httpx.Client) -> None:
    forged = {"X-Forwarded-Prefix": "/forged"}
    document = http.get(f"{service}/api/v1/openapi.json", headers=forged).json()
    assert document["servers"] == [{"url": "/labels/api/v1"}]
