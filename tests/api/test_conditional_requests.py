"""Entity tags: a read that is answered with 304, and a change that happens only to what the caller has seen."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.caller import Caller

REPRESENTATION = {"Prefer": "return=representation"}


@pytest.fixture(params=["image_sets", "campaigns"])
def path(admin: Caller, title: str, request: pytest.FixtureRequest) -> str:
    """The address of a new image set, and of a new campaign."""
    made = admin.post(f"/{request.param}", {"title": title} | EXTRA[request.param]).expect(200)
    return f"/{request.param}/{made[IDS[request.param]]}"


EXTRA = {"image_sets": {}, "campaigns": {"labeler_email": "pat@partner.example"}}
IDS = {"image_sets": "imageset_id", "campaigns": "campaign_id"}
NEXT = {"image_sets": "finished", "campaigns": "active"}


def next_status(path: str) -> dict[str, str]:
    return {"new_status": NEXT[path.split("/")[1]]}


def test_what_the_caller_has_already_is_not_sent_again(admin: Caller, path: str) -> None:
    etag = admin.get(path).headers["etag"]
    again = admin.get(path, headers={"If-None-Match": etag})
    assert again.expect(304) is None
    assert again.headers["etag"] == etag
    admin.put(path, next_status(path)).expect(200)
    changed = admin.get(path, headers={"If-None-Match": etag})
    changed.expect(200)
    assert changed.headers["etag"] != etag


def test_a_job_has_an_entity_tag(admin: Caller, title: str) -> None:
    made = admin.post("/image_sets", {"title": title}).expect(200)
    link = admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).headers["link"]
    path = link[link.index("/jobs") : link.index(">")]
    admin.get(path, headers={"If-None-Match": admin.get(path).headers["etag"]}).expect(304)


def test_a_step_from_a_state_that_has_passed_is_refused(admin: Caller, path: str) -> None:
    etag = admin.get(path).headers["etag"]
    changed = admin.put(path, next_status(path), headers=REPRESENTATION | {"If-Match": etag})
    changed.expect(200)
    assert changed.headers["etag"] == admin.get(path).headers["etag"]
    admin.put(path, next_status(path), headers={"If-Match": etag}).expect(412, "read it again")


@pytest.mark.parametrize("header", ['"another"', 'W/"another"'])
def test_a_wrong_tag_changes_nothing(admin: Caller, path: str, header: str) -> None:
    before = admin.get(path).expect(200)
    admin.put(path, next_status(path), headers={"If-Match": header}).expect(412)
    assert admin.get(path).expect(200) == before


def test_a_star_fits_whatever_is_there(admin: Caller, path: str) -> None:
    admin.put(path, next_status(path), headers={"If-Match": "*"}).expect(200)


def test_of_two_who_saw_the_same_state_one_may_change_it(admin: Caller, title: str) -> None:
    body = {"title": title, "labeler_email": "pat@partner.example"}
    path = f"/campaigns/{admin.post('/campaigns', body).expect(200)['campaign_id']}"
    headers = {"If-Match": admin.get(path).headers["etag"]}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: admin.put(path, {"new_status": "active"}, headers=headers), range(8)))
    assert sorted(answer.response.status_code for answer in answers) == [200] + [412] * 7


def test_what_does_not_exist_is_a_404_with_any_tag(admin: Caller, path: str) -> None:
    admin.put(f"/{path.split('/')[1]}/999", next_status(path), headers={"If-Match": '"x"'}).expect(404)
