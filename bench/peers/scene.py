"""The same pictures, classes and boxes in LabelAPI and in Label Studio, for a look at both in a browser."""

import io
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from azure.storage.blob import BlobServiceClient, ContainerClient
from PIL import Image

from app.azure import cors_rules
from bench.service import Service
from tests.workers import ROOT

sys.path.append(str(ROOT / "examples"))
from pictures import drone_pictures

# 20 megapixels, as many drones take them. Each picture is a little lower than the one before, so that its proportions name it.
WIDTH, HEIGHT, LOWER_BY = 5472, 3648, 24
PICTURES = 8
LABELS = ("bottle", "bag", "can")
CLASSES = [{"name": label, "key": str(number)} for number, label in enumerate(LABELS, 1)]
COLUMNS, ROWS = 25, 20
EMAIL = "pat@partner.example"
PATIENCE_SECONDS = 300
CONFIG = """
<View><Image name="image" value="$image" zoom="true"/><RectangleLabels name="label" toName="image">
{}</RectangleLabels></View>
""".format("".join(f'<Label value="{label}"/>' for label in LABELS))
Box = tuple[float, float, float, float]


def size_of(number: int) -> tuple[int, int]:
    """Return the width and the height of a picture."""
    return WIDTH, HEIGHT - LOWER_BY * number


def draw() -> list[bytes]:
    """Return the pictures of the demo as JPEG, enlarged and with the grain that a file of this size has."""
    files: list[bytes] = []
    for number, picture in enumerate(drone_pictures(2 * PICTURES, seed=7)):
        stored = Image.open(io.BytesIO(picture.content))
        if stored.width < stored.height:
            continue
        large = stored.convert("RGB").resize(size_of(len(files)))
        stream = io.BytesIO()
        grain = Image.effect_noise(large.size, 12 + number % 3).convert("RGB")
        Image.blend(large, grain, 0.08).save(stream, "JPEG", quality=85)
        files.append(stream.getvalue())
        if len(files) == PICTURES:
            return files
    raise RuntimeError("The demo drew fewer pictures than are needed.")


