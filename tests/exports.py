"""A snapshot whose images have files, for tests of exports."""

import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

import httpx
from azure.storage.blob import ContainerClient
from flask import Flask
from PIL import Image
from sqlalchemy import text

from tests.caller import Caller
from tests.workers import rows, run_jobs

ORIENTATION = 0x0112


def picture(number: int, orientation: int = 1, size: tuple[int, int] = (40, 30)) -> bytes:
    """A JPEG with a dark corner at the upper left of what is stored; no two are alike."""
    image = Image.new("RGB", size, (200, 200, number))
    image.paste((0, 0, 0), (0, 0, 10, 10))
    exif = Image.Exif()
    if orientation != 1:
        exif[ORIENTATION] = orientation
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    return file.getvalue()


@dataclass
class ExportWorld:
    """A snapshot of three images, the last of which EXIF turns: two labeled, the second one empty."""

    admin: Caller
    app: Flask
    container: ContainerClient
    title: str
    snapshot_id: int
    files: dict[int, bytes] = field(default_factory=dict)
    paths: dict[int, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/snapshots/{self.snapshot_id}/exports"

    def export(self, body: dict[str, Any]) -> dict[str, Any]:
        """Request an export, run its job, and return it."""
        made = self.admin.post(self.path, body).expect(202)
        assert (made["state"], made["url"], made["losses"]) == ("pending", None, [])
        run_jobs(self.app)
        export: dict[str, Any] = self.admin.get(f"/exports/{made['export_id']}").expect(200)
        return export

    def read(self, export: dict[str, Any]) -> bytes:
        """Return the file of an export that is ready, as its link gives it."""
        assert export["state"] == "ready", export["job"]["error"]
        answer = httpx.get(export["url"])
        assert answer.status_code == 200
        content = answer.content
        assert (len(content), hashlib.sha256(content).hexdigest()) == (export["size"], export["sha256"])
        assert export["sha256"] in export["path"]
        return content

    def archive(self, export: dict[str, Any]) -> zipfile.ZipFile:
        archive = zipfile.ZipFile(io.BytesIO(self.read(export)))
        assert archive.testzip() is None
        assert len(set(archive.namelist())) == len(archive.namelist())
        return archive

    def names(self) -> list[str]:
        """Return all files below the folder of the exports of this snapshot, and those that are not finished."""
        found = [*self.container.list_blob_names(name_starts_with=f"exports/{self.title}/")]
        return [*found, *self.container.list_blob_names(name_starts_with="exports/_unfinished/")]

    def forget(self) -> None:
        """Take back that anything was exported, and delete the files."""
        with rows(self.app) as session:
            session.execute(text("DELETE FROM export"))
        for name in self.names():
            self.container.delete_blob(name)


INSERT_SNAPSHOT = """
INSERT INTO snapshot (name, version, selection, created_by, image_count, object_count, counts, moment, content_hash, date_ready)
    VALUES (:title, 1, '{"labels": "first"}', 1, 3, 3, '{}', '2026-11-01', sha256('content'), now()) RETURNING id
"""
INSERT_ROWS = """
INSERT INTO snapshot_class (snapshot_id, class_id, name, selected) VALUES (:id, 1, 'PET', true), (:id, 2, 'can', true);
INSERT INTO snapshot_image (snapshot_id, image_id, filesize, width, height, object_count, state, filetype, sha256)
    SELECT :id, image.id, filesize, width, height, (
        SELECT count(*) FROM object JOIN submission_image USING (image_id, submission_id) WHERE object.image_id = image.id),
        submission_image.state, filetype, sha256
    FROM image JOIN submission_image ON image_id = image.id WHERE campaign_id = 1;
INSERT INTO snapshot_labels (snapshot_id, image_id, campaign_id, submission_id)
    SELECT :id, image_id, campaign_id, submission_id FROM submission_image;
UPDATE snapshot SET state = 'ready' WHERE id = :id
"""


def make_export_world(admin: Caller, app: Flask, container: ContainerClient, title: str) -> ExportWorld:
    """Make the images, a campaign that has labeled them, and the snapshot."""
    world = ExportWorld(admin, app, container, title, 0)
    campaign = admin.post("/campaigns", {"title": title, "labeler_email": "pat@partner.example"}).expect(200)
    for number, orientation in ((1, 1), (2, 1), (3, 6)):
        content, path = picture(number, orientation), f"upload/{title}/flight/{number}.jpg"
        container.upload_blob(path, content)
        with rows(app) as session:
            image_id = session.scalar(
                text(
                    "INSERT INTO image (blobstorage_path, filetype, filesize, width, height, sha256, date_inspected) VALUES"
                    " (:path, 'JPEG', :size, :width, :height, sha256(:content), now()) RETURNING id"
                ),
                {
                    "path": f"{container.container_name}/{path}",
                    "size": len(content),
                    "content": content,
                    "width": 30 if orientation == 6 else 40,
                    "height": 40 if orientation == 6 else 30,
                },
            )
        world.files[image_id], world.paths[image_id] = content, path
    admin.post(f"/campaigns/{campaign['campaign_id']}/images", [{"id": each} for each in world.files]).expect(200)
    admin.put(f"/campaigns/{campaign['campaign_id']}", {"new_status": "active"}).expect(200)
    first, second, third = world.files
    box = {"xmin": 1, "ymin": 2, "xmax": 10.5, "ymax": 20}
    sent = [
        {"image_id": first, "objects": [{"label": "PET", "bounding_box": box, "confidence": 0.5}]},
        {"image_id": second, "objects": []},
        {"image_id": third, "objects": [{"label": label, "bounding_box": box} for label in ("can", "PET")]},
    ]
    admin.put(f"/campaigns/{campaign['campaign_id']}/objects", sent).expect(200)
    with rows(app) as session:
        world.snapshot_id = session.scalar(text(INSERT_SNAPSHOT), {"title": title}) or 0
        for statement in INSERT_ROWS.split(";"):
            session.execute(text(statement), {"id": world.snapshot_id})
    return world
