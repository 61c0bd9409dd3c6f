"""The path of an image in the addresses that tools write: a path in a container, or the URL of a file in a storage."""

import re
from urllib.parse import unquote

# Label Studio puts eight digits before the name of an uploaded file, and local files in a parameter.
UPLOADED = re.compile("/data/upload/[0-9]+/(?:[0-9a-f]{8}-)?")
LOCAL = "/data/local-files/?d="
AZURE_ML = re.compile("azureml://.*?/paths/")
# Azure Blob Storage and datastores by name: all after the container is the path as it is.
BLOB = re.compile("(?:azure-blob|AmlDatastore|gs|s3|wasbs?|abfss?)://[^/]+/", re.IGNORECASE)
# On the web, the container is the first folder, the path is percent-encoded, and a signature may follow.
WEB = re.compile("https?://[^/]+/[^/?#]+/([^?#]+)", re.IGNORECASE)
IMAGE_FILE = re.compile(r".*\.(jpe?g|png|tiff?|webp|bmp|gif|jfif|mpo|heic|avif)(\?.*)?", re.IGNORECASE | re.DOTALL)


def path_of(address: str) -> str:
    """Return the path of the image, as it is stored."""
    if address.startswith(LOCAL):
        return unquote(address.removeprefix(LOCAL))
    if found := AZURE_ML.match(address):
        return unquote(address[found.end() :])
    if found := WEB.match(address):
        return unquote(found[1])
    if found := UPLOADED.match(address) or BLOB.match(address):
        return address[found.end() :]
    return address


def is_image_file(address: object) -> bool:
    """Return whether a text ends as the name of an image does."""
    return isinstance(address, str) and IMAGE_FILE.fullmatch(address) is not None
