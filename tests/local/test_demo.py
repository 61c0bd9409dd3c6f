"""`make demo`: what it draws, and what it leaves in a service that `make run` has started."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import ExifTags, Image, ImageChops

from local.folder import CHECKOUT, scratch_folder
from tests.launcher import Launch, environment, launched
from tests.web_server import free_port

pytestmark = pytest.mark.slow

EXAMPLES = CHECKOUT / "examples"
PICTURES = 4
# What waves, shadows and light rims change at most, out of 255.
AROUND = 60


@pytest.fixture(scope="module")
def drawing() -> Iterator[Any]:
    """The modules of examples/, which import each other by their names alone."""
    sys.path.insert(0, str(EXAMPLES))
    import floating
    import label_files
    import pictures

    yield {"floating": floating, "label_files": label_files, "pictures": pictures}
    sys.path.remove(str(EXAMPLES))


@pytest.fixture(scope="module")
def launch() -> Iterator[Launch]:
    with scratch_folder() as folder, launched(folder / ".data", free_port()) as launch:
        yield launch


@pytest.mark.parametrize("kind", ["bottle", "foam", "crate"])
@pytest.mark.parametrize("seed", range(4))
def test_box_fits_what_is_drawn(drawing: Any, kind: str, seed: int) -> None:
    import random

    floating, rng = drawing["floating"], random.Random(seed)
    # On water of the color of shadows, only the thing itself is bright.
    water = Image.new("RGB", (400, 400), (12, 18, 14))
    picture = water.copy()
    sprite = floating.KINDS[kind][0](90 * floating.ENLARGED, rng)
    box = floating.paste(picture, sprite, (200, 200), rng.uniform(0, 360), 1, rng)
    bands = ImageChops.difference(picture, water).split()
    brightest = ImageChops.lighter(ImageChops.lighter(*bands[:2]), bands[2])
    seen = brightest.point(lambda value: 255 if value > AROUND else 0).getbbox()
    assert seen == pytest.approx(box, abs=4)


@pytest.mark.timeout(500)
@pytest.mark.parametrize("camera", ["drone_pictures", "bridge_pictures"])
def test_pictures_are_the_same_each_time_with_boxes_inside_and_time_and_place(drawing: Any, camera: str) -> None:
    draw = getattr(drawing["pictures"], camera)
    first, again, other = list(draw(2, 1)), list(draw(2, 1)), list(draw(1, 2))
    assert first == again
    assert first[0].content != other[0].content
    assert sum(len(each.things) for each in first) > 2
    for picture in first:
        with Image.open(BytesIO(picture.content)) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation) == 6
            assert image.size == ((picture.height, picture.width) if turned else (picture.width, picture.height))
            taken = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
            place = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        assert (taken is None) == (not place) == (picture.taken is None)
        if picture.taken:
            assert datetime.strptime(str(taken), "%Y:%m:%d %H:%M:%S") == picture.taken.replace(tzinfo=None)  # noqa: DTZ007
        for left, top, right, bottom in (each.box for each in picture.things):
            assert 0 <= left < right <= picture.width
            assert 0 <= top < bottom <= picture.height


def run_demo(admin_file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / "demo.py"), str(admin_file), *arguments]
    own = environment(PYTHONPATH=str(CHECKOUT / "client" / "src"), HOME=str(admin_file.parent))
    return subprocess.run(command, env=own, capture_output=True, text=True, timeout=400, check=False)


Round = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def first_round(launch: Launch) -> Round:
    """The demo was played once, with so many pictures."""
    return run_demo(launch.folder / "admin.json", "--pictures", str(PICTURES))


@pytest.mark.timeout(500)
def test_demo_leaves_two_campaigns_a_snapshot_and_keys_that_work(
    launch: Launch, drawing: Any, first_round: Round
) -> None:
    result = first_round
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Console     {launch.url}/" in result.stdout
    assert "lss_" not in result.stdout + result.stderr
    keys = {path.stem: path for path in (launch.folder / "demo" / "keys").iterdir()}
    assert set(keys) == {"lisa", "tom", "robin"}
    for email, path in keys.items():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        pair = dict(line.split("=", 1) for line in path.read_text().splitlines())
        headers = {"Authentication-Key": pair["LABELAPI_KEY"], "Authentication-Secret": pair["LABELAPI_SECRET"]}
        answer = httpx.get(f"{launch.url}/api/v1/whoami", headers=headers, trust_env=False)
        assert answer.json()["email"].startswith(f"{email}@")
    admin = {"Authentication-Key": launch.admin["apikey"], "Authentication-Secret": launch.admin["apisecret"]}
    with httpx.Client(base_url=f"{launch.url}/api/v1", headers=admin, trust_env=False) as http:
        campaigns = {each["title"]: each for each in http.get("/campaigns?kind=any").json()["campaigns"]}
        bridge, drone = campaigns["maas-bridge"], campaigns["maas-drone"]
        assert (bridge["status"], drone["status"]) == ("finished", "active")
        assert bridge["progress"]["reviews"]["accepted"] == PICTURES
        states = drone["progress"]["states"]
        assert (states["unlabeled"], states["unusable"]) == (PICTURES // 2, 1)
        assert drone["prelabels_from"] == campaigns["floating-detector-3-1"]["campaign_id"]
        suggested = http.get(f"/campaigns/{drone['campaign_id']}/images?state=unlabeled").json()["images"]
        assert any(image["suggestions"] for image in suggested)
        [problem] = http.get("/image_sets/2/problems").json()["problems"]
        assert problem["name"].endswith("DJI_0099.JPG")
        [snapshot] = http.get("/snapshots?name=maas-plastics").json()["snapshots"]
    # Nothing that was drawn is missing, and nothing else is there.
    truth = [*drawing["pictures"].bridge_pictures(PICTURES, 1)]
    truth += [*drawing["pictures"].drone_pictures(PICTURES, 1)][: PICTURES // 2]
    assert snapshot["counts"]["images"] == len(truth)
    assert snapshot["counts"]["objects"] == sum(len(each.things) for each in truth)
    dataset = launch.folder / "demo" / "maas-plastics"
    assert len(list(dataset.glob("labels/*/*.txt"))) == len(truth)
    with Image.open(launch.folder / "demo" / "boxes.jpg") as picture:
        assert picture.width > 1000


@pytest.mark.timeout(500)
def test_second_round_makes_its_own_and_keeps_the_keys(launch: Launch, first_round: Round) -> None:
    keys = {path: path.read_text() for path in (launch.folder / "demo" / "keys").iterdir()}
    result = run_demo(launch.folder / "admin.json", "--pictures", "3")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "maas-drone-2" in result.stdout
    assert {path: path.read_text() for path in keys} == keys


def test_demo_fails_loudly(launch: Launch, tmp_path: Path) -> None:
    account = launch.admin | {"apisecret": launch.admin["apisecret"][:-1] + "0"}
    (tmp_path / "admin.json").write_text(json.dumps(account))
    result = run_demo(tmp_path / "admin.json")
    assert result.returncode == 1
    assert "The demo FAILED: `labelapi whoami` ended with exit code 3." in result.stderr
    few = run_demo(tmp_path / "admin.json", "--pictures", "2")
    assert few.returncode == 2
    assert "--pictures must be 3 or more" in few.stderr
    absent = run_demo(tmp_path / "nowhere" / "admin.json")
    assert absent.returncode == 1
    assert "`make run` writes it" in absent.stderr
    assert os.linesep not in absent.stderr.strip()
