"""Walking lists: cursors beside page numbers, links to other pages, filters, and signed links in the list."""

import re
from typing import Any

import httpx
import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from app.database.engine import db
from app.settings import Settings
from tests.caller import Answer, Caller
from tests.conftest import Labelled, insert_images
from tests.workers import rows


def links(answer: Answer) -> dict[str, str]:
    """The relations of the header `Link` and their addresses below the API's base."""
    return {
        relation: address.removeprefix("/api/v1")
        for address, relation in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("link", ""))
    }


def ids(answer: Answer, name: str = "images", key: str = "image_id") -> list[int]:
    return [item[key] for item in answer.expect(200)[name]]


def walk(caller: Caller, path: str, name: str = "images", key: str = "image_id") -> list[list[int]]:
    """The ids of every page, going on by the link `next`."""
    pages = []
    following: str | None = path
    while following:
        answer = caller.get(following)
        pages.append(ids(answer, name, key))
        following = links(answer).get("next")
    return pages


LISTS = ["/images", "/image_sets/1/images", "/campaigns/1/images", "/campaigns/1/objects"]


@pytest.fixture
def filled(admin: Caller, app: Flask, settings: Settings, title: str) -> list[int]:
    """Seven images in an image set and in a campaign; image set and campaign 1 hold them all."""
    found = insert_images(app, settings, 7)
    with rows(app) as session:
        session.execute(
            text("INSERT INTO image_set (title, blobstorage_path, created_by) VALUES (:t, :t, 1)"), {"t": title}
        )
        session.execute(text("UPDATE image SET image_set_id = 1"))
    admin.post("/campaigns", {"title": title, "labeler_email": "pat@partner.example"}).expect(200)
    admin.post("/campaigns/1/images", [{"id": image_id} for image_id in found]).expect(200)
    return found


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_walks_a_whole_list_once(admin: Caller, filled: list[int], path: str) -> None:
    assert walk(admin, f"{path}?after=0&per_page=3") == [filled[:3], filled[3:6], filled[6:]]
    assert walk(admin, f"{path}?after=0&per_page=7") == [filled]
    assert walk(admin, f"{path}?per_page=3") == [filled[:3], filled[3:6], filled[6:]]


@pytest.mark.parametrize("path", LISTS)
def test_behind_a_cursor_nothing_is_counted(admin: Caller, filled: list[int], path: str) -> None:
    page = admin.get(f"{path}?after={filled[1]}&per_page=2").expect(200)
    assert [image["image_id"] for image in page["images"]] == filled[2:4]
    nothing = {"page": None, "pages": None, "total": None, "prev": None, "next": None}
    assert page["pagination"] == {**nothing, "per_page": 2}


@pytest.mark.parametrize("name", ["image_sets", "campaigns"])
def test_sets_and_campaigns_are_walked_too(admin: Caller, title: str, name: str) -> None:
    key = {"image_sets": "imageset_id", "campaigns": "campaign_id"}[name]
    extra = {} if name == "image_sets" else {"labeler_email": "pat@partner.example"}
    made = [admin.post(f"/{name}", {"title": f"{title}-{n}", **extra}).expect(200)[key] for n in range(3)]
    assert walk(admin, f"/{name}?after=0&per_page=2", name, key) == [made[:2], made[2:]]
    assert ids(admin.get(f"/{name}?after={made[-1]}"), name, key) == []


def test_any_id_is_a_cursor_also_one_that_is_not_in_the_list(admin: Caller, filled: list[int]) -> None:
    assert ids(admin.get(f"/images?after={filled[-1]}")) == []
    assert ids(admin.get("/images?after=9223372036854775807")) == []
    assert ids(admin.get(f"/images?after=00{filled[-2]}")) == filled[-1:]
    for wrong in ("-1", "x", "1.5", "9223372036854775808", "", "9" * 5000):
        admin.get(f"/images?after={wrong}").expect(400, "after")


