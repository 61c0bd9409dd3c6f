"""When keys were last used: gathered in memory, which is bounded, and written when the database is there."""

import asyncio

import pytest
from sqlalchemy import create_engine, text
from structlog.testing import capture_logs

from app.web import key_usage as key_uses
from app.web.key_usage import KeyUses


def test_uses_that_cannot_be_written_are_logged_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_uses, "WRITE_SECONDS", 0.01)
    engine = create_engine("postgresql+psycopg2://127.0.0.1:9/nowhere")

    def write(ids: list[int]) -> None:
        with engine.begin() as connection:
            connection.execute(text("SELECT 1"))

    async def use() -> None:
        uses = KeyUses(write)
        uses.note(1)
        uses.note(2)
        assert uses._writing
        await uses._writing

    with capture_logs() as logs:
        asyncio.run(use())
    assert [(line["event"], line["keys"]) for line in logs] == [("uses of keys not written", 2)]


def test_no_more_keys_are_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_uses, "WRITE_SECONDS", 0.01)
    monkeypatch.setattr(key_uses, "MAX_NOTED", 3)
    written: list[int] = []

    async def use() -> None:
        uses = KeyUses(written.extend)
        for key in (1, 2, 3, 3, 4):
            uses.note(key)
        assert sorted(uses._noted) == [2, 3, 4]
        assert uses._writing
        await uses._writing

    asyncio.run(use())
    assert written == [1, 2, 3, 4]
