"""Which registry the settings choose: none, SDK v1, or v2 data assets."""

import importlib.util

from app.azure.ml.data_assets import DataAssets
from app.azure.ml.registry import NoRegistry, Registry
from app.azure.ml.sdk_v1 import Sdk
from app.azure.ml.workspace import Workspace
from app.settings import Settings, SettingsError

V1_PACKAGE = "azureml.dataprep"


def make_registry(settings: Settings) -> Registry:
    """Return what the settings choose."""
    if not settings.uses_azure_ml:
        return NoRegistry()
    workspace = Workspace.of(settings)
    return DataAssets(workspace) if settings.azure_ml_api == "v2" else Sdk(workspace)


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