@pytest.mark.parametrize(
    "path",
    [
        "/images?page={}",
        "/images?per_page={}",
        "/images?after={}",
        "/images?image_set={}",
        "/images?campaign={}",
        "/images/3/objects?campaigns=1,{}",
        "/images/3/objects?campaigns=1&campaigns={}",
        "/images?bbox=1,{},3,4",
    ],
)
def test_numbers_in_a_query_are_written_in_ascii_digits(admin: Caller, filled: list[int], path: str) -> None:
    # Python's int takes most of these; %D9%A3 is the Arabic three, %EF%BC%93 a wide one.
    for three in ("%D9%A3", "%EF%BC%93", "+3", "%2B3", "3+", "%C2%A03", "3%0A", "3.0", "3e0", "0x3", "1_0"):
        if "bbox" in path and three in ("3.0", "3e0"):
            admin.get(path.format(three)).expect(200)
        else:
            admin.get(path.format(three)).expect(400, re.findall(r"(\w+)=", path)[-1])


@pytest.mark.parametrize(
    "query", ["campaigns=3,1", "campaigns=3&campaigns=1", "campaigns=3,3&campaigns=1", "campaigns=03,1"]
)
def test_a_list_in_a_query_is_written_with_commas_or_as_a_repeated_parameter(
    admin: Caller, filled: list[int], title: str, query: str
) -> None:
    for number in (1, 2, 3):
        if number > 1:
            admin.post("/campaigns", {"title": f"{title}-{number}", "labeler_email": "p@partner.example"}).expect(200)
            admin.post(f"/campaigns/{number}/images", [{"id": filled[0]}]).expect(200)
        admin.put(f"/campaigns/{number}", {"new_status": "active"}).expect(200)
        box = {"xmin": 0, "xmax": number, "ymin": 0, "ymax": 1}
        objects = [{"label": f"of {number}", "bounding_box": box}]
        admin.put(f"/campaigns/{number}/objects", [{"image_id": filled[0], "objects": objects}]).expect(200)
    path = f"/images/{filled[0]}/objects"
    assert [item["label"] for item in admin.get(f"{path}?{query}").expect(200)] == ["of 3"]
    assert [item["label"] for item in admin.get(f"{path}?campaigns=1&campaigns=3,2").expect(200)] == ["of 1"]
    admin.get(f"{path}?{query}&campaigns=4711").expect(404, "4711")
    admin.get(f"{path}?{query}&campaigns=").expect(400, "campaigns")


def test_a_list_in_a_query_may_be_repeated_wherever_there_is_one(admin: Caller, app: Flask, filled: list[int]) -> None:
    with rows(app) as session:
        session.execute(text("UPDATE image SET lon = 5.8, lat = 51.8"))
    answer = admin.get("/images?bbox=3.3&bbox=50.7,7.3&bbox=53.6&per_page=3&expand=download_url")
    assert ids(answer) == filled[:3]
    assert links(answer)["next"] == ("/images?bbox=3.3&bbox=50.7%2C7.3&bbox=53.6&expand=download_url&page=2&per_page=3")
    assert ids(admin.get(links(answer)["next"])) == filled[3:6]
    admin.get("/images?bbox=3.3&bbox=50.7&bbox=7.3").expect(400, "bbox")


def test_page_and_cursor_contradict(admin: Caller) -> None:
    admin.get("/images?page=1&after=0").expect(400, "either `page` or `after`")
    admin.get("/campaigns?after=0&page=2").expect(400, "either `page` or `after`")


@pytest.mark.parametrize("path", ["/campaigns", "/image_sets"])
def test_titles_with_a_character_that_cannot_be_stored_are_refused(admin: Caller, path: str) -> None:
    admin.get(f"{path}?title=%00").expect(400, "title")
    admin.get(f"{path}?title=a%00*").expect(400, "title")


