"""HTTP only: arguments in, one service call, answer out. Who may call what stands in the OpenAPI document."""

from typing import cast

from flask import current_app

from app.azure.blobs import BlobStore


def blob_store() -> BlobStore:
    """The blob store of this application."""
    return cast(BlobStore, current_app.extensions["blob_store"])
