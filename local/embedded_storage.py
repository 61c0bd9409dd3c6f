"""What the embedded storage needs besides running: the container of the images, and the CORS rule for the console."""

from collections.abc import Sequence
from contextlib import suppress

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from app.azure.cors_rules import replace_rules


def prepare_storage(connection_string: str, container: str, origins: Sequence[str]) -> None:
    """Make the container unless it is there, and let pages of these origins reach the files, and no others."""
    with BlobServiceClient.from_connection_string(connection_string) as client:
        with suppress(ResourceExistsError):
            client.create_container(container)
        replace_rules(client, origins)
