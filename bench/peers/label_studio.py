"""LabelAPI and Label Studio with the same labels, in turns on the same machine: `make bench-peers`.

Label Studio has the server of its image, uWSGI, here with two processes as LabelAPI has, and the database that it chooses when
it is installed with pip, SQLite: on PostgreSQL it asks for the extension pg_trgm, which the packaged PostgreSQL of this
benchmark does not have. Its packages are in a virtual environment of their own (bench/peers/requirements.txt). What is compared
exists in both: sending images with five boxes each, a page of them, and taking all of them out again.
"""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson

from bench.connection import Connection
from bench.growth import whole_campaign
from bench.machine import facts
from bench.measure import milliseconds
from bench.service import Service, running_service
from bench.submissions import BOXES, LABELS, make_body
from tests.web_server import free_port

PEER = Path(".venv/peers")
RESULTS = Path(__file__).with_name("results.md")
SIZES = (1_000, 10_000)
START_SECONDS = 120
CONFIG = """
<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">
{}</RectangleLabels></View>
""".format("".join(f'<Label value="{label}"/>' for label in LABELS))


@contextmanager
def label_studio(service: Service) -> Iterator[tuple[str, dict[str, str]]]:
    """Run Label Studio; yield its address and the header of an account."""
    token, folder = secrets.token_hex(20), service.folder / "label_studio"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
        "DJANGO_DB": "sqlite",
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "LOG_LEVEL": "ERROR",
    }
    account = ["--username", "ada@example.org", "--password", token, "--user-token", token, "--enable-legacy-api-token"]
    run([PEER / "bin/label-studio", "init", "bench", *account], environment)
    port = free_port()
    [package] = PEER.glob("lib/python3*/site-packages/label_studio")
    command: list[str | Path] = [
        PEER.absolute() / "bin/uwsgi",
        "--http-socket",
        f"127.0.0.1:{port}",
        "--chdir",
        package,
        "--master",
    ]
    command += ["--module", "core.wsgi:application", "--processes", "2", "--die-on-term", "--disable-logging"]
    command += ["--virtualenv", PEER.absolute(), "--buffer-size", "32768", "--need-app", "--enable-threads"]
    with (service.folder / "label_studio.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        address, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Token {token}"}
        wait_for(address, process)
        yield address, headers
    finally:
        process.terminate()
        process.wait()


def run(command: list[str | Path], environment: dict[str, str]) -> None:
    """Run a command to its end. Raises RuntimeError with what it said."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout[-2000:]} {done.stderr[-2000:]}")


def wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until it answers. Raises RuntimeError when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(address + "/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError("Label Studio does not answer.")


def make_tasks(count: int) -> bytes:
    """Return so many tasks with the same boxes as `make_body`, in per cent of an image of 1920 x 1080 pixels."""
    results = [
        {
            "from_name": "label",
            "to_name": "image",
            "type": "rectanglelabels",
            "original_width": 1920,
            "original_height": 1080,
            "value": {
                "x": box["xmin"] / 19.2,
                "y": box["ymin"] / 10.8,
                "width": (box["xmax"] - box["xmin"]) / 19.2,
                "height": (box["ymax"] - box["ymin"]) / 10.8,
                "rectanglelabels": [label],
            },
        }
        for box, label in zip(BOXES, LABELS, strict=True)
    ]
    return orjson.dumps(
        [
            {"data": {"image": f"http://127.0.0.1/{number}.jpg"}, "annotations": [{"result": results}]}
            for number in range(count)
        ]
    )


@dataclass(frozen=True)
class Times:
    """Milliseconds for sending, for one page of 100, and for taking all out."""

    send: float
    page: float
    export: float


class NewConnections(Connection):
    """A connection for each request: uWSGI keeps none open, and costs a tenth of a millisecond by it."""

    def send(self, method: str, path: str, body: bytes | None = None, status: int = 200) -> bytes:
        """Send one request and return the body of its answer."""
        return Connection(self.url, self.headers).send(method, path, body, status)


def measure_peer(connection: Connection, count: int) -> Times:
    """Measure Label Studio with so many images."""
    project = orjson.dumps({"title": f"bench {count}", "label_config": CONFIG})
    project_id = orjson.loads(connection.send("POST", "/api/projects/", project, status=201))["id"]
    tasks = make_tasks(count)
    send = milliseconds(lambda: connection.send("POST", f"/api/projects/{project_id}/import", tasks, status=201))
    page = f"/api/tasks?project={project_id}&page=1&page_size=100&fields=all"
    connection.send("GET", page)
    export = f"/api/projects/{project_id}/export?exportType=JSON"
    found: list[int] = []
    took = milliseconds(lambda: found.append(len(orjson.loads(connection.send("GET", export)))))
    if found != [count]:
        raise RuntimeError(f"Label Studio exported {found} of {count} tasks.")
    return Times(send, min(milliseconds(lambda: connection.send("GET", page)) for _ in range(5)), took)


def measure_ours(service: Service, connection: Connection, count: int) -> Times:
    """Measure LabelAPI with so many images."""
    images = service.make_images(count)
    campaign_id = service.make_campaign(range(1, 1), "created")
    path = f"/api/v1/campaigns/{campaign_id}"
    references = orjson.dumps([{"id": image_id} for image_id in images])
    body = make_body(images)

    def send() -> None:
        connection.send("POST", path + "/images", references)
        connection.send("PUT", path, b'{"new_status":"active","auto_complete":false}')
        connection.send("PUT", path + "/objects", body)

    sent = milliseconds(send)
    page = path + "/objects?per_page=100"
    connection.send("GET", page)
    found: list[int] = []
    took = milliseconds(lambda: found.append(whole_campaign(connection, campaign_id)))
    if found != [count]:
        raise RuntimeError(f"LabelAPI gave {found} of {count} images.")
    return Times(sent, min(milliseconds(lambda: connection.send("GET", page)) for _ in range(5)), took)


def main() -> int:
    """Measure both at each size, print and write the table."""
    lines = [["images x 5 boxes", "", "LabelAPI", "Label Studio", "ratio"], ["---"] * 5]
    with running_service() as service, service.web() as server, label_studio(service) as (address, headers):
        ours, peer = service.connect(server), NewConnections(address, headers)
        measure_ours(service, ours, 100), measure_peer(peer, 100)
        for count in SIZES:
            mine, theirs = measure_ours(service, ours, count), measure_peer(peer, count)
            for name, a, b in (
                ("send images and boxes", mine.send, theirs.send),
                ("a page of 100 with boxes", mine.page, theirs.page),
                ("take all out as JSON", mine.export, theirs.export),
            ):
                lines.append([f"{count:,}", name, f"{a:,.0f} ms", f"{b:,.0f} ms", f"1 : {b / a:.1f}"])
                print(lines[-1], flush=True)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    versions = ", ".join(Path(__file__).with_name("requirements.txt").read_text().split())
    RESULTS.write_text(
        f"# Beside Label Studio\n\nMade by `make bench-peers` ({versions}; both with two processes, in turns; LabelAPI"
        f" on PostgreSQL, Label Studio on SQLite, each as it comes).\n\n{facts()}\n\n{table}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
