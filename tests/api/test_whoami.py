"""What callers are told about themselves."""

from tests.caller import Caller
from tests.conftest import Labelled


def test_an_admin_is_bound_to_nothing(admin: Caller) -> None:
    assert admin.get("/whoami").expect(200) == {
        "user_id": 1,
        "key_id": 1,
        "email": "ada@example.org",
        "roles": [{"role": "image-admin", "campaign": None}],
    }


def test_a_partner_sees_its_campaign_and_how_far_it_is(labelled: Labelled) -> None:
    campaign = {
        "campaign_id": labelled.campaign_id,
        "title": labelled.title,
        "status": "active",
        "progress": {
            "total": 4,
            "done": 0,
            "states": {"unlabeled": 4, "labeled": 0, "empty": 0, "unusable": 0},
            "reviews": {"accepted": 0, "rejected": 0, "none": 4},
        },
    }
    assert labelled.partner.get("/whoami").expect(200) == {
        "user_id": 2,
        "key_id": 2,
        "email": labelled.partner_email,
        "roles": [{"role": "labeler", "campaign": campaign}],
    }
