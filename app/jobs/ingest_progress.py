"""How far the ingest of an image set is, and what became of each of its uploads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.azure.blobs import Blob
from app.jobs.image_files import Document
from app.jobs.progress import Checkpoint
from app.services.problems import Fault, Problems

GONE = Fault("copy_failed", "The file was deleted after it had been listed.")


@dataclass(frozen=True)
class Pending:
    """A file that the storage service goes on copying; the message says what it does."""

    message: str


# What becomes of one upload: the row of its image, or why there is none.
Result = Document | Fault | Pending


@dataclass
class IngestProgress:
    """How far the ingest is. `already` images were there when it began, `total` are expected.

    `seen` has the ETag of every upload that was dealt with, some 25 MB for 100,000. Of these, `faults` have those that are not
    ingested, and why, and `pending` those that are still being copied. `tried` are names of files that had a problem
    before, `skipped` those of junk.
    """

    already: int
    problems: Problems
    total: int = 0
    seen: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    pending: dict[str, Pending] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tried |= self.problems.retrying
        # Until they are found.
        self.faults |= dict.fromkeys(self.problems.retrying, GONE)

    def is_new(self, blob: Blob) -> bool:
        """True for an upload that arrived or changed since this ingest, or an earlier one, handled it.

        One that could not be ingested is not new before `try_again`, even when it has changed: some never stop changing.
        """
        if blob.is_junk:
            self.skipped.add(blob.name)
            return False
        if blob.name in self.problems.dropped or (blob.name in self.faults and blob.name in self.seen):
            return False
        return blob.etag not in (self.seen.get(blob.name), self.problems.held.get(blob.name))

    def add(self, batch: list[Blob], results: Mapping[str, Result]) -> None:
        """Note a batch of uploads, and what became of those that were copied now."""
        for blob in batch:
            self.seen[blob.name] = blob.etag
            self.faults.pop(blob.name, None)
            self.pending.pop(blob.name, None)
            if blob.name in self.problems.held:
                self.tried.add(blob.name)
        self.faults |= {name: result for name, result in results.items() if isinstance(result, Fault)}
        self.pending |= {name: result for name, result in results.items() if isinstance(result, Pending)}

    def try_again(self) -> None:
        """Count the uploads that are not ingested as new."""
        for name in self.faults:
            self.seen.pop(name, None)

    @property
    def checkpoint(self) -> Checkpoint:
        """How many uploads are ingested, of how many; those whose problem is open count in the total."""
        missing = len(self.faults.keys() | self.pending.keys())
        found = len(self.seen.keys() | self.faults.keys())
        done = max(self.already, found - missing)
        held = len(self.problems.held.keys() - self.tried)
        return Checkpoint(done, max(self.total, done + missing + held))
