"""Faults, made on purpose. The short form is for every change; FAULTS=long does everything in full."""

import os
from collections.abc import Iterator

import pytest
from flask import Flask
from pydantic import SecretStr

from app.settings import Settings
from tests.faults.holds import Stage
from tests.storage_proxy import StorageProxy, storage_proxy
from tests.workers import autocommitting, workplace

LONG = os.environ.get("FAULTS") == "long"
IMAGE_COUNT = 1000 if LONG else 200
# The longest that a job may take once a worker is back.
RECOVERY_LIMIT_SECONDS = 90


@pytest.fixture
def proxy(storage_connection_string: str) -> Iterator[StorageProxy]:
    """A proxy before the storage, through which workers go, and no test."""
    with storage_proxy(storage_connection_string) as proxy:
        yield proxy


@pytest.fixture
def worker_settings(settings: Settings, proxy: StorageProxy) -> Settings:
    """Settings of a worker behind the proxy."""
    return settings.model_copy(update={"azure_storage_connection_string": SecretStr(proxy.connection_string)})


@pytest.fixture
def stage(app: Flask, proxy: StorageProxy) -> Iterator[Stage]:
    """Where workers are held: the proxy, and a database session of its own."""
    with workplace(app) as place, autocommitting(place) as session:
        yield Stage(proxy, session)
