"""What a blob is: its name, and what the storage service reports about its content and about a copy onto it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from azure.storage.blob import BlobProperties

FOLDER_TYPES = ("httpd/unix-directory", "application/x-directory")
FOLDER_MARKS = ("hdi_isfolder", "is_directory")
# What desktops, and tools that know folders, leave beside files. Windows ignores case in its names.
JUNK_NAMES = (".ds_store", "thumbs.db", "desktop.ini")
JUNK_BEGINNING, JUNK_END = "._", "_$folder$"
ARCHIVE_TIER = "Archive"
REHYDRATING = "rehydrate-pending"


@dataclass(frozen=True)
class ListedFile:
    """What a listing says of a file: its size in bytes, its MD5 where the storage has one, and when it was written (UTC)."""

    name: str
    size: int
    content_md5: bytes | None
    date_modified: datetime

    @classmethod
    def of(cls, properties: BlobProperties) -> Self:
        """Return the file that the SDK's properties describe."""
        md5 = properties.content_settings.content_md5
        return cls(properties.name, properties.size, bytes(md5) if md5 else None, properties.last_modified)


@dataclass(frozen=True)
class Blob:
    """One blob: its name in its container, its size in bytes, and what the storage service reports about its content.

    `content_encoding` is what the uploader declared, true or not; the bytes are always those that are stored.
    """

    name: str
    size: int
    etag: str
    content_type: str | None
    content_md5: bytes | None
    metadata: Mapping[str, str] = field(default_factory=dict)
    content_encoding: str | None = None
    is_archived: bool = False
    # The state of the copy that made the blob: `pending`, `success`, `aborted` or `failed`. Listings leave it out.
    copy_status: str | None = None
    copy_status_description: str | None = None
    # True while the storage service moves the blob out of the archive tier.
    is_rehydrating: bool = False
    # The first bytes, where the request for the properties returned them too.
    head: bytes = field(default=b"", compare=False, repr=False)
    # When it was written (UTC), where a request for the properties of this blob alone returned it.
    date_modified: datetime | None = field(default=None, compare=False)

    @classmethod
    def of(cls, properties: BlobProperties) -> Self:
        """Return the blob that the SDK's properties describe."""
        content, copy = properties.content_settings, properties.copy
        return cls(
            name=properties.name,
            size=properties.size,
            etag=properties.etag.strip('"'),
            content_type=content.content_type,
            content_md5=bytes(content.content_md5) if content.content_md5 else None,
            metadata=properties.metadata or {},
            content_encoding=content.content_encoding,
            is_archived=properties.blob_tier == ARCHIVE_TIER,
            copy_status=copy.status,
            copy_status_description=copy.status_description,
            is_rehydrating=str(properties.archive_status or "").startswith(REHYDRATING),
            date_modified=properties.last_modified,
        )

    @property
    def is_junk(self) -> bool:
        """True for what nobody uploaded on purpose: an empty file, a marker of a folder, a file that a desktop left."""
        name = self.name.rpartition("/")[2].lower()
        return not self.size or name in JUNK_NAMES or name.startswith(JUNK_BEGINNING) or name.endswith(JUNK_END)

    @property
    def is_folder(self) -> bool:
        """True for the empty blobs with which tools, and accounts with folders, mark a folder."""
        if self.size:
            return False
        marked = any(key.lower() in FOLDER_MARKS and value.lower() == "true" for key, value in self.metadata.items())
        return marked or self.name.endswith("/") or self.content_type in FOLDER_TYPES
