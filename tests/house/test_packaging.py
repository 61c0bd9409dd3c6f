"""What is deployed agrees with itself: versions, names of settings, ports, and what is kept out of reach."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import __version__
from app.settings import Settings
from app.web.openapi import load_spec

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
KUBERNETES = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "labelapi.yaml").read_text()))
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = ("migrate", "web", "worker")
KNOWN = {"FLASK_APP", *(name.upper() for name in Settings.model_fields)}


def test_every_place_names_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    assert load_spec()["info"]["version"] == __version__
    assert f'image.version="{__version__}"' in DOCKERFILE
    images = {container["image"] for pod in pods() for container in pod["spec"]["containers"]}
    assert images == {f"labelapi:{__version__}"}
    assert KUBERNETES[0]["metadata"]["name"] == f"labelapi-migrate-{__version__}"


def test_compose_has_the_storage_emulator_that_the_tests_have() -> None:
    package = json.loads((ROOT / "local" / "package.json").read_text())
    assert f":{package['dependencies']['azurite']}@" in COMPOSE["services"]["azurite"]["image"]


def test_images_of_others_are_named_by_digest() -> None:
    images = [service["image"] for service in COMPOSE["services"].values() if service["image"] != "labelapi"]
    images += re.findall(r"^ARG PYTHON_IMAGE=(.+)$", DOCKERFILE, re.MULTILINE)
    assert len(images) == 4
    for image in images:
        assert re.fullmatch(r"[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}", image), image
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}


@pytest.mark.parametrize("service", OURS)
def test_compose_sets_only_what_is_a_setting(service: str) -> None:
    assert set(COMPOSE["services"][service]["environment"]) <= KNOWN


def test_compose_listens_to_this_machine_only() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_compose_holds_no_secret_but_the_published_one() -> None:
    # learn.microsoft.com, "Use the Azurite emulator": well-known storage account and key.
    published = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    assert set(re.findall(r"AccountKey=([^;]+)", (ROOT / "compose.yaml").read_text())) == {published}


def test_compose_gives_out_links_that_work_outside() -> None:
    web = COMPOSE["services"]["web"]
    assert web["network_mode"] == "service:azurite"
    assert "BlobEndpoint=http://127.0.0.1:10000/" in web["environment"]["AZURE_STORAGE_CONNECTION_STRING"]


@pytest.mark.parametrize("service", OURS)
def test_compose_runs_our_parts_with_little_power(service: str) -> None:
    part: dict[str, Any] = COMPOSE["services"][service]
    assert part["read_only"] is True
    assert part["cap_drop"] == ["ALL"]
    # A worker writes what may be larger than memory.
    assert part["volumes" if service == "worker" else "tmpfs"] == ["/tmp"]  # noqa: S108


def test_image_names_only_settings() -> None:
    environment = set(re.findall(r"^(?:ENV|    )\s*([A-Z_]+)=", DOCKERFILE, re.MULTILINE))
    environment = {name for name in environment if not name.startswith("PIP_")}
    assert environment - {"PATH", "PYTHONUNBUFFERED", "PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE"} <= KNOWN


def pods() -> list[dict[str, Any]]:
    return [part["spec"]["template"] for part in KUBERNETES if "template" in part["spec"]]


def test_pods_have_no_token_of_the_cluster_and_bounded_resources() -> None:
    for pod in pods():
        assert pod["spec"]["automountServiceAccountToken"] is False
        for container in pod["spec"]["containers"]:
            assert set(container["resources"]["limits"]) == {"cpu", "memory"}


def test_every_pod_is_behind_a_network_policy() -> None:
    policies = [part["spec"] for part in KUBERNETES if part["kind"] == "NetworkPolicy"]
    for pod in pods():
        labels = pod["metadata"]["labels"].items()
        chosen = [policy for policy in policies if policy["podSelector"]["matchLabels"].items() <= labels]
        assert {kind for policy in chosen for kind in policy["policyTypes"]} == {"Ingress", "Egress"}
        served = {port["name"] for container in pod["spec"]["containers"] for port in container.get("ports", [])}
        opened = {port["port"] for policy in chosen for rule in policy.get("ingress", []) for port in rule["ports"]}
        assert opened == served


def test_compose_lets_web_and_worker_change_no_table() -> None:
    for service in ("web", "worker"):
        assert "//labelapi_app:" in COMPOSE["services"][service]["environment"]["DB_CONNECTION_STRING"]
    assert "//labelapi:" in COMPOSE["services"]["migrate"]["environment"]["DB_CONNECTION_STRING"]


def test_pods_run_as_the_user_of_the_image_on_a_read_only_disk() -> None:
    assert len(pods()) == 3
    for pod in pods():
        assert f"USER {pod['spec']['securityContext']['runAsUser']}:" in DOCKERFILE
        for container in pod["spec"]["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_selectors_meet_the_pods() -> None:
    for part in KUBERNETES[1:]:
        if part["kind"] == "Deployment":
            assert part["spec"]["selector"]["matchLabels"] == part["spec"]["template"]["metadata"]["labels"]
    [service] = [part for part in KUBERNETES if part["kind"] == "Service"]
    deployments = [part for part in KUBERNETES if part["kind"] == "Deployment"]
    [web] = [part for part in deployments if part["metadata"]["name"] == "labelapi-web"]
    assert service["spec"]["selector"] == web["spec"]["template"]["metadata"]["labels"]
