"""The media types with which files are answered."""

from app.models.datasets import IMAGES, IMAGES_MLTABLE, LABELS, LABELS_JSONL, LABELS_MLTABLE

# Raster images, which run no scripts, by Pillow's names of their formats.
RASTER_IMAGES = {
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "GIF": "image/gif",
    "HEIF": "image/heif",
    "JPEG": "image/jpeg",
    "JPEG2000": "image/jp2",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
}
# Published files, by their kind.
DATASETS = {
    IMAGES_MLTABLE: "application/yaml",
    LABELS: "text/csv; charset=utf-8",
    LABELS_JSONL: "application/jsonl",
    LABELS_MLTABLE: "application/yaml",
    IMAGES: "application/json",
}
