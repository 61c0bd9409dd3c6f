"""Azure ML: where datasets are registered. One interface, and three that fill it: none, SDK v1, and v2 data assets."""

import importlib.util
from dataclasses import dataclass
from typing import Protocol

from app.errors import Unavailable
from app.settings import Settings, SettingsError

V1_PACKAGE = "azureml.dataprep"


class RegistrationFailed(Exception):
    """Azure ML refuses, and will again; the message says in one sentence, without secrets, which setting to look at."""


class AzureMlUnavailable(Unavailable):
    """Azure ML does not answer, or is too busy; the same may succeed later."""


@dataclass(frozen=True)
class NewVersion:
    """What is to become a version of a dataset. All paths are within the datastore's container.

    `paths` are files and patterns; `table_folder` holds an MLTable file that reads the same. `tags` tell this version from all
    others, so that it is known again when it is there already.
    """

    name: str
    description: str
    tags: dict[str, str]
    paths: list[str]
    table_folder: str
    is_table: bool


class Registry(Protocol):
    """Registers datasets. `url_prefix` stands before a path in the datastore to make an address that Azure ML reads."""

    url_prefix: str

    def register(self, wanted: NewVersion) -> str:
        """Return the version that was registered, now or before. Raises RegistrationFailed, AzureMlUnavailable."""


class NoRegistry:
    """Azure ML is not configured: nothing is registered."""

    url_prefix = ""

    def register(self, wanted: NewVersion) -> str:
        """Raise RegistrationFailed, because there is no workspace."""
        raise RegistrationFailed(f"{wanted.name} cannot be registered: the AZURE_ML settings are missing.")


def make_registry(settings: Settings) -> Registry:
    """Return what the settings choose."""
    if not settings.uses_azure_ml:
        return NoRegistry()
    from app.azure.ml import sdk_v1, workspace

    where = workspace.Workspace.of(settings)
    return workspace.DataAssets(where) if settings.azure_ml_api == "v2" else sdk_v1.Sdk(where)


def require_packages(settings: Settings) -> None:
    """Raise SettingsError when the settings need packages that are not installed; imports none of them."""
    if settings.uses_azure_ml and settings.azure_ml_api == "v1" and not _is_installed(V1_PACKAGE):
        raise SettingsError(
            "AZURE_ML_API=v1 needs azureml-core, which is not installed: run "
            "`pip install -r requirements.txt -r requirements-azureml.txt`, or set AZURE_ML_API=v2, which needs no SDK."
        )


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False