def test_pages_link_to_their_neighbours_and_keep_what_was_asked_for(admin: Caller, filled: list[int]) -> None:
    answer = admin.get("/images?page=2&per_page=3&filetype=JPEG")
    assert links(answer) == {
        "first": "/images?filetype=JPEG&page=1&per_page=3",
        "prev": "/images?filetype=JPEG&page=1&per_page=3",
        "next": "/images?filetype=JPEG&page=3&per_page=3",
    }
    assert set(links(admin.get("/images?page=3&per_page=3"))) == {"first", "prev"}
    assert links(admin.get("/images?after=0&per_page=100&filetype=JPEG")) == {}


def test_a_filter_goes_with_the_cursor(admin: Caller, app: Flask, filled: list[int]) -> None:
    with rows(app) as session:
        session.execute(text("UPDATE image SET type = 'drone' WHERE id % 2 = 1"))
    odd = [image_id for image_id in filled if image_id % 2]
    assert walk(admin, "/images?type=drone&per_page=2&after=0") == [odd[:2], odd[2:]]


def test_sets_and_campaigns_are_found_by_status_and_title(admin: Caller, title: str) -> None:
    body: dict[str, Any] = {"labeler_email": "pat@partner.example"}
    for name, key, then in (("image_sets", "imageset_id", "finished"), ("campaigns", "campaign_id", "active")):
        extra = body if name == "campaigns" else {}
        first, second = (
            admin.post(f"/{name}", {"title": f"{title}-{end}", **extra}).expect(200)[key] for end in ("ab", "b")
        )
        admin.put(f"/{name}/{second}", {"new_status": then}).expect(200)
        assert ids(admin.get(f"/{name}?status={then}"), name, key) == [second]
        assert ids(admin.get(f"/{name}?status=created"), name, key) == [first]
        assert ids(admin.get(f"/{name}?title={title}-b"), name, key) == [second]
        assert ids(admin.get(f"/{name}?title={title}-*"), name, key) == [first, second]
        assert ids(admin.get(f"/{name}?title={title}-a*&status={then}"), name, key) == []
        assert ids(admin.get(f"/{name}?title=%25*"), name, key) == []
        admin.get(f"/{name}?status=lost").expect(400, "status")


def test_images_are_found_by_set_and_campaign_and_whether_they_are_labeled(
    admin: Caller, app: Flask, filled: list[int], settings: Settings
) -> None:
    loose = insert_images(app, settings, 1)
    admin.put("/campaigns/1", {"new_status": "active"}).expect(200)
    admin.put("/campaigns/1/objects", [{"image_id": filled[0], "objects": []}]).expect(200)
    assert ids(admin.get("/images?image_set=1")) == filled
    assert ids(admin.get("/images?campaign=1")) == filled
    assert ids(admin.get("/images?campaign=2")) == []
    assert loose[0] in ids(admin.get("/images"))
    for path in (
        "/images?campaign=1&",
        "/campaigns/1/images?",
        "/campaigns/1/objects?",
        "/image_sets/1/images?campaign=1&",
    ):
        labeled, unlabeled = (admin.get(f"{path}labeled={value}") for value in ("true", "false"))
        assert ids(labeled) == filled[:1]
        assert ids(unlabeled) == filled[1:]
        assert labeled.expect(200)["pagination"]["total"] == 1
        assert unlabeled.expect(200)["pagination"]["total"] == 6
    admin.get("/images?labeled=true").expect(400, "labeled requires campaign")
    admin.get("/image_sets/1/images?labeled=true").expect(400, "labeled requires campaign")


