"""The file `env` of the data folder: every setting in use, in a form that `.` of any shell reads."""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psycopg2.extensions import parse_dsn
from pydantic import SecretStr

from app.settings import Settings

HEADER = (
    "# Every setting in use, made anew at each start. In a shell: set -a; . {path}; set +a; flask users list; psql\n"
)
PSQL_NAMES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


def env_text(path: Path, settings: Settings, more: Mapping[str, str], programs: list[Path]) -> str:
    """Return the text of the file: all settings, `more` by name, what psql needs, and folders of programs for PATH."""
    values = {name.upper(): _text(getattr(settings, name)) for name in type(settings).model_fields}
    values |= dict(more) | _psql(settings)
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(values.items()) if value is not None]
    folders = "".join(f"{_within_double_quotes(str(folder))}:" for folder in programs)
    return HEADER.format(path=shlex.quote(str(path))) + "".join(lines) + f'PATH="{folders}${{PATH}}"\n'


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str)


def _psql(settings: Settings) -> dict[str, str]:
    parts = parse_dsn(settings.queue_url)
    values = {PSQL_NAMES[name]: str(value) for name, value in parts.items() if name in PSQL_NAMES}
    # Tables stand in a schema of their own, and psql should find them by their plain names.
    return {"PGPORT": "5432", **values, "PGOPTIONS": f"-csearch_path={settings.db_schema}"}


def _within_double_quotes(text: str) -> str:
    for character in '\\"$`':
        text = text.replace(character, f"\\{character}")
    return text


def python_programs() -> Path:
    """Return the folder of `flask` and the other commands of this Python."""
    return Path(sys.executable).parent
