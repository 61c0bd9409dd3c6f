"""The whole life cycle on the running application: as docs/walkthrough.md tells it, and with many images."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from dotenv import dotenv_values

from local.folder import scratch_folder
from tests.documents import blocks_of
from tests.jobs.test_finish_image_set import PIXEL_GIF
from tests.launcher import Launch, launched, wait_for
from tests.web_server import free_port

MANY = 6000


@pytest.fixture
def launch() -> Iterator[Launch]:
    with scratch_folder() as folder, launched(folder / ".data", free_port()) as launch:
        yield launch


@pytest.mark.slow
def test_life_cycle_in_curl_does_what_the_page_says(launch: Launch, tmp_path: Path) -> None:
    script = "\n".join(blocks_of("walkthrough.md")).replace("/tmp/", f"{tmp_path}/")  # noqa: S108
    run = subprocess.run(
        ["/bin/bash", "-euc", script],
        cwd=launch.folder.parent,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    [folder] = tmp_path.glob("drone-*")
    sent = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.png")}
    assert set(sent) == {"frame 1.png", "north bank/100%.png", "Brücke #2.png"}
    assert (tmp_path / "image").read_bytes() in sent.values()
    # The last line fetches the first of the datasets.
    assert any(name in run.stdout.splitlines()[-1] for name in sent)
    assert '"status":4' not in run.stdout


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_six_thousand_uploads_become_images_exactly_once(launch: Launch) -> None:
    pair = {"Authentication-Key": launch.admin["apikey"], "Authentication-Secret": launch.admin["apisecret"]}
    with httpx.Client(base_url=f"{launch.url}/api/v1", headers=pair, trust_env=False, timeout=60) as admin:
        made = admin.post("/image_sets", json={"title": "many"}).json()
        path = f"/image_sets/{made['imageset_id']}"
        upload_many(made["dropbox_url"])
        assert admin.put(path, json={"new_status": "finished"}).status_code == 200

        def ingest() -> dict[str, Any]:
            return dict(admin.get(path).json()["ingest"])

        wait_for(lambda: ingest()["state"] == "succeeded", 900, "the images were not ingested in time")
        assert (ingest()["done"], ingest()["total"]) == (MANY, MANY)
        pages = [admin.get(f"{path}/images?page={page}&per_page=1000").json()["images"] for page in range(1, 7)]
    registered = [image["blobstorage_path"] for page in pages for image in page]
    settings = dotenv_values(launch.folder / "env")
    container = str(settings["AZURE_STORAGE_IMAGESET_CONTAINER"])
    with BlobServiceClient.from_connection_string(str(settings["AZURE_STORAGE_CONNECTION_STRING"])) as storage:
        copied = [f"{container}/{name}" for name in storage.get_container_client(container).list_blob_names()]
        assert sorted(registered) == sorted(name for name in copied if "/many/" in name)
        assert len(set(registered)) == MANY
        wait_for(lambda: not storage.get_container_client("dropbox-many").exists(), 120, "the dropbox is still there")


def upload_many(dropbox_url: str) -> None:
    with ContainerClient.from_container_url(dropbox_url) as dropbox, ThreadPoolExecutor(8) as pool:

        def upload(number: int) -> None:
            dropbox.upload_blob(f"{number // 100:02d}/{number:04d}.gif", PIXEL_GIF + b"%d" % number)

        list(pool.map(upload, range(MANY)))