def test_images_are_found_by_time(admin: Caller, app: Flask, filled: list[int]) -> None:
    with rows(app) as session:
        session.execute(
            text("UPDATE image SET date_taken = '2026-05-01T00:00:00Z'::timestamptz + id * interval '1 hour'")
        )
    second, third = (f"2026-05-01T0{image_id}:00:00Z" for image_id in filled[1:3])
    assert ids(admin.get(f"/images?taken_from={second}")) == filled[1:]
    assert ids(admin.get(f"/images?taken_to={second}")) == filled[:1]
    assert ids(admin.get(f"/images?taken_from={second}&taken_to={third}")) == [filled[1]]
    in_delft = f"2026-05-01T0{filled[1] + 2}:00:00%2B02:00"
    assert ids(admin.get(f"/image_sets/1/images?taken_from={in_delft}&taken_to={third}")) == [filled[1]]
    # No place has such an offset, and PostgreSQL does not know it, but it is well written.
    long_before = f"2026-04-30T0{filled[1]}:00:00-23:00"
    assert ids(admin.get(f"/images?taken_from={long_before}")) == filled
    for other in (second.lower(), second.replace("T", "+"), second.replace("T", "%20"), second.replace("Z", ".000z")):
        assert ids(admin.get(f"/images?taken_from={other}&taken_to={third}")) == [filled[1]]


def test_a_day_is_a_time_at_its_beginning_in_utc(admin: Caller, app: Flask, filled: list[int]) -> None:
    with rows(app) as session:
        session.execute(text("UPDATE image SET date_taken = '2026-05-10T12:00:00Z'::timestamptz + id * interval '12h'"))
        session.execute(text("UPDATE image SET date_taken = date_taken - interval '1us' WHERE id = 3"))
    # Taken on May 11 at 0:00 and 12:00 (with a microsecond less it is May 11, too), on May 12, 13 and 14.
    assert ids(admin.get("/images?taken_from=2026-05-11&taken_to=2026-05-12")) == filled[:3]
    assert ids(admin.get("/images?taken_from=2026-05-12&taken_to=2026-05-13")) == filled[3:4]
    assert ids(admin.get("/images?taken_to=2026-05-11")) == []
    assert ids(admin.get("/images?taken_from=2026-05-14")) == filled[6:]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("taken_from=2026-05-02T00:00:00Z&taken_to=2026-05-01T00:00:00Z", "taken_from must be before taken_to"),
        ("taken_from=2026-05-01T00:00:00Z&taken_to=2026-05-01T00:00:00Z", "taken_from must be before taken_to"),
        ("taken_from=yesterday", "taken_from"),
        ("taken_from=2026-05-01T00:00:00", "with its offset"),
        ("taken_from=2026-05", "with its offset"),
        ("taken_from=20260501", "with its offset"),
        ("taken_from=2026-05-01Z", "with its offset"),
        ("taken_from=2026-05-01T00:00Z", "with its offset"),
        ("taken_from=2026-05-01T00:00:00%2B0200", "with its offset"),
        ("taken_from=%D9%A22026-05-01", "with its offset"),
        ("taken_from=2026-05-02&taken_to=2026-05-02", "taken_from must be before taken_to"),
        ("taken_to=2026-02-30", "taken_to is not a valid"),
        ("taken_to=2026-05-01T00:00:00+02:00", "%2B"),
        ("taken_to=2016-12-31T23:59:60Z", "taken_to is not a valid"),
        ("taken_to=2026-02-30T00:00:00Z", "taken_to"),
        ("taken_to=0000-01-01T00:00:00Z", "taken_to"),
        ("taken_to=0001-01-01T00:00:00%2B01:00", "taken_to is not a valid"),
        ("taken_from=9999-12-31T23:59:59-01:00", "taken_from is not a valid"),
        ("bbox=3,50,7", "bbox"),
        ("bbox=3,50,7,x", "bbox"),
        ("bbox=3,54,7,50", "south"),
        ("bbox=3,-91,7,50", "bbox"),
        ("bbox=-181,50,7,51", "bbox"),
        ("bbox=nan,50,7,51", "bbox"),
        ("image_set=0", "image_set"),
        ("campaign=x", "campaign"),
        ("labeled=perhaps&campaign=1", "labeled"),
        ("type=", "type"),
        ("type=a%00b", "type"),
        ("filetype=%00", "filetype"),
        ("typ=drone", "no such query parameter"),
        ("type=a&type=b", "send this parameter once"),
        ("expand=everything", "expand"),
    ],
)
def test_filters_that_cannot_be_are_refused_in_words(admin: Caller, query: str, words: str) -> None:
    admin.get(f"/images?{query}").expect(400, words)


