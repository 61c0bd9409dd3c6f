"""Links: shared access signatures with the least permission, for one blob or one container.

They are signed with the account's key or, where the service has an identity instead of a key, with a user delegation key.
"""

import hmac
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Protocol
from urllib.parse import quote

from azure.storage.blob import UserDelegationKey, generate_blob_sas, generate_container_sas

UPLOAD_PERMISSION = "rwdl"
# The stored access policy of a dropbox. Links name it, so that they die with it; it holds the permission and no expiry,
# which stands in each link, so that a new link does not prolong an old one.
UPLOAD_POLICY = "upload"
# Azure takes at most seven days from its own present; the difference allows for clocks that do not agree.
KEY_LIFE = timedelta(days=7) - timedelta(minutes=10)
LONGEST_DELEGATED_UPLOAD = KEY_LIFE - timedelta(minutes=5)
CLOCK_SKEW = timedelta(minutes=15)

# The version of the storage service whose rules a link follows.
SAS_VERSION = "2022-11-02"

FetchKey = Callable[[datetime, datetime], UserDelegationKey]


class Signer(Protocol):
    """Signs links. `revocable` says whether upload links die when the container's stored access policy goes."""

    revocable: bool
    longest_upload: timedelta

    def sign_read(self, container: str, name: str, expiry: datetime) -> str:
        """Return the query of a link that reads one blob until `expiry`, or until the signing key ends."""

    def sign_upload(self, container: str, expiry: datetime) -> str:
        """Return the query of a link that reads, writes, deletes and lists in one container until `expiry`."""


@dataclass(frozen=True)
class AccountKeySigner:
    """Signs with the account's key. `protocol` is `https`, None for an endpoint without TLS.

    Links for reading are put together here, since the SDK needs ten times as long, and every image that is looked at gets
    one. Their form: learn.microsoft.com, "Create a service SAS", for version 2020-12-06 and later.
    """

    account_name: str
    account_key: str = field(repr=False)
    protocol: str | None
    version: str = SAS_VERSION
    revocable = True
    longest_upload = timedelta.max

    @cached_property
    def _key(self) -> bytes:
        return b64decode(self.account_key)

    def sign_read(self, container: str, name: str, expiry: datetime) -> str:
        end, protocol = expiry.strftime("%Y-%m-%dT%H:%M:%SZ"), self.protocol or ""
        resource = f"/blob/{self.account_name}/{container}/{name}"
        # Permission, start, end, resource, policy, addresses, protocol, version, kind of resource, snapshot, encryption
        # scope, and five headers of the answer.
        signed = f"r\n\n{end}\n{resource}\n\n\n{protocol}\n{self.version}\nb\n\n\n\n\n\n\n"
        signature = b64encode(hmac.digest(self._key, signed.encode(), "sha256")).decode()
        only = f"&spr={protocol}" if protocol else ""
        return f"se={quote(end)}&sp=r{only}&sv={self.version}&sr=b&sig={quote(signature, safe='')}"

    def sign_upload(self, container: str, expiry: datetime) -> str:
        return generate_container_sas(
            self.account_name,
            container,
            account_key=self.account_key,
            policy_id=UPLOAD_POLICY,
            expiry=expiry,
            protocol=self.protocol,
        )


@dataclass
class UserDelegationSigner:
    """Signs with a user delegation key, which lives for at most seven days and is renewed when half its life is over.

    `fetch_key(start, expiry)` asks the storage service for a key. Links die with their key and cannot be revoked.
    """

    account_name: str
    fetch_key: FetchKey
    protocol: str | None
    revocable = False
    longest_upload = LONGEST_DELEGATED_UPLOAD
    _key: tuple[UserDelegationKey, datetime] | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def sign_read(self, container: str, name: str, expiry: datetime) -> str:
        key, key_expiry = self._key_until(datetime.now(UTC) + KEY_LIFE / 2)
        return generate_blob_sas(
            self.account_name,
            container,
            name,
            user_delegation_key=key,
            permission="r",
            expiry=min(expiry, key_expiry),
            protocol=self.protocol,
        )

    def sign_upload(self, container: str, expiry: datetime) -> str:
        key, key_expiry = self._key_until(expiry)
        return generate_container_sas(
            self.account_name,
            container,
            user_delegation_key=key,
            permission=UPLOAD_PERMISSION,
            expiry=min(expiry, key_expiry),
            protocol=self.protocol,
        )

    def _key_until(self, needed: datetime) -> tuple[UserDelegationKey, datetime]:
        """Return a key that lives until `needed` (or as long as keys may live), and its expiry."""
        with self._lock:
            if self._key is None or self._key[1] < needed:
                # A key's times are whole seconds.
                now = datetime.now(UTC).replace(microsecond=0)
                self._key = (self.fetch_key(now - CLOCK_SKEW, now + KEY_LIFE), now + KEY_LIFE)
            return self._key
