"""Image sets in the console: upload by a real browser straight into the storage, finish, ingest, problems."""

import hashlib
import io
import json
import re
import zlib
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from flask import Flask
from PIL import Image
from playwright.sync_api import Request, Response, expect

from app.azure import cors_rules
from app.web.components import web_components_of
from tests.browser.console import Console
from tests.browser.pictures import draw_water, upload
from tests.caller import Caller
from tests.workers import run_jobs

pytestmark = pytest.mark.slow

MakeConsole = Callable[..., Console]
BLOCK_BYTES = 8 * 1024**2
UPLOAD_MS = 60_000


def folder_of(tmp_path: Path, files: dict[str, bytes]) -> Path:
    """Write these files into a folder `flight 7`, as a camera's card has them."""
    folder = tmp_path / "flight 7"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def choose(console: Console, folder: Path) -> None:
    """Choose a folder, as the button of the page does."""
    console.page.locator("input[webkitdirectory]").set_input_files(folder)


def new_set(admin: Caller, title: str, **properties: Any) -> int:
    made: int = admin.post("/image_sets", {"title": title, **properties}).expect(200)["imageset_id"]
    return made


def uploads_of(admin: Caller, imageset_id: int) -> dict[str, tuple[int, str]]:
    """Return the size and the MD5 of each file in the dropbox."""
    found = admin.get(f"/image_sets/{imageset_id}/uploads").expect(200)["uploads"]
    return {file["name"]: (file["size"], file["md5"]) for file in found}


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()  # noqa: S324  # The storage keeps it, and nobody trusts it.


def facts(files: dict[str, bytes]) -> dict[str, tuple[int, str]]:
    return {f"flight 7/{name}": (len(content), md5(content)) for name, content in files.items()}


def large_png(megabytes: int) -> bytes:
    """Return a valid picture of about that size that does not compress."""
    side = int((megabytes * 1_000_000 / 3) ** 0.5)
    noise = hashlib.shake_128(b"water").digest(side * side * 3)
    stream = io.BytesIO()
    Image.frombytes("RGB", (side, side), noise).save(stream, "PNG", compress_level=0)
    return stream.getvalue()


def test_an_admin_makes_a_set_drops_a_folder_and_sees_its_images(
    make_console: MakeConsole, app: Flask, admin: Caller, title: str, tmp_path: Path, uploads_allowed: None
) -> None:
    images = {f"{number:03}.jpg": draw_water(number, 300, 200) for number in range(12)}
    junk = {".DS_Store": b"x", "._001.jpg": b"x", "Thumbs.db": b"x", "empty.jpg": b"", "notes.txt": b"Cloudy."}
    cut_off = draw_water(99, 600, 400)[:-4000]
    folder = folder_of(tmp_path, {**images, **junk, "left/cut.jpg": cut_off})
    console = make_console(admin, "/image-sets")
    page = console.page
    console.see("There are no images yet")
    page.get_by_role("button", name="New image set").click()
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("Time zone").fill("Europe/Amsterdam")
    page.get_by_label("Metadata").fill('{"country": "NL"}')
    page.get_by_role("button", name="Create").click()
    console.see("Drop folders or images here")
    choose(console, folder)
    expect(page.get_by_text("Verified: 13 files are in the dropbox")).to_be_visible(timeout=UPLOAD_MS)
    console.see("5 files were left out")
    console.see("1 picture seems to be cut off")
    expect(page.get_by_text("It is not an image.")).to_be_visible()
    imageset_id = int(page.url.rpartition("/")[2])
    assert uploads_of(admin, imageset_id) == facts({**images, "left/cut.jpg": cut_off})
    console.see("The dropbox has 13 files")
    assert console.axe() == []
    page.get_by_role("button", name="Finish and ingest").click()
    console.see("Finished. Its files are being ingested.")
    run_jobs(app, hurry=True)
    expect(page.get_by_role("heading", name="1 problem")).to_be_visible(timeout=UPLOAD_MS)
    made = admin.get(f"/image_sets/{imageset_id}").expect(200)
    assert (made["metadata"], made["timezone"], made["ingest"]["images"]) == ({"country": "NL"}, "Europe/Amsterdam", 13)
    assert console.axe() == []


