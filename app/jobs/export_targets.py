"""Where the bytes of an export go until they are whole: to this machine's disk, or to the storage under another name.

The name of the finished file holds its SHA-256, which is known at its end. Nothing lies there before.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import IO, Protocol

from app.azure.blobs import BlobStore, CopyFailed, CopyPending
from app.formats.members import Member
from app.jobs.progress import Failed, RetryAfter
from app.models.exports import FOLDER

# No snapshot has this name.
UNFINISHED = f"{FOLDER}/_unfinished"
# What lies at one path never changes. Keys of callers protect the links, so that no shared cache may keep what they lead to.
CACHE_CONTROL = "private, max-age=86400, immutable"
COPY_PAUSE = timedelta(seconds=30)


class ExportTarget(Protocol):
    """The bytes of one export: how many there are, and their SHA-256."""

    size: int
    sha256: "hashlib._Hash"

    def write(self, content: bytes) -> int:
        """Append these bytes, and return how many they are. Raises StorageUnavailable."""

    def keep(self, path: str, media_type: str) -> Iterator[None]:
        """Put the file to this path of the main container; yield before each step that may take long.

        Raises StorageUnavailable, RetryAfter while the storage service is still copying, and Failed when it cannot.
        """


class DiskTarget:
    """Bytes that wait on disk; for files without images, which are small."""

    def __init__(self, blobs: BlobStore, file: IO[bytes]) -> None:
        self.size, self.sha256 = 0, hashlib.sha256()
        self._blobs = blobs
        self._file = file

    def write(self, content: bytes) -> int:
        self._file.write(content)
        self.sha256.update(content)
        self.size += len(content)
        return len(content)

    def keep(self, path: str, media_type: str) -> Iterator[None]:
        yield
        self._file.seek(0)
        self._blobs.upload(path, self._file, media_type, cache_control=CACHE_CONTROL)


class StorageTarget:
    """Bytes that go to the storage at once, under the name `unfinished`; the storage service itself copies them in the end.

    `expected_size` is about how many there will be.
    """

    def __init__(self, blobs: BlobStore, unfinished: str, expected_size: int) -> None:
        self.size, self.sha256 = 0, hashlib.sha256()
        self._blobs = blobs
        self._unfinished = unfinished
        self._staged = blobs.stage(unfinished, expected_size)

    def write(self, content: bytes) -> int:
        self._staged.write(content)
        self.sha256.update(content)
        self.size += len(content)
        return len(content)

    def keep(self, path: str, media_type: str) -> Iterator[None]:
        yield
        self._staged.finish(media_type, CACHE_CONTROL)
        found = self._blobs.find_blob(path)
        if found is not None and found.copy_status == "pending":
            until = datetime.now(UTC) + COPY_PAUSE
            raise RetryAfter(until, "The storage service is still copying what an earlier run has written.")
        # An earlier run may have come as far as this.
        if found is None or found.size != self.size:
            yield from self._copy(path)
        self._blobs.delete_blob(self._unfinished)

    def _copy(self, path: str) -> Iterator[None]:
        blob = self._blobs.find_blob(self._unfinished)
        if blob is None:
            raise Failed("Somebody deleted the file before it was whole.")
        while True:
            yield
            try:
                self._blobs.copy_blob(self._blobs.container, blob, path)
            except CopyPending:
                continue
            except CopyFailed as error:
                raise Failed(str(error)) from error
            return


class OneFile:
    """The only member of an export that is no archive: its bytes are those of the export."""

    def __init__(self, target: ExportTarget) -> None:
        self._target = target
        self._has_member = False

    def add(self, name: str, content: bytes) -> None:
        """Write the file. Raises ValueError for a second one."""
        self.open(name).write(content)

    def open(self, name: str) -> Member:
        """Begin the file. Raises ValueError for a second one."""
        if self._has_member:
            raise ValueError(f"{name} is a second file of an export that is one file.")
        self._has_member = True
        return self._target


def delete_unfinished(blobs: BlobStore, export_id: int) -> None:
    """Delete what earlier runs have left of an export. Raises StorageUnavailable."""
    for blob in blobs.list_blobs(blobs.container, unfinished_path(export_id, "")):
        blobs.delete_blob(blob.name)


def unfinished_path(export_id: int, token: str) -> str:
    """Return where the bytes of one run of an export wait, so that no two runs write to the same name."""
    return f"{UNFINISHED}/{export_id}-{token}"
