"""Tasks of Label Studio whose images lie beside them, instead of in the storage."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from labelapi.errors import StorageError

# The service writes a task a line, which begins like this.
TASK = re.compile(r'\{"id":\d+,"data":\{"image":("(?:[^"\\]|\\.)*"),"image_id":\d+,"file_name":("(?:[^"\\]|\\.)*")')


def with_local_images(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file of tasks with the addresses of images in Label Studio's local storage.

    labelstud.io/guide/storage, "Local storage": the path is a parameter of the address. Raises StorageError for another file.
    """
    for line in lines:
        if line.strip() in (b"[", b"]", b""):
            yield line
            continue
        text = line.decode()
        found = TASK.match(text)
        if found is None:
            raise StorageError(
                "The tasks of Label Studio are not written as this client knows them.", "Update the client."
            )
        address = f"/data/local-files/?d={quote('images/' + json.loads(found[2]))}"
        yield f"{text[: found.start(1)]}{json.dumps(address)}{text[found.end(1) :]}".encode()
