"""The schema Image."""

from sqlalchemy import select

from app.models import Image, ImageSet
from app.representations.json import json_object, utc

# What a link to the file of an image is made from.
FILE = json_object(path=Image.blobstorage_path, filetype=Image.filetype, content_encoding=Image.content_encoding)
_DIMENSIONS = json_object(width=Image.width, height=Image.height)
IMAGES = (
    select(
        Image.id.label("image_id"),
        Image.blobstorage_path,
        json_object(imageset_id=ImageSet.id, title=ImageSet.title).label("imageset"),
        utc(Image.date_taken).label("date_taken"),
        Image.date_taken_source,
        json_object(description=Image.location_description, lat=Image.lat, lon=Image.lon).label("location_taken"),
        Image.type,
        Image.metadata_.label("metadata"),
        Image.tss_id,
        json_object(filetype=Image.filetype, filesize=Image.filesize, dimensions=_DIMENSIONS).label("file"),
    )
    .outerjoin(ImageSet, ImageSet.id == Image.image_set_id)
    .order_by(Image.id)
)
# The same with the file in one more column, which `fetch_page` replaces by a link.
IMAGES_WITH_FILE = IMAGES.add_columns(FILE.label("download_url"))
