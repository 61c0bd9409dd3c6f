"""Large blobs that are written piece by piece, and that nobody sees before they are whole."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from azure.storage.blob import BlobBlock, BlobClient, ContentSettings

# learn.microsoft.com, "Scalability and performance targets for Blob storage": a blob has at most 50,000 blocks.
MAX_BLOCKS = 50_000
SMALLEST_BLOCK = 4 * 1024**2


class StagedBlob:
    """One block blob in the making. Its blocks are invisible until `finish`; without one the service drops them after a week.

    `expected_size` is about how many bytes it will have, which decides how many of them are in memory at a time: 4 MiB up to
    100 GB, and more where that would be too many blocks. The service compares the MD5 of each block with the one that was
    sent. `storage_errors` makes our errors of those of the SDK.
    """

    def __init__(
        self, blob: BlobClient, expected_size: int, storage_errors: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._blob = blob
        self._storage_errors = storage_errors
        # Half of the blocks, because nobody knows the size exactly.
        self._block_size = max(SMALLEST_BLOCK, -(-expected_size * 2 // MAX_BLOCKS))
        self._buffer = bytearray()
        self._blocks: list[BlobBlock] = []

    def write(self, content: bytes) -> int:
        """Append these bytes, and return how many they are. Raises StorageUnavailable."""
        self._buffer += content
        while len(self._buffer) >= self._block_size:
            self._stage(self._block_size)
        return len(content)

    def finish(self, content_type: str, cache_control: str) -> None:
        """Make the blob of all bytes; what lay there is replaced. Raises StorageUnavailable."""
        if self._buffer:
            self._stage(len(self._buffer))
        settings = ContentSettings(content_type=content_type, cache_control=cache_control)
        with self._storage_errors():
            self._blob.commit_block_list(self._blocks, content_settings=settings)

    def _stage(self, size: int) -> None:
        # The ids of all blocks of a blob are equally long.
        block = BlobBlock(f"{len(self._blocks):08}")
        with self._storage_errors():
            self._blob.stage_block(block.id, bytes(self._buffer[:size]), length=size, validate_content=True)
        del self._buffer[:size]
        self._blocks.append(block)
