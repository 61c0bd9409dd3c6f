"""Secrets as canaries: a life of the service at DEBUG, and none of them in any log, answer, metric, job or table."""

import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import httpx
import psycopg2
import pytest
from azure.storage.blob import BlobClient
from flask import Flask
from psycopg2 import sql
from pydantic import SecretStr
from sqlalchemy import make_url

from app.services.api_keys import make_key_pair
from app.settings import Settings
from tests.azure_ml.fake_azure import SECRET, FakeAzure
from tests.caller import Caller
from tests.jobs.test_finish_image_set import PIXEL_GIF
from tests.web_server import web_server
from tests.workers import ROOT, environment, wait_until, worker

DATABASE_PASSWORD = "canary-database-password"
METRICS_TOKEN = "canary-metrics-token"
BOX = {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}


def spellings(secret: str) -> Iterator[str]:
    """A secret as it stands, in URLs, in hexadecimal, and in base64 wherever it begins in it."""
    raw = secret.encode()
    yield from {secret, quote(secret, safe=""), quote_plus(secret), raw.hex(), raw.hex().upper()}
    for before in range(3):
        # What stands before and behind changes the characters at the edges.
        text = b64encode(b"\0" * before + raw).decode().rstrip("=")
        inner = text[(before * 8 + 5) // 6 : len(text) - 2]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


def find(secrets: dict[str, str], places: dict[str, str]) -> list[str]:
    """Return which secret stands where."""
    return [
        f"{name} in {place}"
        for name, secret in secrets.items()
        for place, text in places.items()
        if any(spelling in text for spelling in spellings(secret))
    ]


@pytest.mark.parametrize("secret", ["canary-database-password", "k/+9w==aB7qL0zX3", "lss_0123456789abcdefghij"])
def test_a_canary_is_found_in_every_spelling(secret: str) -> None:
    raw = secret.encode()
    hidden = [secret, quote(secret, safe=""), raw.hex()]
    hidden += [b64encode(b"x" * before + raw + b"y" * behind).decode() for before in range(5) for behind in range(4)]
    for text in hidden:
        assert find({"it": secret}, {"log": f"a {text} b"}) == ["it in log"], text
    assert find({"it": secret}, {"log": secret[:-3]}) == []


class Life:
    """One caller of a running service: keeps what must not be found, and each answer that is no success."""

    def __init__(self, url: str, admin: Caller) -> None:
        self.url = url
        self.secrets: dict[str, str] = {"the admin's secret": admin.secret or ""}
        self.refusals: list[str] = []
        self.admin = {"Authentication-Key": admin.key or "", "Authentication-Secret": admin.secret or ""}

    def ask(self, method: str, path: str, body: Any = None, keys: dict[str, str] | None = None, **headers: str) -> Any:
        """Ask as the admin, or with other keys, and return the JSON of the answer, or where it leads."""
        sent = (keys or self.admin) | {name.replace("_", "-"): value for name, value in headers.items()}
        answer = httpx.request(method, f"{self.url}/api/v1{path}", json=body, headers=sent, timeout=60)
        if answer.status_code >= 400:
            self.refusals.append(answer.text)
        return answer.headers.get("location") or answer.json()

    def note_link(self, name: str, link: str) -> None:
        """Keep the signature of a link."""
        self.secrets[name] = parse_qs(urlsplit(link).query)["sig"][0]

    def finish(self, path: str, kind: str, state: str = "succeeded") -> int:
        """Finish something, and wait until its job is in a state; return the job's id."""
        self.ask("PUT", path, {"new_status": "finished"})
        wait_until(lambda: self.ask("GET", path)[kind]["state"] == state)
        return int(self.ask("GET", path)[kind]["job_id"])


def live(life: Life, azure: FakeAzure, title: str) -> None:
    """Everything that has to do with secrets: links, keys, wrong ones, retries, failures, rotation."""
    made = life.ask("POST", "/image_sets", {"title": title}, Idempotency_Key='"set"')
    life.note_link("the link of the dropbox", made["dropbox_url"])
    dropbox = urlsplit(made["dropbox_url"])
    for name in ("a.jpg", "b.jpg"):
        with BlobClient.from_blob_url(dropbox._replace(path=f"{dropbox.path}/{name}").geturl()) as blob:
            blob.upload_blob(PIXEL_GIF + name.encode())
    image_set = f"/image_sets/{made['imageset_id']}"
    life.finish(image_set, "ingest")
    images = [image["image_id"] for image in life.ask("GET", f"{image_set}/images?expand=download_url")["images"]]
    life.note_link("the link of an image", life.ask("GET", f"/images/{images[0]}"))
    new = {"title": title, "labeler_email": "pat@partner.example"}
    campaign = life.ask("POST", "/campaigns", new, Idempotency_Key='"campaign"')
    assert life.ask("POST", "/campaigns", new, Idempotency_Key='"campaign"') == campaign
    token = campaign["access_token"]
    life.secrets["the partner's secret"] = token["apisecret"]
    partner = {"Authentication-Key": token["apikey"], "Authentication-Secret": token["apisecret"]}
    path = f"/campaigns/{campaign['campaign_id']}"
    life.ask("POST", path + "/images", [{"id": image} for image in images])
    life.ask("PUT", path, {"new_status": "active"})
    life.ask("PUT", path + "/objects", {"no": "list", "apisecret": token["apisecret"]}, partner)
    life.ask(
        "PUT",
        path + "/objects",
        [{"image_id": n, "objects": [{"bounding_box": BOX, "label": "PET"}]} for n in images],
        partner,
    )
    life.ask("GET", "/campaigns", keys=partner)
    key, wrong = make_key_pair()
    life.secrets["a wrong secret"] = wrong
    life.ask("GET", "/whoami", keys={"Authentication-Key": token["apikey"], "Authentication-Secret": wrong})
    life.ask("GET", "/whoami", keys={"Authentication-Key": key, "Authentication-Secret": token["apisecret"]})
    azure.secrets.clear()
    job = life.finish(path, "publication", "failed")
    azure.secrets.append(SECRET)
    life.ask("POST", f"/jobs/{job}/retry")
    wait_until(lambda: life.ask("GET", path)["publication"]["state"] == "succeeded")
    for dataset in life.ask("GET", path + "/datasets")["datasets"]:
        life.note_link(f"the link of {dataset['kind']}", dataset["url"])
    user = next(u for u in life.ask("GET", "/users")["users"] if u["email"] == "pat@partner.example")
    [pair] = life.ask("GET", f"/users/{user['user_id']}/api_keys")["api_keys"]
    rotated = life.ask("POST", f"/users/{user['user_id']}/api_keys/{pair['key_id']}/rotate", {"overlap_seconds": 60})
    life.secrets["the rotated secret"] = rotated["apisecret"]


def tables(settings: Settings) -> dict[str, str]:
    """The rows of every table as text."""
    with closing(psycopg2.connect(settings.queue_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (settings.db_schema,))
        names = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in names:
            place = sql.SQL("{}.{}").format(sql.Identifier(settings.db_schema), sql.Identifier(name))
            cursor.execute(sql.SQL("SELECT coalesce(string_agg(row::text, ' '), '') FROM {} AS row").format(place))
            found[f"the table {name}"] = str((cursor.fetchone() or [""])[0])
        return found


@pytest.mark.slow
@pytest.mark.parametrize("api", ["v2"], indirect=True)
def test_no_secret_gets_out(
    app: Flask, configured: Settings, azure: FakeAzure, admin: Caller, title: str, tmp_path: Path
) -> None:
    url = make_url(configured.db_connection_string.get_secret_value()).set(password=DATABASE_PASSWORD)
    changes = {
        "log_level": "DEBUG",
        "metrics_token": SecretStr(METRICS_TOKEN),
        "db_connection_string": SecretStr(url.render_as_string(hide_password=False)),
    }
    settings = configured.model_copy(update=changes)
    settings.__dict__.pop("database_url", None), settings.__dict__.pop("queue_url", None)
    worker_log = tmp_path / "worker"
    with (
        worker_log.open("wb") as stderr,
        worker(settings, stderr=stderr),
        web_server(settings, tmp_path / "web") as web,
    ):
        life = Life(web.url, admin)
        live(life, azure, title)
        asked = [httpx.get(f"{web.url}/info/status", headers=headers) for headers in ({}, life.admin)]
        asked += [httpx.get(f"{web.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})]
        asked += [httpx.get(f"{web.url}/metrics"), httpx.get(f"{web.url}/api/v1/openapi.json")]
        commands = [
            subprocess.run(
                [sys.executable, "-m", "flask", *words],
                cwd=ROOT,
                env=environment(settings),
                capture_output=True,
                check=False,
            )
            for words in (["check"], ["users", "list"], ["db", "current"], ["check", "azure-ml"])
        ]
    account = str(
        settings.azure_storage_connection_string.get_secret_value() if settings.azure_storage_connection_string else ""
    )
    secrets = life.secrets | {
        "the storage account's key": account.partition("AccountKey=")[2].partition(";")[0],
        "the database's password": DATABASE_PASSWORD,
        "the service principal's password": SECRET,
        "the token of the metrics": METRICS_TOKEN,
    }
    assert len(secrets) >= 12
    assert len(life.refusals) >= 4
    places = {
        "the web server's log": web.log.read_text(),
        "the worker's log": worker_log.read_text(),
        "refusals": " ".join(life.refusals),
        **{f"{answer.request.url}": answer.text for answer in asked},
        **{f"{command.args}": f"{command.stdout!r} {command.stderr!r}" for command in commands},
        **tables(settings),
    }
    assert '"level": "debug"' in places["the worker's log"] + places["the web server's log"]
    assert len(places) > 20
    assert find(secrets, places) == []
