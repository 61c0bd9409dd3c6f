"""The life of an image set and a campaign, through the public API alone: `make demo`, or

    python examples/demo.py .data/admin.json

Reads the file that `make run` leaves (`url`, `apikey`, `apisecret`), and saves a picture with its boxes beside it. Stops with
exit code 1 and a sentence at the first answer that is not as promised.
"""

import csv
import hashlib
import io
import json
import math
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings
from pictures import Picture, make_pictures
from PIL import Image, ImageDraw, ImageOps
from tqdm import tqdm

PICTURES = 36
WATCH_SECONDS = 300
UPLOAD_THREADS = 8


class DemoFailed(Exception):
    """Something is not as the API promises; the message says what."""


@dataclass(frozen=True)
class Caller:
    """Somebody with a key pair (or none) who calls the API."""

    http: httpx.Client
    key: str | None = None
    secret: str | None = None

    def call(self, method: str, path: str, body: Any = None, *, status: int = 200, **query: Any) -> Any:
        """Return the JSON of the answer. Raises DemoFailed when its status is another than the promised one."""
        answer = self.send(method, path, body, **query)
        expect(
            answer.status_code == status,
            f"{method} {path} answered {answer.status_code}, not {status}: {answer.text[:300]}",
        )
        return answer.json() if answer.content else None

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        """Return the answer, whatever it is."""
        pair = {"Authentication-Key": self.key, "Authentication-Secret": self.secret}
        headers = {name: value for name, value in pair.items() if value}
        return self.http.request(method, path, json=body, params=query or None, headers=headers)


def expect(holds: bool, otherwise: str) -> None:
    """Raise DemoFailed with these words unless the promise holds."""
    if not holds:
        raise DemoFailed(otherwise)


def say(sentence: str) -> None:
    """Print one line of the story."""
    print(sentence, flush=True)


def main(admin_file: Path) -> None:
    """Play the whole life cycle against the service that `admin_file` describes."""
    account = json.loads(admin_file.read_text())
    title = f"demo-{time.strftime('%Y%m%d-%H%M%S')}"
    with httpx.Client(base_url=f"{account['url']}/api/v1", timeout=60) as http:
        admin = Caller(http, account["apikey"], account["apisecret"])
        introduce(admin, Caller(http))
        pictures = list(make_pictures(PICTURES, seed=time.time_ns()))
        image_set, dropbox_url = make_image_set(admin, title)
        upload(dropbox_url, pictures)
        finish_image_set(admin, image_set, len(pictures) + 1)
        images = check_images(admin, image_set, pictures)
        check_link_is_dead(dropbox_url)
        campaign, partner = make_campaign(admin, http, title, images)
        label(admin, partner, campaign, images, pictures)
        finish_campaign(admin, campaign)
        check_datasets(admin, campaign, images, pictures)
        draw_boxes(admin, images, pictures, admin_file.parent / f"{title}.png")
    say("Everything was as promised.")


def introduce(admin: Caller, stranger: Caller) -> None:
    """Check that the admin is known as one, and that a stranger is not let in."""
    me = admin.call("GET", "/whoami")
    expect(any(role["role"] == "image-admin" for role in me["roles"]), f"{me['email']} is no image-admin.")
    stranger.call("GET", "/image_sets", status=401)
    say(f"I am {me['email']}, an image-admin; a stranger gets a 401.")


def make_image_set(admin: Caller, title: str) -> tuple[int, str]:
    """Return the id of a new image set and the link to its dropbox."""
    made = admin.call("POST", "/image_sets", {"title": title, "metadata": {"country": "NL"}})
    expect(made["status"] == "created" and made["dropbox_url"], f"The new image set is odd: {made}")
    admin.call("POST", "/image_sets", {"title": title.upper()}, status=422)
    admin.call("POST", "/image_sets", {"title": title}, status=409)
    say(f"Image set {made['imageset_id']} is called {title}; a second one with this title is refused.")
    return made["imageset_id"], made["dropbox_url"]


def upload(dropbox_url: str, pictures: list[Picture]) -> None:
    """Upload the pictures, and a text file that is none, with the dropbox link alone."""
    files = [(picture.name, picture.content) for picture in pictures] + [("read me.txt", b"Taken on a calm day.\n")]
    with ContainerClient.from_container_url(dropbox_url) as dropbox, ThreadPoolExecutor(UPLOAD_THREADS) as threads:
        uploads = threads.map(lambda file: _upload_one(dropbox, *file), files)
        bar = tqdm(uploads, total=len(files), desc="Uploading", unit="file")
        stored = sum(bar)
    say(f"{len(files)} files, {stored / 1e6:.1f} MB, are in the dropbox; none of them went through the service.")


