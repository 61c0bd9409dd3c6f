"""HEAD, OPTIONS and `Allow` of every path, and the OpenAPI document as it is served."""

import re
from typing import Any

import pytest
from connexion import FlaskApp
from starlette.testclient import TestClient

from app.web.openapi import load_spec
from tests.caller import Caller
from tests.workers import wait_until

SPEC = load_spec()
METHODS = ("get", "post", "put", "patch", "delete")
METHODS_OF = {path: {method.upper() for method in METHODS if method in item} for path, item in SPEC["paths"].items()}
DOCUMENT = "/api/v1/openapi.json"


def with_ids(path: str) -> str:
    return re.sub(r"{\w+}", "1", path)


def listed(allow: str) -> set[str]:
    return set(allow.split(", "))


def implied(path: str) -> set[str]:
    methods = METHODS_OF[path]
    return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())


def test_options_lists_all_methods_of_a_path(anonymous: Caller) -> None:
    for path in METHODS_OF:
        answer = anonymous.request("OPTIONS", with_ids(path))
        answer.expect(204)
        assert listed(answer.headers["allow"]) == implied(path), path


def test_method_that_a_path_does_not_know_names_all_that_it_knows(anonymous: Caller) -> None:
    for path in METHODS_OF:
        for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - implied(path):
            response = anonymous.http.request(method, "/api/v1" + with_ids(path))
            assert response.status_code == 405, (method, path)
            assert listed(response.headers["allow"]) == implied(path), (method, path)
            assert response.headers["content-type"] == "application/problem+json", (method, path)
            if method == "HEAD":
                assert response.content == b"", path
            else:
                allowed = response.json()["detail"].removeprefix("This address does not allow this method. It allows: ")
                assert listed(allowed.removesuffix(".")) == implied(path), (method, path)


def test_head_has_the_headers_of_get_and_no_body(admin: Caller) -> None:
    def headers(answer: Any) -> dict[str, str]:
        return {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}

    admin.get("/whoami").expect(200)  # Its key is first used here, which the list of keys tells from then on.
    for path in (path for path, methods in METHODS_OF.items() if "GET" in methods):
        get, head = (
            admin.request(method, with_ids(path), headers={"X-Request-ID": "one"}) for method in ("GET", "HEAD")
        )
        assert head.response.status_code == get.response.status_code, path
        assert headers(head) == headers(get), path
        assert get.response.content, path
        assert head.response.content == b"", path


@pytest.mark.parametrize("path", ["/info/version", "/info/live", "/info/status", "/api/v1/ui/"])
def test_head_works_outside_the_operations_too(http: TestClient, path: str) -> None:
    if path == "/info/status":
        # It is made in the background, and may still tell what a test before this one damaged.
        wait_until(lambda: http.get(path).status_code == 200)
    get, head = http.get(path), http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize("path", ["/", "/info/live", "/info/status", "/info/version", "/api/v1/ui/", DOCUMENT])
def test_unknown_method_outside_the_operations(http: TestClient, path: str) -> None:
    response = http.delete(path)
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
    assert {"GET", "HEAD"} <= listed(response.headers["allow"])
    assert response.json()["detail"].endswith(f"It allows: {response.headers['allow']}.")


@pytest.mark.parametrize("path", ["/campaigns/0", "/campaigns/01", "/campaigns/a", "/campaigns/1/2"])
def test_options_of_no_path_is_no_answer(anonymous: Caller, admin: Caller, path: str) -> None:
    anonymous.request("OPTIONS", path).expect(401)
    admin.request("OPTIONS", path).expect(404)


def test_empty_segment_of_a_path_leads_nowhere(http: TestClient, admin: Caller) -> None:
    for path, methods in METHODS_OF.items():
        place = "/api/v1" + with_ids(path)
        for odd in (f"/{place}", place.replace("/v1", "//v1"), place.replace("/v1/", "/v1//"), f"{place}//"):
            for method in methods:
                for headers in ({}, {"Authentication-Key": str(admin.key), "Authentication-Secret": str(admin.secret)}):
                    response = http.request(method, f"http://testserver{odd}", headers=headers)
                    assert (response.status_code, response.json()["status"]) == (404, 404), (method, odd)


def test_document_is_served_with_its_references_and_names(http: TestClient) -> None:
    response = http.get(DOCUMENT)
    assert response.headers["content-type"] == "application/json"
    assert response.json() == SPEC
    assert response.json()["servers"] == [{"url": "/api/v1"}]
    assert '"$ref":"#/components/schemas/Campaign"' in response.text


def test_document_is_not_sent_twice(http: TestClient) -> None:
    response = http.get(DOCUMENT)
    assert response.headers["cache-control"] == "public, max-age=300"
    etag = response.headers["etag"]
    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        again = http.get(DOCUMENT, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert http.get(DOCUMENT, headers={"If-None-Match": '"x"'}).status_code == 200


def test_document_names_the_address_under_which_a_proxy_shows_it(server: FlaskApp, http: TestClient) -> None:
    behind_a_proxy = TestClient(server, root_path="/labels")
    assert behind_a_proxy.get("/labels" + DOCUMENT).json()["servers"] == [{"url": "/labels/api/v1"}]
    assert http.get(DOCUMENT).json()["servers"] == [{"url": "/api/v1"}]


def test_swagger_ui_loads_this_document(http: TestClient) -> None:
    assert '"../openapi.json"' in http.get("/api/v1/ui/").text