def test_the_answer_to_a_form_that_was_closed_leads_nowhere(
    make_console: MakeConsole, admin: Caller, title: str
) -> None:
    console = make_console(admin, "/image-sets")
    page = console.page
    # Lists are asked for with a query.
    held = console.hold("**/api/v1/image_sets")
    page.get_by_role("button", name="New image set").click()
    dialog = page.get_by_role("dialog", name="New image set")
    dialog.get_by_label("Title").fill(title)
    with page.expect_request(lambda request: request.method == "POST"):
        dialog.get_by_role("button", name="Create").click()
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="New image set").click()
    with page.expect_response(lambda response: response.request.method == "POST"):
        held[0].continue_()
    # The next form is open, and stays so.
    page.wait_for_load_state("networkidle")
    expect(dialog.get_by_role("button", name="Create")).to_be_enabled()
    assert page.url.endswith("/image-sets")
    assert [made["title"] for made in admin.get("/image_sets").expect(200)["image_sets"]] == [title]


def test_a_dropped_folder_is_read_to_its_depth(
    make_console: MakeConsole, admin: Caller, title: str, tmp_path: Path, uploads_allowed: None
) -> None:
    images = {f"a/b/{'c' * 30}/{number}.jpg": draw_water(number, 160, 120) for number in range(150)}
    folder = folder_of(tmp_path, images)
    imageset_id = new_set(admin, title)
    console = make_console(admin, f"/image-sets/{imageset_id}")
    place = console.page.locator(".drop").bounding_box()
    assert place
    session = console.context.new_cdp_session(console.page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": place["x"] + 20, "y": place["y"] + 20, "data": data}
        session.send("Input.dispatchDragEvent", event)
    expect(console.page.get_by_text("Verified: 150 files")).to_be_visible(timeout=UPLOAD_MS)
    assert uploads_of(admin, imageset_id) == facts(images)


def test_a_cut_network_and_a_closed_tab_lose_nothing_and_send_no_block_twice(
    make_console: MakeConsole, admin: Caller, title: str, tmp_path: Path, uploads_allowed: None
) -> None:
    files = {"large.png": large_png(42), **{f"{number}.jpg": draw_water(number, 300, 200) for number in range(30)}}
    folder = folder_of(tmp_path, files)
    imageset_id = new_set(admin, title)
    console = make_console(admin, f"/image-sets/{imageset_id}")
    slow = {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": 5_000_000}
    session = console.context.new_cdp_session(console.page)
    session.send("Network.emulateNetworkConditions", slow)
    choose(console, folder)
    blocks = sent_blocks(console)
    console.page.wait_for_event("requestfinished", lambda request: "comp=block&" in request.url)
    session.send("Network.emulateNetworkConditions", {**slow, "offline": True})
    expect(console.page.get_by_text("Nothing is lost: what was sent is kept.")).to_be_visible(timeout=UPLOAD_MS)
    session.send("Network.emulateNetworkConditions", slow)
    console.page.wait_for_event("requestfinished", lambda request: "comp=block&" in request.url)
    first = len(blocks)
    assert uploads_of(admin, imageset_id) != facts(files)
    # The tab is gone, and with it everything that the page knew of the files.
    console.page.close()
    again = console.context.new_page()
    console.watch(again)
    console.page = again
    console.open(f"/image-sets/{imageset_id}")
    console.sign_in(admin)
    more = sent_blocks(console)
    choose(console, folder)
    expect(again.get_by_text(f"Verified: {len(files)} files")).to_be_visible(timeout=UPLOAD_MS)
    assert uploads_of(admin, imageset_id) == facts(files)
    total = -(-len(files["large.png"]) // BLOCK_BYTES)
    assert first >= 2
    assert len(more) < total
    assert set(blocks).isdisjoint(more)


def sent_blocks(console: Console) -> list[str]:
    """Collect the names of the blocks that the storage has taken from now on."""
    found: list[str] = []

    def keep(request: Request) -> None:
        if "comp=block&" in request.url:
            found.append(parse_qs(urlsplit(request.url).query)["blockid"][0])

    console.page.on("requestfinished", keep)
    return found


def test_a_link_that_ends_in_the_middle_is_replaced(
    make_console: MakeConsole, admin: Caller, title: str, tmp_path: Path, uploads_allowed: None
) -> None:
    files = {f"{number:03}.jpg": draw_water(number, 900, 600) for number in range(60)}
    folder = folder_of(tmp_path, files)
    imageset_id = new_set(admin, title)
    console = make_console(admin, f"/image-sets/{imageset_id}")
    session = console.context.new_cdp_session(console.page)
    slow = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": 1_500_000}
    session.send("Network.emulateNetworkConditions", slow)
    refused: list[str] = []

    def keep(answer: Response) -> None:
        if answer.status == HTTPStatus.FORBIDDEN:
            refused.append(answer.url)

    console.page.on("response", keep)
    choose(console, folder)
    console.page.wait_for_event("requestfinished", lambda request: request.method == "PUT" and ".jpg" in request.url)
    admin.post(f"/image_sets/{imageset_id}/dropbox_url?revoke=true").expect(200)
    # The numbers move with the files.
    expect(console.page.get_by_label(re.compile("Files sent: [1-9][0-9]? of 60"))).to_be_visible()
    expect(console.page.get_by_text("Verified: 60 files")).to_be_visible(timeout=UPLOAD_MS)
    assert refused
    assert uploads_of(admin, imageset_id) == facts(files)


def test_a_session_that_ends_in_the_middle_is_asked_for_and_the_upload_ends_well(
    make_console: MakeConsole, app: Flask, admin: Caller, title: str, tmp_path: Path, uploads_allowed: None
) -> None:
    files = {f"{number:03}.jpg": draw_water(number, 900, 600) for number in range(40)}
    imageset_id = new_set(admin, title)
    console = make_console(admin, f"/image-sets/{imageset_id}")
    session = console.context.new_cdp_session(console.page)
    slow = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": 500_000}
    session.send("Network.emulateNetworkConditions", slow)
    choose(console, folder_of(tmp_path, files))
    console.page.wait_for_event("requestfinished", lambda request: request.method == "PUT" and ".jpg" in request.url)
    kept = json.loads(console.stored()[1]["labelapi.session"])
    Caller(admin.http, kept["key"], kept["secret"]).delete("/session_keys/current").expect(200)
    web_components_of(app).key_pair_check.clear()
    expect(console.page.get_by_role("heading", name="Sign in again")).to_be_visible(timeout=UPLOAD_MS)
    session.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    dialog = console.page.get_by_role("dialog")
    dialog.get_by_label("Key", exact=True).fill(str(admin.key))
    dialog.get_by_label("Secret").fill(str(admin.secret))
    dialog.get_by_role("button", name="Sign in").click()
    expect(console.page.get_by_text("Verified: 40 files")).to_be_visible(timeout=UPLOAD_MS)
    assert uploads_of(admin, imageset_id) == facts(files)


def test_blocks_that_another_tool_has_left_do_not_stop_a_large_file(
    make_console: MakeConsole, admin: Caller, title: str, tmp_path: Path, uploads_allowed: None
) -> None:
    files = {"large.png": large_png(34)}
    made = admin.post("/image_sets", {"title": title}).expect(200)
    with ContainerClient.from_container_url(made["dropbox_url"]) as dropbox:
        dropbox.get_blob_client("flight 7/large.png").stage_block("1", b"of another tool")
    console = make_console(admin, f"/image-sets/{made['imageset_id']}")
    choose(console, folder_of(tmp_path, files))
    expect(console.page.get_by_text("Verified: 1 file is")).to_be_visible(timeout=UPLOAD_MS)
    assert uploads_of(admin, made["imageset_id"]) == facts(files)


def test_two_tabs_that_send_the_same_folder_end_well(
    make_console: MakeConsole, admin: Caller, title: str, tmp_path: Path, uploads_allowed: None
) -> None:
    files = {f"{number:03}.jpg": draw_water(number, 600, 400) for number in range(40)}
    folder = folder_of(tmp_path, files)
    imageset_id = new_set(admin, title)
    tabs = [make_console(admin, f"/image-sets/{imageset_id}") for _ in range(2)]
    for console in tabs:
        choose(console, folder)
    for console in tabs:
        expect(console.page.get_by_text("Verified: 40 files")).to_be_visible(timeout=UPLOAD_MS)
    assert uploads_of(admin, imageset_id) == facts(files)


def test_without_the_cors_rule_the_page_says_what_to_do_and_goes_on_afterwards(
    make_console: MakeConsole, admin: Caller, title: str, tmp_path: Path, web: str, storage: BlobServiceClient
) -> None:
    storage.set_service_properties(cors=[])
    files = {"1.jpg": draw_water(1, 300, 200)}
    imageset_id = new_set(admin, title)
    console = make_console(admin, f"/image-sets/{imageset_id}")
    choose(console, folder_of(tmp_path, files))
    expect(console.page.get_by_text("The storage does not accept uploads from this page.")).to_be_visible()
    command = console.page.get_by_label("Command that sets the rule")
    expect(command).to_have_value(f"flask storage cors --origin {web}")
    assert console.axe() == []
    assert uploads_of(admin, imageset_id) == {}
    # What the browser itself writes about the rule that is missing is no fault of the page.
    console.faults[:] = [fault for fault in console.faults if "CORS policy" not in fault]
    cors_rules.replace_rules(storage, [web])
    console.page.get_by_role("button", name="Try again now").click()
    expect(console.page.get_by_text("Verified: 1 file is in the dropbox")).to_be_visible(timeout=UPLOAD_MS)
    storage.set_service_properties(cors=[])


def test_another_file_of_the_same_name_is_not_overwritten_unasked(
    make_console: MakeConsole, admin: Caller, title: str, tmp_path: Path, uploads_allowed: None
) -> None:
    made = admin.post("/image_sets", {"title": title}).expect(200)
    other = draw_water(5, 300, 200)
    upload(made["dropbox_url"], {"flight 7/1.jpg": other, "flight 7/2.jpg": draw_water(2, 300, 200)})
    files = {name: draw_water(int(name[0]), 300, 200) for name in ("1.jpg", "2.jpg", "3.jpg")}
    console = make_console(admin, f"/image-sets/{made['imageset_id']}")
    choose(console, folder_of(tmp_path, files))
    console.see("1 name is taken by another file in the dropbox.")
    expect(console.page.locator(".tag", has_text="Was there already")).to_be_visible()
    stored = uploads_of(admin, made["imageset_id"])
    assert stored["flight 7/1.jpg"] == (len(other), md5(other))
    console.page.get_by_role("button", name="Replace what is there").click()
    expect(console.page.get_by_text("Verified: 3 files")).to_be_visible(timeout=UPLOAD_MS)
    assert uploads_of(admin, made["imageset_id"]) == facts(files)


def test_problems_are_dropped_and_the_set_is_opened_again_and_deleted(
    make_console: MakeConsole, app: Flask, admin: Caller, title: str
) -> None:
    made = admin.post("/image_sets", {"title": title, "duplicates": "flag"}).expect(200)
    imageset_id = made["imageset_id"]
    same = draw_water(1, 300, 200)
    upload(made["dropbox_url"], {"a.jpg": same, "b.jpg": same, "c.jpg": draw_water(3, 300, 200)[:3000]})
    console = make_console(admin, f"/image-sets/{imageset_id}")
    console.see("The dropbox has 3 files")
    console.page.get_by_role("button", name="Finish and ingest").click()
    console.see("Finished.")
    run_jobs(app, hurry=True)
    console.page.reload()
    problems = console.page.get_by_role("region", name="Problems")
    expect(problems.get_by_role("row")).to_have_count(3)
    assert console.axe() == []
    problems.get_by_role("row", name="c.jpg").get_by_role("button", name="Retry").click()
    console.see("They are tried again.")
    run_jobs(app, hurry=True)
    console.page.reload()
    expect(problems.get_by_role("row")).to_have_count(3)
    problems.get_by_role("row", name="c.jpg").get_by_role("button", name="Drop").click()
    console.see("This cannot be undone.")
    console.page.get_by_role("dialog").get_by_role("button", name="Drop").click()
    expect(problems.get_by_role("row")).to_have_count(2)
    run_jobs(app, hurry=True)
    console.page.reload()
    console.page.get_by_role("button", name="Open again").click()
    console.page.get_by_role("dialog").get_by_role("button", name="Open again").click()
    console.see("Drop folders or images here")
    assert admin.get(f"/image_sets/{imageset_id}").expect(200)["status"] == "created"
    empty = new_set(admin, f"{title}-2")
    console.open(f"/image-sets/{empty}")
    console.page.get_by_role("button", name="Delete").click()
    console.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(console.page.get_by_role("heading", name="Image sets")).to_be_visible()
    admin.get(f"/image_sets/{empty}").expect(404)


def test_a_reader_sees_everything_and_can_change_nothing(
    make_console: MakeConsole, app: Flask, admin: Caller, title: str
) -> None:
    new_set(admin, title, metadata={"country": "NL"})
    reader = reader_of(admin)
    console = make_console(reader, "/image-sets")
    console.page.get_by_role("link", name=title).click()
    console.see("country")
    assert console.page.locator("main button").all_inner_texts() == []
    expect(console.page.locator(".drop")).to_have_count(0)


def reader_of(admin: Caller) -> Caller:
    made = admin.post("/users", {"email": "rea@example.org"}).expect(200)
    admin.post(f"/users/{made['user_id']}/roles", {"role": "reader"}).expect(200)
    pair = admin.post(f"/users/{made['user_id']}/api_keys", {}).expect(200)
    return Caller(admin.http, pair["apikey"], pair["apisecret"])


ATTACKS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "\"'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "\u202egnp.exe",
]


def test_names_and_metadata_that_look_like_code_stand_as_text(
    make_console: MakeConsole, app: Flask, admin: Caller, title: str, tmp_path: Path, uploads_allowed: None
) -> None:
    metadata = {f"{number} {attack}": attack for number, attack in enumerate(ATTACKS)} | {"deep": {"<b>": ATTACKS}}
    imageset_id = new_set(admin, title, metadata=metadata)
    names = [attack.replace("/", "|") + ".jpg" for attack in ATTACKS]
    folder = folder_of(tmp_path, {name: draw_water(number, 160, 120) for number, name in enumerate(names)})
    console = make_console(admin, f"/image-sets/{imageset_id}")
    console.page.on("dialog", lambda dialog: pytest.fail(f"A script ran: {dialog.message}"))
    for attack in ATTACKS:
        console.see(attack)
    choose(console, folder)
    expect(console.page.get_by_text(f"Verified: {len(names)} files")).to_be_visible(timeout=UPLOAD_MS)
    assert set(uploads_of(admin, imageset_id)) == {f"flight 7/{name}" for name in names}
    console.page.locator("summary", has_text="Sent").click()
    for name in names:
        console.see(f"flight 7/{name}")
    assert console.page.locator("main img, main script, main svg").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_screens_are_accessible(
    make_console: MakeConsole, app: Flask, admin: Caller, title: str, scheme: str
) -> None:
    for number in range(3):
        new_set(admin, f"{title}-{number}")
    console = make_console(admin, "/image-sets", color_scheme=scheme)
    console.see(f"{title}-2")
    assert console.axe() == []
    console.page.get_by_role("button", name="New image set").click()
    console.see("Time zone of the cameras")
    assert console.axe() == []
    console.open("/image-sets/1")
    console.see("Drop folders or images here")
    assert console.axe() == []


def test_the_digest_of_the_page_is_md5(
    make_console: MakeConsole, admin: Caller, title: str, tmp_path: Path, uploads_allowed: None
) -> None:
    # Sizes around the lengths of MD5's block and of the pieces that the page reads.
    head = b"\xff\xd8\xff"
    sizes = [56, 63, 64, 65, 2**20 - 1, 2**20, 2**20 + 1]
    files = {f"{size}.jpg": (head + zlib.crc32(bytes([size % 251])).to_bytes(4) * size)[:size] for size in sizes}
    imageset_id = new_set(admin, title)
    console = make_console(admin, f"/image-sets/{imageset_id}")
    choose(console, folder_of(tmp_path, files))
    expect(console.page.get_by_text(f"Verified: {len(files)} files")).to_be_visible(timeout=UPLOAD_MS)
    assert uploads_of(admin, imageset_id) == facts(files)