def boxes(number: int = 0) -> list[Box]:
    """Return the boxes that lie all over a picture: left, top, right and bottom in pixels."""
    width, height = size_of(number)
    step_x, step_y = width / COLUMNS, height / ROWS
    corners = [(step_x * (i % COLUMNS), step_y * (i // COLUMNS)) for i in range(COLUMNS * ROWS)]
    return [(x + 4, y + 4, x + step_x - 16, y + step_y - 16) for x, y in corners]


@dataclass(frozen=True)
class Ours:
    """LabelAPI with campaigns: some in which nothing is labeled, and one whose only picture has all the boxes."""

    url: str
    key: str
    secret: str
    campaigns: list[int]
    crowded: str
    links: list[str]


class Client:
    """Requests to one of the two services; every answer must be good."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        # uWSGI keeps no connection open, and does not say so.
        limits = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.Client(base_url=url, headers=headers, timeout=120, limits=limits)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request, and return what it answers. Raises RuntimeError."""
        answer = self.http.request(method, path, **({} if body is None else {"json": body}))
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()


def fill_ours(service: Service, url: str, files: Sequence[bytes], campaigns: int) -> Ours:
    """Upload the pictures, let the worker that runs ingest and inspect them, and make the campaigns."""
    admin = Client(f"{url}/api/v1", service.headers)
    image_ids = _ingest(admin, files)
    keys: dict[str, str] = {}

    def make(title: str, chosen: list[int]) -> int:
        body = {"title": title, "labeler_email": EMAIL, "classes": CLASSES}
        made = admin.send("POST", "/campaigns", body)
        # The user has a key from the first one on.
        if made["access_token"]["apisecret"]:
            keys.update(made["access_token"])
        admin.send("POST", f"/campaigns/{made['campaign_id']}/images", [{"id": image_id} for image_id in chosen])
        admin.send("PUT", f"/campaigns/{made['campaign_id']}", {"new_status": "active", "auto_complete": False})
        return int(made["campaign_id"])

    made = [make(f"plain-{number}", image_ids) for number in range(campaigns)]
    crowded = make("crowded", image_ids[:1])
    objects = [
        {
            "label": LABELS[number % len(LABELS)],
            "bounding_box": dict(zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)),
        }
        for number, box in enumerate(boxes())
    ]
    admin.send("PUT", f"/campaigns/{crowded}/objects", [{"image_id": image_ids[0], "objects": objects}])
    page = admin.send("GET", f"/campaigns/{made[0]}/images?expand=download_url&per_page=1000")
    links = {image["image_id"]: image["download_url"] for image in page["images"]}
    return Ours(
        url,
        keys["apikey"],
        keys["apisecret"],
        made,
        f"{url}/campaigns/{crowded}/label/{image_ids[0]}",
        [links[image_id] for image_id in image_ids],
    )


def _ingest(admin: Client, files: Sequence[bytes]) -> list[int]:
    made = admin.send("POST", "/image_sets", {"title": "pictures"})
    with ContainerClient.from_container_url(made["dropbox_url"]) as dropbox:
        for number, content in enumerate(files):
            dropbox.upload_blob(f"{number:02}.jpg", content)
    path = f"/image_sets/{made['imageset_id']}"
    admin.send("PUT", path, {"new_status": "finished"})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        images = admin.send("GET", f"{path}/images?expand=preview_url")["images"]
        if len(images) == len(files) and all(image["preview_url"] for image in images):
            return [image["image_id"] for image in sorted(images, key=lambda image: str(image["blobstorage_path"]))]
        time.sleep(0.5)
    raise RuntimeError("The pictures were not ingested and inspected.")


@dataclass(frozen=True)
class Theirs:
    """Label Studio with the same: projects in which nothing is labeled, and a task that has all the boxes."""

    url: str
    projects: list[int]
    crowded: str


def fill_theirs(url: str, headers: dict[str, str], links: Sequence[str], projects: int) -> Theirs:
    """Make the projects, with tasks that load the pictures from where LabelAPI keeps them."""
    client = Client(f"{url}/api", headers)

    def make(title: str, tasks: list[dict[str, Any]]) -> int:
        body = {"title": title, "label_config": CONFIG, "sampling": "Sequential sampling"}
        project_id = int(client.send("POST", "/projects/", body)["id"])
        client.send("POST", f"/projects/{project_id}/import", tasks)
        return project_id

    plain = [{"data": {"image": link}} for link in links]
    made = [make(f"plain {number}", plain) for number in range(projects)]
    annotation = {"result": [_result(number, box) for number, box in enumerate(boxes())]}
    crowded = make("crowded", [{**plain[0], "annotations": [annotation]}])
    task = client.send("GET", f"/tasks?project={crowded}")["tasks"][0]["id"]
    return Theirs(url, made, f"{url}/projects/{crowded}/data?task={task}")


def _result(number: int, box: Box) -> dict[str, Any]:
    width, height = size_of(0)
    left, top, right, bottom = box
    return {
        "id": f"box{number}",
        "from_name": "label",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": width,
        "original_height": height,
        "value": {
            "x": 100 * left / width,
            "y": 100 * top / height,
            "width": 100 * (right - left) / width,
            "height": 100 * (bottom - top) / height,
            "rotation": 0,
            "rectanglelabels": [LABELS[number % len(LABELS)]],
        },
    }


def allow_pages(service: Service, origin: str) -> None:
    """Let the pages of this origin read files of the storage: Label Studio fetches them by script."""
    text = service.settings.azure_storage_connection_string
    account = BlobServiceClient.from_connection_string(text.get_secret_value() if text else "")
    cors_rules.replace_rules(account, [origin])
