"""Links: shared access signatures with the least permission, for one blob or one container.

They are signed with the account's key or, where the service has an identity instead of a key, with a user delegation key.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from azure.storage.blob import BlobServiceClient, UserDelegationKey, generate_blob_sas, generate_container_sas

UPLOAD_PERMISSION = "rwdl"
# Create and write: enough for `Put Blob`, and for blocks of a large file.
FILE_UPLOAD_PERMISSION = "cw"
# The stored access policy of a dropbox. Links name it, so that they die with it; it holds the permission and no expiry,
# which stands in each link, so that a new link does not prolong an old one.
UPLOAD_POLICY = "upload"
# Azure takes at most seven days from its own present; the difference allows for clocks that do not agree.
KEY_LIFE = timedelta(days=7) - timedelta(minutes=10)
LONGEST_DELEGATED_UPLOAD = KEY_LIFE - timedelta(minutes=5)
CLOCK_SKEW = timedelta(minutes=15)
# File systems take no longer names (POSIX, NAME_MAX), and each byte may take five characters of a link.
MAX_FILENAME_BYTES = 255
# What some clients would read as an escape, or as the end of the name (RFC 6266, appendix D).
UNSAFE_IN_FILENAME = re.compile(r'[^ -~]|["%\\]')
# The characters that RFC 5987 (section 3.2.1) allows in a value besides letters and digits.
ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"

# What a browser saves, whatever is in it.
ANY_FILE = "application/octet-stream"

FetchKey = Callable[[datetime, datetime], UserDelegationKey]


class FileHeaders(NamedTuple):
    """The headers with which a link to a file is answered, whatever the uploader stored beside the file.

    `content_encoding` is None where the bytes are answered as they are stored.
    """

    content_type: str
    content_disposition: str
    content_encoding: str | None = None


def content_disposition(name: str, *, inline: bool) -> str:
    """Return the `Content-Disposition` (RFC 6266) of a file of this name, for a browser to show or to save.

    A name with unusual characters stands there twice: as ASCII, and in full as `filename*` (RFC 5987).
    """
    name = name.encode()[-MAX_FILENAME_BYTES:].decode(errors="ignore")
    plain = UNSAFE_IN_FILENAME.sub("_", name)
    full = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe=ATTRIBUTE_CHARACTERS)}"
    return f'{"inline" if inline else "attachment"}; filename="{plain}"{full}'


class Signer(Protocol):
    """Signs links. `revocable` says whether upload links die when the container's stored access policy goes."""

    revocable: bool
    longest_upload: timedelta

    def sign_read(self, container: str, name: str, expiry: datetime, headers: FileHeaders | None) -> str:
        """Return the query of a link that reads one blob until `expiry`, or until the signing key ends.

        Without `headers` the blob is answered with those that are stored beside it.
        """

    def sign_file_upload(self, container: str, name: str, expiry: datetime) -> str:
        """Return the query of a link that writes one blob until `expiry`, or until the signing key ends, and reads nothing."""

    def sign_upload(self, container: str, expiry: datetime, policy: str | None) -> str:
        """Return the query of a link that reads, writes, deletes and lists in one container until `expiry`.

        Where links are revocable they name the stored access policy, which holds the permission.
        """


@dataclass(frozen=True)
class AccountKeySigner:
    """Signs with the account's key. `protocol` is `https`, None for an endpoint without TLS."""

    account_name: str
    account_key: str = field(repr=False)
    protocol: str | None
    revocable = True
    longest_upload = timedelta.max

    def sign_read(self, container: str, name: str, expiry: datetime, headers: FileHeaders | None) -> str:
        key = {"account_key": self.account_key}
        return _sign_read(self.account_name, container, name, expiry, self.protocol, headers, key)

    def sign_file_upload(self, container: str, name: str, expiry: datetime) -> str:
        key = {"account_key": self.account_key}
        return _sign_file_upload(self.account_name, container, name, expiry, self.protocol, key)

    def sign_upload(self, container: str, expiry: datetime, policy: str | None) -> str:
        return generate_container_sas(
            self.account_name,
            container,
            account_key=self.account_key,
            policy_id=policy,
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

    def sign_read(self, container: str, name: str, expiry: datetime, headers: FileHeaders | None) -> str:
        key, key_expiry = self._key_until(datetime.now(UTC) + KEY_LIFE / 2)
        end = min(expiry, key_expiry)
        return _sign_read(self.account_name, container, name, end, self.protocol, headers, {"user_delegation_key": key})

    def sign_file_upload(self, container: str, name: str, expiry: datetime) -> str:
        key, key_expiry = self._key_until(expiry)
        end, signed_by = min(expiry, key_expiry), {"user_delegation_key": key}
        return _sign_file_upload(self.account_name, container, name, end, self.protocol, signed_by)

    def sign_upload(self, container: str, expiry: datetime, policy: str | None) -> str:
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


def make_signer(client: BlobServiceClient, *, by_identity: bool) -> Signer:
    """Return what signs links to the account of `client`. Raises ValueError when its connection string has no account key."""
    account_name, protocol = client.account_name, "https" if client.url.startswith("https://") else None
    if account_name is None:
        raise ValueError("The URL of the storage account does not name the account.")
    if by_identity:
        return UserDelegationSigner(account_name, client.get_user_delegation_key, protocol)
    account_key = getattr(client.credential, "account_key", None)
    if not account_key:
        raise ValueError("The connection string of the storage account holds no AccountKey.")
    return AccountKeySigner(account_name, account_key, protocol)


# The links of an hour have the same expiry, and the SDK would write it anew for each.
@lru_cache(16)
def _written(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _sign_plain(
    account_name: str,
    container: str,
    name: str,
    permission: str,
    expires: str,
    protocol: str | None,
    account_key: str | None = None,
    user_delegation_key: UserDelegationKey | None = None,
) -> str:
    return str(
        generate_blob_sas(
            account_name,
            container,
            name,
            permission=permission,
            expiry=expires,
            protocol=protocol,
            account_key=account_key,
            user_delegation_key=user_delegation_key,
        )
    )


# Links of previews have no headers. They stay the same for hours, and lists, the strip of the labeling page and what it loads
# ahead ask for them again and again.
_sign_preview = lru_cache(4096)(_sign_plain)


def _sign_read(
    account_name: str,
    container: str,
    name: str,
    expiry: datetime,
    protocol: str | None,
    headers: FileHeaders | None,
    key: dict[str, Any],
) -> str:
    if headers is None:
        return _sign_preview(account_name, container, name, "r", _written(expiry), protocol, **key)
    query = generate_blob_sas(
        account_name,
        container,
        name,
        permission="r",
        expiry=_written(expiry),
        protocol=protocol,
        cache_control="private",
        content_disposition=headers.content_disposition,
        content_type=headers.content_type,
        content_encoding=headers.content_encoding,
        **key,
    )
    if headers.content_encoding:
        return query
    # An empty header takes the place of the stored one, so that the bytes are answered as they are stored. The SDK leaves
    # it out; in what is signed, an empty one and none are the same.
    return f"{query}&rsce="


def _sign_file_upload(
    account_name: str, container: str, name: str, expiry: datetime, protocol: str | None, key: dict[str, Any]
) -> str:
    return _sign_plain(account_name, container, name, FILE_UPLOAD_PERMISSION, _written(expiry), protocol, **key)
