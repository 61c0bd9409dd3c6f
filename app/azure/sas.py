"""Links: shared access signatures with the least permission, for one blob or one container.

They are signed with the account's key or, where the service has an identity instead of a key, with a user delegation key.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from azure.storage.blob import UserDelegationKey, generate_blob_sas, generate_container_sas

UPLOAD_PERMISSION = "rwdl"
# The stored access policy of a dropbox. Links name it, so that they die with it; it holds the permission and no expiry,
# which stands in each link, so that a new link does not prolong an old one.
UPLOAD_POLICY = "upload"
# Azure takes at most seven days from its own present; the difference allows for clocks that do not agree.
KEY_LIFE = timedelta(days=7) - timedelta(minutes=10)
LONGEST_DELEGATED_UPLOAD = KEY_LIFE - timedelta(minutes=5)
CLOCK_SKEW = timedelta(minutes=15)

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
    """Signs with the account's key. `protocol` is `https`, None for an endpoint without TLS."""

    account_name: str
    account_key: str = field(repr=False)
    protocol: str | None
    revocable = True
    longest_upload = timedelta.max

    def sign_read(self, container: str, name: str, expiry: datetime) -> str:
        return generate_blob_sas(
            self.account_name,
            container,
            name,
            account_key=self.account_key,
            permission="r",
            expiry=expiry,
            protocol=self.protocol,
        )

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
