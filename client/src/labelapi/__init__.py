"""A Python client of LabelAPI.

from labelapi import LabelAPI

with LabelAPI.from_profile() as api:
    for image in api.campaigns["spring"].images(state=("labeled", "empty")):
        print(image["file_name"])
"""

from __future__ import annotations

from labelapi.api import LabelAPI
from labelapi.errors import LabelAPIError, NotAllowed, NotSignedIn, Refused, Unreachable, UsageError
from labelapi.profiles import Profile
from labelapi.transport import VERSION

__version__ = VERSION

__all__ = [
    "LabelAPI",
    "LabelAPIError",
    "NotAllowed",
    "NotSignedIn",
    "Profile",
    "Refused",
    "Unreachable",
    "UsageError",
    "__version__",
]
