"""A bare Flask application behind the same server: what requests cost without contract, keys and rules."""

import os

from a2wsgi import WSGIMiddleware
from flask import Flask, Response
from sqlalchemy import create_engine, text

engine = create_engine(os.environ["BARE_DATABASE"], pool_size=6, connect_args={"options": "-csearch_path=labelapi"})
flask_app = Flask("bare")
PERSON = text('SELECT id, email FROM "user" WHERE id = :id')
PATH = text("SELECT blobstorage_path FROM image WHERE id = :id")


@flask_app.get("/person")
def person() -> dict[str, object]:
    """One query, one small answer."""
    with engine.connect() as connection:
        return dict(connection.execute(PERSON, {"id": 1}).mappings().one())


@flask_app.get("/images/<int:image_id>")
def image(image_id: int) -> Response:
    """One query, one redirect; nothing is signed."""
    with engine.connect() as connection:
        path = connection.scalar(PATH, {"id": image_id})
    return Response(status=303, headers={"Location": f"http://127.0.0.1/{path}"})


server = WSGIMiddleware(flask_app.wsgi_app, workers=4)  # type: ignore[arg-type]  # Its types are narrower.
