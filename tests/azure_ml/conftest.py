"""A campaign that is labelled, and an Azure in which it is registered."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from pydantic import SecretStr

from app.settings import Settings
from tests.azure_ml.fake_azure import (
    APPLICATION,
    DATASTORE,
    GROUP,
    SECRET,
    SUBSCRIPTION,
    TENANT,
    WORKSPACE,
    FakeAzure,
    running_azure,
)
from tests.conftest import Labelled


@pytest.fixture
def azure(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAzure]:
    """An Azure with a workspace and a datastore, to which this process and its children talk."""
    fake = FakeAzure(settings.azure_storage_imageset_container)
    with running_azure(fake, tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture(params=["v1", "v2"])
def api(request: pytest.FixtureRequest) -> str:
    """Both ways to register."""
    return str(request.param)


@pytest.fixture
def configured(app: Flask, azure: FakeAzure, settings: Settings, api: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The application with the settings of this Azure."""
    values = {
        "azure_ml_api": api,
        "azure_ml_datastore": DATASTORE,
        "azure_ml_subscription_id": SUBSCRIPTION,
        "azure_ml_resource_group": GROUP,
        "azure_ml_workspace_name": WORKSPACE,
        "azure_ml_sp_tenant_id": TENANT,
        "azure_ml_sp_application_id": APPLICATION,
        "azure_ml_sp_password": SecretStr(SECRET),
    }
    changed = settings.model_copy(update=values)
    monkeypatch.setitem(app.extensions, "settings", changed)
    return changed


@pytest.fixture
def finished(admin: object, labelled: Labelled) -> Labelled:
    """A campaign whose images are labelled, and which is finished; its job waits."""
    path = f"/campaigns/{labelled.campaign_id}"
    box = {"xmin": 0, "xmax": 960, "ymin": 0, "ymax": 540}
    objects = [{"label": 'a,"b" 😀', "confidence": 0.5, "bounding_box": box}]
    submissions = [{"image_id": image_id, "objects": objects} for image_id in labelled.image_ids[:2]]
    submissions += [{"image_id": image_id, "objects": []} for image_id in labelled.image_ids[2:]]
    labelled.partner.put(f"{path}/objects", submissions).expect(200)
    labelled.admin.put(path, {"new_status": "finished"}).expect(200)
    return labelled
