"""What a caller may know of itself."""

import orjson
from flask import Response
from sqlalchemy.orm import Session

from app.responses import json_answer
from app.services import users
from app.services.api_keys import Account


def get_whoami(session: Session, account: Account) -> Response:
    """GET /whoami"""
    caller = {"user_id": account.user_id, "key_id": account.api_key_id, "email": account.email}
    roles = users.list_roles(session, account.user_id)
    return json_answer(b'%b,"roles":%b}' % (orjson.dumps(caller)[:-1], roles))
