"""A client that is generated from the served document works against the running service, in a read and in writes."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from tests.caller import Caller
from tests.web_server import web_server

pytestmark = pytest.mark.slow

PACKAGE = "generated_labelapi_client"
# The generator knows no pictures and no files of any media type, and is told here that they are bytes.
SETTINGS = """
post_hooks: []
content_type_overrides:
  image/jpeg: application/octet-stream
  "*/*": application/octet-stream
"""


@pytest.fixture(scope="module")
def package(http: TestClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the client's package, importable; a warning of the generator is a fault of the document."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_bytes(http.get("/api/v1/openapi.json").content)
    (folder / "settings.yaml").write_text(SETTINGS)
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"]
    options = ["--path", "openapi.json", "--config", "settings.yaml", "--output-path", PACKAGE]
    run = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    sys.path.insert(0, str(folder))
    yield PACKAGE
    sys.path.remove(str(folder))


@pytest.fixture
def client(package: str, settings: Settings, admin: Caller, tmp_path: Path) -> Iterator[Any]:
    """The generated client with an admin's key pair."""
    keys = {"Authentication-Key": str(admin.key), "Authentication-Secret": str(admin.secret)}
    with web_server(settings.model_copy(update={"web_workers": 1}), tmp_path / "web.log") as server:
        base_url = f"{server.url}/api/v1"
        with importlib.import_module(package).Client(base_url=base_url, headers=keys) as client:
            yield client


def test_generated_client_reads_and_writes(package: str, client: Any, title: str) -> None:
    models = importlib.import_module(f"{package}.models")

    def call(operation: str, *args: Any, **kwargs: Any) -> Any:
        return importlib.import_module(f"{package}.api.{operation}").sync(*args, client=client, **kwargs)

    caller = call("whoami.get_whoami")
    assert (caller.email, caller.roles[0].role.value) == ("ada@example.org", "image-admin")
    made = call("campaigns.create_campaign", body=models.NewCampaign(title=title, labeler_email="p@partner.example"))
    assert isinstance(made, models.CreatedCampaign)
    assert made.access_token.apikey.startswith("lsk_")
    to_active = models.CampaignStatusChange(new_status=models.CampaignStatus.ACTIVE)
    assert call("campaigns.update_campaign_status", made.campaign_id, body=to_active) is models.Ok.OK
    refused = call("campaigns.update_campaign_status", made.campaign_id, body=to_active)
    assert isinstance(refused, models.Problem)
    assert (refused.status, refused.title) == (409, "Conflict")
    to_completed = models.CampaignStatusChange(new_status=models.CampaignStatus.COMPLETED)
    change = {"body": to_completed, "prefer": "return=representation"}
    completed = call("campaigns.update_campaign_status", made.campaign_id, **change)
    assert isinstance(completed, models.Campaign)
    assert (completed.status.value, completed.publication) == ("completed", None)
    page = call("campaigns.list_campaigns", per_page=1)
    assert page.campaigns == [completed]
