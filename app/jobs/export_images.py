"""The files of images on their way into an archive: read once, compared with the snapshot, turned where that was asked for."""

import hashlib
import tempfile
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import IO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.azure.file_faults import ReadFailed
from app.errors import NotFound
from app.formats.records import Image
from app.jobs.image_files import copy_threads
from app.jobs.progress import Failed
from app.media.decoders import DecoderPool
from app.media.image_facts import read_orientation
from app.media.stored_encoding import DamagedEncoding, unpack
from app.models import Image as ImageRow

# Larger files wait on disk.
MAX_BYTES_IN_MEMORY = 1024**2
PIECE_BYTES = 1024**2
# The storage library has up to two pieces of 4 MiB of a file in memory, so that few large files are read at a time, and more
# small ones.
MOST_BYTES_OF_A_FILE = 8 * 1024**2
MAX_BYTES_AHEAD = 16 * 1024**2


@dataclass(frozen=True)
class StoredFile:
    """What the tables say of the file of an image at present; a withdrawn image has none."""

    filetype: str | None
    content_encoding: str | None
    is_withdrawn: bool


@dataclass
class FetchedFile:
    """A file as it goes into the archive; whoever takes it closes it.

    `orientation` is what EXIF asks of viewers of the stored file. `is_unpacked` says that it was stored compressed,
    `is_turned` that it was turned and encoded again, `not_turned` why that could not be done.
    """

    file: IO[bytes]
    size: int = 0
    crc32: int = 0
    orientation: int = 1
    is_unpacked: bool = False
    is_turned: bool = False
    not_turned: str | None = None

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes."""
        self.file.seek(0)
        while piece := self.file.read(PIECE_BYTES):
            yield piece


def find_stored(session: Session, images: Sequence[Image]) -> dict[int, StoredFile]:
    """Return what the tables say at present of the files of these images, by their ids."""
    columns = (ImageRow.id, ImageRow.filetype, ImageRow.content_encoding, ImageRow.date_withdrawn.is_not(None))
    ids = [image.image_id for image in images]
    return {
        row[0]: StoredFile(*row[1:]) for row in session.execute(select(*columns).where(ImageRow.id == func.any(ids)))
    }


@dataclass(frozen=True)
class ImageFetcher:
    """Reads files of the main container, several at a time; `upright` asks for pixels as they are displayed."""

    blobs: BlobStore
    decoders: DecoderPool
    threads: int
    upright: bool

    def fetch(self, images: Sequence[tuple[Image, StoredFile]]) -> Iterator[tuple[Image, FetchedFile]]:
        """Yield the files in this order, each on disk or in memory; some are read ahead.

        Raises Failed for a file that is not the one in the snapshot, or cannot be read, and StorageUnavailable.
        """
        waiting: deque[tuple[Image, int, Future[FetchedFile]]] = deque()
        rest = deque(images)
        ahead = 0
        try:
            with copy_threads(self.threads) as pool:
                while rest or waiting:
                    while rest and (not waiting or (len(waiting) < self.threads and ahead < MAX_BYTES_AHEAD)):
                        image, stored = rest.popleft()
                        weight = min(image.size or MOST_BYTES_OF_A_FILE, MOST_BYTES_OF_A_FILE)
                        waiting.append((image, weight, pool.submit(self._fetch, image, stored)))
                        ahead += weight
                    image, weight, future = waiting.popleft()
                    ahead -= weight
                    yield image, future.result()
        finally:
            for _, _, future in waiting:
                if not future.cancelled() and not future.exception():
                    future.result().file.close()

    def _fetch(self, image: Image, stored: StoredFile) -> FetchedFile:
        fetched = FetchedFile(_temporary_file())
        try:
            self._read(image, fetched)
            if stored.content_encoding:
                _unpack(fetched, image)
            fetched.orientation = _find_orientation(fetched)
            if self.upright and fetched.orientation != 1:
                self._turn(fetched, stored.filetype or "")
        except BaseException:
            fetched.file.close()
            raise
        return fetched

    def _read(self, image: Image, fetched: FetchedFile) -> None:
        """Read a file as it is stored, and compare it with the snapshot. Raises Failed, StorageUnavailable."""
        sha256 = hashlib.sha256()
        try:
            for chunk in self.blobs.read_file(image.path):
                sha256.update(chunk)
                _append(fetched, chunk)
        except (NotFound, ReadFailed) as error:
            raise Failed(f"The file of {_name(image)} cannot be read: {error}", final=True) from error
        if image.sha256 is not None and image.sha256 != sha256.digest():
            raise Failed(
                f"The file of {_name(image)} is not the one in the snapshot: it has another SHA-256. Restore the file, and "
                "retry the job; or make another snapshot.",
                final=True,
            )

    def _turn(self, fetched: FetchedFile, filetype: str) -> None:
        turned = _temporary_file()
        with self.decoders.borrow() as decoder:
            fault = decoder.turn(fetched.pieces(), filetype, turned)
        if fault:
            turned.close()
            fetched.not_turned = fault[1]
        else:
            fetched.is_turned = True
            _replace(fetched, turned)


def _name(image: Image) -> str:
    return f"image {image.image_id} ({image.path})"


def _temporary_file() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(MAX_BYTES_IN_MEMORY)


def _append(fetched: FetchedFile, chunk: bytes) -> None:
    fetched.file.write(chunk)
    fetched.size += len(chunk)
    fetched.crc32 = zlib.crc32(chunk, fetched.crc32)


def _unpack(fetched: FetchedFile, image: Image) -> None:
    unpacked = _temporary_file()
    fetched.file.seek(0)
    try:
        unpack(fetched.file, unpacked)
    except DamagedEncoding as error:
        unpacked.close()
        raise Failed(f"The file of {_name(image)} cannot be unpacked: {error}", final=True) from error
    fetched.is_unpacked = True
    _replace(fetched, unpacked)


def _replace(fetched: FetchedFile, file: IO[bytes]) -> None:
    fetched.file.close()
    fetched.file, fetched.size, fetched.crc32 = file, 0, 0
    for piece in fetched.pieces():
        fetched.size += len(piece)
        fetched.crc32 = zlib.crc32(piece, fetched.crc32)


def _find_orientation(fetched: FetchedFile) -> int:
    def read(offset: int, length: int) -> bytes:
        fetched.file.seek(offset)
        return fetched.file.read(length)

    return read_orientation(read, fetched.size)
