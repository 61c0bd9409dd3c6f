"""Settings: what is required, what is refused, and in which words."""

from pathlib import Path

import pytest

from app.media.previews import FOLDER as PREVIEWS
from app.models.imports import FOLDER as IMPORTS
from app.settings import Settings, SettingsError, load_settings

GOOD = {
    "DB_CONNECTION_STRING": "postgresql://user:hush@db.example/labels",
    "DB_SCHEMA": "labels",
    "AZURE_STORAGE_CONNECTION_STRING": "AccountName=a;AccountKey=hush",
    "AZURE_STORAGE_IMAGESET_CONTAINER": "imagesets",
    "AZURE_STORAGE_IMAGESET_FOLDER": "upload",
}
AZURE_ML = {
    "AZURE_ML_DATASTORE": "images",
    "AZURE_ML_SUBSCRIPTION_ID": "s",
    "AZURE_ML_RESOURCE_GROUP": "r",
    "AZURE_ML_WORKSPACE_NAME": "w",
    "AZURE_ML_SP_TENANT_ID": "t",
    "AZURE_ML_SP_APPLICATION_ID": "a",
    "AZURE_ML_SP_PASSWORD": "hush",
}


@pytest.fixture(autouse=True)
def _only_these(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_every_missing_setting_is_named_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch)
    for name in set(GOOD) - {"AZURE_STORAGE_CONNECTION_STRING"}:
        assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_good_settings_load_and_hide_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **GOOD)
    assert settings.database_url == "postgresql+psycopg2://user:hush@db.example/labels"
    assert settings.queue_url == "postgresql://user:hush@db.example/labels"
    assert settings.image_read_token_valid_days == 7
    assert not settings.uses_azure_ml
    assert "hush" not in repr(settings)


def test_settings_are_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in GOOD.items()]
    (tmp_path / ".env").write_text("\n".join(lines))
    assert load(monkeypatch, PORT="9000").port == 9000


def test_account_url_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    values = GOOD | {"AZURE_STORAGE_ACCOUNT_URL": "https://account.blob.core.windows.net"}
    del values["AZURE_STORAGE_CONNECTION_STRING"]
    assert load(monkeypatch, **values).azure_storage_connection_string is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DB_CONNECTION_STRING", "mysql://user:hush@host/db", "DB_CONNECTION_STRING must be a SQLAlchemy URL"),
        ("DB_SCHEMA", "Labels; drop", "DB_SCHEMA: must be a plain"),
        ("DB_SCHEMA", "pg_x", "DB_SCHEMA: must be a plain"),
        ("AZURE_STORAGE_IMAGESET_CONTAINER", "My_Images", "AZURE_STORAGE_IMAGESET_CONTAINER: must be a valid"),
        ("AZURE_STORAGE_IMAGESET_FOLDER", "a/../b", "AZURE_STORAGE_IMAGESET_FOLDER: must be a folder"),
        ("AZURE_STORAGE_IMAGESET_FOLDER", f"{PREVIEWS}/a", "AZURE_STORAGE_IMAGESET_FOLDER: must not begin with"),
        ("AZURE_STORAGE_IMAGESET_FOLDER", IMPORTS, "AZURE_STORAGE_IMAGESET_FOLDER: must not begin with"),
        ("PORT", "99999", "PORT: "),
        ("IMAGE_READ_TOKEN_VALID_DAYS", "soon", "IMAGE_READ_TOKEN_VALID_DAYS: "),
        ("AZURE_STORAGE_CONNECTION_STRING", "", "AZURE_STORAGE_CONNECTION_STRING"),
    ],
)
def test_wrong_setting_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, **GOOD | {name: value})
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)


def test_azure_ml_is_all_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, **GOOD, **AZURE_ML).uses_azure_ml
    monkeypatch.delenv("AZURE_ML_DATASTORE")
    monkeypatch.delenv("AZURE_ML_SP_PASSWORD")
    with pytest.raises(SettingsError, match="missing: AZURE_ML_DATASTORE, AZURE_ML_SP_PASSWORD"):
        load_settings()


@pytest.mark.parametrize("proxies", ["*", "proxy.example", "10.0.0.1/8", "10.0.0.0/8 10.1.0.0/16"])
def test_proxies_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch, proxies: str) -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES: must be addresses or networks"):
        load(monkeypatch, **GOOD, TRUSTED_PROXIES=proxies)


def test_proxies_may_stand_with_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, **GOOD, TRUSTED_PROXIES=" 10.0.0.0/8, ::1 ,").trusted_proxies == "10.0.0.0/8,::1"


@pytest.mark.parametrize(
    ("value", "prefix"), [("/labels", "/labels"), ("/labels/", "/labels"), ("/a/b-c.d_e~f", "/a/b-c.d_e~f"), ("/", "")]
)
def test_root_path_is_a_plain_path(monkeypatch: pytest.MonkeyPatch, value: str, prefix: str) -> None:
    assert load(monkeypatch, **GOOD, ROOT_PATH=value).root_path == prefix


@pytest.mark.parametrize(
    "value", ["labels", "//host", "https://host/labels", "/a/../b", "/a b", "/a%20b", "/a\n", "/" + "x" * 128]
)
def test_root_path_is_nothing_else(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(SettingsError, match="ROOT_PATH: must be a path such as /labels"):
        load(monkeypatch, **GOOD, ROOT_PATH=value)


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("*", "*"),
        (" https://Console.example.org , http://127.0.0.1:5173,", "https://console.example.org,http://127.0.0.1:5173"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_origins_are_read_as_browsers_write_them(monkeypatch: pytest.MonkeyPatch, value: str, origins: str) -> None:
    assert load(monkeypatch, **GOOD, CORS_ORIGINS=value).cors_origins == origins


@pytest.mark.parametrize(
    "value",
    [
        "console.example.org",
        "https://console.example.org/",
        "https://console.example.org/app",
        "https://*.example.org",
        "https://console.example.org https://other.example.org",
        "https://console.example.org:443",
        "http://console.example.org:80",
        "file://x",
        "null",
    ],
)
def test_what_no_browser_sends_as_origin_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(SettingsError, match="CORS_ORIGINS: must be"):
        load(monkeypatch, **GOOD, CORS_ORIGINS=value)
