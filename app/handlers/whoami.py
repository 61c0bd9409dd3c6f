"""What a caller may know of itself."""

import orjson
from flask import Response
from sqlalchemy import Connection

from app.responses import json_answer
from app.services import users
from app.services.api_keys import Account


def get_whoami(connection: Connection, account: Account) -> Response:
    """GET /whoami"""
    roles = users.list_roles(connection, account.user_id)
    return json_answer(b'{"email":%b,"roles":%b}' % (orjson.dumps(account.email), roles))