def _upload_one(dropbox: ContainerClient, name: str, content: bytes) -> int:
    # With the MD5 the storage checks what arrives, and keeps it beside the file.
    settings = ContentSettings(content_md5=bytearray(hashlib.md5(content, usedforsecurity=False).digest()))
    dropbox.upload_blob(name, content, content_settings=settings)
    return len(content)


def finish_image_set(admin: Caller, image_set: int, expected: int) -> None:
    """Finish the set, and watch until a worker has taken every file in."""
    path = f"/image_sets/{image_set}"
    admin.call("POST", f"{path}/images", [{"id": 1}], status=404 if not _image_exists(admin) else 409)
    expect(admin.call("PUT", path, {"new_status": "finished"}) == "ok", "Finishing should answer ok.")
    admin.call("PUT", path, {"new_status": "finished"}, status=409)
    watch(admin, path, "ingest", "Ingesting")
    done = admin.call("GET", path)["ingest"]
    expect(done["done"] == done["total"] == expected, f"{done['done']} of {expected} files were ingested.")


def _image_exists(admin: Caller) -> bool:
    return bool(admin.call("GET", "/images", per_page=1)["images"])


def watch(admin: Caller, path: str, job_name: str, words: str) -> None:
    """Show the progress of the job of an image set or a campaign until it has succeeded."""
    deadline = time.monotonic() + WATCH_SECONDS
    with tqdm(desc=words, unit="image") as bar:
        while time.monotonic() < deadline:
            job = admin.call("GET", path)[job_name]
            bar.total, bar.n = job["total"], job["done"]
            bar.refresh()
            expect(job["state"] != "failed", f"The job {job['job_id']} failed: {job['error']}")
            if job["state"] == "succeeded":
                return
            time.sleep(0.2)
    raise DemoFailed(f"The job of {path} has not ended after {WATCH_SECONDS} seconds. Is a worker running?")


def pages(caller: Caller, path: str, name: str) -> Iterator[dict[str, Any]]:
    """Yield what a list holds, page by page."""
    page: int | None = 1
    while page:
        answer = caller.call("GET", path, page=page, per_page=10)
        yield from answer[name]
        page = answer["pagination"]["next"]


def check_images(admin: Caller, image_set: int, pictures: list[Picture]) -> dict[str, dict[str, Any]]:
    """Return the set's images by the name they were uploaded with, and check each fact the service found out."""
    folder = admin.call("GET", f"/image_sets/{image_set}")["blobstorage_path"]
    listed = pages(admin, f"/image_sets/{image_set}/images", "images")
    images = {image["blobstorage_path"].removeprefix(f"{folder}/"): image for image in listed}
    expect(set(images) == {picture.name for picture in pictures} | {"read me.txt"}, f"Other files: {sorted(images)}")
    for picture in pictures:
        _check_facts(picture, images[picture.name])
    no_image = images["read me.txt"]["file"]
    expect(no_image["filetype"] is None and no_image["filesize"] == 21, f"The text file is taken for {no_image}.")
    say(f"{len(images)} files are registered in {folder}, with size, format, time and place as they were made.")
    return images


def _check_facts(picture: Picture, image: dict[str, Any]) -> None:
    size = {"width": picture.width, "height": picture.height}
    file = {"filetype": picture.filetype, "filesize": len(picture.content), "dimensions": size}
    told = dict(image["file"])
    # It is known a moment later, when the files are inspected.
    sha256 = told.pop("sha256")
    expect(told == file, f"{picture.name} is {file}, the service says {told}.")
    expect(sha256 in (None, hashlib.sha256(picture.content).hexdigest()), f"{picture.name} has another SHA-256.")
    taken = image["date_taken"] and datetime.fromisoformat(image["date_taken"])
    expect(taken == picture.taken, f"{picture.name} was taken {picture.taken}, the service says {image['date_taken']}.")
    place = image["location_taken"]
    for name, truth in (("lat", picture.latitude), ("lon", picture.longitude)):
        same = place[name] is None if truth is None else math.isclose(place[name], truth, abs_tol=1e-5)
        expect(same, f"{name} of {picture.name} is {truth}, the service says {place[name]}.")


def check_link_is_dead(dropbox_url: str) -> None:
    """Check that nothing can be uploaded once the set is finished."""
    try:
        with ContainerClient.from_container_url(dropbox_url, retry_total=0) as dropbox:
            dropbox.upload_blob("too late.jpg", b"too late")
    except HttpResponseError as refusal:
        say(f"The upload link no longer works: {refusal.status_code}.")
    else:
        raise DemoFailed("The upload link still works, although the set is finished.")


