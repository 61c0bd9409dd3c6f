"""States of images, and what formats do that cannot say them."""

from collections.abc import Sequence

from app.formats.members import UnsupportedError
from app.formats.records import Image

# What every format can say of an image: there are boxes, or somebody has seen that there are none.
LABELED_STATES = frozenset({"labeled", "empty"})
ALL_STATES = LABELED_STATES | {"unlabeled", "draft", "unusable"}


def refuse_unlabeled(images: Sequence[Image], format_name: str) -> None:
    """Raise UnsupportedError where an image is neither labeled nor empty, which this format would show as empty."""
    for image in images:
        if image.state not in LABELED_STATES:
            raise UnsupportedError(
                f"{format_name} has no word for the state of an image: image {image.image_id} is {image.state}, and readers "
                "would take it for an empty one. Choose CSV, Parquet, Label Studio or Datumaro, or a snapshot of labeled and "
                "empty images."
            )