def test_images_are_found_by_place(admin: Caller, app: Flask, filled: list[int]) -> None:
    places = [(5.8, 51.8), (4.4, 52.0), (179.5, -17.0), (-179.5, -17.5), (0.0, 0.0)]
    with rows(app) as session:
        for image_id, (lon, lat) in zip(filled, places, strict=False):
            values = {"id": image_id, "lon": lon, "lat": lat}
            session.execute(text("UPDATE image SET lon = :lon, lat = :lat WHERE id = :id"), values)
    assert ids(admin.get("/images?bbox=3.3,50.7,7.3,53.6")) == filled[:2]
    assert ids(admin.get("/images?bbox=4.4,52,4.4,52")) == [filled[1]]
    assert ids(admin.get("/images?bbox=177,-19,-178,-16")) == filled[2:4]
    assert ids(admin.get("/images?bbox=-180,-90,180,90")) == filled[:5]


def test_images_are_found_by_type_and_format(admin: Caller, app: Flask, filled: list[int], settings: Settings) -> None:
    png = insert_images(app, settings, 1, filetype="PNG")
    assert ids(admin.get("/images?filetype=PNG")) == png
    assert ids(admin.get("/images?filetype=PNG&image_set=1")) == []
    assert ids(admin.get("/images?filetype=png")) == ids(admin.get("/images?filetype=Png")) == png


def test_files_are_found_by_whether_they_are_images(
    admin: Caller, app: Flask, filled: list[int], settings: Settings, non_image_id: int
) -> None:
    sizeless = insert_images(app, settings, 1, width=None, height=None)
    for query, found in {
        "any": filled + sizeless,
        "ANY": filled + sizeless,
        "none": [non_image_id],
        "None": [non_image_id],
        "any&image_set=1": filled,
        "none&image_set=1": [],
        "jpeg&image_set=1": filled,
        "any&campaign=1": filled,
        "none&campaign=1": [],
    }.items():
        page = admin.get(f"/images?filetype={query}").expect(200)
        assert [image["image_id"] for image in page["images"]] == found, query
        assert page["pagination"]["total"] == len(found), query
    following = admin.get(f"/images?filetype=any&per_page=2&after={filled[4]}").expect(200)["images"]
    assert [image["image_id"] for image in following] == filled[5:]


@pytest.mark.parametrize("query", ["?", "?after=0&"])
def test_lists_hold_links_to_the_files(
    admin: Caller, labelled: Labelled, container: ContainerClient, app: Flask, query: str
) -> None:
    with app.app_context():
        path = db.session.scalar(text("SELECT blobstorage_path FROM image WHERE id = 1"))
    container.upload_blob(str(path).partition("/")[2], b"the file", overwrite=True)
    for caller, address in ((admin, "/images"), (labelled.partner, f"/campaigns/{labelled.campaign_id}/images")):
        plain = caller.get(f"{address}{query}per_page=2")
        answer = caller.get(f"{address}{query}per_page=2&expand=download_url")
        first = answer.expect(200)["images"][0]
        link = first.pop("download_url")
        without = plain.expect(200)["images"][0]
        # A partner checks its download by these.
        about_file = {} if caller is admin else {"filesize": 123456, "sha256": None}
        assert first == without | about_file
        assert httpx.get(link).content == b"the file"
        assert httpx.put(link, content=b"x", headers={"x-ms-blob-type": "BlockBlob"}).status_code == 403
        assert httpx.get(link.replace("/loose/", "/other/")).status_code == 403
        assert answer.headers["cache-control"] == "private, no-store"
        assert "expand=download_url" in links(answer)["next"]