def make_campaign(
    admin: Caller, http: httpx.Client, title: str, images: dict[str, dict[str, Any]]
) -> tuple[int, Caller]:
    """Return the id of an active campaign with all images in it, and its partner."""
    body = {
        "title": title,
        "labeler_email": f"{title}@partner.example",
        "label_translations": {"fles": "bottle", "tas": "bag", "blik": "can", "piepschuim": "foam"},
    }
    made = admin.call("POST", "/campaigns", body)
    campaign, token = made["campaign_id"], made["access_token"]
    partner = Caller(http, token["apikey"], token["apisecret"])
    partner.call("PUT", f"/campaigns/{campaign}/objects", [{"image_id": 1, "objects": []}], status=409)
    ids = [image["image_id"] for image in images.values() if image["file"]["filetype"]]
    by_id = [{"id": image_id} for image_id in ids[1:]]
    by_path = [{"filepath": image["blobstorage_path"]} for image in images.values() if image["image_id"] == ids[0]]
    admin.call("POST", f"/campaigns/{campaign}/images", by_id + by_path)
    admin.call("PUT", f"/campaigns/{campaign}", {"new_status": "active"})
    say(f"Campaign {campaign} has {len(ids)} images and is active; its partner has a key.")
    return campaign, partner


def label(
    admin: Caller, partner: Caller, campaign: int, images: dict[str, dict[str, Any]], pictures: list[Picture]
) -> None:
    """As the partner: see what is there, fetch it, say what is on it. The admin sees the campaign complete itself."""
    path = f"/campaigns/{campaign}"
    dutch = {"bottle": "fles", "bag": "tas", "can": "blik", "foam": "piepschuim"}
    listed = list(pages(partner, f"{path}/images", "images"))
    expect(len(listed) == len(pictures), f"The partner sees {len(listed)} images, not {len(pictures)}.")
    _check_fences(admin, partner, campaign, images)
    contents = {images[picture.name]["image_id"]: picture for picture in pictures}
    for entry in tqdm(listed, desc="Fetching", unit="image"):
        expect(_fetch(partner, entry["url"]) == contents[entry["image_id"]].content, f"{entry['url']} is another file.")
    submissions = [
        {
            "image_id": entry["image_id"],
            "objects": [
                {"label": dutch[thing.label], "confidence": 0.9, "bounding_box": thing.box}
                for thing in contents[entry["image_id"]].things
            ],
        }
        for entry in listed
    ]
    half = len(submissions) // 2
    partner.call("PUT", f"{path}/objects", submissions[:half])
    progress = partner.call("GET", "/whoami")["roles"][0]["campaign"]["progress"]
    expect((progress["total"], progress["done"]) == (len(listed), half), f"The progress is told as {progress}.")
    partner.call("PUT", f"{path}/objects", submissions[half:])
    status = admin.call("GET", path)["status"]
    expect(status == "completed", f"Every image is labeled, but the campaign is {status}.")
    boxes = sum(len(picture.things) for picture in pictures)
    say(f"The partner sent {boxes} boxes on {len(listed)} images; the last one completed the campaign.")


def _check_fences(admin: Caller, partner: Caller, campaign: int, images: dict[str, dict[str, Any]]) -> None:
    """Check that the partner gets no further than the campaign, and that a box that cannot be changes nothing."""
    partner.call("GET", "/images", status=403)
    partner.call("GET", f"/campaigns/{campaign}/datasets", status=403)
    partner.call("GET", f"/images/{images['read me.txt']['image_id']}", status=403)
    partner.call("GET", "/images/9223372036854775807", status=403)
    image = next(image for image in images.values() if image["file"]["filetype"])
    outside = {"xmin": 0, "xmax": image["file"]["dimensions"]["width"] + 1, "ymin": 0, "ymax": 1}
    wrong = [{"image_id": image["image_id"], "objects": [{"label": "tas", "bounding_box": outside}]}]
    partner.call("PUT", f"/campaigns/{campaign}/objects", wrong, status=422)
    done = admin.call("GET", f"/campaigns/{campaign}")["progress"]["done"]
    expect(done == 0, f"A refused submission counts: {done} images are labeled.")
    say("The partner gets a 403 for anything else, and a 422 for a box outside its image.")


