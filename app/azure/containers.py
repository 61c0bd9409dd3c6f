"""The containers of the storage account, and the links with which uploaders reach them."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from azure.core.exceptions import HttpResponseError
from azure.storage.blob import AccessPolicy, BlobServiceClient, CorsRule

from app.azure import cors_rules
from app.azure.outage import NO_CONTAINER, error_code, is_answer, is_outage, storage_errors
from app.azure.sas import UPLOAD_PERMISSION, UPLOAD_POLICY, Signer
from app.errors import Conflict

# "It may take up to 30 seconds to take effect": learn.microsoft.com, "Define a stored access policy".
REVOCATION_TIME = timedelta(seconds=30)
HELD = (409, 412)


class Containers:
    """The containers of the account of `client`. Upload links are signed by `signer` and work for `upload_token_valid`."""

    def __init__(self, client: BlobServiceClient, signer: Signer, upload_token_valid: timedelta) -> None:
        self._client = client
        self._signer = signer
        self._endpoint = client.url.rstrip("/")
        self._is_encrypted = self._endpoint.startswith("https://")
        # How long upload links really work.
        self.upload_token_valid = min(upload_token_valid, signer.longest_upload)

    @property
    def origin(self) -> str:
        """The origin of every link to a file: scheme, host and port of the blob service."""
        parts = urlsplit(self._endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def account(self) -> str:
        """The name of the storage account."""
        return str(self._client.account_name)

    def find_cors_rules(self) -> list[CorsRule]:
        """Return the rules of the account for pages of other origins. Raises StorageUnavailable."""
        return cors_rules.find_rules(self._client)

    def allow_origin(self, origin: str) -> bool:
        """Let pages of this origin read and upload files; return False where they may already.

        Raises Conflict, StorageUnavailable.
        """
        return cors_rules.allow_origin(self._client, origin)

    def container_exists(self, container: str) -> bool:
        """True when there is such a container."""
        with storage_errors(container):
            try:
                self._client.get_container_client(container).get_container_properties()
            except HttpResponseError as error:
                if is_answer(error, 404, NO_CONTAINER):
                    return False
                raise
        return True

    def make_container(self, container: str) -> bool:
        """Make a private container; return False when it is there already."""
        with storage_errors(container):
            try:
                self._client.get_container_client(container).create_container()
            except HttpResponseError as error:
                if is_answer(error, 409, "ContainerAlreadyExists"):
                    return False
                raise
        return True

    def delete_container(self, container: str) -> None:
        """Delete a container with all that is in it; one that is gone already is fine.

        Raises Conflict when it has a lease, or a policy or a legal hold keeps its files.
        """
        with storage_errors(container):
            try:
                self._client.get_container_client(container).delete_container()
            except HttpResponseError as error:
                if is_answer(error, 404, NO_CONTAINER) or is_answer(error, 409, "ContainerBeingDeleted"):
                    return
                if error.status_code in HELD and not is_outage(error):
                    reason = "has a lease, or a policy or a legal hold keeps its files"
                    raise Conflict(f"The container {container} {reason} ({error_code(error)}).") from error
                raise

    def list_containers(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """Yield the containers whose names begin with `prefix`, with the time (UTC) of their last change."""
        with storage_errors(prefix):
            for properties in self._client.list_containers(name_starts_with=prefix):
                yield properties.name, properties.last_modified

    # Upload links

    @property
    def upload_urls_revocable(self) -> bool:
        """False where upload links live until they expire (user delegation)."""
        return self._signer.revocable

    @property
    def revocation_time(self) -> timedelta:
        """How long a revoked link may still work. An endpoint without TLS is an emulator, which forgets links at once."""
        return REVOCATION_TIME if self._is_encrypted else timedelta(0)

    def make_upload_url(self, container: str, *, revoke: bool = False) -> str:
        """Return a link that reads, writes, lists and deletes in one container, for `upload_token_valid`. Raises NotFound.

        `revoke` ends the links that were made before, within `revocation_time`; the new one may need as long to work.
        """
        policy = self._upload_policy(container, new=revoke) if self._signer.revocable else None
        expiry = datetime.now(UTC) + self.upload_token_valid
        with storage_errors(container):
            return f"{self._endpoint}/{container}?{self._signer.sign_upload(container, expiry, policy)}"

    def _upload_policy(self, container: str, *, new: bool) -> str:
        """Return the name of the container's stored access policy; a new one takes the place of the one before.

        No name is used twice, because links of a policy work again when another policy gets its name.
        """
        with storage_errors(container):
            policies = self._client.get_container_client(container).get_container_access_policy()["signed_identifiers"]
        if policies and not new:
            return str(policies[0].id)
        name = f"{UPLOAD_POLICY}-{secrets.token_hex(8)}"
        self._set_policies(container, {name: AccessPolicy(permission=UPLOAD_PERMISSION)})
        return name

    def revoke_upload_urls(self, container: str) -> None:
        """End all upload links of a container, within `revocation_time`, where they are revocable. Raises NotFound."""
        if self._signer.revocable:
            self._set_policies(container, {})

    def _set_policies(self, container: str, policies: dict[str, AccessPolicy]) -> None:
        with storage_errors(container):
            self._client.get_container_client(container).set_container_access_policy(signed_identifiers=policies)
