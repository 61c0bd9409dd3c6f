"""The yardstick: a loop over the storage SDK with as many threads, which checks, resumes and reports nothing.

    python bare_loop.py upload LINK FOLDER          every file below a folder, to the container that a link is for
    python bare_loop.py download LINKS FOLDER       every link that a file lists, into a folder

Prints the seconds that it took. The interpreter must have `azure-storage-blob`.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from azure.storage.blob import BlobClient, ContainerClient

THREADS = 8


def upload(link: str, folder: Path) -> None:
    with ContainerClient.from_container_url(link) as container, ThreadPoolExecutor(THREADS) as pool:

        def send(path: Path) -> None:
            with path.open("rb") as file:
                container.upload_blob(path.relative_to(folder).as_posix(), file, overwrite=True)

        list(pool.map(send, [path for path in folder.rglob("*") if path.is_file()]))


def download(links: Path, folder: Path) -> None:
    folder.mkdir(parents=True)

    def fetch(numbered: tuple[int, str]) -> None:
        number, link = numbered
        with BlobClient.from_blob_url(link) as blob, (folder / str(number)).open("wb") as file:
            blob.download_blob().readinto(file)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(fetch, enumerate(links.read_text().splitlines())))


if __name__ == "__main__":
    began = time.monotonic()
    if sys.argv[1] == "upload":
        upload(sys.argv[2], Path(sys.argv[3]))
    else:
        download(Path(sys.argv[2]), Path(sys.argv[3]))
    print(time.monotonic() - began)
