"""Inspects the files of an image set: each is read once, decoded to its end, hashed, and gets its previews."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.jobs.progress import Checkpoint
from app.media.decoders import DecoderPool
from app.services import inspection
from app.services.image_sets import lock_image_set
from app.services.inspection import Finding, StoredFile

BATCH_SIZE = 16  # Files between two commits.
# So many files have their previews written while each decoder has another one.
FILES_BESIDE = 2


class Pace:
    """Keeps what several threads read below a number of bytes per second, on average."""

    def __init__(self, bytes_per_second: float) -> None:
        self._bytes_per_second = bytes_per_second
        self._lock = threading.Lock()
        self._free_at = time.monotonic()

    def wait(self, size: int) -> None:
        """Wait until so many bytes may have been read."""
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + size / self._bytes_per_second
            pause = self._free_at - now
        time.sleep(pause)


Inspect = Callable[[Iterable[StoredFile]], Iterator[Finding]]


@contextmanager
def inspector(blobs: BlobStore, decoders: DecoderPool, bytes_per_second: float) -> Iterator[Inspect]:
    """What inspects files, each by one of the decoders, and writes their previews.

    It reads at most so many bytes per second. It raises StorageUnavailable.
    """
    pace = Pace(bytes_per_second)

    def inspect(file: StoredFile) -> Finding:
        with decoders.borrow() as decoder:
            finding, picture = inspection.inspect_file(blobs, decoder, file, pace.wait)
        # Another file has the decoder by now.
        if picture:
            inspection.write_previews(blobs, finding, picture)
        return finding

    pool = ThreadPoolExecutor(decoders.size + FILES_BESIDE, thread_name_prefix="inspect")
    try:
        yield lambda files: pool.map(inspect, files)
    finally:
        pool.shutdown(cancel_futures=True)


def inspect_image_set(
    session: Session, blobs: BlobStore, image_set_id: int, *, decoders: DecoderPool, bytes_per_second: float
) -> Iterator[Checkpoint]:
    """Inspect the files that were not yet inspected, some at a time, and count or flag duplicates.

    A fault of a file becomes a problem of the set. Previews are written before the file counts as inspected, and writing them
    twice changes nothing. Raises StorageUnavailable.
    """
    total, uninspected = inspection.count_files(session, image_set_id)
    done = total - uninspected
    yield Checkpoint(done, total)
    with inspector(blobs, decoders, bytes_per_second) as inspect:
        while batch := _next_batch(session, image_set_id):
            # Reading takes long, and no transaction shall wait for it.
            yield Checkpoint(done)
            inspection.note_findings(session, inspect(batch))
            done += len(batch)
            yield Checkpoint(done, max(done, total))
    inspection.settle_duplicates(session, image_set_id)


def _next_batch(session: Session, image_set_id: int) -> list[StoredFile]:
    """Return the next files; none only when the set is held until this job has ended, so that no file comes in between."""
    found = inspection.find_uninspected(session, image_set_id, BATCH_SIZE)
    if not found:
        lock_image_set(session, image_set_id)
        found = inspection.find_uninspected(session, image_set_id, BATCH_SIZE)
    return found
