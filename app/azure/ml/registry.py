"""Where datasets are registered: the interface, its errors, and the registry of a service without Azure ML."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol
from urllib.parse import quote

from app.errors import Unavailable


class RegistrationFailed(Exception):
    """Azure ML refuses, and will again; the message says in one sentence, without secrets, which setting to look at."""


class AzureMlUnavailable(Unavailable):
    """Azure ML does not answer, or is too busy; the same may succeed later."""


class DataPath(NamedTuple):
    """A path within the datastore's container: of a file, or a pattern, in which `*` stands for any characters."""

    path: str
    is_pattern: bool = False

    def locate(self, url_prefix: str) -> dict[str, str]:
        """Return the item of `paths` in an MLTable file that reads this path."""
        if self.is_pattern:
            return {"pattern": url_prefix + quote(self.path, safe="/*")}
        return {"file": address(url_prefix, self.path)}


def address(url_prefix: str, path: str) -> str:
    """Return the address of a file in the datastore's container.

    Readers decode `%xx`, cut an address at `?`, take `*` for a pattern and a slash at the end for a folder: all that has a
    meaning in a URL is percent-encoded (RFC 3986, section 2).
    """
    quoted = quote(path)
    return url_prefix + (f"{quoted[:-1]}%2F" if quoted.endswith("/") else quoted)


@dataclass(frozen=True)
class NewVersion:
    """What is to become a version of a dataset. All paths are within the datastore's container.

    `paths` are files and patterns; `table_folder` holds an MLTable file that reads the same. `tags` distinguish this version from
    all others, so that it is recognized when it exists already.
    """

    name: str
    description: str
    tags: dict[str, str]
    paths: list[DataPath]
    table_folder: str
    is_table: bool


class Registry(Protocol):
    """Registers datasets. `url_prefix` stands before a path in the datastore to make an address that Azure ML reads."""

    url_prefix: str

    def register(self, dataset: NewVersion) -> str:
        """Return the version that was registered, now or before. Raises RegistrationFailed, AzureMlUnavailable."""


class NoRegistry:
    """Azure ML is not configured: nothing is registered."""

    url_prefix = ""

    def register(self, dataset: NewVersion) -> str:
        """Raise RegistrationFailed, because there is no workspace."""
        raise RegistrationFailed(f"{dataset.name} cannot be registered: the AZURE_ML settings are missing.")