def test_an_admin_gets_links_for_one_set_too(admin: Caller, filled: list[int]) -> None:
    listed = admin.get("/image_sets/1/images?expand=download_url").expect(200)["images"]
    assert [image["image_id"] for image in listed] == filled
    assert all("sig=" in image["download_url"] for image in listed)


def walk_by_cursor(caller: Caller, query: str) -> list[int]:
    """All ids of a list in an order of times, page by page along the header `Link`."""
    found, path = [], f"/images?{query}&cursor=0"
    while path:
        answer = caller.get(path)
        found += ids(answer)
        assert answer.expect(200)["pagination"]["total"] is None
        path = links(answer).get("next", "")
    return found


def test_images_are_sorted_by_time_and_those_without_are_last_each_once(
    admin: Caller, app: Flask, filled: list[int]
) -> None:
    with rows(app) as session:
        # Images 5 and 6 have no time, and images 2 and 3 have the same.
        session.execute(text("UPDATE image SET date_taken = '2026-05-01Z'::timestamptz - (id / 2) * interval '1h'"))
        session.execute(text("UPDATE image SET date_taken = NULL WHERE id IN (5, 6)"))
    upward, downward = [7, 4, 2, 3, 1, 5, 6], [1, 3, 2, 4, 7, 6, 5]
    for size in (1, 2, 3, 7, 8):
        assert walk_by_cursor(admin, f"sort=date_taken&per_page={size}") == upward
        assert walk_by_cursor(admin, f"sort=-date_taken&per_page={size}") == downward
    assert ids(admin.get("/images?sort=-date_taken&page=2&per_page=3")) == downward[3:6]
    assert links(admin.get("/images?sort=date_taken&per_page=4"))["next"] == "/images?sort=date_taken&page=2&per_page=4"
    in_time = "taken_from=2026-04-30T22:00:00Z&taken_to=2026-04-30T23:30:00Z"
    assert ids(admin.get(f"/images?{in_time}&sort=-date_taken")) == [3, 2, 4]
    assert walk_by_cursor(admin, f"{in_time}&sort=date_taken&per_page=1&campaign=1") == [4, 2, 3]
    for query, words in {
        "cursor=0": "cursor requires sort",
        "sort=date_taken&after=0": "after is an id",
        "sort=date_taken&cursor=0&page=1": "either `page` or `cursor`",
        "sort=date_taken&cursor=1": "no cursor",
        "sort=date_taken&cursor=MjAyNi0xMy0wMVQwMDowMDowMC4wMDAwMDBaIDE=": "no cursor",
        "sort=lat": "sort",
    }.items():
        admin.get(f"/images?{query}").expect(400, words)


def test_images_are_found_by_their_labels_in_a_campaign(admin: Caller, filled: list[int]) -> None:
    admin.put("/campaigns/1", {"new_status": "active"}).expect(200)

    def labels(*names: str) -> list[dict[str, Any]]:
        box = {"xmin": 1, "xmax": 2, "ymin": 1, "ymax": 2}
        return [{"label": name, "bounding_box": box} for name in names]

    first = {1: labels("PET"), 2: labels("can", "PET", "can"), 3: [], 4: labels("can")}
    for content in (first, {1: labels("can")}):
        body = [{"image_id": image_id, "objects": objects} for image_id, objects in content.items()]
        admin.put("/campaigns/1/objects", body).expect(200)
    admin.put("/campaigns/1/reviews", [{"image_id": 3, "verdict": "rejected"}]).expect(200)
    for query, found in {
        "review=rejected": [3],
        "review=none,rejected&max_objects=0": [3, 5, 6, 7],
        "review=accepted": [],
        # What was replaced is not found.
        "label=PET": [2],
        "label=can": [1, 2, 4],
        "label=%20can&max_objects=1": [1, 4],
        "min_objects=1": [1, 2, 4],
        "min_objects=2&max_objects=3": [2],
        "max_objects=0": [3, 5, 6, 7],
        "max_objects=0&state=empty": [3],
        "min_objects=0": filled,
        "label=can&taken_to=2026-01-01": [],
    }.items():
        answer = admin.get(f"/images?campaign=1&{query}")
        assert ids(answer) == found, query
        assert answer.expect(200)["pagination"]["total"] == len(found), query
    for name in ("label=PET", "min_objects=1", "max_objects=1", "state=empty", "review=none"):
        problem = admin.get(f"/images?{name}").expect(400, "requires campaign")
        assert problem["errors"][0]["parameter"] == name.partition("=")[0]
    admin.get("/images?campaign=1&min_objects=2&max_objects=1").expect(400, "must not be greater")
    admin.get("/images?campaign=1&label=%E2%80%8B").expect(400, "label")


