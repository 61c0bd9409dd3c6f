"""What a caller may know of itself."""

import orjson
from flask import Response
from sqlalchemy.orm import Session

from app.responses import json_answer
from app.services import users
from app.services.api_keys import Account


def get_whoami(session: Session, account: Account) -> Response:
    """GET /whoami"""
    roles = users.list_roles(session, account.user_id)
    return json_answer(b'{"email":%b,"roles":%b}' % (orjson.dumps(account.email), roles))
