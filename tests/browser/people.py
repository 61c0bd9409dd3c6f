"""People besides the admin and the partner who use the console."""

from tests.caller import Caller


def make_reader(admin: Caller) -> Caller:
    """Make a user who reads everything."""
    user_id = admin.post("/users", {"email": "reader@example.org", "role": "reader"}).expect(200)["user_id"]
    key = admin.post(f"/users/{user_id}/api_keys", {}).expect(200)
    return Caller(admin.http, key["apikey"], key["apisecret"])


def make_reviewer(admin: Caller, campaign_id: int) -> Caller:
    """Make a user who reviews a campaign."""
    body = {"email": "robin@example.org"}
    token = admin.post(f"/campaigns/{campaign_id}/reviewers", body).expect(200)["access_token"]
    return Caller(admin.http, token["apikey"], token["apisecret"])