def test_images_are_found_by_distance_path_day_and_metadata(admin: Caller, app: Flask, filled: list[int]) -> None:
    # Delft, 1,113 m north of it, on both sides of the antimeridian, near both poles, and without a place.
    places = [(52.0, 4.4), (52.01001, 4.4), (-17.0, 179.995), (-17.0, -179.995), (89.999, 10), (-89.999, -170)]
    metadata = ['{"bridge": "maas", "km": 7}', '{"bridge": "waal", "km": "7"}', '{"km": 7.5, "wet": true}', "null"]
    with rows(app) as session:
        for image_id, (lat, lon) in zip(filled, places, strict=False):
            values = {"id": image_id, "lon": lon, "lat": lat}
            session.execute(text("UPDATE image SET lon = :lon, lat = :lat WHERE id = :id"), values)
        for image_id, found in zip(filled, metadata, strict=False):
            change = "UPDATE image SET metadata = CAST(:found AS jsonb), blobstorage_path = :path WHERE id = :id"
            session.execute(text(change), {"id": image_id, "found": found, "path": f"c/A%_{image_id}/b.jpg"})
        session.execute(text("UPDATE image SET date_taken = '2026-05-03T12:00Z'::timestamptz + id * interval '12h'"))
    for query, expected in {
        "near=52,4.4,1112": [1],
        "near=52,4.4,1114": [1, 2],
        "near=-17,180,600": [3, 4],
        "near=-17,-180,600": [3, 4],
        "near=89.999,-170,250": [5],
        "near=-90,0,200": [6],
        "near=90,0,1000000": [5],
        "path=A%25_1": [1],
        "path=a%25_1": [],
        "taken=2026-05-04": [1, 2],
        "taken=2026-05-04&taken_from=2026-05-04T01:00:00Z": [2],
        "taken=9999-12-31": [],
        "metadata[bridge]=maas": [1],
        "metadata[km]=7": [1, 2],
        "metadata[km]=7.5": [3],
        "metadata[km]=7&metadata[bridge]=waal": [2],
        "metadata%5Bwet%5D=true": [3],
        "metadata[wet]=": [],
        "metadata[km]=1e5": [],
        "metadata[a%22'%25]=%22": [],
    }.items():
        answer = admin.get(f"/images?{query}")
        assert ids(answer) == expected, query
        assert answer.expect(200)["pagination"]["total"] == len(expected), query
    for query, words in {
        "near=52,4.4": "near",
        "near=52,4.4,0": "more than 0",
        "near=91,4.4,5": "latitude",
        "near=52,4.4,1000001": "near",
        "taken=2026-02-30": "taken is not a valid",
        "taken=2026-05-04T00:00:00Z": "expected a day",
        "path=": "path",
        "metadata=maas": "in brackets",
        "metadata[a]=1&metadata[a]=2": "once",
        "metadata[a][b]=1": "no such query parameter",
        "metadata[]=1": "no such query parameter",
        "metadata[a]=%00": "metadata",
        "metadata[%00]=1": "no such query parameter",
        "metadat[a]=1": "no such query parameter",
    }.items():
        assert admin.get(f"/images?{query}").expect(400, words)["errors"][0]["parameter"], query
