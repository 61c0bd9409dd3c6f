"""Settings that need packages which are not installed are told at the start."""

import pytest

from app.azure.ml import choice
from app.settings import Settings, SettingsError


@pytest.mark.parametrize("package", ["azureml.not_installed", "not_installed.at_all"])
def test_missing_packages_are_one_line_at_the_start(
    configured: Settings, api: str, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    choice.require_packages(configured)
    monkeypatch.setattr(choice, "V1_PACKAGE", package)
    if api == "v2":
        choice.require_packages(configured)
        return
    with pytest.raises(SettingsError, match=r"azureml-core, .*requirements\.txt.*AZURE_ML_API=v2"):
        choice.require_packages(configured)
