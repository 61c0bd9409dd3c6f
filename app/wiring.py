"""What requests, commands and the worker stand on: Flask with settings, database and storage.

`web/application` adds Connexion and all that serves HTTP; `cli` adds commands and migrations. Neither loads the other.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from flask import Flask, current_app

from app.azure.blobs import BlobStore
from app.azure.ml.choice import require_packages
from app.database.engine import db, engine_options
from app.database.outages import watch
from app.media.decoders import DecoderPool
from app.observability.error_reports import configure_error_reports
from app.observability.logging import configure_logging
from app.settings import Settings

EXTENSION = "labelapi"


@dataclass
class Components:
    """What requests, commands and the worker share in one process."""

    settings: Settings
    blob_store: BlobStore
    decoders: DecoderPool

    def make_patient_blobs(self) -> BlobStore:
        """Return a blob store for jobs, which retries longer."""
        return make_blob_store(self.settings, patient=True)


def components_of(flask_app: Flask) -> Components:
    """Return the components of a Flask application that `configure_flask` has configured."""
    return cast(Components, flask_app.extensions[EXTENSION])


def components() -> Components:
    """Return the components of the Flask application that runs the present request or command."""
    return components_of(current_app)


def configure_flask(flask_app: Flask, settings: Settings) -> Components:
    """Configure a Flask application for requests and commands, and return its components. Raises SettingsError."""
    require_packages(settings)
    configure_logging(settings.log_level)
    configure_error_reports(settings)
    flask_app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings),
        DB_SCHEMA=settings.db_schema,
    )
    db.init_app(flask_app)
    with flask_app.app_context():
        watch(db.engine, allow_unsafe=settings.allow_unsafe_postgres)
    made = flask_app.extensions[EXTENSION] = Components(
        settings, make_blob_store(settings), DecoderPool(settings.decode_processes)
    )
    return made


def make_blob_store(settings: Settings, *, patient: bool = False) -> BlobStore:
    """Return the blob store of these settings; a patient one, for jobs, retries longer."""
    secret = settings.azure_storage_connection_string
    return BlobStore(
        connection_string=secret.get_secret_value() if secret else None,
        account_url=settings.azure_storage_account_url,
        container=settings.azure_storage_imageset_container,
        read_token_valid=timedelta(days=settings.image_read_token_valid_days),
        upload_token_valid=timedelta(days=settings.imageset_upload_token_valid_days),
        patient=patient,
        fast_requests=settings.azure_fast_requests,
    )