def _fetch(caller: Caller, path: str) -> bytes:
    answer = caller.send("GET", path)
    expect(answer.status_code == 303, f"GET {path} answered {answer.status_code}, not a redirect to the file.")
    with BlobClient.from_blob_url(answer.headers["Location"]) as blob:
        return blob.download_blob().readall()


def finish_campaign(admin: Caller, campaign: int) -> None:
    """Finish the campaign, and watch until its datasets are published."""
    admin.call("PUT", f"/campaigns/{campaign}", {"new_status": "created"}, status=409)
    admin.call("PUT", f"/campaigns/{campaign}", {"new_status": "finished"})
    watch(admin, f"/campaigns/{campaign}", "publication", "Publishing")


def check_datasets(admin: Caller, campaign: int, images: dict[str, dict[str, Any]], pictures: list[Picture]) -> None:
    """Fetch what was published, and compare it with what was labeled."""
    files: dict[str, bytes] = {}
    for dataset in admin.call("GET", f"/campaigns/{campaign}/datasets")["datasets"]:
        with BlobClient.from_blob_url(dataset["url"]) as blob:
            content = blob.download_blob().readall()
        expect(hashlib.sha256(content).hexdigest() == dataset["sha256"], f"{dataset['path']} has another hash.")
        files[dataset["path"].rpartition("/")[2].partition("_")[2]] = content
        say(f"Published: {dataset['path']}, {len(content)} bytes, registration in Azure ML: {dataset['registration']}")
    rows = list(csv.DictReader(io.StringIO(files["labels.csv"].decode())))
    _check_labels(rows, images, pictures)
    manifest = json.loads(files["images.json"])
    expect(manifest["counts"]["labeled"] == len(pictures), f"The manifest counts {manifest['counts']}.")
    example = max(rows, key=lambda row: len(row["label"]))
    say(f"A row of the CSV: {example['image_url']}, {example['label'][:150]} …")
    say(f"The manifest counts {manifest['counts']}.")


def _check_labels(rows: list[dict[str, str]], images: dict[str, dict[str, Any]], pictures: list[Picture]) -> None:
    by_path = {row["image_url"]: json.loads(row["label"]) for row in rows}
    expect(len(by_path) == len(pictures), f"The CSV has {len(by_path)} images, not {len(pictures)}.")
    for picture in pictures:
        path = images[picture.name]["blobstorage_path"].partition("/")[2]
        expect(path in by_path, f"The CSV lacks {path}.")
        expect(_in_pixels(by_path[path], picture) == sorted(_as_rows(picture)), f"Other labels on {path}.")


def _as_rows(picture: Picture) -> Iterator[tuple[str, int, int, int, int]]:
    for thing in picture.things:
        yield thing.label, thing.x_min, thing.y_min, thing.x_max, thing.y_max


def _in_pixels(labels: list[dict[str, Any]], picture: Picture) -> list[tuple[str, int, int, int, int]]:
    """Return the labels of the CSV, whose boxes are ratios, with boxes in pixels."""
    width, height = picture.width or 0, picture.height or 0
    return sorted(
        (
            label["label"],
            round(label["topX"] * width),
            round(label["topY"] * height),
            round(label["bottomX"] * width),
            round(label["bottomY"] * height),
        )
        for label in labels
    )


def draw_boxes(admin: Caller, images: dict[str, dict[str, Any]], pictures: list[Picture], target: Path) -> None:
    """Fetch the picture with the most things on it and its objects, and save it with their boxes drawn."""
    richest = max(pictures, key=lambda picture: len(picture.things))
    image_id = images[richest.name]["image_id"]
    objects = admin.call("GET", f"/images/{image_id}/objects")
    expect(len(objects) == len(richest.things), f"Image {image_id} has {len(objects)} objects.")
    # Boxes count in the picture as displayed, so that it is turned upright before they are drawn.
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(_fetch(admin, f"/images/{image_id}")))).convert("RGB")
    pen = ImageDraw.Draw(upright)
    for item in objects:
        box = item["bounding_box"]
        pen.rectangle((box["xmin"], box["ymin"], box["xmax"] - 1, box["ymax"] - 1), outline="#ff2d95", width=3)
        pen.text((box["xmin"] + 4, box["ymin"] - 14), f"{item['label']} {item['confidence']:.0%}", fill="white")
    upright.save(target)
    say(f"A picture with its boxes: {target}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit("Give the path of admin.json: `make run` writes it to the data folder and must be running.")
    try:
        main(Path(sys.argv[1]))
    except (DemoFailed, httpx.HTTPError, AzureError) as problem:
        sys.exit(f"The demo FAILED: {problem}")
