"""docs/settings.md, `.env.example` and the settings say the same: the same names, and the same defaults."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from app.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
# Read by Flask's own command, not by the application.
FLASK_APP = "FLASK_APP"
FIELDS = {name.upper(): field for name, field in Settings.model_fields.items()}
TABLE_ROW = re.compile(r"^\| `([A-Z_]+)`(?: ◆)? \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
EXAMPLE_LINE = re.compile(r"^#?([A-Z_]+)=(.*)$", re.MULTILINE)
TABLE = dict(TABLE_ROW.findall((ROOT / "docs" / "settings.md").read_text()))
EXAMPLE = dict(EXAMPLE_LINE.findall((ROOT / ".env.example").read_text()))


def default_in_words(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "none" if field.default is None else f"`{field.default}`"


def test_table_lists_every_setting_and_no_other() -> None:
    assert list(TABLE) == [FLASK_APP, *FIELDS]


def test_example_lists_every_setting_and_no_other() -> None:
    assert list(EXAMPLE) == [FLASK_APP, *FIELDS]


def test_table_and_example_know_the_defaults() -> None:
    assert TABLE.items() >= {name: default_in_words(field) for name, field in FIELDS.items()}.items()
    optional = {name: field.default for name, field in FIELDS.items() if not field.is_required()}
    assert EXAMPLE.items() >= {name: "" if value is None else str(value) for name, value in optional.items()}.items()


def test_each_setting_says_what_it_means() -> None:
    assert [name for name, field in FIELDS.items() if not field.description] == []


def test_example_says_in_words_what_each_line_means() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    for before, line in pairwise(lines):
        if EXAMPLE_LINE.match(line):
            assert re.match(r"# [A-Z`].{8,}", before), line


def test_filled_in_example_loads_with_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in FIELDS:
        monkeypatch.delenv(name, raising=False)
    filled_in = EXAMPLE | {"AZURE_STORAGE_CONNECTION_STRING": "AccountName=a;AccountKey=YQ=="}
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in filled_in.items()))
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert {name: getattr(settings, name.lower()) for name, field in FIELDS.items() if not field.is_required()} == {
        name: field.default for name, field in FIELDS.items() if not field.is_required()
    } | {"AZURE_STORAGE_CONNECTION_STRING": settings.azure_storage_connection_string}
