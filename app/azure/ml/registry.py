"""Where datasets are registered: the interface, its errors, and the registry of a service without Azure ML."""

from dataclasses import dataclass
from typing import Protocol

from app.errors import Unavailable


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
