"""What requests, commands and the worker stand on: Flask with settings, database and storage.

Connexion and all that serves HTTP come on top of it in `assembly`, commands and migrations in `cli`; neither loads the other.
"""

import functools
from datetime import timedelta

from flask import Flask

from app.azure.blobs import BlobStore
from app.azure.ml.choice import require_packages
from app.database.engine import db, engine_options
from app.database.outages import watch
from app.observability.error_reports import configure_error_reports
from app.observability.logging import configure_logging
from app.settings import Settings


def configure_flask(flask_app: Flask, settings: Settings) -> None:
    """Give a Flask application what both doors need; what it holds for others is in its `extensions`. Raises SettingsError."""
    require_packages(settings)
    configure_logging(settings.log_level)
    configure_error_reports(settings)
    flask_app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings),
        DB_SCHEMA=settings.db_schema,
        MAX_OBJECTS_PER_REQUEST=settings.max_objects_per_request,
    )
    db.init_app(flask_app)
    with flask_app.app_context():
        watch(db.engine, allow_unsafe=settings.allow_unsafe_postgres)
    flask_app.extensions["settings"] = settings
    flask_app.extensions["blob_store"] = make_blob_store(settings)
    flask_app.extensions["make_patient_blobs"] = functools.partial(make_blob_store, settings, patient=True)


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
    )
