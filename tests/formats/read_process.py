"""A reader in a process of its own, whose memory and time are measured: `python -m tests.formats.read_process NAME FILE`."""

import importlib
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from app.formats.reading import BadRecord, FormatError, ReadBox, ReadBoxes, Reader, ReadOptions, Record

ROOT = Path(__file__).parents[2]
EXAMPLES = 10


@dataclass(frozen=True)
class Reading:
    """What came of it: the message of a FormatError, the records by type, the first that were bad, and what it took."""

    message: str | None
    counts: dict[str, int]
    bad: list[str]
    seconds: float
    megabytes: float


def read_measured(reader: Reader, file: Path, *, timeout: float = 100) -> Reading:
    """Read a file in a new process. Anything but a FormatError fails with its traceback."""
    name = f"{reader.__module__}:{reader.__name__}"  # type: ignore[attr-defined]  # Readers are functions.
    command = [sys.executable, "-m", "tests.formats.read_process", name, str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return Reading(**json.loads(done.stdout))


def one_by_one(records: Iterable[Record]) -> Iterator[Record]:
    """Yield the records one at a time, also boxes that a reader gives in columns."""
    for record in records:
        if isinstance(record, ReadBoxes):
            yield from _boxes_of(record)
        else:
            yield record


def _boxes_of(many: ReadBoxes) -> Iterator[ReadBox]:
    edges = many.x_min, many.y_min, many.x_max, many.y_max
    columns = zip(many.image_keys, many.places(), *edges, many.class_keys, many.confidences, strict=True)
    for image_key, where, x_min, y_min, x_max, y_max, class_key, confidence in columns:
        yield ReadBox(image_key, where, x_min, y_min, x_max, y_max, None, class_key, "pixels", confidence)


def main(name: str, file: str) -> None:
    """Read, and print what came of it as JSON."""
    module, function = name.split(":")
    reader = cast(Reader, getattr(importlib.import_module(module), function))
    counts: Counter[str] = Counter()
    bad: list[str] = []
    message = None
    started = time.perf_counter()
    with Path(file).open("rb") as stream:
        try:
            for record in one_by_one(reader(stream, ReadOptions())):
                counts[type(record).__name__] += 1
                if isinstance(record, BadRecord) and len(bad) < EXAMPLES:
                    bad.append(f"{record.where}: {record.detail}")
        except FormatError as error:
            message = str(error)
    seconds = time.perf_counter() - started
    json.dump(Reading(message, dict(counts), bad, seconds, _peak_megabytes()).__dict__, sys.stdout)


def _peak_megabytes() -> float:
    """Return the most memory that this process or one that it started had."""
    # `ru_maxrss` of a process begins at what the process had that started it, here pytest with all its tests.
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(int(lines["VmHWM"].split()[0]), children) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
