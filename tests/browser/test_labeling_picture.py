"""The first picture of the README: the labeling page with the data that `make demo` leaves. `make screenshot` keeps it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from local.folder import CHECKOUT, scratch_folder
from tests.launcher import Launch, environment, launched
from tests.web_server import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SIZE = (1280, 800)
MOST_BYTES = 400_000
SHOWN = (
    "() => { const image = document.querySelector('.stage-image');"
    " return image && image.complete && image.naturalWidth > 0 && image.style.transform !== '' }"
)


@pytest.fixture
def launch() -> Iterator[Launch]:
    with scratch_folder() as folder, launched(folder / ".data", free_port()) as launch:
        yield launch


def test_picture_of_the_labeling_page(chromium: Browser, console_built: None, launch: Launch, tmp_path: Path) -> None:
    own = environment(PYTHONPATH=str(CHECKOUT / "client" / "src"), HOME=str(tmp_path))
    kept = os.environ.get("LABELING_PICTURE")
    demo = [sys.executable, str(CHECKOUT / "examples" / "demo.py"), str(launch.folder / "admin.json")]
    demo += [] if kept else ["--pictures", "4"]
    subprocess.run(demo, env=own, check=True, capture_output=True, timeout=800)
    lines = (launch.folder / "demo" / "keys" / "tom.env").read_text().splitlines()
    pair = {name.removeprefix("LABELAPI_").lower(): value for name, value in (line.split("=", 1) for line in lines)}
    headers = {"Authentication-Key": pair["key"], "Authentication-Secret": pair["secret"]}
    with httpx.Client(base_url=f"{launch.url}/api/v1", headers=headers, trust_env=False) as http:
        campaign = http.get("/whoami").json()["roles"][0]["campaign"]["campaign_id"]
        images = http.get(f"/campaigns/{campaign}/objects?state=unlabeled").json()["images"]
    richest = max(images, key=lambda image: len(image["suggestions"]))
    with chromium.new_context(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="dark") as context:
        page = context.new_page()
        page.goto(launch.url)
        page.get_by_label("Key", exact=True).fill(pair["key"])
        page.get_by_label("Secret").fill(pair["secret"])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        page.goto(f"{launch.url}/campaigns/{campaign}/label/{richest['image_id']}")
        page.wait_for_function(SHOWN, timeout=30_000)
        page.keyboard.press("a")
        expect(page.get_by_text(f"{len(richest['suggestions'])} suggestions were accepted.")).to_be_visible()
        expect(page.locator(".saved")).to_have_text(re.compile(r"^Saved \d"), timeout=30_000)
        file = Path(kept or tmp_path / "labeling.jpg")
        page.screenshot(path=file, type="jpeg", quality=82)
    with Image.open(file) as picture:
        assert picture.size == SIZE
    assert file.stat().st_size < MOST_BYTES
