"""Metadata, which callers choose freely, and its changes by JSON merge patches (RFC 7396)."""

from typing import Any

import orjson

from app.errors import Unprocessable

MAX_METADATA_BYTES = 64 * 1024

Metadata = dict[str, Any]


def merge_metadata(metadata: Metadata | None, patch: Metadata | None) -> Metadata | None:
    """Return metadata after a JSON merge patch, None for none. Raises Unprocessable when it would be too large."""
    merged: Metadata | None = _merge(metadata, patch)
    if len(orjson.dumps(merged)) > MAX_METADATA_BYTES:
        detail = f"The metadata would have more than {MAX_METADATA_BYTES} bytes."
        raise Unprocessable(detail, errors=[{"pointer": "/metadata", "detail": detail}])
    return merged


def _merge(target: Any, patch: Any) -> Any:
    """Return the target after a JSON merge patch (RFC 7396, section 2)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge(merged.get(name), value)
    return merged
