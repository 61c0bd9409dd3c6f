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

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
KUBERNETES = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "labelapi.yaml").read_text()))
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = ("migrate", "web", "worker")
KNOWN = {"FLASK_APP", *(name.upper() for name in Settings.model_fields)}


def test_every_place_names_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    assert f'image.version="{__version__}"' in DOCKERFILE
    images = {container["image"] for pod in pods() for container in pod["spec"]["containers"]}
    assert images == {f"labelapi:{__version__}"}
    assert KUBERNETES[0]["metadata"]["name"] == f"labelapi-migrate-{__version__}"


def test_compose_has_the_storage_emulator_that_the_tests_have() -> None:
    package = json.loads((ROOT / "local" / "package.json").read_text())
    assert COMPOSE["services"]["azurite"]["image"].endswith(f":{package['dependencies']['azurite']}")


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
    assert part["tmpfs"] == ["/tmp"]  # noqa: S108


def test_image_names_only_settings() -> None:
    environment = set(re.findall(r"^(?:ENV|    )\s*([A-Z_]+)=", DOCKERFILE, re.MULTILINE))
    assert environment - {"PATH", "PYTHONUNBUFFERED", "PYTHONWARNINGS", "PYTHONDONTWRITEBYTECODE"} <= KNOWN


def pods() -> list[dict[str, Any]]:
    return [part["spec"]["template"] for part in KUBERNETES if "template" in part["spec"]]


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
    [web] = [part for part in KUBERNETES if part["metadata"]["name"] == "labelapi-web"]
    assert service["spec"]["selector"] == web["spec"]["template"]["metadata"]["labels"]
