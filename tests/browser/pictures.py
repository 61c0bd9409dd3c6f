"""Real images for the console: drawn here, uploaded, ingested and inspected by the real jobs, and put into a campaign."""

import io
import random
from dataclasses import dataclass
from typing import Any

from azure.storage.blob import ContainerClient
from flask import Flask
from PIL import Image, ImageDraw

from tests.caller import Caller
from tests.workers import run_jobs

WIDTH, HEIGHT = 1200, 800
CLASSES = [
    {"name": "bottle", "color": "#ffe14d", "key": "1", "description": "Of plastic or glass."},
    {"name": "bag", "color": "#4cc9ff", "key": "2"},
    {"name": "can", "color": "#ff9ac1", "key": "3"},
]


@dataclass(frozen=True)
class Photographed:
    """An image set with its images, and an active campaign that holds them."""

    imageset_id: int
    campaign_id: int
    title: str
    image_ids: list[int]
    partner: Caller
    partner_email: str
    admin: Caller


def draw_water(seed: int, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """Return a JPEG of water with things floating on it."""
    chance = random.Random(seed)
    picture = Image.new("RGB", (width, height), (52 + seed % 20, 96, 110))
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y = chance.randrange(width), chance.randrange(height)
        draw.line((x, y, x + chance.randrange(20, 90), y + chance.randrange(-3, 4)), fill=(90, 130, 140), width=2)
    for _ in range(8):
        x, y, size = chance.randrange(width - 80), chance.randrange(height - 80), chance.randrange(20, 70)
        color = chance.choice([(235, 235, 225), (200, 60, 50), (30, 120, 200), (240, 200, 60)])
        draw.rounded_rectangle((x, y, x + size, y + size // 2), radius=6, fill=color)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def upload(dropbox_url: str, files: dict[str, bytes]) -> None:
    """Upload files by name, as any tool does."""
    with ContainerClient.from_container_url(dropbox_url) as client:
        for name, content in files.items():
            client.upload_blob(name, content)


def photograph(app: Flask, admin: Caller, title: str, count: int = 6, **campaign: Any) -> Photographed:
    """Return a finished image set of that many images, in an active campaign with these further properties."""
    made = admin.post("/image_sets", {"title": title}).expect(200)
    upload(made["dropbox_url"], {f"flight/water-{number:02}.jpg": draw_water(number) for number in range(count)})
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    run_jobs(app, hurry=True)
    listed = admin.get(f"/image_sets/{made['imageset_id']}/images?per_page=1000").expect(200)
    image_ids = [image["image_id"] for image in listed["images"]]
    assert len(image_ids) == count
    email = "pat@partner.example"
    body = {"title": title, "labeler_email": email, "classes": CLASSES, "strict": True} | campaign
    created = admin.post("/campaigns", body).expect(200)
    campaign_id, token = created["campaign_id"], created["access_token"]
    admin.post(f"/campaigns/{campaign_id}/images", [{"id": image_id} for image_id in image_ids]).expect(200)
    admin.put(f"/campaigns/{campaign_id}", {"new_status": "active"}).expect(200)
    partner = Caller(admin.http, token["apikey"], token["apisecret"])
    return Photographed(made["imageset_id"], campaign_id, title, image_ids, partner, email, admin)
