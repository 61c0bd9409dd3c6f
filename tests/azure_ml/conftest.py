"""A campaign that is labelled, and an Azure in which it is registered."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from pydantic import SecretStr

from app.settings import Settings
from app.wiring import components_of
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
    account = settings.azure_storage_connection_string
    fake = FakeAzure(settings.azure_storage_imageset_container, account.get_secret_value() if account else "")
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
    monkeypatch.setattr(components_of(app), "settings", changed)
    return changed


@pytest.fixture
def finished(admin: object, labelled: Labelled) -> Labelled:
    """A campaign whose images are labelled, and which is finished; its job waits."""
    path = f"/campaigns/{labelled.campaign_id}"
    first = {"label": 'a,"b" 😀', "confidence": 0.5, "bounding_box": {"xmin": 0, "xmax": 960, "ymin": 0, "ymax": 540}}
    second = {"label": "c", "confidence": 1, "bounding_box": {"xmin": 480, "xmax": 1920, "ymin": 270, "ymax": 810}}
    submissions = [
        {"image_id": image_id, "objects": objects}
        for image_id, objects in zip(labelled.image_ids, [[first], [second], [], []], strict=True)
    ]
    labelled.partner.put(f"{path}/objects", submissions).expect(200)
    labelled.admin.put(path, {"new_status": "finished"}).expect(200)
    return labelled


@pytest.fixture
def finished_labels() -> list[list[dict[str, object]]]:
    """The labels of the campaign `finished` as they are published: boxes as ratios of the image's size."""
    first = {"label": 'a,"b" 😀', "topX": 0.0, "topY": 0.0, "bottomX": 0.5, "bottomY": 0.5}
    second = {"label": "c", "topX": 0.25, "topY": 0.25, "bottomX": 1.0, "bottomY": 0.75}
    return [[first], [second], [], []]
