"""What the person at the terminal chose: port, address, data folder, and settings that replace an embedded part."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from local.folder import CHECKOUT, StartError

DATABASE_SETTING = "DB_CONNECTION_STRING"
STORAGE_SETTINGS = ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_URL")
# The file `env` carries fingerprints of the embedded settings, so that a shell that has read it can still start them.
EMBEDDED_MARK = "LABELAPI_EMBEDDED"


@dataclass(frozen=True)
class Options:
    """`environment` is that of the launcher, completed from the file `.env`; settings of an embedded part are left out."""

    host: str
    port: int
    data_folder: Path
    environment: Mapping[str, str]

    @property
    def has_database(self) -> bool:
        """True when a database was given, so that none is started here."""
        return DATABASE_SETTING in self.environment

    @property
    def has_storage(self) -> bool:
        """True when a storage account was given, so that none is started here."""
        return any(name in self.environment for name in STORAGE_SETTINGS)

    @property
    def url(self) -> str:
        """Where a browser on this machine reaches the service."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def origins(self) -> list[str]:
        """The origins under which a browser on this machine sees the service."""
        # Browsers leave the default port out.
        return [origin.removesuffix(":80") for origin in dict.fromkeys([self.url, f"http://localhost:{self.port}"])]


def read_options(environment: Mapping[str, str]) -> Options:
    """Return the options from the launcher's environment and the file `.env`. Raises StartError for a bad PORT."""
    given = {name: value for name, value in dotenv_values(CHECKOUT / ".env").items() if value}
    given |= {name: value for name, value in environment.items() if value}
    embedded = given.pop(EMBEDDED_MARK, "").split()
    for name in (DATABASE_SETTING, *STORAGE_SETTINGS):
        if name in given and fingerprint(given[name]) in embedded:
            del given[name]
    return Options(
        host=given.get("BIND_HOST", "127.0.0.1"),
        port=_port(given.get("PORT", "8080")),
        data_folder=(CHECKOUT / Path(given.get("DATA_DIR", ".data")).expanduser()).resolve(),
        environment=given,
    )


def fingerprint(value: str) -> str:
    """Return a short hash that distinguishes an embedded setting from a given one."""
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise StartError(f"PORT must be a whole number from 1 to 65535, not {text!r}.")
    return int(text)
